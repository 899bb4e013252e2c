"""The clock: raise the alerts that have come due, close those whose cause is gone.

What has come due is found by index and flagged by INSERT … SELECT, so a sweep costs what is due,
not what is staged. What quality has stopped is looked for where it can have come from; see
`staging.suspects`.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import (
    Case,
    DateTimeField,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Left, Round
from django.utils import timezone

from inventory import audit
from inventory.audit import Actor
from inventory.insert_select import insert_select
from inventory.models.materials import QUANTITY
from staging import pulls, unstaging
from staging.alerting import life
from staging.dwell import changes
from staging.models import Alert, AlertReason, Demand, Requirement, StagedStock
from staging.models.alerts import AlertQuerySet
from staging.models.commitments import CommitmentQuerySet
from staging.suspects import Look, portions

NOTHING = Value("")

DETAIL = Alert._meta.get_field("detail").max_length or 0


def sweep(*, by: Actor, at: datetime, thorough: bool = False) -> dict[str, int]:
    """Raise and close alerts; the counts of both. Running it twice raises them once.

    Before, due times are worked out again where what they rest on has changed. `thorough` examines
    all that is staged, whether anything about it has changed or not.
    """
    changes.catch_up(at, thorough=thorough)
    return _sweep(by, at, thorough)


@transaction.atomic
def _sweep(by: Actor, at: datetime, thorough: bool) -> dict[str, int]:
    stamp = audit.stamp(by, timezone.now())
    look = Look.begin(at, thorough=thorough)
    last = Alert.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    before = life.newest()
    suspects = look.suspects()
    raised = _dwell(at) + _overdue(look, at) + _without_demand(at)
    doubtful = suspects | look.new_suspects()
    raised += _not_usable(doubtful, look, at)
    pulls.catch_up(look, doubtful, stamp)
    closed = _close(suspects, look, last, at)
    unstaging.close_done(at)
    turned = life.go_by(at, before)
    look.end()
    counts = {"raised": raised, "closed": closed, **turned}
    if any(counts.values()):
        audit.record("staging.sweep", stamp=stamp, facts=counts | {"alerts": life.named(before)})
    return counts


# --- raise --------------------------------------------------------------------------------------


def _raise(
    reason: AlertReason, rows: QuerySet[Any], at: datetime, *, detail: Any = NOTHING, **more: Any
) -> int:
    return insert_select(
        Alert, rows, reason=Value(reason.value), site="location__site_id", lot="lot_id",
        location="location_id", raised_at=Value(at, output_field=DateTimeField()),
        acknowledge_reason=NOTHING, detail=detail, **more,
    )  # fmt: skip


def _raise_staged(
    reason: AlertReason,
    rows: CommitmentQuerySet,
    at: datetime,
    detail: Any = NOTHING,
    given: Mapping[str, Any] | None = None,
) -> int:
    columns = {
        "commitment": "pk",
        "demand": "requirement__demand_id",
        "container": "container_id",
    }
    return _raise(reason, rows, at, detail=detail, given=given, **columns)


def _unalerted(reason: AlertReason) -> CommitmentQuerySet:
    """Staged stock that has no open alert for this reason."""
    alerts = Alert.objects.open().of(reason).filter(commitment=OuterRef("pk"))
    rows: CommitmentQuerySet = StagedStock.objects.filter(~Exists(alerts))
    return rows


def _dwell(at: datetime) -> int:
    """Stock that has stood for too long, or for long. What is critical needs no warning beside."""
    ringing = StagedStock.objects.filter(rings_at__lte=at)
    critical, warning = ringing.filter(due_at__lte=at), ringing.filter(_only_warns(at))
    raised = _raise_staged(AlertReason.DWELL_CRITICAL, critical, at)
    raised += _raise_staged(AlertReason.DWELL_WARNING, warning, at)
    # Only what has its alert: more may have come due since the statements before. Driven from what
    # is due, which lies together in the table, and not from the alerts: that took twice as long.
    alerts = Alert.objects.open().filter(commitment=OuterRef("pk"))
    next_at = Case(When(due_at__gt=at, then=F("due_at")), default=None)
    ringing.filter(
        Q(due_at__lte=at) & Exists(alerts.of(AlertReason.DWELL_CRITICAL))
        | _only_warns(at) & Exists(alerts.of(AlertReason.DWELL_WARNING))
    ).update(rings_at=next_at)
    return raised


def _only_warns(at: datetime) -> Q:
    return Q(warn_at__lte=at) & (Q(due_at=None) | Q(due_at__gt=at))


def _overdue(look: Look, at: datetime) -> int:
    # Demands by their numbers: joined, PostgreSQL would take closed ones, all of which are past,
    # for open ones, and read everything that is staged.
    rows = _unalerted(AlertReason.NEXT_STEP_OVERDUE).filter(requirement__demand__among="demands")
    reference = Left("requirement__demand__reference", DETAIL)
    given = {"demands": _newly_overdue(look, at)}
    return _raise_staged(AlertReason.NEXT_STEP_OVERDUE, rows, at, reference, given)


def _newly_overdue(look: Look, at: datetime) -> list[int]:
    """Demands that came due since the last sweep, or were put earlier, or have new stock."""
    overdue = Demand.objects.live().filter(needed_at__lte=at).values_list("pk", "needed_at")
    if look.thorough:
        return [pk for pk, _needed_at in overdue]
    touched = StagedStock.objects.filter(look.touched())
    fresh = [pk for pk, needed_at in overdue if needed_at > look.mark.at]
    known = [pk for pk, needed_at in overdue if needed_at <= look.mark.at]
    stirred = {
        pk
        for rows in (touched, look.new.filter(requirement__demand__in=known))
        for pk in rows.order_by().values_list("requirement__demand", flat=True)
    }
    return fresh + [pk for pk in known if pk in stirred]


def _not_usable(suspects: set[UUID], look: Look, at: datetime) -> int:
    reason = AlertReason.NOT_USABLE
    rows = _unalerted(reason).filter(pk__among="suspects").blocked(look.on, at=at)
    return sum(
        _raise_staged(reason, rows, at, "stop", {"suspects": portion})
        for portion in portions(sorted(suspects))
    )


def _without_demand(at: datetime) -> int:
    alerts = Alert.objects.open().filter(
        reason=AlertReason.WITHOUT_DEMAND, lot=OuterRef("lot"), location=OuterRef("location")
    )
    rows = unstaging.lying().filter(~Exists(alerts)).distinct()
    return _raise(AlertReason.WITHOUT_DEMAND, rows, at)


# --- close --------------------------------------------------------------------------------------


def _close(suspects: set[UUID], look: Look, last: int, at: datetime) -> int:
    """Close alerts whose cause is gone; those raised just now have theirs."""
    older = Alert.objects.open().filter(pk__lte=last)
    gone = {*_gone(older, at), *_put_off(older, look, at), *_bound_again(older), *_made_good(older)}
    for portion in portions(sorted(suspects)):
        gone |= _usable_again(older, portion, look)
    return sum(
        Alert.objects.filter(pk__in=portion).update(closed_at=at) for portion in portions(gone)
    )


def _gone(alerts: AlertQuerySet, at: datetime) -> QuerySet[Any]:
    """Alerts about stock that has left, or stands for not that long by a policy of now; and
    warnings that became critical."""
    staged = StagedStock.objects.filter(pk=OuterRef("commitment"))
    critical, warning = staged.filter(due_at__lte=at), staged.filter(_only_warns(at))
    # One row of it and not Exists, for which PostgreSQL may read all commitments there ever were.
    gone = (
        alerts.filter(commitment__isnull=False)
        .exclude(reason=AlertReason.RESERVATION_LOST)
        .annotate(
            cause=Case(
                _caused(AlertReason.DWELL_CRITICAL, critical),
                _caused(AlertReason.DWELL_WARNING, warning),
                default=Subquery(staged.values("pk")[:1]),
            )
        )
        .filter(cause=None)
    )
    return gone.order_by().values_list("pk", flat=True)


def _caused(reason: AlertReason, rows: QuerySet[Any]) -> When:
    return When(Q(reason=reason), then=Subquery(rows.values("pk")[:1]))


def _put_off(alerts: AlertQuerySet, look: Look, at: datetime) -> QuerySet[Any]:
    """Alerts about a next step that is needed later now."""
    later = alerts.of(AlertReason.NEXT_STEP_OVERDUE).filter(
        commitment__requirement__demand__needed_at__gt=at
    )
    if not look.thorough:
        later = later.filter(look.touched())
    return later.values_list("pk", flat=True)


def _bound_again(alerts: AlertQuerySet) -> QuerySet[Any]:
    """Alerts about stock without a demand that has one now, or has left."""
    causes = unstaging.lying().filter(lot=OuterRef("lot"), location=OuterRef("location"))
    rows = alerts.of(AlertReason.WITHOUT_DEMAND).filter(~Exists(causes))
    return rows.values_list("pk", flat=True)


def _made_good(alerts: AlertQuerySet) -> QuerySet[Any]:
    """Alerts about lost reservations whose demand has all that it needs, or is over."""
    covered = Round(F("reserved") + F("progressed"), QUANTITY["decimal_places"])
    lines: Any = Requirement.objects.with_progress().filter(
        pk=OuterRef("commitment__requirement"), quantity__lte=covered
    )
    over = Q(commitment__requirement__demand__closed_at__isnull=False)
    rows = alerts.of(AlertReason.RESERVATION_LOST).filter(over | Exists(lines))
    return rows.values_list("pk", flat=True)


def _usable_again(alerts: AlertQuerySet, suspects: list[UUID], look: Look) -> set[int]:
    """Alerts about stock that the gate lets through again."""
    alerts = alerts.of(AlertReason.NOT_USABLE).filter(commitment__in=suspects)
    about = dict(alerts.order_by().values_list("pk", "commitment"))
    blocked = StagedStock.objects.filter(pk__in=about.values())
    blocked = blocked.blocked(look.on, at=look.at)
    still = set(blocked.values_list("pk", flat=True))
    return {alert for alert, commitment in about.items() if commitment not in still}
