"""The on-hand picture of demands: what is committed to each, in the same parts as stock."""

from typing import Any

from django.db.models import DecimalField, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce

from inventory.models import LocationKind
from inventory.models.materials import QUANTITY
from staging.models import Commitment, State

ISSUED = Q(state=State.ISSUED)
PARTS = {
    "general": Q(pk__in=[]),
    "reserved": Q(state=State.RESERVED),
    "staged": Q(state=State.STAGED),
    "in_process": ISSUED & Q(location__kind=LocationKind.WORK_CENTER),
    "in_transit": ISSUED & Q(location__kind=LocationKind.TRANSIT),
}
"""A demand has no general stock: what is general belongs to none."""


def split(commitments: QuerySet[Commitment], *group: str) -> QuerySet[Any, dict[str, Any]]:
    """Sum what is on hand for demands into the parts and their `total`, by the given columns.

    In base units: group by material. What was used is no longer on hand.
    """
    on_hand = commitments.filter(closed_at=None).exclude(state=State.USED)
    rows: Any = on_hand.order_by(*group).values(*group)
    summed: QuerySet[Any, dict[str, Any]] = rows.annotate(
        **{name: _total(part) for name, part in PARTS.items()}, total=_total()
    )
    return summed


def _total(part: Q | None = None) -> Coalesce:
    exact = DecimalField(**QUANTITY)
    return Coalesce(
        Sum("quantity", filter=part, output_field=exact), Value(0, exact), output_field=exact
    )
