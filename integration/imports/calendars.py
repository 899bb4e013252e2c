"""Site calendars and special days from files."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from integration.imports.columns import (
    Column,
    Row,
    clock_time,
    day,
    rows_of,
    text,
    whole_number,
)
from integration.imports.loading import Load, once_each, refuse_rows
from integration.imports.reading import Record
from inventory.errors import Refused
from inventory.models import Site
from staging import actions
from staging.actions.calendars import ROWS
from staging.models import Shift, SiteCalendar, SpecialDay

SHIFT = ("name", "days", "starts", "ends")
COLUMNS = (
    Column("site", _("Code of the site."), required=True, names=Site),
    Column("valid_from", _("The first day of the calendar."), day, required=True),
    Column("note", _("What it is; as in its first row."), text(200)),
    Column("name", _("Of the shift. A calendar without shifts has one row without one."), text(60)),
    Column("days", _("Days of the week, 1 is Monday: 12345."), text(7)),
    Column("starts", _("Like 06:00, by the site's clock."), clock_time),
    Column("ends", _("Like 14:00; at or before the start: the next day."), clock_time),
    Column("breaks", _("Like 09:00-09:15, 12:00-12:30."), text(200)),
)
DAY_COLUMNS = (
    Column("site", _("Code of the site."), required=True, names=Site),
    Column("day", _("The day."), day, required=True),
    Column("name", _("What day it is."), text(120), required=True),
    Column("works_like", _("Day of the week that it works like, 1 is Monday; empty: a holiday."),
           whole_number),
)  # fmt: skip


def load(records: Sequence[Record], load: Load) -> None:
    """Keep each calendar with all its shifts: those that no row names are removed.

    Refuses, by row, `value_needed`, and as `put_calendar` does.
    """
    rows = rows_of(records, COLUMNS, load.report)
    by_calendar: dict[tuple[Site, date], list[Row]] = {}
    for row in rows:
        by_calendar.setdefault((row.values["site"], row.values["valid_from"]), []).append(row)
    for row in rows:
        _require_shift(row, by_calendar, load)
    if load.report.refused:
        return
    for (site, since), of_it in by_calendar.items():
        _put(of_it, _calendar(site, since, of_it, load), load)


def _require_shift(row: Row, by_calendar: dict[tuple[Site, date], list[Row]], load: Load) -> None:
    """A row says a whole shift, or that there is none, alone."""
    alone = len(by_calendar[row.values["site"], row.values["valid_from"]]) == 1
    if alone and not any(name in row.values for name in (*SHIFT, "breaks")):
        return
    for name in SHIFT:
        if name not in row.values:
            needed = Refused(_("This must be filled in."), code="value_needed", field=name)
            load.report.refuse(row.line, needed)


def _calendar(site: Site, since: date, rows: Sequence[Row], load: Load) -> actions.CalendarLine:
    shifts = tuple(
        actions.ShiftLine(
            breaks=row.values.get("breaks", ""), **{name: row.values[name] for name in SHIFT}
        )
        for row in rows
        if "name" in row.values
    )
    note = rows[0].values.get("note")
    return actions.CalendarLine(
        site=site, valid_from=since, shifts=shifts, note=note, reason=load.reason
    )


def _put(rows: Sequence[Row], line: actions.CalendarLine, load: Load) -> None:
    try:
        [calendar] = actions.put_calendar(lines=[line], by=load.by, at=load.at)
    except ValidationError as error:
        refuse_rows(rows, error, ROWS, load.report)
        return
    _count(calendar.told, len(rows), load)  # type: ignore[attr-defined]


def load_days(records: Sequence[Record], load: Load) -> None:
    """Keep each special day. Days that the file does not name stay as they are.

    Refuses, by row, `row_twice`, and as `put_special_day` does.
    """
    rows = once_each(rows_of(records, DAY_COLUMNS, load.report), load.report, "day", "site")
    for row in rows:
        line = actions.SpecialDayLine(**row.values, reason=load.reason)
        try:
            [found] = actions.put_special_day(lines=[line], by=load.by, at=load.at)
        except ValidationError as error:
            load.report.refuse(row.line, error)
        else:
            _count(found.told, 1, load)  # type: ignore[attr-defined]


def _count(told: dict[str, bool], rows: int, load: Load) -> None:
    if told["created"]:
        load.report.created += rows
    elif told["changed"]:
        load.report.changed += rows
    else:
        load.report.unchanged += rows


def current() -> Iterator[list[Any]]:
    """All calendars, in the columns of the file."""
    rows = SiteCalendar.objects.select_related("site").prefetch_related("shifts")
    for calendar in rows.order_by("site__code", "valid_from"):
        head = [calendar.site.code, calendar.valid_from, calendar.note]
        shifts = [_shift(shift) for shift in calendar.shifts.all()]
        yield from (head + shift for shift in shifts or [[None] * 5])


def _shift(shift: Shift) -> list[Any]:
    return [
        shift.name, shift.days, f"{shift.starts:%H:%M}", f"{shift.ends:%H:%M}", shift.breaks,
    ]  # fmt: skip


def current_days() -> Iterator[list[Any]]:
    """All special days, in the columns of the file."""
    rows = SpecialDay.objects.select_related("site").order_by("site__code", "day")
    for row in rows:
        yield [row.site.code, row.day, row.name, row.works_like]
