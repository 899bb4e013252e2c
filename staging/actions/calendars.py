"""When sites work, as a program or a file says it: through master data's own action, audited."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from django.db import transaction

from inventory import audit, preconditions
from inventory.actions.common import each
from inventory.actions.master import remove_master, save_master, save_rows
from inventory.audit import Actor
from inventory.errors import RowsInvalidError
from inventory.models import Site
from staging.actions.dwell_lines import CalendarLine, ShiftLine, SpecialDayLine
from staging.models import Shift, SiteCalendar, SpecialDay

ROWS = "shifts"
SHIFT = [field.name for field in fields(ShiftLine)]


@transaction.atomic
def put_calendar(*, lines: Sequence[CalendarLine], by: Actor, at: datetime) -> list[SiteCalendar]:
    """Make or change the calendar that a site has from a day on. Its shifts are those named;
    nothing is recorded if nothing changes.

    Refuses `reason_needed`; raises ValidationError as the admin does.
    """
    _lock_sites(line.site for line in lines)
    return each(lines, lambda line, _index: _put_calendar(line, by, at))


@transaction.atomic
def put_special_day(
    *, lines: Sequence[SpecialDayLine], by: Actor, at: datetime
) -> list[SpecialDay]:
    """Make or change the special day that a site has on a day. None is ever removed.

    Refuses `reason_needed`; raises ValidationError as the admin does.
    """
    _lock_sites(line.site for line in lines)
    return each(lines, lambda line, _index: _put_day(line, by, at))


def calendar_of(line: CalendarLine) -> SiteCalendar | None:
    """The calendar that a line changes; None where it makes one."""
    return SiteCalendar.objects.filter(site=line.site, valid_from=line.valid_from).first()


def special_day_of(line: SpecialDayLine) -> SpecialDay | None:
    """The special day that a line changes; None where it makes one."""
    return SpecialDay.objects.filter(site=line.site, day=line.day).first()


def _lock_sites(sites: Iterable[Site]) -> None:
    """Who writes a site's calendar waits for who is writing it: it has to be compared whole."""
    wanted = {site.pk for site in sites}
    list(Site.objects.filter(pk__in=wanted).order_by("pk").select_for_update(no_key=True))


def _put_calendar(line: CalendarLine, by: Actor, at: datetime) -> SiteCalendar:
    reason = audit.require_reason(line.reason)
    known = calendar_of(line)
    row = known or SiteCalendar(site=line.site, valid_from=line.valid_from)
    if known:
        preconditions.locked([known])
    left = list(row.shifts.order_by("pk")) if known else []
    was = _told(row, left)
    row.note = row.note if line.note is None else line.note
    save_master(row, by=by, at=at, reason=reason)
    shifts = _matched(line.shifts, left, row)
    try:
        save_rows(shifts, by=by, at=at, reason=reason)
    except RowsInvalidError as invalid:
        raise invalid.named(ROWS, range(len(shifts))) from invalid
    for gone in left:
        remove_master(gone, by=by, at=at, reason=reason)
    changed = known is not None and was != _told(row, shifts)
    row.told = {"created": known is None, "changed": changed}  # type: ignore[attr-defined]
    return row


def _told(row: SiteCalendar, shifts: Sequence[Shift]) -> tuple[object, ...]:
    return (row.note, *sorted(map(_values, shifts)))


def _matched(lines: Sequence[ShiftLine], left: list[Shift], row: SiteCalendar) -> list[Shift]:
    """The shifts as they are to be: of those there are, the same one, or else one of that name.
    What is not taken is left."""
    found: dict[int, Shift] = {}
    for alike in (_values, lambda shift: shift.name):
        for number, line in enumerate(lines):
            wanted = _shift(line, row)
            same = next((one for one in left if alike(one) == alike(wanted)), None)
            if number not in found and same is not None:
                left.remove(same)
                for name in SHIFT:
                    setattr(same, name, getattr(wanted, name))
                found[number] = same
    return [found.get(number) or _shift(line, row) for number, line in enumerate(lines)]


def _shift(line: ShiftLine, row: SiteCalendar) -> Shift:
    given = {name: getattr(line, name) for name in SHIFT}
    return Shift(calendar=row, **given | {"days": "".join(sorted(set(line.days)))})


def _values(shift: Shift) -> tuple[Any, ...]:
    return tuple(getattr(shift, name) for name in SHIFT)


def _put_day(line: SpecialDayLine, by: Actor, at: datetime) -> SpecialDay:
    reason = audit.require_reason(line.reason)
    known = special_day_of(line)
    if known:
        preconditions.locked([known])
    row = known or SpecialDay(site=line.site, day=line.day)
    changed = known is not None and (row.name, row.works_like) != (line.name, line.works_like)
    row.name, row.works_like = line.name, line.works_like
    save_master(row, by=by, at=at, reason=reason)
    row.told = {"created": known is None, "changed": changed}  # type: ignore[attr-defined]
    return row
