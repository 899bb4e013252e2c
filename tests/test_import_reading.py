"""Reading CSV files: encodings, separators, and clear words for what is no such file."""

import pytest

from integration.imports.columns import (
    Column,
    Row,
    day,
    hours,
    moment,
    number,
    one_of,
    rows_of,
    text,
    us_day,
    whole_number,
    yes_no,
)
from integration.imports.reading import Record, read, require_columns
from integration.imports.report import FileReport
from inventory.errors import Refused


def refusal(data: bytes, **options: int) -> Refused:
    with pytest.raises(Refused) as caught:
        read("x.csv", data, **options)
    return caught.value


@pytest.mark.parametrize(
    "data",
    [
        b"code,name\nA,\xc3\xa9clair\n",
        b"\xef\xbb\xbfcode,name\r\nA,\xc3\xa9clair\r\n",
        b"code;name\nA;\xc3\xa9clair\n",
        b'"code";"name"\n"A";"\xc3\xa9clair"',
        b"\n\ncode , name\n\n A , \xc3\xa9clair \n,\n",
    ],
)
def test_marks_separators_quotes_and_blank_lines_are_understood(data: bytes) -> None:
    sheet = read("x.csv", data)
    assert sheet.headers == ("code", "name")
    assert [record.cells for record in sheet.records] == [{"code": "A", "name": "éclair"}]


def test_line_is_where_a_row_begins_even_if_a_cell_spans_several() -> None:
    sheet = read("x.csv", b'a,b\n1,"two\nlines"\n\n3,4\n')
    assert [record.line for record in sheet.records] == [2, 5]


def test_short_row_has_empty_cells_and_a_long_one_a_surplus() -> None:
    short, long = read("x.csv", b"a,b\n1\n1,2,3\n").records
    assert (short.cells, short.surplus) == ({"a": "1", "b": ""}, 0)
    assert long.surplus == 1


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "file_empty"),
        (b"\n \n", "file_empty"),
        (b"PK\x03\x04\x00\x00", "file_not_text"),
        ("code\nä\n".encode("latin-1"), "file_not_text"),
        ("code\nA\n".encode("utf-16"), "file_not_text"),
        (b"a,b,a\n1,2,3\n", "header_twice"),
        (b'a,b\n"1,2\n', "file_malformed"),
        (b"a\n" + b"x" * 200_000 + b"\n", "file_malformed"),
    ],
)
def test_what_is_no_such_file_is_refused(data: bytes, code: str) -> None:
    assert refusal(data).code == code


def test_file_is_held_to_its_size() -> None:
    assert refusal(b"a\n1\n", largest=3).code == "file_too_large"


def test_missing_column_is_named() -> None:
    with pytest.raises(Refused) as caught:
        require_columns(read("x.csv", b"a,b\n"), "a", "c")
    assert caught.value.code == "columns_missing"
    assert "c" in caught.value.text


@pytest.mark.parametrize(
    ("parse", "cell", "code"),
    [
        (number, "1,5", "not_a_number"),
        (number, "NaN", "not_a_number"),
        (number, "1e3", "not_a_number"),
        (number, "0.0000001", "not_a_number"),
        (number, "1234567890", "not_a_number"),
        (whole_number, "-1", "not_a_number"),
        (whole_number, "1.5", "not_a_number"),
        (day, "31/12/2026", "not_a_date"),
        (day, "2026-02-30", "not_a_date"),
        (us_day, "31/12/2026", "not_a_date"),
        (us_day, "2026-12-31", "not_a_date"),
        (moment, "tomorrow", "not_a_time"),
        (moment, "2026-13-01 10:00", "not_a_time"),
        (yes_no, "maybe", "not_yes_or_no"),
        (one_of("raw", "wip"), "cooked", "not_a_choice"),
        (text(3), "four", "text_too_long"),
        (text(9), "a\tb", "bad_character"),
    ],
)
def test_cell_that_cannot_be_read_is_refused(parse, cell: str, code: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(Refused) as caught:
        parse(cell)
    assert caught.value.code == code


def test_cells_become_values() -> None:
    assert us_day("01/31/2025").isoformat() == day("2025-01-31").isoformat()
    assert hours("1.5").total_seconds() == 5400
    assert (yes_no("TRUE"), yes_no("No")) == (True, False)
    assert one_of("raw")("RAW") == "raw"
    assert moment("2026-12-31 14:30").tzinfo is not None


def test_row_says_everything_that_is_wrong_with_it() -> None:
    report = FileReport("x.csv", {"a": "Their A"})
    columns = (Column("a", "", number, required=True), Column("b", "", day), Column("c", ""))
    records = [
        Record(2, {"a": "", "b": "nonsense"}, 1),
        Record(3, {"a": "1", "b": "", "c": "x"}),
    ]
    assert rows_of(records, columns, report) == [Row(3, {"a": number("1"), "c": "x"})]
    assert {(found.line, found.column, found.code) for found in report.findings} == {
        (2, "", "too_many_cells"),
        (2, "Their A", "value_needed"),
        (2, "b", "not_a_date"),
    }
    assert report.refused == 1
