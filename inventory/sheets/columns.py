"""What a file holds: columns, and where its rows come from."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from itertools import islice
from typing import Any, TypeVar

from django.db.models import QuerySet, TextChoices
from django.utils.translation import gettext_lazy as _

from inventory.fields import Words

Row = TypeVar("Row")

BATCH = 500
"""Rows that are read and written at a time."""


class FileType(TextChoices):
    """How a list can be had as a file."""

    CSV = "csv", _("CSV")
    XLSX = "xlsx", _("Excel (XLSX)")


CONTENT_TYPES = {
    FileType.CSV: "text/csv; charset=utf-8",
    FileType.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its stable name, what people call it, and what it holds of a row.

    Quantities are Decimals, days and moments are dates and datetimes: each kind of file writes them
    in its own way.
    """

    name: str
    label: Words
    of: Callable[[Any], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A list, to be written as a file.

    `batches` reads it, in the order of the list. `found` is what is counted beforehand, of what
    could be too much for a file. Times are shown by the clock of `zone`, or else the reader's.
    """

    name: str
    columns: Sequence[Column]
    batches: Callable[[], Iterable[Iterable[Any]]]
    found: QuerySet[Any] | None = None
    zone: tzinfo | None = None

    def rows(self) -> Iterator[list[Any]]:
        """Each row's values, in the order of the columns."""
        getters = [column.of for column in self.columns]
        for batch in self.batches():
            for row in batch:
                yield [of(row) for of in getters]


def in_batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """The rows, as many at a time as are read at once."""
    left = iter(rows)
    while batch := list(islice(left, BATCH)):
        yield batch
