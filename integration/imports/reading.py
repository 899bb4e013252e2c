"""From the bytes of a CSV file to its records."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from inventory.errors import Refused
from inventory.sheets.cells import meant

LARGEST = 20_000_000
"""Bytes that a file may have; what is uploaded is held to less."""


@dataclass(frozen=True, slots=True)
class Record:
    """One row as it stands in the file, by header. `line` is where it begins, from 1."""

    line: int
    cells: dict[str, str]
    surplus: int = 0


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file that was read."""

    name: str
    headers: tuple[str, ...]
    records: list[Record]


def read(name: str, data: bytes, *, largest: int = LARGEST) -> Sheet:
    """Read a CSV file: UTF-8 with or without a mark, separated by commas or semicolons.

    Refuses `file_too_large`, `file_not_text`, `file_empty`, `file_malformed`, `header_twice`.
    """
    rows = list(_rows(_text(data, largest)))
    if not rows:
        raise Refused(
            _("The file is empty."),
            code="file_empty",
            hint=_("The first line names the columns; see the templates."),
        )
    headers = tuple(header.strip() for header in rows[0][1])
    named = [header for header in headers if header]
    if len(set(named)) < len(named):
        raise Refused(
            _("A column stands there twice: %(columns)s."),
            code="header_twice",
            hint=_("Give every column a name of its own."),
            columns=", ".join(sorted({name for name in named if named.count(name) > 1})),
        )
    return Sheet(name, headers, [_record(line, cells, headers) for line, cells in rows[1:]])


def require_columns(sheet: Sheet, *wanted: str) -> None:
    """Refuse `columns_missing` unless the file has these columns."""
    missing = [header for header in wanted if header not in sheet.headers]
    if missing:
        raise Refused(
            _("The file has no column %(missing)s."),
            code="columns_missing",
            hint=_("Is it the right file? Its columns are: %s.") % ", ".join(sheet.headers),
            missing=", ".join(missing),
        )


def _text(data: bytes, largest: int) -> str:
    if len(data) > largest:
        raise Refused(
            _("The file is larger than %(largest)s kB."),
            code="file_too_large",
            hint=_("Split it into several files."),
            largest=largest // 1000,
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise Refused(
            _("This is not a CSV file in UTF-8."),
            code="file_not_text",
            hint=_("Save it as “CSV UTF-8” and try again."),
        )
    return text


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not blank, with the line on which it begins."""
    heading = text.lstrip("\r\n").split("\n", 1)[0]
    delimiter = ";" if heading.count(";") > heading.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield begins, cells
            begins = reader.line_num + 1
    except csv.Error as error:
        raise Refused(
            _("The file cannot be read from line %(begins)s on: %(error)s."),
            code="file_malformed",
            hint=_("Mostly a quotation mark is missing or one too many."),
            begins=begins,
            error=error,
        ) from error


def _record(line: int, cells: list[str], headers: tuple[str, ...]) -> Record:
    surplus = len([cell for cell in cells[len(headers) :] if cell.strip()])
    padded = [*cells, *[""] * (len(headers) - len(cells))]
    named = {
        header: meant(cell.strip()) for header, cell in zip(headers, padded, strict=False) if header
    }
    return Record(line, named, surplus)
