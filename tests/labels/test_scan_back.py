"""What is printed scans back: from the pixels of the PDF, and from the fields of ZPL."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from inventory import actions as stock
from inventory import gs1
from inventory.models import Container, Location, Lot, Material, Site, Tracking
from inventory.scanning import read, resolve
from staging.labels import code128
from staging.labels.lines import KINDS, Format, LotLabel, Resolution
from staging.labels.symbols import Code, bars
from tests.core.refusal import refused
from tests.labels.conftest import GTIN, Scanned, fields, formats, make, scans, size, symbols
from tests.plant import Plant

D = Decimal
EVERY_SIZE = (
    "100x150",
    "105x148",
    "148x210",
    "100x50",
    "70x30",
    "297x210",
    "A4-4",
    "A4-8",
    "A4-24",
)
HOSTILE = [
    "^XZ^XA^FDpwned",
    "~HS~JA",
    "_1_d065__",
    "\\5E",
    ">8>;12",
    "A,B;C'\"",
    "(10)A[21]B",
    "<b>&amp;",
]


def matrix_of(found: list[Scanned]) -> Scanned:
    [one] = [one for one in found if one.identifier in ("]d1", "]d2")]
    return one


def pallet(plant: Plant, *packed: tuple[Lot, Any], code: str = "PAL1") -> Container:
    Site.objects.filter(pk=plant.site.pk).update(gs1_prefix="9521234", sscc_extension=3)
    plant.a1.refresh_from_db()
    line = stock.NewContainer(code=code, location=plant.a1, numbered=True)
    [container] = stock.new_container(lines=[line], by=plant.operator, at=plant.now)
    for lot, quantity in packed:
        plant.do(stock.pack, stock.Pack(lot=lot, container=container, quantity=D(quantity)))
    return container


@pytest.mark.parametrize("on", ["100x50", "70x30", "A4-24"])
def test_a_lot_with_a_gtin_has_a_gs1_datamatrix(plant: Plant, tablets: Material, on: str) -> None:
    lot = plant.lot(material=tablets, number="AB-1", expires_on=date(2031, 5, 31))
    line = LotLabel(lot=lot, quantity=D(24))
    [[found]] = scans(make(plant, "lots", line, on=on).content)
    assert found == Scanned("]d2", f"01{GTIN}1731053110AB-1\x1d3024")


def test_a_serial_is_a_serial_by_gs1(plant: Plant) -> None:
    material = plant.pieces(gtin=GTIN, tracking=Tracking.SERIAL)
    [[found]] = scans(make(plant, "lots", plant.lot(1, material=material, number="S/1")).content)
    assert found == Scanned("]d2", f"01{GTIN}21S/1")


def test_a_weight_is_on_it_in_kilograms(plant: Plant) -> None:
    lot = plant.lot(material=plant.material(gtin=GTIN), number="W1")
    [[found]] = scans(make(plant, "lots", LotLabel(lot=lot, quantity=D("25.5"))).content)
    assert found == Scanned("]d2", f"01{GTIN}310100025510W1")


@pytest.mark.parametrize(
    ("gtin", "number"),
    [
        ("", "N1"),
        (GTIN, "a number of more than twenty"),
        (GTIN, "LÖS/1 ß"),
        ("09521234000019", "N1"),
    ],
)
def test_what_gs1_cannot_carry_has_our_own_code(plant: Plant, gtin: str, number: str) -> None:
    """No GTIN, one with a wrong check digit, or a lot number that no element takes."""
    lot = plant.lot(material=plant.material(), number=number)
    Material.objects.filter(pk=lot.material_id).update(gtin=gtin)  # one may be from long ago
    [[found]] = scans(make(plant, "lots", lot).content)
    assert found == Scanned("]d1", lot.code)
    [label] = formats(make(plant, "lots", LotLabel(lot=lot, reason="x"), format=Format.ZPL).content)
    assert symbols(label) == [found]


@pytest.mark.parametrize("on", ["100x150", "105x148", "148x210", "A4-4"])
def test_a_logistic_label(plant: Plant, tablets: Material, on: str) -> None:
    lot = plant.lot(material=tablets, number="AB-1", expires_on=date(2031, 5, 31))
    container = pallet(plant, (lot, 40))
    [found] = scans(make(plant, "containers", container, on=on).content)
    assert matrix_of(found) == Scanned("]d2", f"00{container.sscc}02{GTIN}3740\x1d1731053110AB-1")
    assert found[-1] == Scanned("]C1", f"00{container.sscc}")
    assert found[-2].identifier == "]C1"
    assert found[-2].data.startswith(f"02{GTIN}3740")


@pytest.mark.parametrize("resolution", Resolution)
def test_a_logistic_label_keeps_the_sizes_of_gs1(
    plant: Plant, tablets: Material, resolution: Resolution
) -> None:
    """X-dimension 0.495 to 1.016 mm, bars 32 mm high, digits 3 mm, ten modules white beside."""
    from staging.labels import layout, zpl
    from staging.labels.lines import ContainerLabel
    from staging.labels.reading import labels_of

    container = pallet(plant, (plant.lot(material=tablets, number="AB-1"), 40))
    [label] = labels_of([ContainerLabel(container=container)], plant.now)
    shapes = layout.lay_out(label, layout.Frame(100, 150, zpl.DOTS[resolution]))
    drawn = [shape for shape in shapes if isinstance(shape, layout.Bars)]
    assert len(drawn) == 2
    for shape in drawn:
        assert 0.495 <= shape.module <= 1.016
        assert shape.height >= 31.75
        wide = code128.width(shape.code) * shape.module
        assert shape.x >= 10 * shape.module
        assert shape.x + wide + 10 * shape.module <= 100
        [text] = [one for one in shapes if isinstance(one, layout.Text)
                  and one.text == shape.code.readable and one.y > shape.y]  # fmt: skip
        assert text.size * 0.729 >= 3.0  # capitals of the font to its size


def test_a_container_of_several_lots_says_its_sscc_alone(plant: Plant, tablets: Material) -> None:
    lots = [plant.lot(material=tablets, number=number) for number in ("A", "B")]
    container = pallet(plant, *((lot, 10) for lot in lots))
    [found] = scans(make(plant, "containers", container).content)
    assert [one.data for one in found] == [f"00{container.sscc}"] * 2


def test_what_is_packed_in_it_counts_as_well(plant: Plant, tablets: Material) -> None:
    lot, other = (plant.lot(material=tablets, number=number) for number in ("A", "B"))
    outer, middle, inner = (
        pallet(plant, *packed, code=code)
        for code, packed in (("OUT", [(lot, 10)]), ("MID", []), ("IN", [(lot, 5)]))
    )
    Container.objects.filter(pk=middle.pk).update(parent=outer)
    Container.objects.filter(pk=inner.pk).update(parent=middle)
    found = scans(make(plant, "containers", outer, middle, inner).content)
    assert [matrix_of(page).data[20:40] for page in found] == [
        f"02{GTIN}37{count}"[:20] for count in ("15", "5\x1d", "5\x1d")
    ]
    plant.do(stock.pack, stock.Pack(lot=other, container=inner, quantity=D(1)))
    [page, *_others] = scans(make(plant, "containers", outer).content)
    assert matrix_of(page).data == f"00{outer.sscc}"


def test_a_weighed_container_is_a_trade_item_with_its_weight(plant: Plant) -> None:
    lot = plant.lot(material=plant.material(gtin=GTIN), number="W1")
    container = pallet(plant, (lot, "25.5"))
    [found] = scans(make(plant, "containers", container).content)
    assert matrix_of(found).data == f"00{container.sscc}01{GTIN}310100025510W1"


def test_a_container_without_an_sscc_has_its_own_code(plant: Plant) -> None:
    line = stock.NewContainer(code="TOTE-7", location=plant.a1)
    [container] = stock.new_container(lines=[line], by=plant.operator, at=plant.now)
    [found] = scans(make(plant, "containers", container).content)
    assert found == [Scanned("]d1", "TOTE-7"), Scanned("]C0", "TOTE-7")]


@pytest.mark.parametrize("on", EVERY_SIZE)
def test_every_kind_scans_back_on_every_size(plant: Plant, tablets: Material, on: str) -> None:
    lot = plant.lot(material=tablets, number="AB-1", expires_on=date(2031, 5, 31))
    container, demand = pallet(plant, (lot, 40)), plant.order((tablets, 5))
    expected = {
        "lots": (lot, f"01{GTIN}1731053110AB-1"),
        "containers": (container, f"00{container.sscc}02{GTIN}3740\x1d1731053110AB-1"),
        "locations": (plant.l1, plant.l1.code),
        "demands": (demand, demand.reference),
    }
    assert set(expected) == set(KINDS)
    for kind, (thing, data) in expected.items():
        [found] = scans(make(plant, kind, thing, on=on).content)
        assert matrix_of(found).data == data
        if size(on).is_sheet:
            continue
        for resolution in Resolution:
            line = KINDS[kind].line(**{KINDS[kind].field: thing}, reason="again")
            made = make(plant, kind, line, on=on, format=Format.ZPL, resolution=resolution)
            [label] = formats(made.content)
            assert matrix_of(symbols(label)).data == data
            assert sorted(one.data for one in symbols(label)) == sorted(one.data for one in found)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_is_a_command(plant: Plant, text: str) -> None:
    """Every ^ and ~ in the file is one of ours; what was meant as text stays text."""
    material = plant.material(name=text)
    lot = plant.lot(material=material, number=text[:20], supplier_lot=text)
    made = make(plant, "lots", lot, format=Format.ZPL)
    [label] = formats(made.content)
    harmless = make(plant, "lots", plant.lot(material=plant.material(name="x" * len(text)),
                    number="y" * len(text[:20]), supplier_lot="z" * len(text)),
                    format=Format.ZPL)  # fmt: skip
    [other] = formats(harmless.content)
    assert b"~" not in made.content
    assert _commands(label) == _commands(other)
    assert symbols(label) == [Scanned("]d1", lot.code)]
    texts = b"".join(data for command, data in fields(label) if command == "A0").decode()
    assert text.replace(" ", "") in texts.replace(" ", "")
    [[found]] = scans(make(plant, "lots", LotLabel(lot=lot, reason="x")).content)
    assert found == Scanned("]d1", lot.code)


def _commands(label: str) -> set[str]:
    return {part[:2] for part in label.split("^")[1:]}


@pytest.mark.parametrize(
    "text",
    [
        "A",
        "12",
        "123",
        "1234",
        "12345",
        "A1234B",
        "A12345",
        "99AB123456",
        "1234A",
        "a>b^c~d",
        "0012AB9",
    ],
)
def test_code_128_reads_back_and_is_no_narrower_than_its_picture(text: str) -> None:
    from tests.labels.conftest import _bars

    code = Code(text)
    said = "".join(code128.characters(code)).encode()
    assert _bars(said) == Scanned("]C0", text)
    assert code128.width(code) >= len(bars(code))


def test_gs1_128_has_fnc1_first_and_between() -> None:
    elements = (gs1.Element("37", "123"), gs1.Element("10", "AB1234"))
    code = Code(elements=elements)
    assert code128.characters(code)[1] == code128.FNC1
    assert code128.characters(code).count(code128.FNC1) == 2
    assert code128.width(code) >= len(bars(code))


def test_copies_and_sheets(plant: Plant) -> None:
    lines = [KINDS["locations"].line(location=place, copies=5) for place in (plant.l1, plant.l2)]
    made = make(plant, "locations", *lines, on="A4-8", skip=3)
    first, second = scans(made.content)
    assert [len(first), len(second), made.count] == [10, 10, 10]  # each has two symbols
    assert {one.data for one in first} == {plant.l1.code}
    assert {one.data for one in second} == {plant.l2.code}
    roll = make(plant, "locations", *lines, on="70x30", format=Format.ZPL)
    assert [label.count("^PQ5") for label in formats(roll.content)] == [1, 1]


def test_a_long_code_needs_a_larger_label(plant: Plant) -> None:
    lot = plant.lot(number="n" * 60, material=plant.material(code="M" * 60, name="n" * 200))
    with refused("label_too_small"):
        make(plant, "lots", lot, on="70x30")
    [[found]] = scans(make(plant, "lots", lot, on="100x150").content)
    assert found.data == lot.code


def test_staged_containers_of_a_demand(plant: Plant, tablets: Material) -> None:
    from staging.labels.choosing import chosen

    lot = plant.lot(material=tablets, number="A")
    container, demand = pallet(plant, (lot, 10)), plant.order((tablets, 10))
    plant.stage(demand, lot, plant.l1, container=container)
    asked = {"demand": [demand.reference]}
    assert [line.container for line in chosen(KINDS["containers"], asked)] == [container]
    [of_lot] = chosen(KINDS["lots"], asked)
    assert (of_lot.lot, of_lot.quantity) == (lot, D(10))


def test_the_products_own_reader_finds_what_was_meant(plant: Plant, tablets: Material) -> None:
    lot = plant.lot(material=tablets, number="AB-1", expires_on=date(2031, 5, 31))
    serial = plant.lot(1, material=plant.pieces(gtin="09521234000020", tracking="serial"))
    odd, weighed = plant.lot(number="LÖS 1^"), plant.lot(material=plant.material())
    container, own = pallet(plant, (lot, 40)), pallet(plant, (weighed, 5), code="OWN")
    Container.objects.filter(pk=own.pk).update(sscc="")
    Location.objects.filter(pk=plant.l2.pk).update(gln="9521234000037", gln_extension="L2")
    demand = plant.order((tablets, 5))
    for kind, things in {
        "lots": [lot, serial, odd, weighed],
        "containers": [container, own],
        "locations": [plant.l1, plant.l2],
        "demands": [demand],
    }.items():
        pages = scans(make(plant, kind, *things).content)
        for thing, page in zip(things, pages, strict=True):
            assert page
            for found in page:
                if found.data.startswith("02"):
                    continue  # of contents alone, which name no container
                meant = resolve(found.identifier + found.data, [type(thing)])
                assert meant.one(type(thing)) == thing
    label = matrix_of(scans(make(plant, "containers", container).content)[0])
    scan = read(label.identifier + label.data)
    assert (scan.sscc, scan.gtin, scan.lot_number) == (container.sscc, GTIN, "AB-1")
    assert (scan.quantity, scan.expires_on) == (D(40), date(2031, 5, 31))
