"""What stood at some places, rebuilt from the ledger: backwards, from what stands there now."""

from collections import defaultdict
from collections.abc import Collection
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import QuerySet, Sum
from django.db.models.functions import Round

from inventory.models import Balance, Movement
from inventory.models.materials import QUANTITY
from staging.past.moment import Moment

PLACES = QUANTITY["decimal_places"]
ZERO = Decimal(0)


class Spot(NamedTuple):
    """Where a quantity stood, by keys."""

    lot: int
    location: int
    container: int | None


def standing(places: Collection[int], moment: Moment) -> dict[Spot, Decimal]:
    """How much of each lot stood where, in the base unit; below zero where more was said to have
    left by then than to have come.

    At most four statements. They read what stands at the places, and what has moved there since:
    not what moved elsewhere, nor before.
    """
    found: dict[Spot, Decimal] = defaultdict(Decimal)
    here = Balance.objects.on_hand().filter(location__in=places)
    for *spot, quantity in here.values_list("lot", "location", "container", "quantity"):
        found[Spot(*spot)] = quantity
    first = moment.first_movement_after()
    if first is not None:
        since = moment.after(Movement.objects.filter(pk__gte=first))
        _take_back(found, since.filter(target__in=places), "target", "to_container", -1)
        _take_back(found, since.filter(source__in=places), "source", "from_container", 1)
    return {spot: quantity for spot, quantity in found.items() if quantity}


def _take_back(
    found: dict[Spot, Decimal], rows: QuerySet[Movement], place: str, container: str, sign: int
) -> None:
    summed: QuerySet[Any, Any] = rows.order_by().values_list("lot", place, container)
    for *spot, total in summed.annotate(total=total_of("quantity")):
        found[Spot(*spot)] += sign * exact(total)


def total_of(column: str) -> Round:
    """The sum. SQLite adds decimals as floats: it is rounded to what they can hold."""
    return Round(Sum(column), PLACES)


def exact(value: Any) -> Decimal:
    """A sum as it came from the database, with as many places as quantities have."""
    return Decimal(value).quantize(Decimal(1).scaleb(-PLACES))
