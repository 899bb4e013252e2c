"""What stands in the lanes, for which demand, how old, and what is wrong with it.

A page of lanes at a time, each with its worst stock and exact counts: what a page costs follows
what stands in its lanes, and not how many lanes there are.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import Case, Count, Exists, F, Min, OuterRef, Q, QuerySet, When, Window
from django.db.models.functions import Coalesce, RowNumber
from django.utils import timezone

from inventory.models import Balance, Location
from quality import gate
from quality.models import Hold
from quality.models.holds import NESTING
from staging import board_search, stops
from staging.models import Alert, Commitment, Demand, StagedStock
from staging.models.commitments import CommitmentQuerySet
from staging.stops import InForce

LANES = 12
"""Lanes on a page."""

SHOWN = 4
"""Rows of a lane, of what is staged and of what stands there for no demand each."""


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
) -> Board:
    """A page of staging locations by site, purpose and walking order, those with alerts first.

    `text` keeps stock of which the demand, the lot or the material begins with it, and the lanes
    that hold some; `show` only lanes with stock (`filled`) or with open alerts (`trouble`). On the
    page, what is wrong now counts, whether the clock has raised it or not. The number of statements
    is fixed.
    """
    wanted = _wanted(site, purpose, show)
    match = board_search.Match(text) if text else None
    if match:
        wanted = wanted.filter(pk__in=match.lanes())
    found, previous, following = _page(wanted, after, before)
    lanes = {place.pk: Lane(place) for place in found}
    if lanes:
        _fill(lanes, match, at)
    ordered = sorted(lanes.values(), key=_place_on_board)
    return Board(ordered, previous, following)


def _wanted(site: str, purpose: str, show: str) -> QuerySet[Location]:
    stock = Exists(Balance.objects.on_hand().filter(location=OuterRef("pk")))
    alerts = Exists(Alert.objects.open().filter(location=OuterRef("pk")))
    calm = Case(When(alerts, then=0), default=1)
    places = Location.objects.staging().select_related("site").annotate(calm=calm)
    if site:
        places = places.filter(site__code=site)
    if purpose:
        places = places.filter(purpose=purpose)
    if show == "trouble":
        return places.filter(calm=0)
    return places.filter(stock) if show == "filled" else places.filter(Q(is_open=True) | stock)


ORDER = ("site__code", "purpose", "calm", "walk_order", "path")


def _page(wanted: QuerySet[Location], after: str, before: str) -> tuple[list[Location], str, str]:
    """The lanes of the page, in their order, and the lanes at which its neighbours begin."""
    start = wanted.filter(code=after or before).first() if after or before else None
    back = bool(before and not after and start)
    if start:
        wanted = wanted.filter(_beyond(start, "lt" if back else "gt"))
    order = [f"-{name}" for name in ORDER] if back else list(ORDER)
    found = list(wanted.order_by(*order)[: LANES + 1])
    more = len(found) > LANES
    found = found[:LANES]
    if back:
        found.reverse()
    has_previous = more if back else start is not None
    return (
        found,
        found[0].code if found and has_previous else "",
        found[-1].code if found and (back or more) else "",
    )


def _beyond(start: Any, way: str) -> Q:
    """What comes after (`gt`) or before (`lt`) a lane in the order of the board."""
    beyond = Q()
    same: dict[str, Any] = {}
    for name in ORDER:
        value = start.site.code if name == "site__code" else getattr(start, name)
        beyond |= Q(**same, **{f"{name}__{way}": value})
        same[name] = value
    return beyond


def _place_on_board(lane: Lane) -> tuple[object, ...]:
    place = lane.location
    return (place.site.code, place.purpose, lane.rank, place.walk_order, place.path)


# --- what stands in the lanes of a page ---------------------------------------------------------


def _fill(lanes: dict[int, Lane], match: Any, at: datetime) -> None:
    on = timezone.localdate(at)
    for place, taken in positions_in(lanes).items():
        lanes[place].occupied = taken
    staged = StagedStock.objects.filter(location__in=list(lanes))
    loose = Balance.objects.on_hand().filter(location__in=list(lanes), quantity__gt=F("bound"))
    if match:
        staged, loose = staged.filter(match.staged()), loose.filter(match.lots())
    blocked = _blocked(staged, lanes, on)
    shown = _summed_up(staged, lanes, blocked, at)
    _show_staged(shown, lanes, blocked, at)
    _show_loose(loose, lanes, on)


def _blocked(staged: CommitmentQuerySet, lanes: dict[int, Lane], on: date) -> dict[Any, str]:
    """Why what is blocked in these lanes is, the longest there first."""
    codes = {code for lane in lanes.values() for code in lane.location.ancestry}
    holds = Hold.objects.open().filter(location__code__in=codes)
    held = set(holds.values_list("location__code", flat=True))
    places = [pk for pk, lane in lanes.items() if held.intersection(lane.location.ancestry)]
    suspect = InForce.read().doubtful(on)
    for condition in stops.held(places):
        suspect |= condition
    found: dict[Any, str] = {}
    rows: QuerySet[Any] = staged.filter(suspect).blocked(on).order_by("since", "pk")
    for pk, place, stop in rows.values_list("pk", "location", "stop"):
        lanes[place].blocked += 1
        if lanes[place].blocked <= SHOWN:
            found[pk] = stop
    return found


def _summed_up(
    staged: CommitmentQuerySet, lanes: dict[int, Lane], blocked: Iterable[Any], at: datetime
) -> list[Any]:
    """Count what is staged in each lane; the keys of what is shown, the worst of each lane."""
    overstayed = Case(When(due_at__lte=at, then=0), default=1)
    overdue = Case(When(requirement__demand__needed_at__lte=at, then=0), default=1)
    lane: dict[str, Any] = {"partition_by": "location"}
    stale = Q(due_at__lte=at) | Q(requirement__demand__needed_at__lte=at)
    rows = staged.annotate(
        place=Window(
            RowNumber(),
            order_by=[Case(When(pk__in=list(blocked), then=0), default=1), overstayed, overdue,
                      "since", "pk"],
            **lane,
        ),
        standing=Window(Count("pk"), **lane),
        stale=Window(Count("pk", filter=stale), **lane),
        needed=Window(Min("requirement__demand__needed_at"), **lane),
    )  # fmt: skip
    shown = []
    columns = ("pk", "location", "standing", "stale", "needed")
    for pk, place, standing, count, needed in rows.filter(place__lte=SHOWN).values_list(*columns):
        found = lanes[place]
        found.standing, found.stale, found.next_needed_at = standing, count, needed
        shown.append(pk)
    return shown


def _show_staged(
    shown: list[Any], lanes: dict[int, Lane], blocked: dict[Any, str], at: datetime
) -> None:
    rows = Commitment.objects.filter(pk__in=shown).select_related(
        "requirement__demand", "lot__material", "container"
    )
    by_lane: dict[int, list[Staged]] = {}
    for row in rows.order_by("since", "pk"):
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


def _show_loose(loose: QuerySet[Balance], lanes: dict[int, Lane], on: date) -> None:
    lane: dict[str, Any] = {"partition_by": "location"}
    rows = loose.annotate(
        place=Window(RowNumber(), order_by=["lot", "pk"], **lane),
        standing=Window(Count("pk"), **lane),
    ).filter(place__lte=SHOWN)
    shown = []
    for pk, place, standing in rows.values_list("pk", "location", "standing"):
        lanes[place].loose = standing
        shown.append(pk)
    balances: QuerySet[Any] = Balance.objects.filter(pk__in=shown)
    balances = balances.annotate(stop=gate.stop_code(on=on))
    for row in balances.select_related("lot__material", "container").order_by("lot__code", "pk"):
        lanes[row.location_id].unbound.append(Unbound(row, row.stop))


def positions_in(places: Iterable[int]) -> dict[int, int]:
    """Handling positions taken at each place: each outermost container, and each loose lot."""
    outermost = Coalesce(*(f"container{'__parent' * n}_id" for n in reversed(range(NESTING))))
    rows = Balance.objects.on_hand().filter(location__in=list(places)).order_by()
    taken = rows.values_list("location").annotate(
        taken=Count("lot", distinct=True, filter=Q(container=None))
        + Count(outermost, distinct=True)
    )
    return dict(taken)
