"""From a scan to the thing, through `inventory.codes`: the one way for every surface."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inventory import actions as stock
from inventory import codes
from inventory.errors import Refused
from inventory.models import Container, Location, Lot, Material, Tracking
from inventory.scanning import resolve
from staging.models import Demand
from tests.plant import Plant
from tests.standing import built_once

pytestmark = pytest.mark.django_db

GTIN = "9501101530003"
ITEM = f"010{GTIN}"
SSCC = "106141412345678908"
GLN = "9520123456788"


@built_once
def lot(plant: Plant) -> Lot:
    material = plant.material(code="MILK", gtin=GTIN)
    return plant.lot(material=material, number="AB-1", expires_in=30, supplier_lot="SUP-9")


def place(plant: Plant, gln: str = GLN, extension: str = "") -> Location:
    Location.objects.filter(pk=plant.l1.pk).update(gln=gln, gln_extension=extension)
    return Location.objects.get(pk=plant.l1.pk)


def refusal(kind: type, text: str) -> Refused:
    with pytest.raises(Refused) as caught:
        codes.find_one(kind, text)
    return caught.value


@pytest.mark.parametrize(
    "text",
    [f"]C1{ITEM}10AB-1", f"(01)0{GTIN}(10)AB-1", f"{ITEM}10AB-1", f"]d2{ITEM}10SUP-9",
     f"https://example.com/01/0{GTIN}/10/AB-1", f"]C100{SSCC}020{GTIN}3724\x1d10AB-1",
     "MILK/AB-1", "]C0MILK/AB-1", "AB-1"],
)  # fmt: skip
def test_a_lot(lot: Lot, text: str) -> None:
    assert codes.find_one(Lot, text) == lot


def test_the_lot_of_the_item_and_not_of_another(plant: Plant, lot: Lot) -> None:
    plant.lot(material=plant.material(gtin="96385074"), number="AB-1")
    assert codes.find_one(Lot, f"]C1{ITEM}10AB-1") == lot
    assert codes.find_one(Lot, "]C1010000009638507410AB-1").material.gtin == "96385074"


def test_our_own_number_goes_before_the_suppliers(plant: Plant, lot: Lot) -> None:
    ours = plant.lot(material=lot.material, number="SUP-9", expires_in=30)
    assert codes.find_one(Lot, f"]C1{ITEM}10SUP-9") == ours


def test_a_suppliers_number_of_two_lots(plant: Plant, lot: Lot) -> None:
    plant.lot(material=lot.material, number="AB-2", expires_in=30, supplier_lot="SUP-9")
    assert refusal(Lot, f"]C1{ITEM}10SUP-9").code == "ambiguous_code"


def test_a_serial_number(plant: Plant) -> None:
    pump = plant.pieces(gtin=GTIN, tracking=Tracking.SERIAL)
    first, batch = (plant.lot(1, material=pump, number=number) for number in ("S1", "B7"))
    assert codes.find_one(Lot, f"]C1{ITEM}21S1") == first
    assert codes.find_one(Lot, f"]C1{ITEM}10B7\x1d21S1") == first
    assert codes.find_one(Lot, f"]C1{ITEM}10B7") == batch
    assert refusal(Lot, f"]C1{ITEM}10B7\x1d21S2").code == "unknown_code"


def test_a_container(plant: Plant) -> None:
    line = stock.NewContainer(code="PAL1", location=plant.a1, sscc=SSCC)
    stock.new_container(lines=[line], by=plant.operator, at=plant.now)
    for text in (f"]C100{SSCC}", f"00{SSCC}", SSCC, f"https://example.com/00/{SSCC}", "PAL1"):
        assert codes.find_one(Container, text).code == "PAL1"


def test_a_place(plant: Plant) -> None:
    lane = place(plant)
    assert codes.find_one(Location, f"]C1414{GLN}") == lane
    assert refusal(Location, f"]C1414{GLN}254L2").code == "unknown_code"
    lane = place(plant, extension="L1")
    assert codes.find_one(Location, f"]C1414{GLN}254L1") == lane
    assert refusal(Location, f"]C1414{GLN}").code == "unknown_code"


def test_a_material(lot: Lot) -> None:
    for text in (GTIN, f"]E0{GTIN}", f"0{GTIN}", f"]C1{ITEM}10NEW", f"https://a.b/01/0{GTIN}"):
        assert codes.find_one(Material, text) == lot.material


def test_a_demand(plant: Plant) -> None:
    demand = plant.order((plant.material(), 1), reference="PO-7")
    assert codes.find_one(Demand, "]C1400PO-7") == demand
    assert codes.find_one(Demand, "(400)PO-7") == demand


def test_our_own_codes_go_before_what_looks_like_gs1(plant: Plant, lot: Lot) -> None:
    """A lot number of fourteen digits whose check digit happens to be right."""
    ours = plant.lot(number=f"{ITEM}10AB-1")
    assert codes.find_one(Lot, f"{ITEM}10AB-1") == ours
    assert codes.find_one(Lot, f"]C1{ITEM}10AB-1") == lot


@pytest.mark.parametrize(("text", "code"), [
    (f"]C1{ITEM}10NONE", "unknown_code"),
    ("]C1010000009638507410AB-1", "unknown_code"),
    (f"]C1414{GLN}", "not_in_code"),
    (f"]C1{ITEM}", "not_in_code"),
    ("]C1010950110153000410AB-1", "bad_check_digit"),
    ("]C110AB-1", "incomplete_gs1"),
    ("https://example.com/lots/1", "bad_link"),
])  # fmt: skip
def test_what_leads_to_no_lot(lot: Lot, text: str, code: str) -> None:
    found = refusal(Lot, text)
    assert found.code == code
    assert str(found.hint)


def test_an_expiry_that_is_not_the_lots(lot: Lot) -> None:
    assert lot.expires_on
    right, wrong = (f"{day:%y%m%d}" for day in (lot.expires_on, timezone.localdate()))
    assert codes.find_one(Lot, f"]C1{ITEM}17{right}10AB-1") == lot
    assert refusal(Lot, f"]C1{ITEM}17{wrong}10AB-1").code == "label_differs"
    assert codes.find_one(Lot, f"]C1{ITEM}15{wrong}10AB-1") == lot  # best before


def test_many_scans_take_one_query_a_kind(plant: Plant, lot: Lot) -> None:
    for number in range(5):
        plant.lot(material=lot.material, number=f"L{number}")
    texts = [f"]C1{ITEM}10L{number}" for number in range(5)]
    with CaptureQueriesContext(connection) as few:
        assert len(codes.find(Lot, texts[:1])) == 1
    with CaptureQueriesContext(connection) as many:
        assert len(codes.find(Lot, [*texts, f"]C1{ITEM}10NONE"])) == 5
    assert len(many) == len(few) == 1


def test_everything_that_a_label_names(plant: Plant, lot: Lot) -> None:
    line = stock.NewContainer(code="PAL1", location=plant.a1, sscc=SSCC)
    stock.new_container(lines=[line], by=plant.operator, at=plant.now)
    text = f"]C100{SSCC}020{GTIN}3724\x1d10AB-1"
    with CaptureQueriesContext(connection) as queries:
        meant = resolve(text)
    assert len(queries) == 3
    assert meant.one(Lot) == lot
    assert meant.one(Material) == lot.material
    assert str(meant.one(Container)) == "PAL1"
    assert meant.one(Location) is None
    assert meant.scan.quantity == Decimal(24)
    assert resolve(text, [Lot]).things == (lot,)


def test_a_bare_number_of_several_lots(plant: Plant, lot: Lot) -> None:
    plant.lot(number="AB-1")
    meant = resolve("AB-1", [Lot, Material])
    assert (meant.things, meant.several) == ((), (Lot,))
