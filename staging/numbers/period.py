"""The period that is looked at, and the steps it is cut into."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from typing import Any

from django.db.models import Case, IntegerField, TextChoices, Value, When
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _


class Length(TextChoices):
    """How long a period is. It ends with a day that is named, today as a rule."""

    DAY = "day", _("Day")
    WEEK = "week", _("7 days")
    MONTH = "month", _("30 days")
    QUARTER = "quarter", _("13 weeks")
    YEAR = "year", _("52 weeks")


DAYS = {
    Length.DAY: 1, Length.WEEK: 7, Length.MONTH: 30, Length.QUARTER: 91, Length.YEAR: 364,
}  # fmt: skip
STEPS = {
    Length.DAY: "hour", Length.WEEK: "day", Length.MONTH: "day", Length.QUARTER: "week",
    Length.YEAR: "week",
}  # fmt: skip
COUNTED_NOW = (Length.DAY, Length.WEEK, Length.MONTH, Length.QUARTER)
"""What is counted when it is asked for."""
KEPT = (Length.WEEK, Length.MONTH, Length.QUARTER, Length.YEAR)
"""What is added up of the days that are kept."""


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `since` to `until`, both included, in the time of `zone`.

    `edges` are the moments at which its steps begin, and last the one at which it is over, in UTC:
    there an hour later is an hour later, also in the night in which clocks are changed.
    """

    length: Length
    since: date
    until: date
    zone: tzinfo
    edges: tuple[datetime, ...]

    @classmethod
    def of(cls, length: Length, until: date, zone: tzinfo) -> "Period":
        since = until - timedelta(days=DAYS[length] - 1)
        return cls(length, since, until, zone, tuple(_edges(length, since, until, zone)))

    @property
    def step(self) -> str:
        """hour, day or week."""
        return STEPS[self.length]

    @property
    def start(self) -> datetime:
        return self.edges[0]

    @property
    def end(self) -> datetime:
        return self.edges[-1]

    @property
    def steps(self) -> list[tuple[datetime, datetime]]:
        """When each step begins, and when it is over."""
        return list(pairwise(self.edges))

    def number(self, column: str) -> Case:
        """An expression: in which step a moment lies. What lies after the period has the number
        of the step that would follow."""
        ends = enumerate(self.edges[1:])
        return Case(
            *(When(**{f"{column}__lt": end}, then=Value(number)) for number, end in ends),
            default=Value(len(self.edges) - 1),
            output_field=IntegerField(),
        )

    def within(self, column: str) -> dict[str, Any]:
        """A filter: what lies in the period."""
        return {f"{column}__gte": self.start, f"{column}__lt": self.end}

    def words(self, moment: datetime) -> str:
        """A step by its beginning, as it stands in tables and drawings: the hour, or the day."""
        here = moment.astimezone(self.zone)
        return f"{here:%H:%M}" if self.step == "hour" else date_format(here, "SHORT_DATE_FORMAT")


def _edges(length: Length, since: date, until: date, zone: tzinfo) -> Iterator[datetime]:
    start, end = _midnight(since, zone), _midnight(until + timedelta(days=1), zone)
    if STEPS[length] == "hour":  # the day on which clocks are changed has 23 or 25
        hours = (end - start) // timedelta(hours=1)
        yield from (start + timedelta(hours=number) for number in range(hours))
    else:
        stride = 7 if STEPS[length] == "week" else 1
        for number in range(0, DAYS[length], stride):
            yield _midnight(since + timedelta(days=number), zone)
    yield end


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time.min, zone).astimezone(UTC)
