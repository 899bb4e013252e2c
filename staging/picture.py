"""The on-hand picture by material, lot, location and demand, one page of it at a time.

Every row keeps general, reserved, staged, in process and in transit apart, and its total is their
sum. Quantities of different units are never added up.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.db.models import Case, CharField, Count, Exists, OuterRef, Q, QuerySet, Sum, Value, When
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

from inventory import on_hand
from inventory.models import Balance, Location, Lot, Material
from inventory.statements import Select
from quality import gate
from quality.models import Hold
from staging import on_hand as of_demands
from staging import stops
from staging.models import Commitment, Demand, State

Split = dict[str, Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the picture. `split` holds the parts and their total, in `unit`."""

    code: str
    name: str
    url: str
    unit: str
    split: Split
    badges: Sequence[str] = ()
    usable: Decimal | None = None
    safety_stock: Decimal | None = None
    expires_on: date | None = None

    @property
    def below_safety_stock(self) -> bool:
        return bool(self.safety_stock) and (self.usable or 0) < (self.safety_stock or 0)


@dataclass(frozen=True, slots=True)
class Grouping:
    """A way to group the picture: what is paged through, by which unique column, and its rows.

    `size` is how many make a page: what a page costs follows the stock that it sums up.
    """

    label: StrPromise
    heading: StrPromise
    key: str
    size: int
    subjects: Callable[[QuerySet[Balance], QuerySet[Material]], QuerySet[Any]]
    rows: Callable[[Sequence[Any], QuerySet[Balance], date], list[Row]]


def nothing() -> Split:
    return dict.fromkeys((*on_hand.PARTS, "total"), Decimal(0))


def _split_by(balances: QuerySet[Balance], *group: str) -> dict[Any, Split]:
    """The parts by the first column of the group."""
    names = (*on_hand.PARTS, "total")
    return {
        row[group[0]]: {name: row[name] for name in names}
        for row in on_hand.split(balances, *group)
    }


# --- by material --------------------------------------------------------------------------------


def _materials(stock: QuerySet[Balance], materials: QuerySet[Material]) -> QuerySet[Any]:
    """Materials on hand, and those of which a safety stock should be."""
    there = Exists(stock.filter(lot__material=OuterRef("pk"), quantity__gt=0))
    kept = Q(safety_stock__gt=0, is_active=True)
    return materials.filter(Q(there) | kept)


def usable(materials: Sequence[Material], on: date) -> dict[int, Decimal]:
    """How much of each material is on hand, anywhere, that the gate would let any demand have."""
    doubtful = stops.InForce.read().doubtful(on)
    keys = [material.pk for material in materials]
    rows = _usable(doubtful).rows(
        materials=keys, held=stops.places_under(Hold.objects.open()), on=on
    )
    return dict(rows)


@lru_cache(maxsize=8)
def _usable(doubtful: Q) -> Select[Any]:
    rows = judged(doubtful).filter(stop="").values_list("lot__material")
    return Select(lambda: rows.annotate(usable=Sum("quantity")))


def judged(doubtful: Q) -> QuerySet[Any, Any]:
    """For a `Select`: what is on hand of `materials`, with `stop` as for any demand, or ''.

    The gate judges suspects only, of which there are few; to judge everything took ten times as
    long. `doubtful` changes with the day and with the rules in force; `held` are the places under
    a hold.
    """
    suspect = doubtful | stops.held()
    stop = gate.stop_code(on=stops.TODAY, reference="asked_for")
    stock: Any = Balance.objects.filter(lot__material__among="materials", quantity__gt=0)
    found: QuerySet[Any, Any] = stock.annotate(
        asked_for=Value(""),
        stop=Case(When(suspect, then=stop), default=Value(""), output_field=CharField()),
    ).order_by()
    return found


def _material_rows(found: Sequence[Material], stock: QuerySet[Balance], on: date) -> list[Row]:
    parts = _split_by(stock.filter(lot__material__in=found), "lot__material")
    fit = usable(found, on)
    return [
        Row(
            code=material.code,
            name=material.name,
            url=reverse("staging:material", args=[material.code]),
            unit=material.base_unit_id,
            split=parts.get(material.pk, nothing()),
            usable=fit.get(material.pk, Decimal(0)),
            safety_stock=material.safety_stock or None,
        )
        for material in found
    ]


# --- by lot -------------------------------------------------------------------------------------


def _lots(stock: QuerySet[Balance], materials: QuerySet[Material]) -> QuerySet[Any]:
    there = Exists(stock.filter(lot=OuterRef("pk"), quantity__gt=0))
    return Lot.objects.filter(there).select_related("material")


def _lot_rows(found: Sequence[Lot], stock: QuerySet[Balance], on: date) -> list[Row]:
    parts = _split_by(stock.filter(lot__in=found), "lot")
    held = stops.held_among(found, on)
    return [
        Row(
            code=lot.code,
            name=lot.material.name,
            url=reverse("staging:lot", args=[lot.pk]),
            unit=lot.material.base_unit_id,
            split=parts.get(lot.pk, nothing()),
            badges=stops.badges(lot, on, held=held.get(lot.pk, "")),
            expires_on=lot.expires_on,
        )
        for lot in found
    ]


# --- by location --------------------------------------------------------------------------------


def _locations(stock: QuerySet[Balance], materials: QuerySet[Material]) -> QuerySet[Any]:
    return Location.objects.filter(Exists(stock.filter(location=OuterRef("pk"), quantity__gt=0)))


def _location_rows(found: Sequence[Location], stock: QuerySet[Balance], on: date) -> list[Row]:
    """One row for each unit that stands at a location."""
    group = ("location", "lot__material__base_unit")
    rows = on_hand.split(stock.filter(location__in=found), *group)
    rows = rows.annotate(lots=Count("lot", distinct=True))
    by_place: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        by_place[row["location"]].append(row)
    return [
        Row(
            code=place.code,
            name=place.state_label or place.name,
            url=reverse("staging:location", args=[place.code]),
            unit=row["lot__material__base_unit"],
            split={name: row[name] for name in (*on_hand.PARTS, "total")},
        )
        for place in found
        for row in by_place[place.pk]
    ]


# --- by demand ----------------------------------------------------------------------------------

COMMITTED = (State.RESERVED, State.STAGED, State.ISSUED)


def _committed(stock: QuerySet[Balance]) -> QuerySet[Commitment]:
    """Open commitments to what is still on hand of the lots and places in `stock`."""
    same = stock.filter(lot=OuterRef("lot"), location=OuterRef("location"), quantity__gt=0)
    return Commitment.objects.open().filter(Exists(same), state__in=COMMITTED)


def _demands(stock: QuerySet[Balance], materials: QuerySet[Material]) -> QuerySet[Any]:
    there = Exists(_committed(stock).filter(requirement__demand=OuterRef("pk")))
    return Demand.objects.filter(there)


def _demand_rows(found: Sequence[Demand], stock: QuerySet[Balance], on: date) -> list[Row]:
    """One row for each material that a demand has a claim on. General stock belongs to none."""
    demand, code, unit = (
        "requirement__demand__reference", "lot__material__code", "lot__material__base_unit",
    )  # fmt: skip
    claims = _committed(stock).filter(requirement__demand__in=found)
    return [
        Row(
            code=row[demand],
            name=row[code],
            url=reverse("staging:demand", args=[row[demand]]),
            unit=row[unit],
            split={name: row[name] for name in (*on_hand.PARTS, "total")},
        )
        for row in of_demands.split(claims, demand, code, unit)
    ]


GROUPINGS = {
    "material": Grouping(_("By material"), _("Material"), "code", 15, _materials, _material_rows),
    "lot": Grouping(_("By lot"), _("Lot"), "code", 50, _lots, _lot_rows),
    "location": Grouping(_("By location"), _("Location"), "path", 20, _locations, _location_rows),
    "demand": Grouping(_("By demand"), _("Demand"), "reference", 10, _demands, _demand_rows),
}
