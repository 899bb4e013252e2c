"""How full the lanes will be in the coming hours, from what stands there and what is planned."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.models import Location
from staging.charts import plot
from staging.charts.words import count
from staging.numbers import stays
from staging.numbers.asked import Asked
from staging.numbers.stays import Group
from staging.numbers.tables import (
    LANE,
    Column,
    Figure,
    Found,
    Kind,
    Picture,
    Plot,
    Row,
    Table,
    lane_row,
)
from staging.positions import taken

HOURS = 24
HOUR = timedelta(hours=1)
MOST_DRAWN = 12
"""Pictures that are drawn, the fullest first."""

AHEAD = (
    Column("capacity", gettext_lazy("Capacity")),
    Column("now", gettext_lazy("Now")),
    Column("coming", gettext_lazy("Coming")),
    Column("going", gettext_lazy("Going")),
    Column("highest", gettext_lazy("Highest")),
    Column("highest_at", gettext_lazy("Highest from"), Kind.MOMENT),
    Column("over_hours", gettext_lazy("Hours overfull")),
)
TABLES = (
    Table(
        "groups", gettext_lazy("Together"),
        gettext_lazy(
            "The lanes of a site in which the same could be staged, taken together: with what is "
            "planned, but not known yet for which of them."
        ),
        (
            Column("site", gettext_lazy("Site"), Kind.TEXT),
            Column("group", gettext_lazy("Lanes"), Kind.TEXT),
            Column("lanes", gettext_lazy("How many")),
            Column("unplaced", gettext_lazy("Lane not known")),
            *AHEAD,
        ),
    ),
    Table(
        "lanes", gettext_lazy("Lane by lane"),
        gettext_lazy(
            "With what is planned where its lane is known: where stock of the same demand stands "
            "already, or the only lane of that purpose at the work centre."
        ),
        (
            *LANE,
            *AHEAD,
        ),
    ),
    Table(
        "hours", gettext_lazy("Hour by hour"),
        gettext_lazy(
            "What stands there when the hour begins, and what comes in it; what goes in it still "
            "takes its place until the hour is over."
        ),
        (
            Column("lane", gettext_lazy("Lane or lanes"), Kind.TEXT),
            Column("at", gettext_lazy("Hour from"), Kind.MOMENT),
            Column("positions", gettext_lazy("Positions")),
            Column("capacity", gettext_lazy("Capacity")),
            Column("coming", gettext_lazy("Coming")),
            Column("going", gettext_lazy("Going")),
            Column("over", gettext_lazy("Too many")),
        ),
    ),
)  # fmt: skip


@dataclass(slots=True)
class Track:
    """Positions at a place over the hours ahead."""

    now: int = 0
    capacity: int | None = None
    coming: list[int] = field(default_factory=lambda: [0] * HOURS)
    going: list[int] = field(default_factory=lambda: [0] * HOURS)
    unplaced: int = 0

    def add(self, comes: int, goes: int | None, number: int = 1) -> None:
        """Positions that come in one of the hours and go in another; None: they stay."""
        self.coming[comes] += number
        if goes is not None and goes < HOURS:
            self.going[max(goes, comes)] += number

    def take(self, other: "Track") -> None:
        self.now += other.now
        for hour in range(HOURS):
            self.coming[hour] += other.coming[hour]
            self.going[hour] += other.going[hour]

    @property
    def levels(self) -> list[int]:
        """The most that stands there in each hour."""
        levels, standing = [], self.now
        for come, go in zip(self.coming, self.going, strict=True):
            levels.append(standing + come)
            standing += come - go
        return levels

    @property
    def excess(self) -> list[int]:
        """How many are too many in each hour."""
        if self.capacity is None:
            return [0] * HOURS
        return [max(level - self.capacity, 0) for level in self.levels]

    def row(self, begins: datetime, zone: tzinfo) -> Row:
        levels, excess = self.levels, self.excess
        highest = max(levels)
        return {
            "capacity": self.capacity,
            "now": self.now,
            "coming": sum(self.coming),
            "going": sum(self.going),
            "highest": highest,
            "highest_at": begins + HOUR * levels.index(highest),
            "over_hours": sum(map(bool, excess)),
            "mark": _mark(excess, begins, zone),
        }


def _mark(excess: list[int], begins: datetime, zone: tzinfo) -> str:
    """The overfull hours in words: `14:00-17:00`."""
    spans: list[list[int]] = []
    for hour in (hour for hour, over in enumerate(excess) if over):
        if spans and spans[-1][1] == hour:
            spans[-1][1] = hour + 1
        else:
            spans.append([hour, hour + 1])
    return ", ".join(
        "–".join(f"{(begins + HOUR * hour).astimezone(zone):%H:%M}" for hour in span)  # noqa: RUF001
        for span in spans
    )


def counted(asked: Asked) -> Found:
    """Six statements, whatever stands there and is planned."""
    places, more = stays.lanes(asked)
    zone = asked.period.zone
    here = asked.now.astimezone(zone).replace(minute=0, second=0, microsecond=0)
    begins = here.astimezone(UTC)
    tracks = {place.pk: Track(capacity=place.capacity) for place in places}
    until = begins + HOUR * HOURS
    for pk, number in taken(places).items():
        tracks[pk].now = number
    for pk, leaves in stays.leaving(places, asked.now, until):
        tracks[pk].going[(leaves - begins) // HOUR] += 1
    groups = stays.grouped(places)
    loose = {key: Track() for key in groups}
    for need in stays.planned(asked, until, places, groups):
        track = tracks.get(need.lane) if need.lane else loose.get(need.group)
        if track and need.comes < until:
            goes = None if need.goes is None else (need.goes - begins) // HOUR
            track.add((need.comes - begins) // HOUR, goes, need.positions)
    together = {key: _together(members, tracks, loose[key]) for key, members in groups.items()}
    return _found(places, tracks, groups, together, (begins, zone), more)


def _found(
    places: list[Location],
    tracks: dict[int, Track],
    groups: dict[Group, list[Location]],
    together: dict[Group, Track],
    clock: tuple[datetime, tzinfo],
    more: bool,
) -> Found:
    lanes = [lane_row(place) | tracks[place.pk].row(*clock) for place in places]
    group_rows = [
        {"site": site, "group": str(stays.LABELS[pool]), "lanes": len(groups[site, pool]),
         "unplaced": track.unplaced} | track.row(*clock)
        for (site, pool), track in together.items()
    ]  # fmt: skip
    named = [(f"{site}: {stays.LABELS[pool]}", track) for (site, pool), track in together.items()]
    named += [(place.code, tracks[place.pk]) for place in places]
    over = sum(1 for row in lanes if row["over_hours"])
    return Found(
        tables={
            "groups": group_rows,
            "lanes": sorted(lanes, key=_fullest),
            "hours": [row for name, track in named for row in _hours(name, track, clock[0])],
        },
        headline=[(_("Lanes"), count(len(places))), (_("Overfull within a day"), count(over))],
        left_out=_("Only the first %(count)s lanes are looked at: narrow it down by site or area.")
        % {"count": stays.MOST_LANES} if more else "",
    )  # fmt: skip


def _fullest(row: Row) -> tuple[int, float, str]:
    fullness = row["highest"] / row["capacity"] if row["capacity"] else 0.0
    return (-row["over_hours"], -fullness, row["lane"])


def _hours(name: str, track: Track, begins: datetime) -> Iterator[Row]:
    for hour, (level, over) in enumerate(zip(track.levels, track.excess, strict=True)):
        yield {
            "lane": name, "at": begins + HOUR * hour, "positions": level,
            "capacity": track.capacity, "coming": track.coming[hour], "going": track.going[hour],
            "over": over,
            "mark": _("overfull") if over else "",
        }  # fmt: skip


def _together(members: list[Location], tracks: dict[int, Track], loose: Track) -> Track:
    """A group's lanes as one. Without a limit on each of them it has none."""
    limits = [place.capacity for place in members]
    limit = (
        sum(limit or 0 for limit in limits) if all(limit is not None for limit in limits) else None
    )
    whole = Track(capacity=limit, unplaced=sum(loose.coming))
    for place in members:
        whole.take(tracks[place.pk])
    whole.take(loose)
    return whole


# --- drawn --------------------------------------------------------------------------------------


LEGEND = (
    ("fine", gettext_lazy("Stands"), ""),
    ("coming", gettext_lazy("Comes"), ""),
    ("over", gettext_lazy("Too many"), ""),
)


def drawn(asked: Asked, found: Found) -> dict[str, list[Picture]]:
    """A picture for each group, and for the fullest lanes."""
    hours: dict[str, list[Row]] = defaultdict(list)
    for row in found.tables["hours"]:
        hours[row["lane"]].append(row)
    lanes = found.tables["lanes"][:MOST_DRAWN]
    groups = [f"{row['site']}: {row['group']}" for row in found.tables["groups"]]
    marks = [row["mark"] for row in found.tables["groups"]]
    return {
        "groups": [
            _picture(asked, name, hours[name], mark, legend=not number)
            for number, (name, mark) in enumerate(zip(groups, marks, strict=True))
        ],
        "lanes": [
            _picture(asked, row["lane"], hours[row["lane"]], row["mark"], legend=not number)
            for number, row in enumerate(lanes)
        ],
    }


def _picture(asked: Asked, name: str, rows: list[Row], mark: str, *, legend: bool) -> Plot:
    """What stands there, what comes on top of it, and what is too much above the limit."""
    axis = [f"{row['at'].astimezone(asked.period.zone):%H:%M}" for row in rows]
    capacity = rows[0]["capacity"]
    steps = [
        plot.Step(
            f"{at}: {row['positions']} (+{row['coming']} −{row['going']})",  # noqa: RUF001
            {
                "fine": row["positions"] - row["over"] - _fitting(row),
                "coming": _fitting(row),
                "over": row["over"],
            },
        )
        for at, row in zip(axis, rows, strict=True)
    ]
    limit_label = "" if capacity is None else _("Capacity %(count)s") % {"count": count(capacity)}
    return Plot(
        chart=plot.chart(steps, limit=capacity),
        axis=axis,
        title=name,
        label=_("Positions expected at %(name)s, hour by hour.") % {"name": name},
        legend=LEGEND if legend else (),
        limit_label=limit_label,
        mark=_("Overfull %(hours)s") % {"hours": mark} if mark else "",
    )  # fmt: skip


def _fitting(row: Row) -> int:
    """What comes in the hour and still finds a place."""
    return int(max(row["coming"] - row["over"], 0))


FIGURE = Figure(
    name="ahead",
    label=gettext_lazy("Next 24 hours"),
    about=gettext_lazy(
        "Handling positions (a container, or a loose lot) in each lane for the coming hours. What "
        "stands there leaves when its demand is needed; what is overdue, or there for no demand, "
        "is taken to stay. What live demands still lack comes the given hours before it is needed, "
        "or at once where that has passed: a position for each reservation, and one for what a "
        "line still lacks besides."
    ),
    icon="calendar-event",
    asks=("site", "lead"),
    tables=TABLES,
    count=counted,
    draw=drawn,
    empty=gettext_lazy("There are no open lanes here."),
)
