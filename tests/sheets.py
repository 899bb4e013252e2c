"""Reads back the spreadsheets that the product makes, with the standard library alone."""

import io
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree
from zipfile import ZipFile

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
FIRST_DAY = datetime(1899, 12, 30)  # noqa: DTZ001 - a spreadsheet's dates know no zone


def rows_of(content: bytes) -> list[list[Any]]:
    """Each row's cells: text as str, numbers as Decimal, dates as datetime, nothing as None."""
    with ZipFile(io.BytesIO(content)) as book:
        assert book.testzip() is None
        dates = set(_date_styles(book))
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))  # noqa: S314
    rows = []
    for row in sheet.iter(f"{MAIN}row"):
        cells: dict[int, Any] = {_column(cell): _value(cell, dates) for cell in row}
        rows.append([cells.get(index) for index in range(max(cells, default=-1) + 1)])
    return rows


def records_of(content: bytes) -> list[dict[str, Any]]:
    """The rows below the headings, by heading."""
    headings, *rows = rows_of(content)
    return [
        dict(zip(headings, row + [None] * (len(headings) - len(row)), strict=True)) for row in rows
    ]


def _column(cell: Any) -> int:
    letters = re.match(r"[A-Z]+", cell.get("r")).group()  # type: ignore[union-attr]
    found = 0
    for letter in letters:
        found = found * 26 + ord(letter) - 64
    return found - 1


def _value(cell: Any, dates: set[int]) -> Any:
    assert cell.find(f"{MAIN}f") is None, "a formula"
    if cell.get("t") == "inlineStr":
        return "".join(part.text or "" for part in cell.iter(f"{MAIN}t"))
    value = cell.findtext(f"{MAIN}v")
    if value is None:
        return None
    if cell.get("t") == "b":
        return value == "1"
    if int(cell.get("s", 0)) in dates:
        return FIRST_DAY + timedelta(seconds=round(float(value) * 86400))
    return Decimal(value)


def _date_styles(book: ZipFile) -> Iterator[int]:
    styles = ElementTree.fromstring(book.read("xl/styles.xml"))  # noqa: S314
    formats = {
        one.get("numFmtId")
        for one in styles.iter(f"{MAIN}numFmt")
        if "yyyy" in one.get("formatCode", "")
    }
    [cells] = styles.iter(f"{MAIN}cellXfs")
    yield from (index for index, one in enumerate(cells) if one.get("numFmtId") in formats)
