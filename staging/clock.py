"""The clock: raise the alerts that have come due, close those whose cause is gone.

Each cause is found by its own index, and rows that already have their alert are left out, so a
sweep costs what has come due and not what is staged.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from inventory import audit
from inventory.audit import Actor
from inventory.models import Balance, LocationKind
from staging.models import Alert, AlertReason, Commitment, StagedStock
from staging.models.commitments import CommitmentQuerySet


@transaction.atomic
def sweep(*, by: Actor, at: datetime) -> dict[str, int]:
    """Raise and close alerts; the counts of both. Running it twice raises them once."""
    stamp = audit.stamp(by, timezone.now())
    _take_turns()
    raised = [
        alert
        for find in (_dwell_exceeded, _overdue, _not_usable, _without_demand)
        for alert in find(at)
    ]
    made = Alert.objects.bulk_create(raised, ignore_conflicts=True)
    flagged = [
        alert.commitment_id
        for alert in made
        if alert.commitment_id and alert.reason == AlertReason.DWELL_EXCEEDED
    ]
    Commitment.objects.filter(pk__in=flagged).update(dwell_flagged=True)
    closed = _close(at)
    counts = {"raised": len(made), "closed": closed}
    if any(counts.values()):
        audit.record("staging.sweep", stamp=stamp, facts=counts | {"alerts": _in_words(made)})
    return counts


def _take_turns() -> None:
    """A second sweep waits here for the first, and then finds nothing left to raise."""
    turn = User.objects.filter(username=audit.SYSTEM_USERNAME).select_for_update(no_key=True)
    list(turn.values_list("pk"))


def _in_words(alerts: Iterable[Alert]) -> list[str]:
    return [str(alert) for alert in alerts][:100]


def _new(reason: AlertReason, row: Commitment, at: datetime, detail: str = "") -> Alert:
    return Alert(
        reason=reason, detail=detail, commitment_id=row.pk, lot=row.lot, location=row.location,
        container_id=row.container_id, raised_at=at,
    )  # fmt: skip


def _unalerted(reason: AlertReason) -> CommitmentQuerySet:
    """Staged stock that has no open alert for this reason."""
    alerts = Alert.objects.open().filter(reason=reason, commitment=OuterRef("pk"))
    rows: CommitmentQuerySet = StagedStock.objects.filter(~Exists(alerts))
    return rows.select_related("lot", "location")


def _dwell_exceeded(at: datetime) -> list[Alert]:
    rows = StagedStock.objects.filter(dwell_flagged=False, due_at__lte=at)
    return [
        _new(AlertReason.DWELL_EXCEEDED, row, at) for row in rows.select_related("lot", "location")
    ]


def _overdue(at: datetime) -> list[Alert]:
    rows = _unalerted(AlertReason.NEXT_STEP_OVERDUE).filter(
        requirement__demand__closed_at=None, requirement__demand__needed_at__lte=at
    )
    return [
        _new(AlertReason.NEXT_STEP_OVERDUE, row, at, row.requirement.demand.reference)
        for row in rows.select_related("lot", "location", "requirement__demand")
    ]


def _not_usable(at: datetime) -> list[Alert]:
    rows: Any = _unalerted(AlertReason.NOT_USABLE).blocked(timezone.localdate(at))
    return [_new(AlertReason.NOT_USABLE, row, at, row.stop) for row in rows]


def _without_demand(at: datetime) -> list[Alert]:
    alerts = Alert.objects.open().filter(
        reason=AlertReason.WITHOUT_DEMAND, lot=OuterRef("lot"), location=OuterRef("location")
    )
    rows = _unbound().filter(~Exists(alerts)).select_related("lot", "location")
    unique = {(row.lot_id, row.location_id): row for row in rows}
    return [
        Alert(reason=AlertReason.WITHOUT_DEMAND, lot=row.lot, location=row.location, raised_at=at)
        for row in unique.values()
    ]


def _unbound() -> QuerySet[Balance]:
    return Balance.objects.filter(location__kind=LocationKind.STAGING, quantity__gt=F("bound"))


def _close(at: datetime) -> int:
    """Close alerts whose cause is gone."""
    still: dict[str, Callable[[], Q]] = {
        AlertReason.DWELL_EXCEEDED: lambda: Q(
            commitment__closed_at=None, commitment__due_at__lte=at
        ),
        AlertReason.NEXT_STEP_OVERDUE: lambda: Q(
            commitment__closed_at=None, commitment__requirement__demand__needed_at__lte=at
        ),
        AlertReason.NOT_USABLE: lambda: Q(
            commitment__in=StagedStock.objects.blocked(timezone.localdate(at)).values("pk")
        ),
        AlertReason.WITHOUT_DEMAND: lambda: Q(
            Exists(_unbound().filter(lot=OuterRef("lot"), location=OuterRef("location")))
        ),
    }
    closed = 0
    for reason, cause in still.items():
        gone = Alert.objects.open().filter(reason=reason).exclude(cause())
        closed += gone.update(closed_at=at)
    return closed
