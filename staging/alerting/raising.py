"""Alerts are raised by INSERT … SELECT: the rows never leave the database."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import DateTimeField, Exists, OuterRef, QuerySet, Value

from inventory.insert_select import insert_select
from staging.models import Alert, AlertReason, Commitment, StagedStock
from staging.models.commitments import CommitmentQuerySet

NOTHING = Value("")

DETAIL = Alert._meta.get_field("detail").max_length or 0

IN_LANE = {"site": "location__site_id", "lot": "lot_id", "location": "location_id"}
"""What an alert is about, of rows that say what stands where."""

STAGED = IN_LANE | {
    "commitment": "pk", "demand": "requirement__demand_id", "container": "container_id",
}  # fmt: skip
"""The same of staged stock."""


def raise_(
    reason: AlertReason,
    rows: QuerySet[Any],
    at: datetime,
    *,
    about: Mapping[str, str],
    detail: Any = NOTHING,
    given: Mapping[str, Any] | None = None,
) -> int:
    """Raise an alert for each of the rows, and say how many. What is open already stays as it is.

    `about` names the columns of the rows that say what it is about; `given` as `insert_select`.
    """
    return insert_select(
        Alert, rows, reason=Value(reason.value), detail=detail, acknowledge_reason=NOTHING,
        raised_at=Value(at, output_field=DateTimeField()), given=given, **about,
    )  # fmt: skip


def raise_staged(
    reason: AlertReason, rows: QuerySet[Any], at: datetime, detail: Any = NOTHING, **given: Any
) -> int:
    """The same for staged stock."""
    return raise_(reason, rows, at, about=STAGED, detail=detail, given=given)


def of_stock(reason: AlertReason, row: Commitment, detail: str, at: datetime) -> Alert:
    """An alert that a verb raises about what is committed, not saved yet. It comes with all that
    is named."""
    return Alert(
        reason=reason,
        detail=detail[:DETAIL],
        site_id=row.location.site_id,
        commitment=row,
        demand=row.requirement.demand,
        lot=row.lot,
        location=row.location,
        container=row.container,
        raised_at=at,
    )


def unalerted(reason: AlertReason) -> CommitmentQuerySet:
    """Staged stock that has no open alert for this reason."""
    alerts = Alert.objects.open().of(reason).filter(commitment=OuterRef("pk"))
    rows: CommitmentQuerySet = StagedStock.objects.filter(~Exists(alerts))
    return rows
