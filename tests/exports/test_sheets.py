"""What stands in the cells, how much memory a file takes, and that it is of one moment."""

import csv
import gc
import io
import threading
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from inventory.models import Lot
from inventory.paging import every
from inventory.sheets.answers import answer, written
from inventory.sheets.bounds import TooSlow
from inventory.sheets.columns import Column, FileType, Sheet
from inventory.sheets.csv import csv_line
from inventory.sheets.xlsx import LONGEST
from tests.factories import MaterialFactory
from tests.plant import Plant
from tests.sheets import rows_of

AT = datetime(2026, 7, 1, 6, 30, tzinfo=UTC)


def sheet(*rows: list[Any], **options: Any) -> Sheet:
    width = max(map(len, rows), default=1)
    columns = [Column(f"c{at}", f"C {at}", lambda row, at=at: row[at]) for at in range(width)]
    return Sheet(name="rows", columns=columns, batches=lambda: [rows], **options)


def as_file(found: Sheet, kind: FileType) -> bytes:
    return b"".join(part for part, _count in written(found, kind, for_people=True))


CELLS = [
    (Decimal("2.500000"), "2.5", Decimal("2.5")),
    (Decimal("0.1"), "0.1", Decimal("0.1")),
    (Decimal("123456789.123456"), "123456789.123456", Decimal("123456789.123456")),
    (Decimal("1234567890.1234567"), "1234567890.1234567", "1234567890.1234567"),
    (-7, "-7", Decimal(-7)),
    (True, "true", True),
    (None, "", None),
    ("=HYPERLINK(1)", "'=HYPERLINK(1)", "=HYPERLINK(1)"),
    ("  @SUM(1)", "'  @SUM(1)", "  @SUM(1)"),
    ("\uff1d1+1", "'\uff1d1+1", "\uff1d1+1"),
    ("\n=1", "'\n=1", "\n=1"),
    ("0012", "0012", "0012"),
    ('a,"b"', 'a,"b"', 'a,"b"'),
    (date(2026, 7, 1), "2026-07-01", datetime(2026, 7, 1)),  # noqa: DTZ001 - as the cell has it
    (date(1800, 1, 1), "1800-01-01", "1800-01-01"),
    (AT, "2026-07-01T08:30:00+02:00", datetime(2026, 7, 1, 8, 30)),  # noqa: DTZ001
    (timedelta(minutes=2), "120", Decimal(120)),
    ({"a": [1, "é"]}, '{"a": [1, "é"]}', '{"a": [1, "é"]}'),
    ([], "", None),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("value", "in_csv", "in_xlsx"), CELLS)
def test_a_value_in_its_cell(value: Any, in_csv: str, in_xlsx: Any) -> None:
    found = sheet([value, "end"], zone=ZoneInfo("Europe/Berlin"))
    [_headings, row] = csv.reader(io.StringIO(as_file(found, FileType.CSV).decode(), newline=""))
    assert row == [in_csv, "end"]
    headings, cells = rows_of(as_file(found, FileType.XLSX))
    assert headings == ["C 0", "C 1"]
    assert cells == [in_xlsx, "end"]
    assert type(cells[0]) is type(in_xlsx)


@pytest.mark.django_db
def test_a_text_too_long_for_a_cell_is_cut_where_one_can_see_it() -> None:
    text = "x" * (LONGEST + 1)
    [_headings, [cell]] = rows_of(as_file(sheet([text]), FileType.XLSX))
    assert len(cell) == LONGEST
    assert cell.endswith(" […]")
    assert text in as_file(sheet([text]), FileType.CSV).decode()


def test_a_line_is_quoted_as_csv_wants_it() -> None:
    assert csv_line(["a", 'say "x"', "1,5"]) == 'a,"say ""x""","1,5"\r\n'


@pytest.mark.django_db
def test_what_takes_too_long_is_broken_off(settings: Any) -> None:
    settings.EXPORT_SECONDS = -1
    with pytest.raises(TooSlow):
        as_file(sheet(["a"]), FileType.CSV)


@pytest.mark.django_db
@pytest.mark.parametrize("kind", FileType)
def test_memory_does_not_grow_with_the_list(kind: FileType) -> None:
    """4,000 rows more, of ten columns, are 800 kB of CSV."""
    peak_of(500, kind)  # what is read once and kept
    assert peak_of(6_000, kind) < peak_of(2_000, kind) + 200_000


def peak_of(count: int, kind: FileType) -> int:
    """How much memory it took at most to write so many rows, of ten columns."""

    def batches() -> Iterator[list[list[Any]]]:
        for start in range(0, count, 500):
            yield [[f"MAT/{start + n}", Decimal(n), AT, *("text",) * 7] for n in range(500)]

    columns = [Column(f"c{at}", f"C {at}", lambda row, at=at: row[at]) for at in range(10)]
    found = Sheet(name="rows", columns=columns, batches=batches)
    gc.collect()
    tracemalloc.start()
    try:
        size = sum(len(part) for part, _count in written(found, kind, for_people=False))
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size > count * 20
    return peak


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_file_is_of_one_moment() -> None:
    """What others write while it is read is not in it, and they do not wait."""
    material = MaterialFactory()
    for number in range(3):
        Lot.objects.create(material=material, number=f"N{number}", code=f"X/N{number}")
    columns = [Column("code", "Code", lambda lot: lot.code)]
    found = Sheet(
        name="lots", columns=columns, batches=lambda: every(Lot.objects.all(), "pk", size=1)
    )
    rows = iter(answer(found, FileType.CSV, for_people=False).streaming_content)  # type: ignore[arg-type]

    def meanwhile() -> None:
        Lot.objects.create(material=material, number="LATE", code="X/LATE")
        connection.close()

    batches = found.batches

    def disturbed() -> Iterator[Any]:
        for number, batch in enumerate(batches()):
            yield batch
            if number == 0:
                writer = threading.Thread(target=meanwhile)
                writer.start()
                writer.join()

    object.__setattr__(found, "batches", disturbed)
    content = b"".join(rows).decode()  # type: ignore[arg-type]
    assert content.split() == ["code", "X/N0", "X/N1", "X/N2"]
    assert Lot.objects.filter(number="LATE").exists()


@pytest.mark.django_db
def test_a_file_is_named_after_what_it_holds(plant: Plant) -> None:
    answered = answer(sheet(["a"]), FileType.XLSX, for_people=True)
    assert 'filename="forestage-rows-' in answered["Content-Disposition"]
    assert answered["Content-Disposition"].endswith('.xlsx"')
    assert answered["Cache-Control"] == "no-store"
