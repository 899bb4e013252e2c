"""Working time: stretches worked out of a site's calendars, and arithmetic on them.

All in microseconds since 1970, as the database counts them: a stretch is its start, its end, and
how much working time there was before it. The first and the last stretch reach beyond what the
calendars say: what nobody knows counts as worked, so that a due time always comes out, and rather
too early than never.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import NamedTuple

from staging.models.calendars import Shift, read_breaks

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
END_OF_TIME = datetime(9999, 12, 31, tzinfo=UTC)
A_DAY = timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)

Stretch = tuple[datetime, datetime]


def micros(at: datetime) -> int:
    return (at - EPOCH) // MICROSECOND


def moment(value: int) -> datetime:
    return EPOCH + timedelta(microseconds=value)


class Week(NamedTuple):
    """The shifts that count from a day on."""

    valid_from: date
    shifts: Sequence[Shift]


class Span(NamedTuple):
    """A shift on a day, with its breaks."""

    starts: datetime
    ends: datetime
    name: str


@dataclass(frozen=True, slots=True)
class Rules:
    """All that a site says of when it works. `special` gives for a day the day of the week that it
    works like, None for a holiday."""

    zone: tzinfo
    weeks: Sequence[Week]
    special: Mapping[date, int | None]

    def shifts_on(self, day: date) -> Iterator[Shift]:
        """The shifts that start on a day."""
        weekday = self.special.get(day, day.isoweekday())
        weeks = [week for week in self.weeks if week.valid_from <= day]
        if weekday and weeks:
            latest = max(weeks, key=lambda week: week.valid_from)
            yield from (shift for shift in latest.shifts if str(weekday) in shift.days)

    def stretches(self, first: date, last: date) -> list[Stretch]:
        """The working time between two days, both included; what overlaps is counted once."""
        begins, ends = self.midnight(first), self.midnight(last + A_DAY)
        found = [
            (max(start, begins), min(end, ends))
            for day in _days(first - A_DAY, last)
            for shift in self.shifts_on(day)
            for start, end in self._parts(shift, day)
        ]
        return _united(stretch for stretch in found if stretch[0] < stretch[1])

    def spans(self, first: date, last: date) -> Iterator[Span]:
        """The shifts that start on some days, both included, from their start to their end."""
        for day in _days(first, last):
            for shift in self.shifts_on(day):
                start, end = self._span(shift, day)
                if start < end:
                    yield Span(start, end, shift.name)

    def shifts_over(self, day: date) -> list[Span]:
        """The shifts that reach into a day, breaks and all: the one that starts first comes first.
        A night shift of the day before is among them."""
        begins, ends = self.midnight(day), self.midnight(day + A_DAY)
        spans = self.spans(day - A_DAY, day)
        return sorted(span for span in spans if span.starts < ends and span.ends > begins)

    def midnight(self, day: date) -> datetime:
        return self._at(day, time(0))

    def _at(self, day: date, at: time, *, later: bool = False) -> datetime:
        """That time by the site's clock. One which the clock skips counts from before it was put
        forward; of one that it shows twice the first counts."""
        local = datetime.combine(day + A_DAY if later else day, at, tzinfo=self.zone)
        return local.astimezone(UTC)

    def _span(self, shift: Shift, day: date) -> Stretch:
        start = self._at(day, shift.starts)
        return start, self._at(day, shift.ends, later=shift.ends <= shift.starts)

    def _parts(self, shift: Shift, day: date) -> Iterator[Stretch]:
        """A shift without its breaks."""
        start, end = self._span(shift, day)
        breaks = [
            (
                self._at(day, each.starts, later=each.starts < shift.starts),
                self._at(day, each.ends, later=each.ends <= shift.starts),
            )
            for each in read_breaks(shift.breaks)
        ]
        for begins, ends in sorted(breaks):
            if begins > start:
                yield start, min(begins, end)
            start = max(start, ends)
        if start < end:
            yield start, end


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def _united(stretches: Iterable[Stretch]) -> list[Stretch]:
    found: list[Stretch] = []
    for start, end in sorted(stretches):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def open_ended(stretches: Sequence[Stretch], begins: datetime, ends: datetime) -> list[Stretch]:
    """With what lies before and behind the time that the calendars were worked out for."""
    return _united([(EPOCH, begins), *stretches, (ends, END_OF_TIME)])


class Timeline:
    """A site's stretches, to count on."""

    def __init__(self, rows: Iterable[tuple[datetime, datetime, int]]) -> None:
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.before: list[int] = []
        for starts_at, ends_at, before in rows:
            self.starts.append(micros(starts_at))
            self.ends.append(micros(ends_at))
            self.before.append(before)

    @classmethod
    def of(cls, stretches: Iterable[Stretch]) -> "Timeline":
        return cls(counted(stretches))

    def worked(self, at: datetime) -> int:
        """The working time until a moment, in microseconds."""
        value = micros(at)
        index = bisect_right(self.starts, value) - 1
        if index < 0:
            return 0
        return self.before[index] + min(value, self.ends[index]) - self.starts[index]

    def between(self, start: datetime, end: datetime) -> timedelta:
        """The working time between two moments."""
        return timedelta(microseconds=self.worked(end) - self.worked(start))

    def after(self, start: datetime, span: timedelta) -> datetime:
        """The moment by which so much has been worked since; `span` is above zero.

        Where a stretch ends just then, its end and not the beginning of the next.
        """
        wanted = self.worked(start) + span // MICROSECOND
        index = bisect_left(self.before, wanted) - 1
        return moment(self.starts[index] + wanted - self.before[index])


def counted(stretches: Iterable[Stretch]) -> Iterator[tuple[datetime, datetime, int]]:
    """Stretches with the working time before each."""
    before = 0
    for start, end in stretches:
        yield start, end, before
        before += micros(end) - micros(start)
