"""What takes places in lanes from now on: what stands there, what goes, and what is planned."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Max, Min, Q
from django.utils.translation import gettext_lazy

from inventory.models import Balance, Location, MaterialKind, Purpose
from staging.models import Demand, DemandKind, Requirement, StagedStock
from staging.numbers.asked import Asked
from staging.positions import LOOSE, OUTERMOST, by_lane

MOST_LANES = 200
"""Lanes that are looked at."""

Group = tuple[str, str]
"""Lanes of a site, by its code, in which the same could be staged."""

POOLS: dict[str, tuple[str, ...]] = {
    "supply": (Purpose.LINE_SIDE, Purpose.KITTING),
    "wip": (Purpose.WIP_BUFFER,),
    "shipping": (Purpose.SHIPPING_LANE,),
}
"""Purposes among which it is open where something will be staged."""

LABELS = {
    "supply": gettext_lazy("Line-side and kitting"),
    "wip": gettext_lazy("Buffers"),
    "shipping": gettext_lazy("Shipping lanes"),
}

# --- what stands there --------------------------------------------------------------------------


def lanes(asked: Asked) -> tuple[list[Location], bool]:
    rows = Location.objects.staging().filter(asked.places(), is_open=True).select_related("site")
    found = list(rows.order_by("site__code", "path")[: MOST_LANES + 1])
    return found[:MOST_LANES], len(found) > MOST_LANES


def leaving(
    places: list[Location], now: datetime, until: datetime
) -> Iterator[tuple[int, datetime]]:
    """Lane and time of each position that goes when its demands need it. It goes as a whole, with
    the last of them; what is overdue, or in part for no demand, is taken to stay. Two statements.
    """
    key = {"top": OUTERMOST, "loose": LOOSE}
    staged = StagedStock.objects.filter(location__in=places).annotate(**key).order_by()
    needed = "requirement__demand__needed_at"
    rows = staged.values("location", "top", "loose").annotate(first=Min(needed), last=Max(needed))
    going = list(rows.filter(first__gt=now, last__lt=until).order_by("last"))
    unbound: Any = Balance.objects.filter(location__in=places, quantity__gt=F("bound"))
    stays = set(unbound.annotate(**key).values_list("location", "top", "loose"))
    for row in going:
        if (row["location"], row["top"], row["loose"]) not in stays:
            yield row["location"], row["last"]


# --- what is planned ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Need:
    """Positions that will come: to a lane, or to one of a group of which it is not known which.
    They go when their demand needs them; None: it has been needed, so they stay."""

    demand: Demand
    lane: int | None
    group: Group
    positions: int
    comes: datetime
    goes: datetime | None


def _pool(demand: Demand, material_kind: str) -> str:
    if demand.kind == DemandKind.SHIPMENT:
        return "shipping"
    return "wip" if material_kind == MaterialKind.WIP else "supply"


def grouped(places: Iterable[Location]) -> dict[Group, list[Location]]:
    """Lanes by site and pool."""
    pools = {purpose: pool for pool, purposes in POOLS.items() for purpose in purposes}
    groups: dict[Group, list[Location]] = defaultdict(list)
    for place in places:
        groups[place.site.code, pools[place.purpose]].append(place)
    return dict(groups)


def planned(
    asked: Asked, until: datetime, places: list[Location], groups: dict[Group, list[Location]]
) -> Iterator[Need]:
    """What live demands lack that will be staged by then. A reservation takes a position, and what
    is not reserved yet takes one for the line. Two statements."""
    before = until + asked.lead
    staged = _where(places, before)
    for line in _lacking(asked, before):
        demand = line.demand
        group = (demand.site.code, _pool(demand, line.material.kind))
        late = demand.needed_at <= asked.now
        missing = line.quantity - line.progressed
        yield Need(
            demand,
            lane=staged.get((demand.pk, group[1]))
            or _at_work_center(demand, groups.get(group, ())),
            group=group,
            positions=line.reservations + (line.reserved < missing),
            comes=max(demand.needed_at - asked.lead, asked.now),
            goes=None if late else demand.needed_at,
        )


def _lacking(asked: Asked, before: datetime) -> Any:
    rows: Any = Requirement.objects.filter(
        asked.sites("demand__site"), demand__closed_at=None, demand__needed_at__lt=before
    )
    rows = rows.with_progress().annotate(
        reservations=Count("open", filter=Q(open__state="reserved"))
    )
    return rows.filter(progressed__lt=F("quantity")).select_related(
        "demand__site", "demand__work_center", "material"
    )


def _where(places: list[Location], before: datetime) -> dict[tuple[int, str], int]:
    """By demand and pool, the lane where most of its stock stands already."""
    pools = {place.pk: pool for (_site, pool), those in grouped(places).items() for place in those}
    rows = StagedStock.objects.filter(
        location__in=places, requirement__demand__needed_at__lt=before
    ).order_by()
    rows = rows.values_list("requirement__demand", "location").annotate(number=Count("pk"))
    found: dict[tuple[int, str], tuple[int, int]] = {}
    for demand, lane, number in rows:
        key = (demand, pools[lane])
        found[key] = max(found.get(key, (0, 0)), (number, -lane))
    return {key: -lane for key, (_number, lane) in found.items()}


def _at_work_center(demand: Demand, lanes: Iterable[Location]) -> int | None:
    """The only lane of the group that belongs to the demand's work centre."""
    if demand.work_center is None:
        return None
    there = [lane for lane in lanes if lane.path.startswith(demand.work_center.path)]
    return there[0].pk if len(there) == 1 else None


# --- what need not be there -----------------------------------------------------------------------


def idle(places: list[Location], now: datetime) -> dict[int, tuple[int, int]]:
    """By lane, the positions of which a part is there for no demand, and those of a demand that is
    overdue. Two statements; none without lanes."""
    if not places:
        return {}
    unbound = Balance.objects.filter(location__in=places, quantity__gt=F("bound"))
    overdue = StagedStock.objects.filter(
        location__in=places, requirement__demand__needed_at__lte=now
    )
    found = [by_lane(rows) for rows in (unbound, overdue)]
    return {place.pk: (found[0].get(place.pk, 0), found[1].get(place.pk, 0)) for place in places}
