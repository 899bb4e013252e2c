"""How long things may wait where: calendars of both sites, and dwell policies that use them."""

from datetime import date, time

from config.demo_plant import tour
from config.demo_plant.master import CENTRE, PLANT
from config.demo_plant.story import Story, days, hours
from inventory.actions import save_master
from inventory.models import Location, Purpose, Site
from staging.actions import activate_dwell, change_dwell, draft_dwell
from staging.dwell import changes
from staging.models import (
    Counted,
    DemandKind,
    DwellPolicy,
    Shift,
    SiteCalendar,
    SpecialDay,
    Weekday,
)

SHIFTS = {
    PLANT: (
        ("Early", "12345", time(6), time(14), "09:00-09:15, 12:00-12:30"),
        ("Late", "12345", time(14), time(22), "18:00-18:30"),
        ("Night", "71234", time(22), time(6), "02:00-02:30"),
    ),
    CENTRE: (
        ("Day", "12345", time(7), time(19), "12:00-12:45"),
        ("Saturday", "6", time(8), time(13), ""),
    ),
}
"""The plant works around the clock from Sunday night on; the distribution centre by day."""


def install(story: Story) -> None:
    """The supervisor keeps the calendars and drafts the policies; quality puts them into force."""
    by, at = story.actor("supervisor"), story.now - days(59)
    for site in Site.objects.filter(code__in=SHIFTS).order_by("code"):
        calendar = SiteCalendar(site=site, valid_from=at.date() - days(30), note="Shift model")
        save_master(calendar, by=by, at=at)
        for name, on, starts, ends, breaks in SHIFTS[site.code]:
            shift = Shift(calendar=calendar, name=name, days="".join(sorted(on)), starts=starts,
                          ends=ends, breaks=breaks)  # fmt: skip
            save_master(shift, by=by, at=at)
        for row in _special(site, story.now.date()):
            save_master(row, by=by, at=at)
    draft = draft_dwell(note="How long what may wait where", by=by, at=at)
    rows = [DwellPolicy(dwell_set=draft, **columns) for columns in _policies()]
    draft = change_dwell(draft=draft, rules=rows, reason="Agreed with production", by=by, at=at)
    activate_dwell(dwell_set=draft, reason="Validated", by=story.actor("qa"), at=at)
    changes.catch_up(story.now)


def _special(site: Site, today: date) -> list[SpecialDay]:
    """Feasts of this year and the next; and next week's Saturday is worked at the plant."""
    found = [
        SpecialDay(site=site, day=date(today.year + year, month, day), name=name)
        for year in (0, 1)
        for month, day, name in ((1, 1, "New Year's Day"), (12, 25, "Christmas Day"))
    ]
    saturday = today + days(13 - today.isoweekday())
    if site.code == PLANT and saturday not in {row.day for row in found}:
        found.append(SpecialDay(site=site, day=saturday, name="Extra shift",
                                works_like=Weekday.FRIDAY))  # fmt: skip
    return found


def _policies() -> list[dict[str, object]]:
    plant, centre = (Site.objects.get(code=code) for code in (PLANT, CENTRE))
    hospital = Location.objects.get(code="CUS-STMARY")
    return [
        {"note": tour.WHY, "lane": Location.objects.get(code=tour.LANE),
         "warn_after": tour.WARNS_AFTER, "critical_after": hours(2)},
        {"note": "Line-side: used within the shift", "site": plant, "purpose": Purpose.LINE_SIDE,
         "warn_after": hours(6), "critical_after": hours(8), "counted": Counted.WORKING},
        {"note": "Kits wait for a day of work", "site": plant, "purpose": Purpose.KITTING,
         "warn_after": hours(18), "critical_after": hours(24), "counted": Counted.WORKING},
        {"note": "Granulate draws moisture", "category": "Granulate",
         "warn_after": hours(20), "critical_after": hours(24)},
        {"note": "Shipments leave the same day", "kind": DemandKind.SHIPMENT, "site": centre,
         "warn_after": hours(8), "critical_after": hours(12), "counted": Counted.WORKING},
        {"note": "The hospital is served first", "customer": hospital,
         "warn_after": hours(6), "critical_after": hours(11)},
    ]  # fmt: skip
