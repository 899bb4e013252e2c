"""XLSX, one row after the other: XlsxWriter keeps no row that is written (`constant_memory`)."""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.utils import timezone
from xlsxwriter import Workbook
from xlsxwriter.format import Format

from inventory.sheets.cells import dumps, local, seconds
from inventory.sheets.csv import Part
from inventory.wording import plain

EXACT_DIGITS = 15
"""A spreadsheet's numbers are binary: with so many digits a decimal comes back as it was."""

MOST_ROWS = 1_048_575
"""Rows of a worksheet, less the headings."""

LONGEST = 32_767
"""Characters of a cell."""

CUT = " […]"
FIRST_YEAR = 1900
PIECE = 1 << 16
WIDEST = 40
WIDTHS = {"moment": 25, "day": 11}


def xlsx_parts(headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[Part]:
    """The file. Its content is put together at the end, so nothing comes until all is written."""
    with tempfile.TemporaryDirectory(prefix="forestage-xlsx-") as folder:
        path = Path(folder) / "sheet.xlsx"
        count = _write(path, folder, headings, rows)
        with path.open("rb") as file:
            while piece := file.read(PIECE):
                yield piece, count


def _write(path: Path, folder: str, headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    options = {"constant_memory": True, "tmpdir": folder, "use_zip64": True}
    book = Workbook(str(path), options)
    try:
        book.set_properties({"created": timezone.now().astimezone(UTC).replace(tzinfo=None)})
        page = _Page(book)
        page.headings(headings)
        count = 0
        for count, values in enumerate(rows, start=1):
            page.row(count, values)
        page.finish(count, len(headings))
    finally:
        book.close()
    return count


class _Page:
    """The one worksheet."""

    def __init__(self, book: Workbook) -> None:
        self.sheet = book.add_worksheet()
        self.bold = book.add_format({"bold": True, "bottom": 1})
        self.day = book.add_format({"num_format": "yyyy-mm-dd"})
        self.book = book
        self.moments: dict[str, Format] = {}
        self.widths: list[int] = []

    def headings(self, headings: Sequence[str]) -> None:
        self.widths = [min(len(text) + 4, WIDEST) for text in headings]
        for column, text in enumerate(headings):
            self.sheet.write_string(0, column, text, self.bold)
        self.sheet.freeze_panes(1, 0)

    def row(self, number: int, values: Sequence[Any]) -> None:
        if number > MOST_ROWS:  # XlsxWriter would leave it out without a word
            raise ValueError("a worksheet has no more rows")
        for column, value in enumerate(values):
            if value is None or value == "":
                continue
            writer = WRITERS.get(type(value)) or _writer_of(value)
            writer(self, number, column, value)

    def finish(self, rows: int, columns: int) -> None:
        if rows:
            self.sheet.autofilter(0, 0, rows, columns - 1)
        for column, width in enumerate(self.widths):
            self.sheet.set_column(column, column, width)

    # --- cells ------------------------------------------------------------------------------

    def text(self, row: int, column: int, value: Any) -> None:
        text = str(value)
        if len(text) > LONGEST:
            text = text[: LONGEST - len(CUT)] + CUT
        self.sheet.write_string(row, column, text)
        self._widen(column, min(len(text), WIDEST))

    def number(self, row: int, column: int, value: Any) -> None:
        """A number, if the cell can hold it exactly; else its digits as text."""
        exact = Decimal(value)
        if len(exact.normalize().as_tuple().digits) > EXACT_DIGITS:
            self.text(row, column, plain(exact))
        else:
            self.sheet.write_number(row, column, value)

    def truth(self, row: int, column: int, value: bool) -> None:
        self.sheet.write_boolean(row, column, value)

    def on_day(self, row: int, column: int, value: date) -> None:
        if value.year < FIRST_YEAR:
            self.text(row, column, value.isoformat())
            return
        self.sheet.write_datetime(row, column, value, self.day)
        self._widen(column, WIDTHS["day"])

    def at_moment(self, row: int, column: int, value: datetime) -> None:
        here = local(value)
        form = self._with_zone(here.tzname() or "")
        self.sheet.write_datetime(row, column, here.replace(tzinfo=None), form)
        self._widen(column, WIDTHS["moment"])

    def span(self, row: int, column: int, value: timedelta) -> None:
        self.sheet.write_number(row, column, seconds(value))

    def nested(self, row: int, column: int, value: Any) -> None:
        if value:
            self.text(row, column, dumps(value))

    def _with_zone(self, zone: str) -> Format:
        """A spreadsheet's dates know no zone: it is shown behind each."""
        if zone not in self.moments:
            shown = f'yyyy-mm-dd hh:mm:ss "{zone}"'.strip()
            self.moments[zone] = self.book.add_format({"num_format": shown})
        return self.moments[zone]

    def _widen(self, column: int, width: int) -> None:
        self.widths[column] = max(self.widths[column], width)


WRITERS: dict[type, Callable[[_Page, int, int, Any], None]] = {
    str: _Page.text,
    bool: _Page.truth,
    int: _Page.number,
    Decimal: _Page.number,
    datetime: _Page.at_moment,
    date: _Page.on_day,
    timedelta: _Page.span,
    dict: _Page.nested,
    list: _Page.nested,
    tuple: _Page.nested,
}


def _writer_of(value: Any) -> Callable[[_Page, int, int, Any], None]:
    """For kinds of kinds, such as what a choice or a JSON column holds."""
    return next((writer for kind, writer in WRITERS.items() if isinstance(value, kind)), _Page.text)
