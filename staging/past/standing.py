"""Lanes as they stood: what was staged there for whom, what stood there for nobody, what was wrong.

Any number of lanes cost the same statements, 17 at most.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Q

from inventory.models import Container, Location, Lot
from quality.models import Hold
from staging.models import Commitment
from staging.past import claims, demands, stock
from staging.past.alerts import open_then
from staging.past.claims import Claim
from staging.past.demands import DemandThen
from staging.past.moment import Moment
from staging.past.quality import Quality, Standing, around, quality_of
from staging.past.stock import Spot


@dataclass(slots=True)
class Stood:
    """A quantity of a lot at a place: for a demand, if there is a `claim`, or for nobody."""

    lot: Lot
    location: Location
    container: Container | None
    quantity: Decimal
    status: str
    stops: list[str]
    holds: list[Hold]
    at: datetime
    claim: Claim | None = None
    demand: DemandThen | None = None

    @property
    def row(self) -> Commitment | None:
        """Its commitment, of which only that counts which never changes."""
        return self.claim.row if self.claim else None

    @property
    def hold_numbers(self) -> list[int]:
        return [hold.pk for hold in self.holds]

    @property
    def since(self) -> datetime | None:
        return self.claim.since if self.claim else None

    @property
    def age(self) -> timedelta | None:
        """How long it had been there."""
        return max(self.at - self.claim.since, timedelta()) if self.claim else None

    @property
    def tone(self) -> str:
        """Of its age."""
        return "bad" if self.is_critical else "warn" if self.is_warned else "calm"

    @property
    def is_critical(self) -> bool:
        """Staged for too long."""
        return self._past(self.claim.due_at if self.claim else None)

    @property
    def is_warned(self) -> bool:
        """Staged for long, or for too long."""
        return self.is_critical or self._past(self.claim.warn_at if self.claim else None)

    @property
    def is_overdue(self) -> bool:
        """The next step should have begun."""
        return self._past(self.demand.needed_at if self.demand else None)

    def _past(self, due: datetime | None) -> bool:
        return due is not None and due <= self.at


@dataclass(slots=True)
class Lane:
    """A lane at a moment. What is said of the place itself (name, capacity) is as it is now."""

    location: Location
    staged: list[Stood] = field(default_factory=list)
    loose: list[Stood] = field(default_factory=list)
    alerts: list[Any] = field(default_factory=list)
    occupied: int = 0
    unclear: int = 0
    """Of how many lots more was said to have left by then than to have come."""

    @property
    def blocked(self) -> int:
        return sum(bool(one.stops) for one in self.staged)

    @property
    def warned(self) -> int:
        return sum(one.is_warned for one in self.staged)

    @property
    def critical(self) -> int:
        return sum(one.is_critical for one in self.staged)

    @property
    def overdue(self) -> int:
        return sum(one.is_overdue for one in self.staged)

    @property
    def everything(self) -> list[Stood]:
        return [*self.staged, *self.loose]


@dataclass(slots=True)
class Lanes:
    """Lanes in their order. Before `claims_since` it is not known for whom what stood there."""

    lanes: list[Lane]
    quality: Quality
    claims_since: datetime | None = None


def lanes_then(places: Sequence[Location], moment: Moment) -> Lanes:
    """The places as they were at the moment."""
    keys = [place.pk for place in places]
    standing = stock.standing(keys, moment)
    since = claims.known_since()
    known = since is None or moment.at >= since
    staged = claims.staged_at(keys, moment) if known else []
    there = _There.of(places, standing, staged)
    quality = quality_of(
        [there.standing(claim.spot, _reference(claim)) for claim in staged]
        + [there.standing(spot) for spot in standing],
        moment,
    )
    wanted = {claim.row.requirement.demand_id: claim.row.requirement.demand for claim in staged}
    of_demands = demands.then(wanted.values(), moment)
    found = {place.pk: Lane(place) for place in places}
    for claim in staged:
        one = there.stood(claim.spot, claim.quantity, quality, moment, _reference(claim))
        one.claim, one.demand = claim, of_demands[claim.row.requirement.demand_id]
        found[claim.row.location_id].staged.append(one)
    for spot, quantity in _loose(standing, staged).items():
        if quantity > 0:
            loose = there.stood(spot, quantity, quality, moment)
            found[spot.location].loose.append(loose)
        elif quantity < 0:
            found[spot.location].unclear += 1
    _count(found, standing, there)
    for alert in open_then(Q(location__in=keys), moment):
        if alert.location_id is not None:
            found[alert.location_id].alerts.append(alert)
    for lane in found.values():
        lane.loose.sort(key=lambda one: (one.lot.code, one.container.code if one.container else ""))
    return Lanes(list(found.values()), quality, None if known else since)


def _reference(claim: Claim) -> str:
    return claim.row.requirement.demand.reference


def _loose(standing: dict[Spot, Decimal], staged: Iterable[Claim]) -> dict[Spot, Decimal]:
    """What stood there less what was staged."""
    found = defaultdict(Decimal, standing)
    for claim in staged:
        found[claim.spot] -= claim.quantity
    return found


def _count(found: dict[int, Lane], standing: dict[Spot, Decimal], there: "_There") -> None:
    """Handling positions taken: each outermost container, and each loose lot."""
    taken: dict[int, set[tuple[str, int]]] = defaultdict(set)
    for spot, quantity in standing.items():
        if quantity > 0:
            inside = around(there.containers.get(spot.container or 0))
            what = ("in", inside[-1].pk) if inside else ("lot", spot.lot)
            taken[spot.location].add(what)
    for place, positions in taken.items():
        found[place].occupied = len(positions)


@dataclass(frozen=True, slots=True)
class _There:
    """The lots, places and containers that keys stand for. Two statements."""

    lots: dict[int, Lot]
    places: dict[int, Location]
    containers: dict[int, Container]

    @classmethod
    def of(
        cls, places: Iterable[Location], standing: Collection[Spot], staged: Iterable[Claim]
    ) -> "_There":
        spots = {*standing, *(claim.spot for claim in staged)}
        lots = Lot.objects.select_related("material").in_bulk({spot.lot for spot in spots})
        return cls(lots, {place.pk: place for place in places}, boxes(spots))

    def standing(self, spot: Spot, reference: str = "") -> Standing:
        box = self.containers.get(spot.container or 0)
        return Standing(self.lots[spot.lot], self.places[spot.location], box, reference)

    def stood(
        self, spot: Spot, quantity: Decimal, quality: Quality, moment: Moment, reference: str = ""
    ) -> Stood:
        return stood(self.standing(spot, reference), quantity, quality, moment)


def boxes(spots: Iterable[Spot]) -> dict[int, Container]:
    """The containers, with those that they are packed in. One statement."""
    keys = {spot.container for spot in spots if spot.container}
    return Container.objects.select_related("parent__parent__parent").in_bulk(keys)


def stood(one: Standing, quantity: Decimal, quality: Quality, moment: Moment) -> Stood:
    """A quantity with what quality said of it."""
    return Stood(
        one.lot, one.location, one.container, quantity, quality.status[one.lot.pk],
        quality.stops(one), quality.holds_on(one), moment.at,
    )  # fmt: skip
