"""Which lanes will hold more positions than they have before the horizon: when, and by what."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from inventory.fields import Words
from inventory.models import Location, Site
from inventory.sites import Limit
from staging.ahead.horizon import Horizon
from staging.charts.words import count
from staging.models import Demand
from staging.numbers import stays
from staging.numbers.asked import Asked
from staging.numbers.period import Length, Period
from staging.numbers.stays import Group
from staging.positions import taken

MOST_NAMED = 5
"""Demands and other lanes that are named."""


class Overfull(TextChoices):
    """How it comes about."""

    NOW = "over_now", _("More stands there already than it has positions.")
    COMES = "overflows", _("What comes is more than there is room for.")


class Remedy(TextChoices):
    """What could be done."""

    UNSTAGE = "unstage", _("Take back what stands there for no demand.")
    CHASE = "chase", _("Have what is overdue taken.")
    OTHER_LANE = "other_lane", _("Use another lane of its kind.")
    LATER = "later", _("No lane of its kind has room: have it staged later.")


@dataclass(frozen=True, slots=True)
class Stay:
    """Positions that come and go: there at both moments, and between. None: they stay."""

    comes: datetime
    goes: datetime | None
    positions: int = 1
    demand: Demand | None = None


@dataclass(frozen=True, slots=True)
class Peak:
    """From when on it is too much, until when (None: to the horizon), by how many at the most, and
    what came just then."""

    at: datetime
    until: datetime | None
    over: int
    by: tuple[Stay, ...]


@dataclass(frozen=True, slots=True)
class Course:
    """How many positions are taken over time: the most at any moment, and the first peak."""

    highest: int
    peak: Peak | None


@dataclass(frozen=True, slots=True)
class Help:
    """Something that could be done, about so many positions, or with these lanes."""

    remedy: Remedy
    positions: int | None = None
    lanes: tuple[Location, ...] = ()

    @property
    def lane_codes(self) -> list[str]:
        return [place.code for place in self.lanes]


@dataclass(frozen=True, slots=True)
class Crowded:
    """A lane, or lanes together where it is open which of them, that will be overfull."""

    lane: Location | None
    group: Group
    capacity: int
    now: int
    highest: int
    peak: Peak
    helps: Sequence[Help] = ()

    @property
    def reason(self) -> Overfull:
        return Overfull.COMES if self.peak.by else Overfull.NOW

    @property
    def name(self) -> str:
        return self.lane.code if self.lane else f"{self.group[0]}: {stays.LABELS[self.group[1]]}"

    @property
    def demands(self) -> list[Demand]:
        """Whose positions come when it becomes too much, the most first."""
        coming = sorted(self.peak.by, key=lambda stay: -stay.positions)
        return list(dict.fromkeys(stay.demand for stay in coming if stay.demand))[:MOST_NAMED]

    @property
    def references(self) -> list[str]:
        return [demand.reference for demand in self.demands]


@dataclass(slots=True)
class Crowds:
    """What was found, and what was not looked at."""

    rows: list[Crowded] = field(default_factory=list)
    left_out: Words = ""


def course(
    stands: Iterable[Stay], capacity: int | None, begins: datetime, ends: datetime
) -> Course:
    """What becomes of a place between two moments, both included.

    What goes at a moment still takes its place then: what comes just then finds it taken.
    """
    coming: dict[datetime, list[Stay]] = defaultdict(list)
    going: dict[datetime, int] = defaultdict(int)
    for stay in stands:
        if stay.comes <= ends and (stay.goes is None or stay.goes >= begins):
            coming[max(stay.comes, begins)].append(stay)
            if stay.goes is not None:
                going[stay.goes] += stay.positions
    level = highest = over = 0
    since: datetime | None = None
    until: datetime | None = None
    by: tuple[Stay, ...] = ()
    for at in sorted({begins, *coming, *(moment for moment in going if moment < ends)}):
        level += sum(stay.positions for stay in coming.get(at, ()))
        highest = max(highest, level)
        if capacity is not None and level > capacity and until is None:
            over = max(over, level - capacity)
            if since is None:
                since, by = at, tuple(stay for stay in coming.get(at, ()) if stay.demand)
        level -= going.get(at, 0)
        if since is not None and until is None and level <= (capacity or 0):
            until = at
    return Course(highest, Peak(since, until, over, by) if since else None)


def crowded(site: Site, horizon: Horizon, lead: timedelta, limit: Limit | None = None) -> Crowds:
    """Lanes that will be overfull, the first to be so on top. Seven statements, two of them only if
    there are any, whatever stands there and is planned."""
    period = Period.of(Length.DAY, horizon.now.date(), horizon.now.tzinfo)  # type: ignore[arg-type]
    asked = Asked(horizon.now, period, site=site, lead=lead, limit=limit)
    places, more = stays.lanes(asked)
    groups = stays.grouped(places)
    by_lane, loose, standing = _stays(asked, horizon, places, groups)
    span = (horizon.now, horizon.until)
    courses = {p.pk: course(by_lane[p.pk], p.capacity, *span) for p in places}
    rows = [
        Crowded(p, group, p.capacity or 0, standing[p.pk], found.highest, found.peak)
        for group, members in groups.items()
        for p in members
        if (found := courses[p.pk]).peak
    ]
    rows += _together(groups, by_lane, loose, standing, span)
    rows.sort(key=lambda row: (row.peak.at, -row.peak.over, row.name))
    idle = stays.idle([row.lane for row in rows if row.lane], horizon.now)
    helped = [_helped(row, groups, courses, idle) for row in rows]
    left_out = _("Only the first %(count)s lanes are looked at.") % {
        "count": count(stays.MOST_LANES)
    }
    return Crowds(helped, left_out if more else "")


def _stays(
    asked: Asked, horizon: Horizon, places: list[Location], groups: dict[Group, list[Location]]
) -> tuple[dict[int, list[Stay]], dict[Group, list[Stay]], dict[int, int]]:
    """By lane, by group where the lane is not known, and how many stand in each lane now."""
    now = horizon.now
    by_lane: dict[int, list[Stay]] = defaultdict(list)
    loose: dict[Group, list[Stay]] = defaultdict(list)
    standing = defaultdict(int, taken(places))
    left = dict(standing)
    for pk, leaves in stays.leaving(places, now, horizon.until):
        by_lane[pk].append(Stay(now, leaves))
        left[pk] -= 1
    for pk, positions in left.items():
        by_lane[pk].append(Stay(now, None, positions))
    known = {place.pk for place in places}
    for need in stays.planned(asked, horizon.until, places, groups):
        stay = Stay(need.comes, need.goes, need.positions, need.demand)
        if need.lane in known:
            by_lane[need.lane or 0].append(stay)
        elif need.lane is None and need.group in groups:
            loose[need.group].append(stay)
    return by_lane, loose, standing


def _together(
    groups: dict[Group, list[Location]],
    by_lane: dict[int, list[Stay]],
    loose: dict[Group, list[Stay]],
    standing: dict[int, int],
    span: tuple[datetime, datetime],
) -> Iterator[Crowded]:
    """Lanes of a kind, where it is open which of them something comes to."""
    for group, coming in loose.items():
        members = groups[group]
        if any(place.capacity is None for place in members):
            continue
        capacity = sum(place.capacity or 0 for place in members)
        all_of_it = [stay for place in members for stay in by_lane[place.pk]] + coming
        found = course(all_of_it, capacity, *span)
        if found.peak:
            now = sum(standing[place.pk] for place in members)
            yield Crowded(None, group, capacity, now, found.highest, found.peak)


def _helped(
    row: Crowded,
    groups: dict[Group, list[Location]],
    courses: dict[int, Course],
    idle: dict[int, tuple[int, int]],
) -> Crowded:
    """With what could be done about it."""
    helps: list[Help] = []
    if row.lane:
        unbound, overdue = idle.get(row.lane.pk, (0, 0))
        helps += [Help(Remedy.UNSTAGE, unbound)] if unbound else []
        helps += [Help(Remedy.CHASE, overdue)] if overdue else []
        others = [
            place
            for place in groups[row.group]
            if place != row.lane
            and place.purpose == row.lane.purpose
            and (place.capacity is None or courses[place.pk].highest < place.capacity)
        ]
        if others:
            helps.append(Help(Remedy.OTHER_LANE, lanes=tuple(others[:MOST_NAMED])))
    helps = helps or [Help(Remedy.LATER)]
    return Crowded(row.lane, row.group, row.capacity, row.now, row.highest, row.peak, tuple(helps))
