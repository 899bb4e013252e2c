"""What is kept of days, added up: by steps of a period, or by what it is asked by."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Case, Count, IntegerField, Min, Q, QuerySet, Sum, Value, When

from inventory.models import Location, Material, Site
from staging.models import DayNumber, DaySnapshot, DemandKind, Measure
from staging.numbers.asked import OUTSIDE, Asked
from staging.numbers.daily.counting import STANDING
from staging.numbers.daily.spans import percentile
from staging.numbers.tables import share

MOST_VALUES = 200

COLUMNS = {
    "area": "area",
    "material": "material",
    "shift": "shift",
    "kind": "kind",
    "site": "snapshot__site",
}
"""What numbers may be told apart by, and where that stands."""

WEIGHED = (
    Measure.LEFT, Measure.STANDING, Measure.RAISED, Measure.CLEARED, Measure.LINES_DUE,
)  # fmt: skip
"""By how many of these there are, values come first."""


@dataclass(slots=True)
class Tally:
    """What was counted of some days: by measure, and by the number of the span it took."""

    counts: Counter[tuple[int, int]] = field(default_factory=Counter)

    def add(self, measure: int, span: int, number: int) -> None:
        self.counts[measure, span] += number

    def total(self, *measures: Measure) -> int:
        return sum(number for (one, _span), number in self.counts.items() if one in measures)

    def within(self, measure: Measure, part: tuple[int, int]) -> timedelta | None:
        """The span that a part of them took at most."""
        spans = {span: number for (one, span), number in self.counts.items() if one == measure}
        return percentile(spans, part)

    @property
    def stale_rate(self) -> Decimal | None:
        """Of the positions that stood in a lane on a day, those that were stale by then."""
        return share(
            self.total(Measure.LEFT_STALE, Measure.STANDING_STALE),
            self.total(Measure.LEFT, Measure.STANDING),
        )

    @property
    def on_time_rate(self) -> Decimal | None:
        return share(self.total(Measure.LINES_ON_TIME), self.total(Measure.LINES_DUE))


def kept(asked: Asked) -> QuerySet[DayNumber]:
    """The numbers of the days that are asked for."""
    rows = DayNumber.objects.filter(
        asked.sites("snapshot__site"),
        snapshot__day__gte=asked.period.since, snapshot__day__lte=asked.period.until,
    )  # fmt: skip
    if asked.within:
        rows = rows.filter(area__path__startswith=asked.within.path)
    if asked.material:
        rows = rows.filter(material=asked.material)
    if asked.kind:
        rows = rows.filter(kind=asked.kind)
    if asked.shift:  # what stood at the day's end is of no shift
        rows = rows.filter(shift="" if asked.shift == OUTSIDE else asked.shift)
        rows = rows.exclude(measure__in=STANDING)
    return rows.order_by()


def tallies(rows: Iterable[tuple[Any, int, int, int]]) -> dict[Any, Tally]:
    """From key, measure, span and number."""
    found: dict[Any, Tally] = defaultdict(Tally)
    for key, measure, span, number in rows:
        found[key].add(measure, span, number)
    return dict(found)


def by_step(asked: Asked) -> dict[int, Tally]:
    """By the number of the step. One statement."""
    ends = [day for _start, day in steps(asked)]
    step = Case(
        *(When(snapshot__day__lte=day, then=Value(number)) for number, day in enumerate(ends)),
        default=Value(len(ends)),
        output_field=IntegerField(),
    )
    return tallies(_grouped(kept(asked).annotate(step=step), "step"))


def _grouped(rows: QuerySet[Any, Any], column: str) -> Any:
    return rows.values_list(column, "measure", "span").annotate(times=Sum("number"))


def steps(asked: Asked) -> list[tuple[date, date]]:
    """The first and the last day of each step of the period."""
    stride = timedelta(days=7 if asked.period.step == "week" else 1)
    first, found = asked.period.since, []
    while first <= asked.period.until:
        found.append((first, first + stride - timedelta(days=1)))
        first += stride
    return found


def by_value(asked: Asked) -> tuple[dict[Any, Tally], bool]:
    """By what is asked by, the values with most first; and whether some were left out. Two
    statements."""
    column, rows = COLUMNS[asked.by], kept(asked)
    if asked.by == "shift":
        rows = rows.exclude(measure__in=STANDING)
    weight = Sum("number", filter=Q(measure__in=WEIGHED), default=0)
    ranked = rows.values_list(column).annotate(weight=weight).order_by("-weight", column)
    values = [value for value, _weight in ranked[: MOST_VALUES + 1]]
    shown = values[:MOST_VALUES]
    among = Q(**{f"{column}__in": [value for value in shown if value is not None]})
    if None in shown:
        among |= Q(**{f"{column}__isnull": True})
    found = tallies(_grouped(rows.filter(among), column)) if shown else {}
    return {value: found[value] for value in shown if value in found}, len(values) > MOST_VALUES


def whole(asked: Asked) -> Tally:
    """All of it together. One statement."""
    return tallies(_grouped(kept(asked).annotate(one=Value(1)), "one")).get(1, Tally())


def named(by: str, values: Iterable[Any]) -> dict[Any, Any]:
    """The things behind values, by value. One statement for things that have a code."""
    kinds: dict[str, Any] = {"area": Location, "material": Material, "site": Site}
    if kind := kinds.get(by):
        return dict(kind.objects.in_bulk([value for value in values if value is not None]))
    labels: dict[str, Any] = dict(DemandKind.choices) if by == "kind" else {}
    return {value: labels.get(value, value) for value in values}


@dataclass(frozen=True, slots=True)
class Known:
    """Which days of a period are kept: from when on at all, and how many are still to come."""

    since: date | None
    missing: int


def known(asked: Asked) -> Known:
    """One statement."""
    rows = DaySnapshot.objects.filter(asked.sites("site"), counted_at__isnull=False)
    inside = Q(day__gte=asked.period.since, day__lte=asked.period.until)
    found = rows.aggregate(
        first=Min("day"),
        sites=Count("site", distinct=True),
        counted=Count("pk", filter=inside & Q(recount=False)),
    )
    if found["first"] is None:
        return Known(None, 0)
    since = max(found["first"], asked.period.since)
    until = min(asked.period.until, asked.yesterday)
    over = max((until - since).days + 1, 0) * found["sites"]
    return Known(found["first"], max(over - found["counted"], 0))


def uncounted(asked: Asked) -> int:
    """How many days of a site's period have not been counted, whether they are over or not. One
    statement."""
    inside = {"day__gte": asked.period.since, "day__lte": asked.period.until}
    counted = DaySnapshot.objects.filter(asked.sites("site"), counted_at__isnull=False, **inside)
    return (asked.period.until - asked.period.since).days + 1 - counted.count()
