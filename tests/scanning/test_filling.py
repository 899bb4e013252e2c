"""A label scanned into one field of a verb's form fills in the others."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from inventory import actions as stock
from inventory.forms import VerbForm, form_for
from inventory.models import Lot, Material, MaterialUnit, Movement, Tracking, Unit
from tests.plant import Plant

pytestmark = pytest.mark.django_db

GTIN = "9501101530003"
ITEM = f"]C1010{GTIN}"
SSCC = "106141412345678908"


@pytest.fixture
def milk(plant: Plant) -> Material:
    return plant.material(code="MILK", gtin=GTIN)


@pytest.fixture
def lot(plant: Plant, milk: Material) -> Lot:
    return plant.lot(material=milk, number="AB-1", expires_in=30)


def filled(verb: str, **data: Any) -> VerbForm:
    return form_for(verb)({"lane": "", **data})


def codes_of(form: VerbForm, name: str) -> list[str | None]:
    return [error.code for error in form.errors.as_data().get(name, [])]


def test_a_delivery_is_one_scan(plant: Plant, milk: Material) -> None:
    label = f"{ITEM}112601011727013131030025" + "0010AB-7"
    form = filled("receive", material=label, location=plant.a1.code)
    assert form.is_valid(), form.errors
    line = form.line()
    assert (line.material, line.number, line.quantity) == (milk, "AB-7", Decimal("2.5"))
    assert (line.made_on, line.expires_on) == (date(2026, 1, 1), date(2027, 1, 31))
    assert form["material"].value() == "MILK"


def test_the_number_alone_says_the_rest(plant: Plant, milk: Material) -> None:
    form = filled("receive", number=f"(01)0{GTIN}(10)AB-7(3103)002500", location=plant.a1.code)
    assert form.is_valid(), form.errors
    assert (form.line().material, form.line().number) == (milk, "AB-7")


def test_what_a_person_has_entered_stays(plant: Plant, milk: Material) -> None:
    form = filled("receive", material=f"{ITEM}310300250010AB-7", quantity="2", location=plant.a1)
    assert form.is_valid(), form.errors
    assert form.line().quantity == 2


@pytest.mark.parametrize(("field", "value"), [("number", "AB-8"), ("expires_on", "2027-02-01")])
def test_a_label_that_contradicts_the_form(
    plant: Plant, milk: Material, field: str, value: str
) -> None:
    data = {"material": f"{ITEM}1727013110AB-7", "quantity": "1", "location": plant.a1.code}
    assert codes_of(filled("receive", **data | {field: value}), "material") == ["label_differs"]


def test_the_label_of_another_material(plant: Plant, milk: Material) -> None:
    other = plant.material()
    form = filled("receive", material=other.code, number=f"{ITEM}10AB-7", location=plant.a1.code)
    assert codes_of(form, "number") == ["label_differs"]


def test_a_serial_number_is_one_piece(plant: Plant) -> None:
    pump = plant.pieces(gtin=GTIN, tracking=Tracking.SERIAL)
    form = filled("receive", material=f"{ITEM}10B7\x1d21S1", location=plant.a1.code)
    assert form.is_valid(), form.errors
    line = form.line()
    assert (line.material, line.number, line.quantity) == (pump, "S1", 1)


def test_a_lot_and_its_quantity_are_staged(plant: Plant, lot: Lot) -> None:
    demand = plant.order((lot.material, 10))
    form = filled(
        "stage", demand=f"(400){demand.reference}", lot=f"{ITEM}310300250010AB-1", lane=plant.l1
    )
    assert form.is_valid(), form.errors
    line = form.line()
    assert (line.demand, line.lot, line.quantity, line.unit) == (demand, lot, Decimal("2.5"), None)


def test_a_quantity_in_another_unit(plant: Plant, lot: Lot) -> None:
    label = f"{ITEM}3002\x1d10AB-1"
    unit = Unit.objects.get(code="EA")
    MaterialUnit.objects.create(material=lot.material, unit=unit, numerator=25)
    form = filled("stage", lot=label)
    form.is_valid()
    assert (form.cleaned_data["quantity"], form.cleaned_data["unit"]) == (2, unit)


def test_a_unit_that_the_material_is_not_counted_in(plant: Plant, lot: Lot) -> None:
    form = filled("stage", lot=f"{ITEM}3002\x1d10AB-1")
    form.is_valid()
    assert form.cleaned_data["lot"] == lot
    assert form.cleaned_data["quantity"] is None


def test_a_pallets_label_names_the_pallet_too(plant: Plant, lot: Lot) -> None:
    line = stock.NewContainer(code="PAL1", location=plant.a1, sscc=SSCC)
    pallet = stock.new_container(lines=[line], by=plant.operator, at=plant.now)[0]
    form = filled("stage", lot=f"]C100{SSCC}020{GTIN}3724\x1d10AB-1")
    form.is_valid()
    assert (form.cleaned_data["lot"], form.cleaned_data["container"]) == (lot, pallet)


def test_a_hold_is_on_what_was_scanned_alone(plant: Plant, lot: Lot) -> None:
    form = filled("place_hold", lot=f"{ITEM}10AB-1", reason="torn")
    form.is_valid()
    assert form.cleaned_data["lot"] == lot
    assert form.cleaned_data["material"] is None


def test_what_was_counted_is_not_on_the_label(plant: Plant, lot: Lot) -> None:
    form = filled("adjust", lot=f"{ITEM}310300250010AB-1", location=plant.a1.code)
    form.is_valid()
    assert "quantity" not in form.filled


@pytest.mark.parametrize(("field", "text", "code"), [
    ("number", f"{ITEM}", "not_in_code"),
    ("number", "]C1010950110153000410A", "bad_check_digit"),
    ("material", "]C1010950110153000410A", "bad_check_digit"),
    ("location", f"{ITEM}10AB-1", "not_in_code"),
    ("container", "(00)106141412345678900", "bad_check_digit"),
])  # fmt: skip
def test_a_wrong_label_is_refused_beside_its_field(
    plant: Plant, milk: Material, field: str, text: str, code: str
) -> None:
    assert codes_of(filled("receive", **{field: text}), field) == [code]


def test_a_lot_number_that_looks_like_an_ean_is_one(plant: Plant, milk: Material) -> None:
    form = filled("receive", material="MILK", number=GTIN, quantity="1", location=plant.a1.code)
    assert form.is_valid(), form.errors
    assert form.line().number == GTIN


def test_a_reference_may_be_any_text(plant: Plant, milk: Material) -> None:
    data = {"material": "MILK", "number": "A", "quantity": "1", "location": plant.a1.code}
    for text, kept in (("(400)PO-7", "PO-7"), ("(00)" + SSCC, "(00)" + SSCC), ("PO 7", "PO 7")):
        form = filled("receive", **data, reference=text)
        assert form.is_valid(), form.errors
        assert form.line().reference == kept


def label(client: Client, verb: str, scanned: str, **data: str) -> Any:
    return client.post(f"/work/{verb}/label/", {**data, "scanned": scanned})


def test_the_page_asks_what_a_label_says(client: Client, plant: Plant, lot: Lot) -> None:
    client.force_login(plant.operator.user)
    answer = label(client, "stage", "lot", lot=f"{ITEM}310300250010AB-1")
    assert answer.json() == {"values": {"lot": "MILK/AB-1", "quantity": "2.5"}}
    day = f"{timezone.localdate() + timedelta(days=1):%y%m%d}"
    wrong = label(client, "stage", "lot", lot=f"{ITEM}17{day}10AB-1")
    assert wrong.status_code == 409
    assert "MILK/AB-1" in wrong.json()["why"]
    assert label(client, "stage", "lot", lot="MILK/AB-1").json() == {"values": {}}
    assert Movement.objects.count() == 1


def test_who_may_not_do_it_is_not_told(client: Client, plant: Plant, lot: Lot) -> None:
    client.force_login(plant.qa.user)
    assert label(client, "stage", "lot", lot=f"{ITEM}10AB-1").status_code == 403
    assert client.get("/work/stage/label/").status_code in (403, 405)


def test_a_form_that_was_sent_with_labels_is_done(client: Client, plant: Plant, lot: Lot) -> None:
    client.force_login(plant.operator.user)
    demand = plant.order((lot.material, 10))
    answer = client.post("/work/stage/", {
        "demand": demand.reference, "lot": f"{ITEM}310300250010AB-1", "lane": plant.l1.code,
        "idempotency_key": "k",
    })  # fmt: skip
    assert answer.status_code == 302
    assert Movement.objects.get(kind="stage").quantity == Decimal("2.5")
