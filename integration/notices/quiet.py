"""Quiet hours and times of digests, by a clock on a wall: pure arithmetic, no database.

A time that the clock skips counts by the clock as it was before; of one that it shows twice, the
first counts.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

DAY = timedelta(days=1)
MIDNIGHT = time(0)
WEEK = 7


def moment(day: date, at: time, zone: tzinfo) -> datetime:
    """When the clock of that zone shows that."""
    return datetime.combine(day, at.replace(fold=0), tzinfo=zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Quiet:
    """When nothing is sent: from `starts` until `ends` on the nights after these `days` (ISO
    8601's numbers), and all day on the days `off`."""

    starts: time | None = None
    ends: time | None = None
    days: frozenset[int] = frozenset()
    off: frozenset[int] = frozenset()

    @classmethod
    def of(cls, row: Any) -> "Quiet":
        """Of something that has the columns of a `Rhythm`."""
        nights = frozenset(map(int, row.quiet_days)) if row.quiet_from is not None else frozenset()
        return cls(row.quiet_from, row.quiet_until, nights, frozenset(map(int, row.days_off)))

    def until(self, at: datetime, zone: tzinfo) -> datetime:
        """The moment itself where it is not quiet; otherwise the end of the quiet."""
        for _night in range(2 * WEEK):
            ending = max(
                (end for start, end in self._around(at, zone) if start <= at < end), default=None
            )
            if ending is None:
                return at
            at = ending
        return at  # always quiet, which is refused where it is said

    def is_always(self) -> bool:
        """Whether a week goes by without a moment that is not quiet."""
        begin = datetime(2026, 1, 5, tzinfo=UTC)
        return self.until(begin, UTC) - begin >= WEEK * DAY

    def _around(self, at: datetime, zone: tzinfo) -> Iterator[tuple[datetime, datetime]]:
        """The quiet that begins on this day or the one before."""
        today = at.astimezone(zone).date()
        for day in (today - DAY, today):
            if day.isoweekday() in self.off:
                yield moment(day, MIDNIGHT, zone), moment(day + DAY, MIDNIGHT, zone)
            if self.starts is None or self.ends is None or day.isoweekday() not in self.days:
                continue
            last = day + DAY if self.ends <= self.starts else day
            yield moment(day, self.starts, zone), moment(last, self.ends, zone)


def next_of(times: Collection[time], at: datetime, zone: tzinfo) -> datetime:
    """The first of these times of day after a moment."""
    today = at.astimezone(zone).date()
    coming = (moment(today + days * DAY, one, zone) for days in range(3) for one in times)
    return min(found for found in coming if found > at)
