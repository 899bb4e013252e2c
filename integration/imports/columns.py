"""The columns of a kind of file, and from a cell's text to its value."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import available_timezones

from django.db import models
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime, parse_time
from django.utils.translation import gettext_lazy as _

from integration.imports.reading import Record
from integration.imports.report import FileReport
from inventory import codes
from inventory.errors import Refused
from inventory.fields import Words
from inventory.spans import read_span

Parse = Callable[[str], Any]

NUMBER = re.compile(r"-?\d{1,9}(\.\d{1,6})?")
WHOLE_NUMBER = re.compile(r"\d{1,9}")
YES = {"true", "yes", "y", "1"}
NO = {"false", "no", "n", "0"}


@dataclass(frozen=True, slots=True)
class Row:
    """A row whose cells are values. Columns that were left empty are not in it."""

    line: int
    values: dict[str, Any]


def text(longest: int = 200) -> Parse:
    """Words of so many characters. Refuses `text_too_long` and `bad_character`."""

    def parse(cell: str) -> str:
        if len(cell) > longest:
            raise Refused(
                _("This is longer than %(longest)s characters."),
                code="text_too_long",
                longest=longest,
            )
        if not cell.isprintable():
            raise Refused(
                _("There are line breaks or control characters in it."), code="bad_character"
            )
        return cell

    return parse


words = text()
"""A name or a short text."""


def number(cell: str) -> Decimal:
    """A decimal number with a point. Refuses `not_a_number`."""
    if not NUMBER.fullmatch(cell):
        raise Refused(
            _("“%(cell)s” is not a number."),
            code="not_a_number",
            hint=_("Write it like 1234.5, without a sign for thousands."),
            cell=cell,
        )
    return Decimal(cell)


def whole_number(cell: str) -> int:
    """A number from 0 up. Refuses `not_a_number`."""
    if not WHOLE_NUMBER.fullmatch(cell):
        raise Refused(_("“%(cell)s” is not a whole number."), code="not_a_number", cell=cell)
    return int(cell)


def hours(cell: str) -> timedelta:
    """A time span in hours. Refuses `not_a_number`."""
    return timedelta(seconds=float(number(cell) * 3600))


def span(cell: str) -> timedelta:
    """A time span like 06:00:00. Refuses `not_a_span`."""
    found = read_span(cell)
    if found is None:
        raise Refused(
            _("“%(cell)s” is not a span of time."),
            code="not_a_span",
            hint=_("Write it like 06:00:00, or 2 06:00:00 with days in front."),
            cell=cell,
        )
    return found


def clock_time(cell: str) -> time:
    """A time of day. Refuses `not_a_time`."""
    try:
        found = parse_time(cell)
    except ValueError:
        found = None
    if found is None or found.second or found.microsecond or found.tzinfo:
        raise Refused(
            _("“%(cell)s” is not a time of day."),
            code="not_a_time",
            hint=_("Write it like 22:30."),
            cell=cell,
        )
    return found


def day(cell: str) -> date:
    """A date. Refuses `not_a_date`."""
    try:
        found = parse_date(cell)
    except ValueError:
        found = None
    if found is None:
        raise Refused(
            _("“%(cell)s” is not a date."),
            code="not_a_date",
            hint=_("Write it like 2026-12-31."),
            cell=cell,
        )
    return found


def us_day(cell: str) -> date:
    """A date as Americans write it, month first. Refuses `not_a_date`."""
    try:
        return datetime.strptime(cell, "%m/%d/%Y").date()  # noqa: DTZ007 - a day has no zone
    except ValueError as error:
        raise Refused(
            _("“%(cell)s” is not a date."),
            code="not_a_date",
            hint=_("Write it like 12/31/2026: month, day, year."),
            cell=cell,
        ) from error


def moment(cell: str) -> datetime:
    """Date and time; without a zone, the installation's. Refuses `not_a_time`."""
    try:
        found = parse_datetime(cell)
    except ValueError:
        found = None
    if found is None:
        raise Refused(
            _("“%(cell)s” is not a date with a time."),
            code="not_a_time",
            hint=_("Write it like 2026-12-31 14:30."),
            cell=cell,
        )
    return found if timezone.is_aware(found) else timezone.make_aware(found)


def yes_no(cell: str) -> bool:
    """Yes or no. Refuses `not_yes_or_no`."""
    if cell.lower() in YES | NO:
        return cell.lower() in YES
    raise Refused(
        _("“%(cell)s” is neither yes nor no."),
        code="not_yes_or_no",
        hint=_("Write yes or no."),
        cell=cell,
    )


def one_of(*values: str) -> Parse:
    """One of these words. Refuses `not_a_choice`."""

    def parse(cell: str) -> str:
        if cell.lower() not in values:
            raise Refused(
                _("“%(cell)s” is not known here."),
                code="not_a_choice",
                hint=_("Write one of: %s.") % ", ".join(values),
                cell=cell,
            )
        return cell.lower()

    return parse


def time_zone(cell: str) -> str:
    """A time zone by its name in the IANA database. Refuses `not_a_choice`."""
    if cell not in available_timezones():
        raise Refused(
            _("There is no time zone “%(cell)s”."),
            code="not_a_choice",
            hint=_("Write it like Europe/Berlin."),
            cell=cell,
        )
    return cell


@dataclass(frozen=True, slots=True)
class Column:
    """A column: what it is for, how its cells are read, and what kind of thing they name."""

    name: str
    about: Words
    parse: Parse = words
    required: bool = False
    names: type[models.Model] | None = None


def rows_of(records: Sequence[Record], columns: Sequence[Column], report: FileReport) -> list[Row]:
    """The rows that could be read; of the others, the report says why.

    What a column names is looked up once for the whole file. Refuses, by row, `value_needed`,
    `too_many_cells`, `unknown_code`, `ambiguous_code` and what the columns' parsers refuse.
    """
    named = {
        column.name: codes.find(column.names, _cells(records, column))
        for column in columns
        if column.names
    }
    rows = []
    for record in records:
        values, refusals = _values(record, columns, named)
        for refusal in refusals:
            report.refuse(record.line, refusal)
        if not refusals:
            rows.append(Row(record.line, values))
    return rows


def _cells(records: Iterable[Record], column: Column) -> set[str]:
    return {record.cells.get(column.name, "") for record in records}


def _values(
    record: Record, columns: Sequence[Column], named: dict[str, dict[str, Any]]
) -> tuple[dict[str, Any], list[Refused]]:
    values: dict[str, Any] = {}
    refusals: list[Refused] = []
    if record.surplus:
        refusals.append(
            Refused(
                _("The row has more cells than there are columns."),
                code="too_many_cells",
                hint=_("Put texts with a comma or semicolon into quotation marks."),
            )
        )
    for column in columns:
        try:
            if cell := _cell(record, column):
                values[column.name] = (
                    codes.resolve(column.names, cell, named[column.name])
                    if column.names
                    else column.parse(cell)
                )
        except Refused as refusal:
            refusal.field = column.name
            refusals.append(refusal)
    return values, refusals


def _cell(record: Record, column: Column) -> str:
    cell = record.cells.get(column.name, "")
    if column.required and not cell:
        raise Refused(_("This must be filled in."), code="value_needed")
    return cell
