"""Which lanes would fit for what has to move: by what they are for, by route, and by their room."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import Exists, OuterRef, Q

from inventory.models import Location, LocationKind
from staging.board_rows import POSITIONS
from staging.guided.steps import FEW, PURPOSES
from staging.models import Demand, DemandKind, StagedStock
from staging.worklists.stops import Stop


@dataclass(frozen=True, slots=True)
class Fitting:
    """A lane that would fit; `room` is how many positions are free there, None for any number."""

    lane: Location
    room: int | None
    same_way: bool

    @property
    def choice(self) -> str:
        """What a tap on it says, instead of its scan."""
        return urlencode({"target": self.lane.code})


def fitting(stop: Stop) -> list[Fitting]:
    """Lanes to propose: where the same route or carrier stands first, then those that are empty of
    other ones, the nearest on the walk first. Two statements."""
    rows: Any = Location.objects.filter(kind=LocationKind.STAGING, is_open=True, site=stop.site)
    if stop.location:
        rows = rows.exclude(pk=stop.location.pk)
    if purposes := _purposes(stop):
        rows = rows.filter(purpose__in=purposes)
    rows = rows.annotate(
        same_way=Exists(_going(_way(stop.demand))),
        other_way=Exists(_going(Q()).exclude(_way(stop.demand))),
    )
    lanes = list(rows.order_by("-same_way", "other_way", "walk_order", "path"))
    taken = dict(POSITIONS.rows(lanes=[lane.pk for lane in lanes]))
    lanes = [lane for lane in lanes if _serves(lane, stop.demand)]
    found = [Fitting(lane, _room(lane, taken.get(lane.pk, 0)), lane.same_way) for lane in lanes]
    return [one for one in found if one.room is None or one.room > 0][:FEW]


def _purposes(stop: Stop) -> tuple[str, ...]:
    """What the lane must be for: as the demands there have it, or else as the lane is for now."""
    if stop.demand:
        return tuple(PURPOSES[DemandKind(stop.demand.kind)])
    return (stop.location.purpose,) if stop.location else ()


def _going(way: Q) -> Any:
    return StagedStock.objects.filter(way, location=OuterRef("pk"))


def _way(demand: Demand | None) -> Q:
    """The stock that goes the way of a demand: to its work centre, or by its route or carrier."""
    if demand is None:
        return Q(pk=None)
    ways = {"work_center": demand.work_center_id, "route": demand.route, "carrier": demand.carrier}
    told = {f"requirement__demand__{name}": value for name, value in ways.items() if value}
    return Q(**told) if told else Q(pk=None)


def _serves(lane: Location, demand: Demand | None) -> bool:
    """Whether the lane names no routes and carriers, or the demand's are among them."""
    if demand is None:
        return True
    ways = ((lane.routes, demand.route), (lane.carriers, demand.carrier))
    return all(not at or not way or way.casefold() in _names(at) for at, way in ways)


def _names(text: str) -> list[str]:
    return text.casefold().split(";")


def _room(lane: Location, taken: int) -> int | None:
    return None if lane.capacity is None else max(lane.capacity - taken, 0)
