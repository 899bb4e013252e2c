"""Handling positions in lanes, as they are counted: see `Location.capacity`."""

from collections.abc import Collection
from typing import Any

from django.db.models import Case, Count, F, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from inventory.models import Balance, Location
from quality.models.holds import NESTING

OUTERMOST = Coalesce(*(f"container{'__parent' * n}_id" for n in reversed(range(NESTING))))
LOOSE = Case(When(container=None, then=F("lot_id")), default=Value(None))
"""A position is an outermost container, or a loose lot."""


def taken(places: Collection[int | Location]) -> dict[int, int]:
    """How many are taken at each of the places where anything stands. One statement."""
    return by_lane(Balance.objects.on_hand().filter(location__in=places))


def by_lane(rows: QuerySet[Any]) -> dict[int, int]:
    """How many positions there are of these rows in each lane. One statement."""
    counted = rows.order_by().values_list("location")
    return dict(
        counted.annotate(
            taken=Count("lot", distinct=True, filter=Q(container=None))
            + Count(OUTERMOST, distinct=True)
        )
    )
