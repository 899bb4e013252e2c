"""How quickly a site stages, as it did in the last days: lines of the ledger in working time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from inventory.audit import CLOCK_TOLERANCE
from inventory.models import Movement, MovementKind, Site
from staging.dwell.working import A_DAY, END_OF_TIME, EPOCH, Rules, Timeline

SINCE = timedelta(days=7)
AHEAD = timedelta(days=60)
LEAST_LINES, LEAST_WORKED = 20, timedelta(hours=8)
"""What has to have been done, and in how much working time, to say how quickly it goes."""


@dataclass(frozen=True, slots=True)
class Pace:
    """So many lines were staged in so much working time."""

    lines: int
    worked: timedelta

    @property
    def per_hour(self) -> Decimal:
        return round(Decimal(self.lines) / (Decimal(self.worked.total_seconds()) / 3600), 1)

    def takes(self, lines: int) -> timedelta:
        """The working time that so many lines take."""
        return self.worked * lines / self.lines


def timeline(rules: Rules, now: datetime) -> Timeline:
    """The working time around now. Without a calendar, all time is."""
    today = now.astimezone(rules.zone).date()
    if not any(week.valid_from <= today for week in rules.weeks):
        return Timeline.of([(EPOCH, END_OF_TIME)])
    first, last = (now - SINCE).date() - A_DAY, (now + AHEAD).date()
    return Timeline.of(rules.stretches(first, last))


def measured(site: Site, working: Timeline, now: datetime) -> Pace | None:
    """The pace of the last seven days; None where too little was done, or there was too little
    time, to say one honestly. One statement."""
    since = now - SINCE
    worked = working.between(since, now)
    if worked < LEAST_WORKED:
        return None
    rows = Movement.objects.filter(
        kind=MovementKind.STAGE, target__site=site, occurred_at__gte=since, occurred_at__lt=now,
        recorded_at__gte=since - CLOCK_TOLERANCE,
    )  # fmt: skip
    lines = rows.count()
    return Pace(lines, worked) if lines >= LEAST_LINES else None


def done_at(
    pace: Pace, working: Timeline, now: datetime, counts: Sequence[int]
) -> list[datetime | None]:
    """When each of so many lines in a row is staged, if it goes on like that; None: not before the
    working time ends that is looked at."""
    found: list[datetime | None] = []
    total = 0
    for lines in counts:
        total += lines
        found.append(_after(working, now, pace.takes(total)) if total else now)
    return found


def _after(working: Timeline, now: datetime, span: timedelta) -> datetime | None:
    left = working.between(now, END_OF_TIME)
    return working.after(now, span) if span <= left else None
