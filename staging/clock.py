"""The clock: raise the alerts that have come due, close those whose cause is gone.

What has come due is found by index and flagged by INSERT … SELECT, so a sweep costs what is due,
not what is staged. What quality has stopped is looked for where it can have come from; see
`staging.suspects`.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import transaction
from django.db.models import Case, DateTimeField, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Left
from django.utils import timezone

from inventory import audit
from inventory.audit import Actor
from inventory.insert_select import insert_select
from inventory.models import Balance, LocationKind
from staging.models import Alert, AlertReason, Commitment, Demand, StagedStock, State
from staging.models.commitments import CommitmentQuerySet
from staging.suspects import Look

NOTHING = Value("")

MOST_IN_WORDS = 100
"""Alerts that the audit entry of a sweep names."""

PORTION = 2_000
"""Rows that the gate is asked about in one statement, so that each is looked up by its key."""

DETAIL = Alert._meta.get_field("detail").max_length or 0


@transaction.atomic
def sweep(*, by: Actor, at: datetime, thorough: bool = False) -> dict[str, int]:
    """Raise and close alerts; the counts of both. Running it twice raises them once.

    `thorough` examines all that is staged, whether anything about it has changed or not.
    """
    stamp = audit.stamp(by, timezone.now())
    look = Look.begin(at, thorough=thorough)
    last = Alert.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    raised = _dwell_exceeded(at) + _overdue(at) + _not_usable(look, at) + _without_demand(at)
    closed = _close(look, last, at)
    look.end()
    counts = {"raised": raised, "closed": closed}
    if any(counts.values()):
        audit.record("staging.sweep", stamp=stamp, facts=counts | {"alerts": _in_words(last)})
    return counts


def portions(keys: Iterable[Any]) -> Iterator[list[Any]]:
    """The keys, so many at a time."""
    rest = iter(keys)
    while portion := list(islice(rest, PORTION)):
        yield portion


def _in_words(last: int) -> list[str]:
    """The alerts raised since, as many as an audit entry should hold."""
    made = Alert.objects.filter(pk__gt=last).select_related("lot", "location")
    return [str(alert) for alert in made.order_by("pk")[:MOST_IN_WORDS]]


# --- raise --------------------------------------------------------------------------------------


def _raise(
    reason: AlertReason, rows: QuerySet[Any], at: datetime, *, detail: Any = NOTHING, **more: Any
) -> int:
    return insert_select(
        Alert, rows, reason=Value(reason.value), lot="lot_id", location="location_id",
        raised_at=Value(at, output_field=DateTimeField()), acknowledge_reason=NOTHING,
        detail=detail, **more,
    )  # fmt: skip


def _raise_staged(
    reason: AlertReason,
    rows: CommitmentQuerySet,
    at: datetime,
    detail: Any = NOTHING,
    given: Mapping[str, Any] | None = None,
) -> int:
    columns = {"commitment": "pk", "container": "container_id"}
    return _raise(reason, rows, at, detail=detail, given=given, **columns)


def _unalerted(reason: AlertReason) -> CommitmentQuerySet:
    """Staged stock that has no open alert for this reason."""
    alerts = Alert.objects.open().filter(reason=reason, commitment=OuterRef("pk"))
    rows: CommitmentQuerySet = StagedStock.objects.filter(~Exists(alerts))
    return rows


def _dwell_exceeded(at: datetime) -> int:
    due = StagedStock.objects.filter(dwell_flagged=False, due_at__lte=at)
    raised = _raise_staged(AlertReason.DWELL_EXCEEDED, due, at)
    # Only what has its alert: more may have come due since the statement before.
    alerts = Alert.objects.open().filter(
        reason=AlertReason.DWELL_EXCEEDED, commitment=OuterRef("pk")
    )
    due.filter(Exists(alerts)).update(dwell_flagged=True)
    return raised


def _overdue(at: datetime) -> int:
    # Demands by their numbers: joined, PostgreSQL would take closed ones, all of which are past,
    # for open ones, and read everything that is staged.
    overdue = Demand.objects.live().filter(needed_at__lte=at).values_list("pk", flat=True)
    rows = _unalerted(AlertReason.NEXT_STEP_OVERDUE).filter(requirement__demand__among="demands")
    reference = Left("requirement__demand__reference", DETAIL)
    given = {"demands": list(overdue)}
    return _raise_staged(AlertReason.NEXT_STEP_OVERDUE, rows, at, reference, given)


def _not_usable(look: Look, at: datetime) -> int:
    """First who is suspected, by index; then the gate is asked about these alone."""
    fine = _unalerted(AlertReason.NOT_USABLE)
    first, *others = (fine.filter(which).values_list("pk", flat=True) for which in look.suspects())
    suspects = sorted(first.union(*others))
    rows = StagedStock.objects.filter(pk__among="suspects").blocked(look.on)
    return sum(
        _raise_staged(AlertReason.NOT_USABLE, rows, at, "stop", {"suspects": portion})
        for portion in portions(suspects)
    )


def _without_demand(at: datetime) -> int:
    alerts = Alert.objects.open().filter(
        reason=AlertReason.WITHOUT_DEMAND, lot=OuterRef("lot"), location=OuterRef("location")
    )
    rows = _unbound().filter(~Exists(alerts)).distinct()
    return _raise(AlertReason.WITHOUT_DEMAND, rows, at)


def _unbound() -> QuerySet[Balance]:
    return Balance.objects.filter(location__kind=LocationKind.STAGING, quantity__gt=F("bound"))


# --- close --------------------------------------------------------------------------------------


def _close(look: Look, last: int, at: datetime) -> int:
    """Close alerts whose cause is gone; those raised just now have theirs."""
    older = Alert.objects.open().filter(pk__lte=last)
    gone = _usable_again(older, look)
    for reason in set(AlertReason) - {AlertReason.NOT_USABLE}:
        found = list(_gone(older, reason, at).values_list("pk", "commitment"))
        gone += [alert for alert, _commitment in found]
        if reason == AlertReason.DWELL_EXCEEDED:
            _may_come_again([commitment for _alert, commitment in found])
    return sum(
        Alert.objects.filter(pk__in=portion).update(closed_at=at) for portion in portions(gone)
    )


def _may_come_again(commitments: Iterable[Any]) -> None:
    """What stays, but with a later limit, is flagged anew when that has passed."""
    for portion in portions(commitments):
        Commitment.objects.filter(pk__in=portion, closed_at=None).update(dwell_flagged=False)


STAGED = Q(commitment__closed_at=None, commitment__state=State.STAGED)


def _gone(alerts: QuerySet[Alert], reason: AlertReason, at: datetime) -> QuerySet[Alert]:
    """Alerts of which the cause is no more, from the alert to the cause."""
    alerts = alerts.filter(reason=reason)
    if reason == AlertReason.WITHOUT_DEMAND:
        causes = _unbound().filter(lot=OuterRef("lot"), location=OuterRef("location"))
        return alerts.filter(~Exists(causes))
    needed_at = Q(commitment__requirement__demand__needed_at__lte=at)
    due_at = Q(commitment__due_at__lte=at)
    return _without(
        alerts, STAGED & (due_at if reason == AlertReason.DWELL_EXCEEDED else needed_at)
    )


def _without(alerts: QuerySet[Alert], cause: Q) -> QuerySet[Alert]:
    """As `exclude` does, but in one join, and right where a column is empty."""
    stands = Case(When(cause, then=True), default=False)
    return alerts.annotate(stands=stands).filter(stands=False)


def _usable_again(alerts: QuerySet[Alert], look: Look) -> list[int]:
    """Alerts about stock that has left, or that the gate lets through again.

    The gate is asked only where no plain cause stands.
    """
    alerts = alerts.filter(reason=AlertReason.NOT_USABLE)
    unsure = _without(alerts, STAGED & look.surely_stopped("commitment__"))
    about = dict(unsure.values_list("pk", "commitment"))
    blocked = StagedStock.objects.all().blocked(look.on)
    still = {
        pk
        for portion in portions(about.values())
        for pk in blocked.filter(pk__in=portion).values_list("pk", flat=True)
    }
    return [alert for alert, commitment in about.items() if commitment not in still]
