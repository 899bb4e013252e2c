"""The life of an alert: what its history makes of it, and what the clock does about it.

Raised, closed and raised again it is by database triggers (`staging.alerting.life_triggers`); what
people do about it are verbs (`staging.actions.alerts`). Here time goes by: snoozes end,
acknowledgements lapse, and what waits goes up a level when it is due.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import BigIntegerField, Count, Q, QuerySet

from inventory.statements import Given, Insert, Select
from staging.models import Alert, AlertLevel, AlertRule, AlertStep, AlertStepKind

_STEPS = Insert(AlertStep)


# --- history ------------------------------------------------------------------------------------


def step(
    kind: AlertStepKind,
    alert: Alert,
    at: datetime,
    *,
    actor: User | None = None,
    batch: UUID | None = None,
    why: str = "",
) -> AlertStep:
    """What happened to an alert, which is as it is after that. To be kept by `keep`."""
    return AlertStep(
        alert=alert,
        kind=kind,
        at=at,
        level=alert.level,
        severity=alert.severity,
        detail=alert.detail,
        actor=actor,
        batch=batch,
        reason=why,
        until=alert.snoozed_until if kind == AlertStepKind.SNOOZED else None,
        assigned_to=alert.assigned_to if kind == AlertStepKind.ASSIGNED else None,
    )


def keep(alerts: Iterable[Alert], steps: Sequence[AlertStep], *columns: str) -> None:
    """Save these columns of alerts that are locked, and what happened to them. Two statements."""
    _saved(columns)(list({alert.pk: alert for alert in alerts}.values()))
    _STEPS(steps)


@cache
def _saved(columns: tuple[str, ...]) -> Insert[Alert]:
    """An upsert sends each column once, as one array; a bulk update, a CASE of a thousand WHENs."""
    return Insert(Alert, update=columns)


def acknowledge(alert: Alert, rule: AlertRule, at: datetime, by: User, why: str) -> None:
    """Somebody takes it up: it waits no more, until the acknowledgement lapses."""
    alert.acknowledged_at, alert.acknowledged_by, alert.acknowledge_reason = at, by, why
    alert.snoozed_until = None
    alert.escalates_at = at + rule.acknowledged_for if rule.acknowledged_for else None


def snooze(alert: Alert, rule: AlertRule, at: datetime, until: datetime) -> None:
    """It is quiet until then; what was left of its wait, is left then. Somebody who had taken it up
    gives it back: it waits the whole time."""
    wait = rule.wait(alert.level) if alert.acknowledged_at else left(alert, at)
    _give_back(alert)
    alert.snoozed_until = until
    alert.escalates_at = None if wait is None else until + wait


def wake(alert: Alert, at: datetime) -> None:
    """It waits again, with what is left of its time."""
    wait = left(alert, at)
    alert.snoozed_until = None
    alert.escalates_at = None if wait is None else at + wait


def left(alert: Alert, at: datetime) -> timedelta | None:
    """How much is left of its wait, or would be at its end of a snooze; None: it never goes up."""
    if alert.escalates_at is None:
        return None
    return max(alert.escalates_at - (alert.snoozed_until or at), timedelta(0))


def _give_back(alert: Alert) -> None:
    alert.acknowledged_at, alert.acknowledged_by, alert.acknowledge_reason = None, None, ""


@dataclass(frozen=True, slots=True)
class Life:
    """What an alert's columns are after a step of its history."""

    raised_at: datetime
    detail: str
    level: int = AlertLevel.OPERATOR
    severity: str = ""
    times: int = 1
    acknowledged_at: datetime | None = None
    acknowledged_by: User | None = None
    acknowledge_reason: str = ""
    snoozed_until: datetime | None = None
    assigned_to: User | None = None
    closed_at: datetime | None = None


_NOT_TAKEN_UP: dict[str, Any] = {
    "acknowledged_at": None,
    "acknowledged_by": None,
    "acknowledge_reason": "",
}


def replay(steps: Iterable[AlertStep]) -> Iterator[tuple[AlertStep, Life]]:
    """The steps of one alert, in order, and what it was after each."""
    life: Life | None = None
    for step in steps:
        life = after(step, life)
        yield step, life


def after(step: AlertStep, life: Life | None) -> Life:
    """What becomes of an alert by a step."""
    if life is None:  # raised
        return Life(raised_at=step.at, detail=step.detail, level=step.level, severity=step.severity)
    return replace(life, level=step.level, severity=step.severity, **_changes(step, life))


def _changes(step: AlertStep, life: Life) -> dict[str, Any]:
    match step.kind:
        case AlertStepKind.ACKNOWLEDGED:
            return {
                "acknowledged_at": step.at,
                "acknowledged_by": step.actor,
                "acknowledge_reason": step.reason,
                "snoozed_until": None,
            }
        case AlertStepKind.SNOOZED:
            return _NOT_TAKEN_UP | {"snoozed_until": step.until}
        case AlertStepKind.WOKEN:
            return _NOT_TAKEN_UP | {"snoozed_until": None}
        case AlertStepKind.ASSIGNED:
            return {"assigned_to": step.assigned_to}
        case AlertStepKind.CLOSED:
            return {"closed_at": step.at, "snoozed_until": None}
        case AlertStepKind.REOPENED:
            again = {"raised_at": step.at, "detail": step.detail, "times": life.times + 1}
            return _NOT_TAKEN_UP | again | {"closed_at": None, "snoozed_until": None}
    return {}


# --- rules --------------------------------------------------------------------------------------


class Rules:
    """The rules there are: a few, read in one statement."""

    def __init__(self) -> None:
        self._rules = {(rule.reason, rule.site_id): rule for rule in AlertRule.objects.all()}

    def of(self, alert: Alert) -> AlertRule:
        """The rule that counts for an alert: its site's own before the general one."""
        own = self._rules.get((alert.reason, alert.site_id))
        return own or self._rules.get((alert.reason, None)) or AlertRule(reason=alert.reason)


# --- the clock ----------------------------------------------------------------------------------

MOST = 1000
"""Alerts that are turned to in one transaction."""

MOST_IN_WORDS = 100
"""Alerts that the audit entry of a sweep names."""

_OF_CLOCK = (
    AlertStepKind.RAISED,
    AlertStepKind.REOPENED,
    AlertStepKind.ESCALATED,
    AlertStepKind.WOKEN,
    AlertStepKind.REGRADED,
)
"""What an entry of the clock names; what closes, it counts."""


def newest() -> int:
    """The last step there is by now: what has happened since, comes after it."""
    return AlertStep.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


class Turned(NamedTuple):
    """How many have been woken and escalated, and whether there may be more to turn to."""

    counts: dict[str, int]
    more: bool


def go_by(at: datetime) -> Turned:
    """Wake what was snoozed until now, let acknowledgements lapse, and escalate what has waited: of
    so many alerts that a transaction stays short. Four statements, one if nothing is due.

    After a stop, levels are made up for: each is a step of its own, at the time when it is done.
    """
    due = list(_due(at)[:MOST])
    if not due:
        return Turned({}, more=False)
    rules = Rules()
    steps = [step for alert in due for step in _turn_to(alert, rules.of(alert), at)]
    keep(
        due, steps, "level", "escalates_at", "snoozed_until",
        "acknowledged_at", "acknowledged_by", "acknowledge_reason",
    )  # fmt: skip
    counts = Counter(step.kind for step in steps)
    return Turned({str(kind): count for kind, count in counts.items()}, more=len(due) == MOST)


def raised_again(before: int) -> dict[str, int]:
    """How many since that step, where there are any."""
    return dict(_REOPENED.rows(before=before))


_REOPENED: Select[AlertStep] = Select(
    lambda: (
        AlertStep.objects.filter(
            pk__gt=Given("before", BigIntegerField()), kind=AlertStepKind.REOPENED
        )
        .order_by()
        .values("kind")
        .annotate(count=Count("pk"))
        .values_list("kind", "count")
    )
)


def named(before: int) -> list[str]:
    """The alerts that the clock has raised, woken, escalated or graded anew since that step, as
    many as an audit entry should hold."""
    steps = AlertStep.objects.filter(pk__gt=before, kind__in=_OF_CLOCK, actor=None)
    found = Alert.objects.filter(pk__in=steps.values("alert"))
    found = found.select_related("lot", "location", "demand").order_by("pk")
    return [str(alert) for alert in found[:MOST_IN_WORDS]]


def _due(at: datetime) -> QuerySet[Alert]:
    """Two ways, each by its own index; locked, so that somebody who is at one comes first."""
    snoozed = Alert.objects.filter(closed_at=None, snoozed_until__lte=at)
    waiting = Alert.objects.filter(closed_at=None, escalates_at__lte=at)
    keys = snoozed.order_by().values("pk").union(waiting.order_by().values("pk"))
    rows = Alert.objects.filter(pk__in=keys).filter(
        Q(closed_at=None) & (Q(snoozed_until__lte=at) | Q(escalates_at__lte=at))
    )
    return rows.order_by("pk").select_for_update(no_key=True)


def _turn_to(alert: Alert, rule: AlertRule, at: datetime) -> Iterator[AlertStep]:
    """What is due on one alert, in the order in which it came due."""
    if alert.snoozed_until is not None and alert.snoozed_until <= at:
        alert.snoozed_until = None
        yield step(AlertStepKind.WOKEN, alert, at)
    if alert.acknowledged_at is not None:
        _give_back(alert)
        if rule.wait(alert.level) is None:
            alert.escalates_at = None
        yield step(AlertStepKind.WOKEN, alert, at)
    while alert.escalates_at is not None and alert.escalates_at <= at:
        if alert.level == AlertLevel.QA:  # its rule has changed since
            alert.escalates_at = None
            return
        alert.level += 1
        wait = rule.wait(alert.level)
        alert.escalates_at = None if wait is None else alert.escalates_at + wait
        yield step(AlertStepKind.ESCALATED, alert, at)
