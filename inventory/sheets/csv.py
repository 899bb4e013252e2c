"""CSV (RFC 4180), in UTF-8, with commas and decimal points whatever the language."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from inventory.sheets.cells import as_text
from inventory.sheets.columns import BATCH

Part = tuple[bytes, int]
"""A piece of a file, and how many rows have been written by then."""


def csv_line(values: Iterable[Any]) -> str:
    """One line. See `as_text`."""
    buffer = io.StringIO()
    csv.writer(buffer).writerow([as_text(value) for value in values])
    return buffer.getvalue()


def csv_parts(headings: Sequence[Any], rows: Iterable[Sequence[Any]]) -> Iterator[Part]:
    """The file, in pieces worth sending."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow([as_text(heading) for heading in headings])
    count = 0
    for count, row in enumerate(rows, start=1):
        writer.writerow([as_text(value) for value in row])
        if count % BATCH == 0:
            yield buffer.getvalue().encode(), count
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode(), count
