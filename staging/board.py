"""What stands in the lanes, for which demand, how old, and what is wrong with it.

A page of lanes at a time, each with its worst stock and exact counts: what a page costs follows
what stands in its lanes, and not how many lanes there are.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import Q

from inventory.models import Balance, Location
from inventory.zones import gate_day
from quality import gate
from staging import board_rows, live
from staging.board_rows import LANES, ORDER, SHOWN, Asked
from staging.board_search import Match
from staging.models import Commitment, Demand
from staging.stops import InForce


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
    """A staging location, how much stands in it, and the worst of it.

    `standing` counts all that is staged, `loose` all that stands there for no demand; `demands` and
    `unbound` hold what is shown of the two.
    """

    location: Location
    occupied: int = 0
    standing: int = 0
    blocked: int = 0
    stale: int = 0
    loose: int = 0
    next_needed_at: datetime | None = None
    demands: list[ForDemand] = field(default_factory=list)
    unbound: list[Unbound] = field(default_factory=list)

    @property
    def left_out(self) -> int:
        """How many are not shown here, but on the page of the location."""
        shown = sum(len(group.staged) for group in self.demands) + len(self.unbound)
        return self.standing + self.loose - shown

    @property
    def is_empty(self) -> bool:
        return not self.occupied

    @property
    def in_trouble(self) -> bool:
        return bool(self.blocked or self.stale or self.loose)

    @property
    def rank(self) -> tuple[bool, bool, bool]:
        return (not self.blocked, not self.stale, not self.loose)

    @property
    def mark(self) -> str:
        """Another one where a screen has something else to show."""
        place = self.location
        counts = (self.occupied, self.standing, self.blocked, self.stale, self.loose)
        about = (place.code, place.name, place.state_label, place.capacity, place.is_open)
        staged = [
            (
                one.row.pk,
                one.row.quantity,
                one.row.since,
                one.row.warn_at,
                one.row.due_at,
                one.stop,
                one.rank,
            )
            for group in self.demands
            for one in group.staged
        ]
        needed = [(group.demand.reference, group.demand.needed_at) for group in self.demands]
        loose = [(one.row.pk, one.row.free, one.stop) for one in self.unbound]
        return live.mark(about, counts, self.next_needed_at, needed, staged, loose)


@dataclass(frozen=True, slots=True)
class Board:
    """One page: lanes, and the codes of those after and before which the neighbours begin."""

    lanes: list[Lane]
    previous: str
    next: str


def board(
    *,
    site: str,
    purpose: str,
    text: str,
    at: datetime,
    show: str = "",
    after: str = "",
    before: str = "",
    wanted: Q | None = None,
    within: Collection[int] | None = None,
) -> Board:
    """A page of staging locations by site, purpose and walking order, those with alerts first.

    `text` keeps stock of which the demand, the lot or the material begins with it, and the lanes
    that hold some; `wanted` that for demands which meet the condition, likewise. `within` are the
    lanes that may be shown; `show` only lanes with stock (`filled`) or with open alerts
    (`trouble`). On the page, what is wrong now counts, whether the clock has raised it or not. The
    number of statements is fixed.
    """
    match = matching(wanted, text)
    chosen = _chosen(match, within)
    given = {"site": site, "purpose": purpose, "lanes": chosen or []}
    asked = Asked(bool(site), bool(purpose), show, chosen is not None)
    found, previous, following = _page(asked, given, after, before)
    lanes = {place.pk: Lane(place) for place in found}
    if lanes:
        _fill(lanes, match, at)
    ordered = sorted(lanes.values(), key=_place_on_board)
    return Board(ordered, previous, following)


def matching(wanted: Q | None, text: str) -> Match | None:
    """What is asked for; None where everything is."""
    return Match.among(wanted, text) if wanted else Match.of(text) if text else None


def staged_in(lanes: Iterable[Lane], match: Match | None, on: date) -> list[Commitment]:
    """All that is staged there and asked for, lane by lane, the longest there first, with `stop`.
    What stands in a lane for no demand is not among it."""
    places = [lane.location.pk for lane in lanes]
    rows = board_rows.standing(matched=match is not None)
    found = rows(lanes=places, on=on, **(match.given if match else {}))
    return sorted(found, key=lambda row: places.index(row.location_id))


def _chosen(match: Match | None, within: Collection[int] | None) -> list[int] | None:
    """The lanes of which alone there is something to show; None where any will do."""
    if match is None:
        return None if within is None else list(within)
    lanes = match.lanes()
    return lanes if within is None else list(set(within).intersection(lanes))


def _page(
    asked: Asked, given: dict[str, Any], after: str, before: str
) -> tuple[list[Location], str, str]:
    """The lanes of the page, in their order, and the lanes at which its neighbours begin."""
    start = _start(asked, given, after or before)
    back = bool(before and not after and start)
    if start:
        asked = asked._replace(way="lt" if back else "gt")
        given = given | start
    found = board_rows.lanes(asked)(**given)
    more = len(found) > LANES
    found = found[:LANES]
    if back:
        found.reverse()
    has_previous = more if back else bool(start)
    return (
        found,
        found[0].code if found and has_previous else "",
        found[-1].code if found and (back or more) else "",
    )


def _start(asked: Asked, given: dict[str, Any], code: str) -> dict[str, Any]:
    """Where the lane of that code stands in the order; empty where the page begins at an end."""
    lane: Any
    for lane in board_rows.lanes(asked._replace(way="at"))(**given, code=code) if code else ():
        return {
            name: lane.site.code if name == "site__code" else getattr(lane, name) for name in ORDER
        }
    return {}


def _place_on_board(lane: Lane) -> tuple[object, ...]:
    place = lane.location
    return (place.site.code, place.purpose, lane.rank, place.walk_order, place.path)


# --- what stands in the lanes of a page ---------------------------------------------------------


def _fill(lanes: dict[int, Lane], match: Match | None, at: datetime) -> None:
    on = gate_day(at)
    matched = match is not None
    given: dict[str, Any] = {"lanes": list(lanes), "on": on, "at": at}
    given |= match.given if match else {}
    for place, taken in board_rows.POSITIONS.rows(**given):
        lanes[place].occupied = taken
    blocked = _blocked(lanes, given, matched=matched)
    shown = _summed_up(lanes, given, blocked, matched=matched)
    _show_staged(shown, lanes, blocked, at)
    _show_loose(lanes, given, matched=matched)


def _blocked(lanes: dict[int, Lane], given: dict[str, Any], *, matched: bool) -> dict[Any, str]:
    """Why what is blocked in these lanes is, the longest there first."""
    found: dict[Any, str] = {}
    places = [lane.location for lane in lanes.values()]
    for pk, place, stop in stopped(places, given, matched=matched):
        lanes[place].blocked += 1
        if lanes[place].blocked <= SHOWN:
            found[pk] = stop
    return found


def stopped(places: Iterable[Location], given: dict[str, Any], *, matched: bool) -> list[Any]:
    """Key, place and stop of what is blocked in these lanes, the longest there first. `given` are
    the values that the statements name."""
    places = list(places)
    codes = {code for place in places for code in place.ancestry}
    held = {code for (code,) in board_rows.HOLDS_OVER.rows(codes=codes)}
    under = [place.pk for place in places if held.intersection(place.ancestry)]
    doubtful = InForce.read().doubtful(given["on"])
    suspects = board_rows.suspects(doubtful, matched=matched).rows(**given, held=under)
    return board_rows.BLOCKED.rows(suspects=[pk for (pk,) in suspects], on=given["on"])


def _summed_up(
    lanes: dict[int, Lane], given: dict[str, Any], blocked: Iterable[Any], *, matched: bool
) -> list[Any]:
    """Count what is staged in each lane; the keys of what is shown, the worst of each lane."""
    rows = board_rows.summed_up(matched=matched).rows(**given, blocked=list(blocked))
    for _pk, place, standing, stale, needed in rows:
        found = lanes[place]
        found.standing, found.stale, found.next_needed_at = standing, stale, needed
    return [row[0] for row in rows]


def _show_staged(
    shown: list[Any], lanes: dict[int, Lane], blocked: dict[Any, str], at: datetime
) -> None:
    by_lane: dict[int, list[Staged]] = {}
    for row in board_rows.STAGED(shown=shown):
        overstayed = row.due_at is not None and row.due_at <= at
        overdue = row.requirement.demand.needed_at <= at
        staged = Staged(row, blocked.get(row.pk, ""), overstayed, overdue)
        by_lane.setdefault(row.location_id, []).append(staged)
    for pk, found in by_lane.items():
        lanes[pk].demands = _by_demand(found)


def _by_demand(staged: Iterable[Staged]) -> list[ForDemand]:
    groups: dict[int, ForDemand] = {}
    for one in staged:
        demand = one.row.requirement.demand
        groups.setdefault(demand.pk, ForDemand(demand, [], one.overdue)).staged.append(one)
    for group in groups.values():
        group.staged.sort(key=lambda one: one.rank)
    return sorted(groups.values(), key=lambda group: group.rank)


def _show_loose(lanes: dict[int, Lane], given: dict[str, Any], *, matched: bool) -> None:
    rows = board_rows.loose(matched=matched).rows(**given)
    for _pk, place, standing in rows:
        lanes[place].loose = standing
    shown = [row[0] for row in rows]
    for row in board_rows.UNBOUND(shown=shown, on=given["on"]):
        lanes[row.location_id].unbound.append(Unbound(row, row.stop))
