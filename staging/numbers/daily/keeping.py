"""Which days are counted: those that are over, those that were missed, those that have changed."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from time import monotonic
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Min, Q, QuerySet
from django.db.models.functions import TruncHour
from django.utils.dateparse import parse_datetime

from inventory.models import AuditEntry, Site
from inventory.zones import zone_of
from staging.dwell.calendars import rules_of
from staging.dwell.working import A_DAY, MICROSECOND, Rules
from staging.models import DaySnapshot, Demand, NumbersMark
from staging.numbers.daily.counting import count_day

MADE_UP = timedelta(days=92)
"""How far back days that were missed are made up for; `manage.py count_days` reaches further."""

HOUR = timedelta(hours=1)

SETTLED = timedelta(minutes=10)
"""After its end a day is left alone for so long, for what was under way."""

OVERLAP = timedelta(hours=1)
"""Records are looked through again so far back: an action takes its time before it is kept."""

RESCHEDULED = ("staging.change_demand", "staging.cancel_demand")


def keep(at: datetime, *, seconds: float) -> dict[str, int]:
    """Count what is due, the newest days first, for so long at most; the next turn goes on.

    Says how many days were counted and how many are left.
    """
    until = monotonic() + seconds
    note_changes(at)
    counted = 0
    rules = {site.pk: (site, rules_of(site)) for site in Site.objects.filter(is_active=True)}
    due = list(_due(rules.values(), at))
    for site, day in due:
        if monotonic() > until:
            break
        count_day(site, day, at=at, rules=rules[site.pk][1])
        counted += 1
    return {"counted": counted, "left": len(due) - counted, "forgotten": forget(at)}


def last_day(rules: Rules, at: datetime) -> date:
    """The last day of a site that is over."""
    return (at - SETTLED).astimezone(rules.zone).date() - A_DAY


def _due(sites: Iterable[tuple[Site, Rules]], at: datetime) -> Iterator[tuple[Site, date]]:
    """Days that are over and not counted, or to be counted again. Three statements."""
    began = AuditEntry.objects.aggregate(at=Min("occurred_at"))["at"]
    if began is None:
        return
    known: dict[int, set[date]] = defaultdict(set)
    rows = DaySnapshot.objects.filter(
        day__gte=at.date() - MADE_UP - A_DAY, counted_at__isnull=False
    )
    for site_id, day in rows.values_list("site", "day"):
        known[site_id].add(day)
    by_site = {site.pk: site for site, _rules in sites}
    found = [
        (day, site)
        for site, rules in sites
        for day in days(
            max(began.astimezone(rules.zone).date(), at.date() - MADE_UP), last_day(rules, at)
        )
        if day not in known[site.pk]
    ]
    again = DaySnapshot.objects.filter(recount=True, site__in=by_site)
    found += [(row.day, by_site[row.site_id]) for row in again]
    for day, site in sorted(set(found), key=lambda each: (each[0], each[1].pk), reverse=True):
        yield site, day


def days(first: date, last: date) -> Iterator[date]:
    """The days from one to another, both included."""
    return (first + A_DAY * number for number in range((last - first).days + 1))


# --- what has changed ---------------------------------------------------------------------------

Moments = dict[datetime, datetime]
"""When things happened or were due, and when that was recorded last."""


@transaction.atomic
def note_changes(at: datetime) -> int:
    """Note the counted days that what was recorded since the last look concerns: things that
    happened before they were recorded, and demands that were changed once they had been due.

    Everything that is done has its entry in the audit trail; a reversal happens when it is made,
    and takes nothing away from the day of what it reverses. Says how many days were noted.
    """
    mark, made = NumbersMark.objects.select_for_update().get_or_create(pk=1, defaults={"at": at})
    if made:
        return 0
    NumbersMark.objects.filter(pk=mark.pk).update(at=at)
    entries = AuditEntry.objects.filter(recorded_at__gte=mark.at - OVERLAP)
    moments = _late(entries, at) | _rescheduled(entries)
    zones: dict[str, list[Site]] = defaultdict(list)
    for site in Site.objects.filter(is_active=True) if moments else ():
        zones[site.time_zone].append(site)
    return sum(_note(sites, moments) for sites in zones.values())


def _late(entries: QuerySet[AuditEntry], at: datetime) -> Moments:
    """The hours in which things happened that could be of a day that was over."""
    rows: Any = entries.filter(occurred_at__lt=at - SETTLED).order_by()
    rows = rows.annotate(hour=TruncHour("occurred_at", tzinfo=UTC)).values("hour")
    found: Moments = {}
    for row in rows.annotate(latest=Max("recorded_at")):
        # Where an hour of UTC lies in two days, both are meant.
        for moment in (row["hour"], row["hour"] + HOUR - MICROSECOND):
            found[moment] = row["latest"]
    return found


def _rescheduled(entries: QuerySet[AuditEntry]) -> Moments:
    """When demands were needed that were changed: before the change, and now."""
    rows = list(entries.filter(action__in=RESCHEDULED).order_by("recorded_at"))
    needed = dict(
        Demand.objects.filter(pk__in={int(row.subject_id) for row in rows})
        .values_list("pk", "needed_at")
    )  # fmt: skip
    found: Moments = {}
    for row in rows:
        old, _new = row.changes.get("needed_at") or (None, None)
        for moment in (needed.get(int(row.subject_id)), parse_datetime(old) if old else None):
            if moment:
                found[moment] = row.recorded_at
    return found


def _note(sites: list[Site], moments: Moments) -> int:
    """Note the days of sites of one zone in which moments lie, unless counted since."""
    zone = zone_of(sites[0])
    latest: dict[date, datetime] = {}
    for moment, recorded in moments.items():
        day = moment.astimezone(zone).date()
        latest[day] = max(recorded, latest.get(day, recorded))
    concerned = Q()
    for day, recorded in latest.items():
        concerned |= Q(day=day, counted_at__lte=recorded)
    return DaySnapshot.objects.filter(concerned, site__in=sites, recount=False).update(recount=True)


# --- what is given up ---------------------------------------------------------------------------


def forget(at: datetime) -> int:
    """Take away days older than `NUMBERS_DAYS`; how many."""
    old = DaySnapshot.objects.filter(day__lt=at.date() - timedelta(days=settings.NUMBERS_DAYS))
    _numbers, by_kind = old.delete()
    return by_kind.get(DaySnapshot._meta.label, 0)
