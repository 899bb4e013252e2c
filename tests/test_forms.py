"""The forms offer what the verbs take, and say what they cannot make out."""

import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from inventory.errors import Refused
from inventory.forms import VerbForm, form_for
from inventory.verbs import REGISTRY
from tests.plant import Plant

ROOT = Path(__file__).resolve().parent.parent


def codes_of(form: VerbForm, field: str) -> list[str | None]:
    return [error.code for error in form.errors[field].as_data()]


def first(form: VerbForm, field: str) -> ValidationError:
    error: ValidationError = form.errors.as_data()[field][0]
    return error


@pytest.mark.parametrize("name", REGISTRY)
def test_a_form_has_the_fields_of_its_line(name: str) -> None:
    declared = REGISTRY[name].fields
    form = form_for(name)
    assert list(form.base_fields) == [field.name for field in declared]
    required = {field.name for field in declared if field.required and field.type is not bool}
    required |= {"signer"} & form.base_fields.keys()  # a page asks for both parts of a signature
    assert {n for n, field in form.base_fields.items() if field.required} == required


@pytest.mark.parametrize("name", REGISTRY)
def test_every_field_is_shown_once(name: str, db: None) -> None:
    form = form_for(name)()
    fields = (*form.hidden_fields(), *form.main_fields, *form.more_fields)
    shown = [bound.name for bound in fields]
    assert sorted(shown) == sorted(form.base_fields)
    assert str(form).count('name="') == len(shown)


def test_every_verb_has_an_icon_of_ours() -> None:
    symbols = set(re.findall(r'id="([^"]+)"', (ROOT / "static/icons.svg").read_text()))
    assert {verb.icon for verb in REGISTRY.values()} <= symbols


def test_codes_become_things(plant: Plant) -> None:
    lot = plant.lot(10)
    order = plant.order((lot.material, 5))
    form = form_for("stage")(
        {
            "demand": order.reference,
            "lot": f" {lot.code} ",
            "lane": plant.l1.code,
            "quantity": "2.5",
        }
    )
    assert form.is_valid(), form.errors
    line = form.line()
    assert (line.demand, line.lot, line.lane) == (order, lot, plant.l1)
    assert line.quantity == Decimal("2.5")
    assert line.source is None


def test_an_unknown_code_is_said_beside_its_field(plant: Plant) -> None:
    form = form_for("move")({"lot": "NO/SUCH", "target": plant.a1.code})
    assert codes_of(form, "lot") == ["unknown_code"]
    error = first(form, "lot")
    assert isinstance(error, Refused)
    assert error.hint
    assert "Scan it again" in str(form)


def test_a_number_of_two_lots_is_ambiguous(plant: Plant) -> None:
    plant.lot(1, number="SAME")
    other = plant.lot(1, number="SAME")
    assert codes_of(form_for("move")({"lot": "SAME", "target": "x"}), "lot") == ["ambiguous_code"]
    exact = form_for("move")({"lot": other.code, "target": plant.a2.code})
    assert exact.is_valid()
    assert exact.line().lot == other


def test_what_is_left_empty_is_left_to_the_default(plant: Plant) -> None:
    order = plant.order((plant.material(), 5))
    form = form_for("change_demand")({"demand": order.reference, "reason": "later", "route": ""})
    assert form.is_valid(), form.errors
    line = form.line()
    assert (line.route, line.needed_at, line.requirements) == (None, None, ())


def demand_form(plant: Plant, needs: str, **changes: Any) -> VerbForm:
    soon = timezone.localtime() + timedelta(hours=2)
    values = {
        "reference": "PO-1",
        "kind": "production",
        "site": plant.site.code,
        "needed_at": soon.strftime("%Y-%m-%dT%H:%M"),
        "work_center": plant.wc.code,
        "requirements": needs,
    }
    return form_for("create_demand")(values | changes)


def test_needs_are_read_one_a_line(plant: Plant) -> None:
    first_, second = plant.material(), plant.pieces()
    form = demand_form(plant, f"{first_.code} 12.5\n\n{second.code}; 4 ea\n")
    assert form.is_valid(), form.errors
    line = form.line()
    found = [(n.material, n.quantity, n.unit and n.unit.pk) for n in line.requirements]
    assert found == [(first_, Decimal("12.5"), None), (second, Decimal(4), "EA")]
    assert line.kind == "production"
    assert timezone.is_aware(line.needed_at)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("{m} 5\nNOPE 5", 2, "no material"),
        ("{m} five", 1, "number"),
        ("{m}", 1, "required"),
        ("{m} 1 KGM x y", 1, "more than"),
        ("\n\n{m} 1 QQQ", 3, "no unit"),
        ("x" * 20_000, 1, "at most"),
    ],
)
def test_an_error_names_its_line(plant: Plant, text: str, line: int, words: str) -> None:
    form = demand_form(plant, text.format(m=plant.material().code))
    message = str(first(form, "requirements").messages[0])
    assert message.startswith(f"Line {line}:")
    assert words in message.lower()


@pytest.mark.parametrize("quantity", ["NaN", "1e99", "-", "1,5x"])
def test_a_quantity_is_a_number(plant: Plant, quantity: str) -> None:
    lot = plant.lot(1)
    form = form_for("move")({"lot": lot.code, "target": plant.a2.code, "quantity": quantity})
    assert not form.is_valid()
    assert "quantity" in form.errors


def test_references_are_separated_by_commas(plant: Plant) -> None:
    lot = plant.lot(1)
    form = form_for("restrict")(
        {"lot": lot.code, "references": "A-1, B-2,,", "meaning": "approval", "reason": "r",
         "signer": "qa", "password": " secret "}
    )  # fmt: skip
    assert form.is_valid(), form.errors
    assert form.line().references == ("A-1", "B-2")
    assert form.line().password == " secret "


def test_a_text_fits_its_record(plant: Plant) -> None:
    form = form_for("receive")({"number": "x" * 61})
    assert codes_of(form, "number") == ["max_length"]


def test_a_refusal_stands_where_the_form_has_its_field(plant: Plant) -> None:
    form = form_for("consume")({"lot": plant.lot(1).code})
    form.is_valid()
    form.refuse(Refused("several places", code="lane_needed", field="lane"))
    form.refuse(Refused("whatever", code="odd", field="nowhere"))
    assert codes_of(form, "work_center") == ["lane_needed"]
    assert codes_of(form, "__all__") == ["odd"]


def test_few_codes_are_suggested_and_many_are_not(plant: Plant) -> None:
    assert f'<option value="{plant.l1.code}">' in str(form_for("stage")())
    for _ in range(40):
        plant._place(f"X{_}", kind="staging", purpose="line_side")
    assert "<datalist" not in str(form_for("stage")()["lane"])
