"""The working time of sites: worked out of their calendars, kept for the database to count on."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Max, Prefetch
from django.utils import timezone

from inventory.models import Site
from inventory.zones import zone_of
from staging.dwell.working import END_OF_TIME, Rules, Stretch, Week, counted, open_ended
from staging.models import Shift, SiteCalendar, SpecialDay, WorkingTime

BACK = timedelta(days=400)
AHEAD = timedelta(days=800)
AT_LEAST = timedelta(days=600)
"""Working time is known so far back and ahead, and worked out anew before less is left."""


def rules_of(site: Site) -> Rules:
    """What the calendars and special days of a site say."""
    shifts = Prefetch("shifts", Shift.objects.order_by("pk"))
    calendars = SiteCalendar.objects.filter(site=site).prefetch_related(shifts)
    special = SpecialDay.objects.filter(site=site).values_list("day", "works_like")
    return Rules(
        zone=zone_of(site),
        weeks=[Week(row.valid_from, list(row.shifts.all())) for row in calendars],
        special=dict(special),
    )


def worked_out(rules: Rules, today: date) -> list[Stretch]:
    """All the working time of a site; none where it has no calendar."""
    if not rules.weeks:
        return []
    last = today + AHEAD
    first = min(max(min(week.valid_from for week in rules.weeks), today - BACK), last)
    stretches = rules.stretches(first, last)
    return open_ended(stretches, rules.midnight(first), rules.midnight(last + timedelta(days=1)))


@transaction.atomic
def work_out(sites: Iterable[Site], today: date | None = None) -> None:
    """Keep the working time of sites. The same statements for each."""
    for site in sites:
        stretches = worked_out(rules_of(site), today or timezone.localdate())
        WorkingTime.objects.filter(site=site).delete()
        WorkingTime.objects.bulk_create(
            WorkingTime(site=site, starts_at=start, ends_at=end, before=before)
            for start, end, before in counted(stretches)
        )


def running_out(at: datetime) -> list[int]:
    """Sites whose working time is not known far enough ahead any more. One statement."""
    known = WorkingTime.objects.filter(ends_at__gte=END_OF_TIME - timedelta(days=1))
    ends = known.values("site").annotate(until=Max("starts_at")).filter(until__lt=at + AT_LEAST)
    return [row["site"] for row in ends]
