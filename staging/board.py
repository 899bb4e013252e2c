"""What stands in the lanes, for which demand, how old, and what is wrong with it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeVar

from django.db.models import Q
from django.utils import timezone

from inventory.models import Balance, Location
from quality import gate
from staging.flow import positions
from staging.models import Commitment, Demand, StagedStock

Standing = TypeVar("Standing", Balance, Commitment)


def in_words(stop: str) -> str:
    """What a stop code of the gate means."""
    return str(gate.STOP_LABELS.get(stop, stop))


@dataclass(slots=True)
class Staged:
    """One staged quantity, as the board shows it."""

    row: Commitment
    stop: str
    overstayed: bool
    overdue: bool

    @property
    def why(self) -> str:
        """Why it may not be used, in words."""
        return in_words(self.stop)

    @property
    def rank(self) -> tuple[bool, bool, bool]:
        """Blocked first, then stale."""
        return (not self.stop, not self.overstayed, not self.overdue)


@dataclass(slots=True)
class ForDemand:
    """What is staged in a lane for one demand."""

    demand: Demand
    staged: list[Staged]
    overdue: bool

    @property
    def rank(self) -> tuple[tuple[bool, bool, bool], datetime]:
        return (self.staged[0].rank, self.demand.needed_at)


@dataclass(slots=True)
class Unbound:
    """Stock that stands in a lane for no demand."""

    row: Balance
    stop: str

    @property
    def why(self) -> str:
        """Why it may not be used, in words."""
        return in_words(self.stop)


@dataclass(slots=True)
class Lane:
    """A staging location and what stands in it. `unbound` stands there for no demand."""

    location: Location
    occupied: int = 0
    demands: list[ForDemand] = field(default_factory=list)
    unbound: list[Unbound] = field(default_factory=list)

    @property
    def blocked(self) -> int:
        return sum(bool(staged.stop) for staged in self._staged())

    @property
    def stale(self) -> int:
        return sum(staged.overstayed or staged.overdue for staged in self._staged())

    @property
    def is_empty(self) -> bool:
        return not self.occupied

    @property
    def in_trouble(self) -> bool:
        return bool(self.blocked or self.stale or self.unbound)

    @property
    def next_needed_at(self) -> datetime | None:
        """When the next step first needs something from here."""
        return min((group.demand.needed_at for group in self.demands), default=None)

    @property
    def rank(self) -> tuple[bool, bool, bool]:
        return (not self.blocked, not self.stale, not self.unbound)

    def _staged(self) -> Iterable[Staged]:
        return (staged for group in self.demands for staged in group.staged)


def lanes(*, site: str, purpose: str, text: str, at: datetime) -> list[Lane]:
    """Every staging location with what stands in it, the troubled ones first in their area.

    `text` keeps only stock of which demand, material or lot contain it, and the lanes that hold
    such stock. Three statements, however many lanes there are.
    """
    on = timezone.localdate(at)
    places = Location.objects.staging().select_related("site")
    if site:
        places = places.filter(site__code=site)
    if purpose:
        places = places.filter(purpose=purpose)
    found = {place.pk: Lane(place) for place in places.order_by("site", "purpose", "walk_order")}
    standing = _standing(found, on)
    for pk, balances in standing.items():
        found[pk].occupied = positions(balances)
        found[pk].unbound = [
            Unbound(row, row.stop)  # type: ignore[attr-defined]
            for row in balances
            if row.quantity > row.bound and _has(text, row)
        ]
    for pk, rows in _staged(found, text, on).items():
        found[pk].demands = _by_demand(rows, at)
    kept = [lane for lane in found.values() if not text or lane.demands or lane.unbound]
    return sorted(kept, key=_place_on_board)


def _place_on_board(lane: Lane) -> tuple[object, ...]:
    place = lane.location
    return (place.site.code, place.purpose, lane.rank, place.walk_order, place.path)


def _standing(found: dict[int, Lane], on: date) -> dict[int, list[Balance]]:
    rows = (
        Balance.objects.on_hand()
        .filter(location__in=found)
        .annotate(stop=gate.stop_code(on=on))
        .select_related("lot__material", "container")
    )
    return _grouped(rows.order_by("lot__code", "pk"))


def _staged(found: dict[int, Lane], text: str, on: date) -> dict[int, list[Commitment]]:
    rows = StagedStock.objects.filter(location__in=found).with_stop(on)
    if text:
        rows = rows.filter(
            Q(requirement__demand__reference__icontains=text)
            | Q(lot__code__icontains=text)
            | Q(lot__material__name__icontains=text)
        )
    rows = rows.select_related("requirement__demand", "lot__material", "container")
    return _grouped(rows.order_by("since", "pk"))


def _grouped(rows: Iterable[Standing]) -> dict[int, list[Standing]]:
    grouped: dict[int, list[Standing]] = {}
    for row in rows:
        grouped.setdefault(row.location_id, []).append(row)
    return grouped


def _has(text: str, balance: Balance) -> bool:
    words = f"{balance.lot.code} {balance.lot.material.name}"
    return text.lower() in words.lower()


def _by_demand(rows: Sequence[Commitment], at: datetime) -> list[ForDemand]:
    groups: dict[int, ForDemand] = {}
    for row in rows:
        demand = row.requirement.demand
        overdue = demand.needed_at <= at
        group = groups.setdefault(demand.pk, ForDemand(demand, [], overdue))
        overstayed = row.due_at is not None and row.due_at <= at
        group.staged.append(Staged(row, row.stop, overstayed, overdue))  # type: ignore[attr-defined]
    for group in groups.values():
        group.staged.sort(key=lambda staged: staged.rank)
    return sorted(groups.values(), key=lambda group: group.rank)
