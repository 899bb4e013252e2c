"""Which demands will not be complete in time: what is missing, where it is, and whether there is
still time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Q, QuerySet, TextChoices
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from inventory.models import Site
from inventory.paging import Page, sifted_page_of
from inventory.sites import Limit
from inventory.zones import gate_day
from staging import ready
from staging.ahead import pace as pacing
from staging.ahead.horizon import Horizon
from staging.ahead.pace import Pace
from staging.dwell.working import Rules
from staging.models import Demand, Requirement
from staging.ready import Entry


class Cover(TextChoices):
    """What stands in the way of all that is missing: the farthest from being staged."""

    STAGEABLE = "stageable", _("All of it is here and usable.")
    IN_TRANSIT = "in_transit", _("A part is in transit.")
    OTHER_SITE = "other_site", _("A part is at another site.")
    AWAITS_RELEASE = "awaits_release", _("A part awaits release.")
    CLAIMED = "claimed", _("A part is for others, or needed sooner.")
    STOPPED = "stopped", _("Quality has stopped a part.")
    NOT_ON_HAND = "not_on_hand", _("A part is nowhere on hand.")


COVERS = {
    "reserved": Cover.STAGEABLE,
    "free": Cover.STAGEABLE,
    "in_lane": Cover.STAGEABLE,
    "in_transit": Cover.IN_TRANSIT,
    "at_other_site": Cover.OTHER_SITE,
    "lot_quarantine": Cover.AWAITS_RELEASE,
    "in_quarantine_area": Cover.AWAITS_RELEASE,
    "for_others": Cover.CLAIMED,
    "not_on_hand": Cover.NOT_ON_HAND,
}
"""By why a part of a line is not staged (`staging.shortage`). Whatever else the gate says: stopped.
"""


class InTime(TextChoices):
    """Whether there is time to stage what is missing, if it is all there: line after line in the
    order in which they are needed, from now on and in working time."""

    OVERDUE = "overdue", _("It is needed already.")
    IN_TIME = "in_time", _("At the pace of the last seven days there is time.")
    TOO_SLOW = "too_slow", _("At the pace of the last seven days it comes too late.")
    NO_PACE = "no_pace", _("Too little was staged in the last seven days to say how long it takes.")


class Outlook(TextChoices):
    """What will become of a demand, if nobody does anything else than stage."""

    SHORT = "short", _("Will be short")
    LATE = "late", _("Will be late")
    OPEN = "open", _("May be late")
    FEASIBLE = "feasible", _("Can be ready")


TONES = {
    Outlook.SHORT: ("bad", "x-circle-fill"), Outlook.LATE: ("bad", "clock"),
    Outlook.OPEN: ("warn", "question-circle"), Outlook.FEASIBLE: ("ok", "check-circle-fill"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Short:
    """A demand that is not complete, and what will become of it."""

    entry: Entry
    cover: Cover
    in_time: InTime
    done_at: datetime | None

    @property
    def demand(self) -> Demand:
        return self.entry.demand

    @property
    def outlook(self) -> Outlook:
        """Short where something is not here to be staged; else by whether there is time."""
        if self.cover != Cover.STAGEABLE:
            return Outlook.SHORT
        if self.in_time in (InTime.OVERDUE, InTime.TOO_SLOW):
            return Outlook.LATE
        return Outlook.FEASIBLE if self.in_time == InTime.IN_TIME else Outlook.OPEN


@dataclass(frozen=True, slots=True)
class Looking:
    """What demands are judged by. `limit`: the sites of which may be told, None for all."""

    site: Site
    horizon: Horizon
    rules: Rules
    limit: Limit | None = None

    def rows(self) -> QuerySet[Any, Any]:
        """Live demands that are needed within the horizon or before; ordered by nothing yet."""
        return Demand.objects.live().filter(site=self.site, needed_at__lte=self.horizon.until)

    def page(self, asked: QueryDict, *, size: int) -> Page[Demand]:
        """Those that are not complete, the first needed on top."""
        return sifted_page_of(self.rows(), asked, column="needed_at", sieve=self.sieve(), size=size)

    def sieve(self) -> Callable[[list[int]], list[Demand]]:
        on = gate_day(self.horizon.now)
        return lambda keys: ready.LACKING(demands=keys, on=on)

    def pace(self) -> Pace | None:
        working = pacing.timeline(self.rules, self.horizon.now)
        return pacing.measured(self.site, working, self.horizon.now)

    def outlooks(self, demands: Sequence[Demand], pace: Pace | None) -> list[Short]:
        """What will become of some, that follow each other. The same statements for many."""
        if not demands:
            return []
        now = self.horizon.now
        elsewhere = _within(self.limit)
        entries = ready.entries_of(demands, now, elsewhere=elsewhere)
        done: Sequence[datetime | None] = [None] * len(entries)
        if pace:
            counts = [_to_stage(entry) for entry in entries]
            counts[0] += self._before(demands[0])
            done = pacing.done_at(pace, pacing.timeline(self.rules, now), now, counts)
        return [
            Short(entry, cover_of(entry), _in_time(entry.demand, now, pace, at), at)
            for entry, at in zip(entries, done, strict=True)
        ]

    def _before(self, first: Demand) -> int:
        """Lines that lack something, of demands that are needed sooner."""
        sooner = Q(demand__needed_at__lt=first.needed_at) | Q(
            demand__needed_at=first.needed_at, demand__lt=first.pk
        )
        lines: Any = Requirement.objects.with_progress()
        rows = lines.filter(
            sooner, demand__site=self.site, demand__closed_at=None,
            demand__needed_at__lte=first.needed_at, progressed__lt=F("quantity"),
        )  # fmt: skip
        return int(rows.count())


def _within(limit: Limit | None) -> Callable[[int], bool]:
    return lambda site: limit is None or site in limit


def _to_stage(entry: Entry) -> int:
    return sum(1 for gap in entry.gaps if gap.missing > 0)


def cover_of(entry: Entry) -> Cover:
    """The worst of all that is missing, and of what is staged and stopped."""
    found = [COVERS.get(cause.code, Cover.STOPPED) for gap in entry.gaps for cause in gap.causes]
    if entry.is_blocked:
        found.append(Cover.STOPPED)
    order = list(Cover)
    return max(found, key=order.index, default=Cover.STAGEABLE)


def _in_time(demand: Demand, now: datetime, pace: Pace | None, done_at: datetime | None) -> InTime:
    if demand.needed_at <= now:
        return InTime.OVERDUE
    if pace is None:
        return InTime.NO_PACE
    return InTime.IN_TIME if done_at and done_at <= demand.needed_at else InTime.TOO_SLOW
