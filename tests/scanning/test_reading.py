"""What a scan says, in every form in which it may come."""

from datetime import date
from decimal import Decimal

import pytest

from inventory.errors import Refused
from inventory.scanning import may_say_more, read

GS = "\x1d"
ITEM = "0109501101530003"
LABEL = f"{ITEM}172612313103002500" + f"10AB-1{GS}21S7"


@pytest.mark.parametrize(
    "text",
    [
        f"]C1{LABEL}",
        f"]d2{LABEL}",
        f"]Q3{LABEL}",
        f"]e0{LABEL}",
        f"]d2{GS}{LABEL}{GS}",
        LABEL,
        f"  {LABEL}\r\n",
        *(LABEL.replace(GS, mark) for mark in ("{GS}", "<GS>", "[GS]", "␝", "|", "~", "^")),
        "(01)09501101530003(17)261231(3103)002500(10)AB-1(21)S7",
        "(01) 0950 1101 5300 03 (17) 261231 (3103) 002500 (10) AB-1 (21) S7",
        "https://id.gs1.org/01/09501101530003/10/AB-1/21/S7?17=261231&3103=002500",
        "https://example.com/our/items/01/09501101530003/10/AB%2D1/21/S7?x=1&17=261231&3103=002500",
        "]Q1HTTPS://EXAMPLE.COM/01/09501101530003/10/AB-1/21/S7?17=261231&3103=002500",
        "https://example.com/gtin/9501101530003/lot/AB-1/ser/S7?17=261231&3103=002500",
    ],
)
def test_one_label_in_every_form(text: str) -> None:
    scan = read(text)
    assert scan.form in ("gs1", "digital_link")
    assert (scan.gtin, scan.lot_number, scan.serial) == ("09501101530003", "AB-1", "S7")
    assert (scan.quantity, scan.unit) == (Decimal("2.500"), "KGM")
    assert scan.expires_on == date(2026, 12, 31)
    assert may_say_more(text.strip())


@pytest.mark.parametrize(
    "text", ["9501101530003", "]E09501101530003", "]I109501101530003", f"]C1{ITEM}", ITEM]
)
def test_an_item_alone(text: str) -> None:
    assert read(text).gtin == "09501101530003"


@pytest.mark.parametrize(("text", "gtin"), [
    ("]E0036000291452", "00036000291452"),  # UPC-A
    ("036000291452", "00036000291452"),
    ("]E0" + "0036000291452", "00036000291452"),
    ("]E001234565", "00012345000065"),  # UPC-E
    ("]E496385074", "00000096385074"),  # EAN-8
    ("]E09501101530003|]e010LOT1", "09501101530003"),  # composite
])  # fmt: skip
def test_numbers_of_items(text: str, gtin: str) -> None:
    scan = read(text)
    assert (scan.form, scan.gtin) == ("ean", gtin)


def test_a_logistic_label() -> None:
    scan = read("]C100106141412345678908" + "02095011015300033724" + f"{GS}10AB{GS}400PO-7")
    assert scan.sscc == "106141412345678908"
    assert (scan.gtin, scan.lot_number, scan.reference) == ("09501101530003", "AB", "PO-7")
    assert (scan.quantity, scan.unit) == (Decimal(24), "EA")


def test_a_place() -> None:
    scan = read(f"]C14149520123456788254LANE-3{GS}")
    assert (scan.location_gln, scan.gln_extension) == ("9520123456788", "LANE-3")


@pytest.mark.parametrize(("digits", "quantity", "unit"), [
    ("3100000012", "12", "KGM"), ("3105000012", "0.00012", "KGM"), ("3152001234", "12.34", "LTR"),
    ("3111000105", "10.5", "MTR"), ("3143000105", "0.105", "MTK"), ("3201000105", "10.5", "LBR"),
    ("30100", "100", "EA"),
])  # fmt: skip
def test_quantities_have_their_decimals(digits: str, quantity: str, unit: str) -> None:
    scan = read(f"]C1{ITEM}{digits}")
    assert (scan.quantity, scan.unit) == (Decimal(quantity), unit)


def test_a_gross_weight_is_no_quantity() -> None:
    assert read(f"]C1{ITEM}3302012345").quantity is None


@pytest.mark.parametrize(("given", "expires"), [
    ("15270131", date(2027, 1, 31)),
    ("17270200", date(2027, 2, 28)),
    ("1526123117270131", date(2027, 1, 31)),
    ("70032701311200", date(2027, 1, 31)),
])  # fmt: skip
def test_days(given: str, expires: date) -> None:
    scan = read(f"]C1{ITEM}11260101{given}")
    assert (scan.made_on, scan.expires_on) == (date(2026, 1, 1), expires)


def test_when_it_is_to_be_tested_again() -> None:
    assert read(f"]C1{ITEM}7011270131").retest_on == date(2027, 1, 31)


@pytest.mark.parametrize(
    "text",
    ["RM-1001/B-2231", "PO-1", "20260301", "4001234", "012345", "NULL", "", "]C0LOT-1", "01ABC",
     "]I11234567890", "0109501101530004", "414952012345678", "9501101530004", "~", "A|B",
     "106141412345678908"],
)  # fmt: skip
def test_what_is_not_gs1_is_plain(text: str) -> None:
    scan = read(text)
    assert scan.is_plain
    assert not scan.is_sure
    assert scan.text == text.removeprefix("]C0").removeprefix("]I1")


@pytest.mark.parametrize(("text", "code"), [
    ("]C10109501101530004", "bad_check_digit"),
    ("(01)09501101530004", "bad_check_digit"),
    ("]C100106141412345678900", "bad_check_digit"),
    ("]E09501101530004", "bad_check_digit"),
    ("https://id.gs1.org/01/09501101530004", "bad_check_digit"),
    ("]C14149520123456780", "bad_check_digit"),
    ("]C1", "bad_gs1"),
    ("]C10109501101530003172613", "bad_gs1"),
    ("]C1010950110153000317260231", "bad_gs1"),
    (f"]C1{ITEM}17261331", "bad_gs1"),
    ("(01)09501101530003(10)", "bad_gs1"),
    ("]E0950110153", "bad_gs1"),
    ("]E001234560", "bad_gs1"),
    ("]I109501101530004", "bad_check_digit"),
    (f"]C1{ITEM}89X", "unknown_ai"),
    ("(89)X", "unknown_ai"),
    (f"]C1{ITEM}10A{GS}10B", "repeated_ai"),
    ("]C110ABC", "incomplete_gs1"),
    ("]C10209501101530003", "incomplete_gs1"),
    ("(01)09501101530003(02)09501101530003(37)1(00)106141412345678908", "contradictory_gs1"),
    (f"]C1{ITEM}31030025003102000250", "contradictory_gs1"),
    ("(8110)012345612345611110123", "coupon_scanned"),
    ("https://example.com/lots/17", "bad_link"),
    ("https://example.com/01/09501101530003/21/A/10/B", "bad_link"),
    ("](1", "unknown_symbol"),
])  # fmt: skip
def test_what_is_gs1_and_wrong(text: str, code: str) -> None:
    with pytest.raises(Refused) as caught:
        read(text)
    assert caught.value.code == code
    assert str(caught.value.hint)
