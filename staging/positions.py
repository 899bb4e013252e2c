"""Handling positions in lanes, as they are counted: see `Location.capacity`."""

from collections.abc import Collection

from django.db.models import Case, Count, F, Q, Value, When
from django.db.models.functions import Coalesce

from inventory.models import Balance
from quality.models.holds import NESTING

OUTERMOST = Coalesce(*(f"container{'__parent' * n}_id" for n in reversed(range(NESTING))))
LOOSE = Case(When(container=None, then=F("lot_id")), default=Value(None))
"""A position is an outermost container, or a loose lot."""


def taken(places: Collection[int]) -> dict[int, int]:
    """How many are taken at each of the places where anything stands. One statement."""
    rows = Balance.objects.on_hand().filter(location__in=places).order_by()
    counted = rows.values_list("location").annotate(
        taken=Count("lot", distinct=True, filter=Q(container=None))
        + Count(OUTERMOST, distinct=True)
    )
    return dict(counted)
