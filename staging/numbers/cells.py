"""The numbers as they are written: in the cells of a page, and in the lines of a file."""

from datetime import datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from inventory.sheets.columns import Column as OfFile
from inventory.templatetags.components import badge, quantity
from inventory.wording import day_in_words
from staging.charts.words import duration, share
from staging.numbers.asked import Asked
from staging.numbers.tables import NOTHING, Column, Kind, Row, Table

NUMBERS = (Kind.COUNT, Kind.QUANTITY, Kind.SHARE, Kind.SPAN)


def cells(table: Table, row: Row, asked: Asked) -> SafeString:
    """A table row, of which the first cell is the heading."""
    first, *others = table.columns
    written = format_html('<th scope="row">{}</th>', _first(first, row, asked))
    for column in others:
        written += format_html(
            '<td{} data-label="{}">{}</td>',
            mark_safe(' class="num"') if column.kind in NUMBERS else "",
            column.label,
            _written(column, row[column.name], asked),
        )
    return written


def _first(column: Column, row: Row, asked: Asked) -> SafeString:
    words = _written(column, row[column.name], asked)
    if url := row.get("url"):
        words = format_html('<a class="code" href="{}">{}</a>', url, words)
    if mark := row.get("mark"):
        words = format_html("{} {}", words, badge("bad", "exclamation-triangle-fill", mark))
    return format_html("<span>{}</span>", words)


def _written(column: Column, value: Any, asked: Asked) -> Any:
    if value is None:
        return format_html('<span class="quiet">{}</span>', NOTHING)
    match column.kind:
        case Kind.COUNT | Kind.QUANTITY:
            return quantity(value)
        case Kind.SHARE:
            return share(value)
        case Kind.SPAN:
            return duration(value)
        case Kind.STEP:
            return _moment(value, asked, asked.period.words(value))
        case Kind.MOMENT:
            here = value.astimezone(asked.period.zone)
            return _moment(value, asked, date_format(here, "SHORT_DATETIME_FORMAT"))
    return column.words.get(value, value) if column.words else value


def _moment(value: datetime, asked: Asked, words: str) -> SafeString:
    here = value.astimezone(asked.period.zone)
    return format_html('<time class="nowrap" datetime="{}">{}</time>', here.isoformat(), words)


# --- as a file ----------------------------------------------------------------------------------


def in_file(table: Table) -> list[OfFile]:
    """The columns of a table's file. Spans are in seconds, shares parts of one."""
    return [_in_file(column) for column in table.columns]


def _in_file(column: Column) -> OfFile:
    def of(row: Row) -> Any:
        value = row[column.name]
        return str(column.words.get(value, value)) if column.words and value else value

    return OfFile(column.name, column.label, of)


def in_time_of(asked: Asked) -> str:
    """Which period it is, and by which clock."""
    period = asked.period
    return _("%(since)s to %(until)s, days of %(zone)s") % {
        "since": day_in_words(period.since),
        "until": day_in_words(period.until),
        "zone": getattr(period.zone, "key", None) or str(period.zone),
    }
