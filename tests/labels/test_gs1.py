"""Numbers and element strings, against what the General Specifications give as examples."""

from decimal import Decimal

import pytest

from inventory import gs1
from inventory.check_digits import is_checked
from inventory.gs1 import Element


@pytest.mark.parametrize(
    "number",
    ["106141412345678908", "00614141999996", "9506000134352", "96385074", "614141999996"],
)
def test_check_digits(number: str) -> None:
    assert is_checked(number)
    for wrong in range(10):
        assert is_checked(f"{number[:-1]}{wrong}") == (str(wrong) == number[-1])


@pytest.mark.parametrize("number", ["", "7", "12345A", "１２３４５６７０"])  # noqa: RUF001
def test_what_is_no_number_is_not_checked(number: str) -> None:
    assert not is_checked(number)


def test_an_sscc_is_filled_up_and_checked() -> None:
    assert gs1.sscc(1, "0614141", 234567890) == "106141412345678908"
    assert len(gs1.sscc(0, "123456789012", 1)) == 18
    with pytest.raises(ValueError, match="beyond"):
        gs1.sscc(0, "123456789012", 10_000)


@pytest.mark.parametrize(
    ("quantity", "unit", "expected"),
    [
        ("25.5", "KGM", "(3101)000255"),
        ("100.000000", "KGM", "(3100)000100"),
        ("0.00125", "KGM", "(3105)000125"),
        ("2500", "GRM", "(3101)000025"),
        ("12.75", "LTR", "(3152)001275"),
        ("1234567", "KGM", None),
        ("0.000001", "KGM", None),
        ("1234.5678", "KGM", None),
        ("5", "EA", None),
        ("0", "KGM", None),
    ],
)
def test_a_measure_is_exact_or_left_out(quantity: str, unit: str, expected: str | None) -> None:
    found = gs1.measure(Decimal(quantity), unit)
    assert (found.readable if found else None) == expected


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [("40.000", "40"), ("1E+3", "1000"), ("2.5", None), ("0", None), ("100000000", None)],
)
def test_a_count_is_whole_or_left_out(quantity: str, expected: str | None) -> None:
    found = gs1.count("37", Decimal(quantity))
    assert (found.value if found else None) == expected


def test_a_separator_stands_behind_what_has_no_fixed_length_but_the_last() -> None:
    elements = (
        Element("10", "A1"),
        Element("01", "0" * 14),
        Element("37", "4"),
        Element("21", "B"),
    )
    assert gs1.raw(elements) == "10A1\x1d01000000000000003 74\x1d21B".replace(" ", "")
    assert gs1.readable(elements[:2]) == "(10)A1 (01)00000000000000"


@pytest.mark.parametrize(
    ("text", "fits"),
    [("AB-1", True), ('!"%&\'()*+,-./:;<=>?_z', False), ("!\"%&'()*+,-./", True),
     ("x" * 21, False), ("A B", False), ("LÖ", False), ("", False), ("a^b", False), ("[1]", False)],
)  # fmt: skip
def test_what_a_lot_number_may_be_by_gs1(text: str, fits: bool) -> None:
    assert gs1.is_text(text) == fits
