"""A line of a request: the same fields as the action's, read strictly."""

from dataclasses import MISSING, fields
from decimal import Decimal
from typing import Any

import pytest
from django.db import models
from pytest_django import DjangoAssertNumQueries

from inventory import codes
from inventory.actions import NewContainer, Receipt
from inventory.api.lines import line_serializer, read_lines
from inventory.api.problems import Invalid
from inventory.models import Container, Lot, Material, Movement
from inventory.verbs import REGISTRY
from quality.actions import Release, Result
from quality.models import Decision, InspectionResult, Meaning
from staging.actions import NewDemand
from staging.models import Demand
from tests.plant import Plant

pytestmark = pytest.mark.django_db


def errors_of(line: type, body: Any) -> list[tuple[Any, Any, str]]:
    with pytest.raises(Invalid) as invalid:
        read_lines(line, body)
    return [(error["line"], error["field"], error["code"]) for error in invalid.value.errors]


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_the_serializer_has_the_fields_of_the_line(name: str) -> None:
    line = REGISTRY[name].line
    serializer = line_serializer(line)()
    assert list(serializer.fields) == [declared.name for declared in fields(line)]
    for declared in fields(line):
        assert serializer.fields[declared.name].required == (declared.default is MISSING)


def test_it_is_built_once() -> None:
    assert line_serializer(Receipt) is line_serializer(Receipt)


@pytest.mark.parametrize(
    ("line", "model"),
    [(Receipt, Lot), (Receipt, Movement), (NewContainer, Container), (NewDemand, Demand),
     (Result, InspectionResult)],
)  # fmt: skip
def test_a_text_fits_into_its_record(line: type, model: type[models.Model]) -> None:
    longest = {column.name: column.max_length for column in model._meta.concrete_fields}
    for declared in fields(line):
        field = line_serializer(line)().fields[declared.name]
        if declared.name in longest and longest[declared.name] and not hasattr(field, "kind"):
            assert getattr(field, "max_length", 0) <= longest[declared.name], declared.name
    references = Decision._meta.get_field("references")
    assert isinstance(references, models.JSONField)  # its texts are bounded by the demand's


def test_a_line_becomes_what_the_action_takes(plant: Plant) -> None:
    body = {
        "material": plant.material(code="M1").code,
        "number": " N1 ",
        "quantity": "2.50",
        "location": plant.a1.code,
        "unit": "kgm",
        "made_on": "2026-01-31",
    }
    asked = read_lines(Receipt, body)
    assert (asked.at, asked.partial) == (None, False)
    [line] = asked.lines
    assert line == Receipt(
        material=Material.objects.get(code="M1"),
        number="N1",
        quantity=Decimal("2.50"),
        location=plant.a1,
        unit=line.material.base_unit,
        made_on=line.made_on,
    )
    assert line.made_on.isoformat() == "2026-01-31"


def test_choices_and_secrets_are_kept_as_they_are(plant: Plant) -> None:
    lot = plant.lot(released=False)
    body = {"lot": lot.number, "meaning": "approval", "reason": "ok", "password": " blank "}
    [line] = read_lines(Release, body).lines
    assert line.meaning is Meaning.APPROVAL
    assert line.password == " blank "
    assert line.lot == lot


def test_unknown_and_missing_fields_are_named() -> None:
    found = errors_of(Receipt, {"material": "M", "number": "N", "quantity": 1, "colour": "red"})
    assert found == [(0, "location", "required"), (0, "colour", "unknown_field")]


@pytest.mark.parametrize(
    ("quantity", "code"),
    [
        ("NaN", "invalid"),
        ("Infinity", "max_digits"),
        ("1.2345678", "max_decimal_places"),
        ("12345678901", "max_digits"),
        ("one", "invalid"),
        (True, "invalid"),
        (None, "null"),
        ([], "invalid"),
        ({}, "invalid"),
    ],
)
def test_a_quantity_is_an_exact_number(quantity: Any, code: str, plant: Plant) -> None:
    body = {"material": "M", "number": "N", "location": "L", "quantity": quantity}
    [(line, field, found)] = errors_of(Receipt, body)
    assert (line, field) == (0, "quantity")
    assert found in {code, "max_whole_digits", "invalid"}


@pytest.mark.parametrize("day", ["31.01.2026", "2026-02-30", "0001-01-01", "9999-12-31", 5])
def test_a_day_is_a_day_of_our_time(day: Any) -> None:
    body = {"material": "M", "number": "N", "location": "L", "quantity": 1, "made_on": day}
    [(_line, field, _code)] = errors_of(Receipt, body)
    assert field == "made_on"


def test_blank_and_too_long_texts() -> None:
    body = {"material": "M", "number": " ", "location": "L", "quantity": 1, "reference": "x" * 81}
    assert errors_of(Receipt, body) == [(0, "number", "blank"), (0, "reference", "max_length")]


def test_codes_that_name_nothing_or_too_much(plant: Plant) -> None:
    plant.lot(number="SAME"), plant.lot(number="SAME")
    line = {"lot": "SAME", "meaning": "approval", "reason": "ok", "password": "x"}
    lines = [line | {"lot": plant.lot().code}, line, line | {"lot": "NONE"}]
    assert errors_of(Release, {"lines": lines}) == [
        (1, "lot", "ambiguous_code"),
        (2, "lot", "unknown_code"),
    ]


def test_nested_lines_say_where(plant: Plant) -> None:
    body = {
        "reference": "PO-1",
        "kind": "production",
        "site": plant.site.code,
        "needed_at": "2026-06-01T06:00:00Z",
        "requirements": [
            {"material": plant.material().code, "quantity": 1},
            {"material": "NONE", "quantity": 1},
        ],
    }
    assert errors_of(NewDemand, body) == [(0, "requirements.1.material", "unknown_code")]
    body["requirements"] = [{"material": "NONE", "quantity": "x", "color": 1}, 5]
    assert errors_of(NewDemand, body) == [
        (0, "requirements.0.quantity", "invalid"),
        (0, "requirements.0.color", "unknown_field"),
        (0, "requirements.1", "invalid"),
    ]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ([], (None, None, "not_an_object")),
        ("text", (None, None, "not_an_object")),
        ({"lines": {}}, (None, None, "not_a_list")),
        ({"lines": []}, (None, None, "empty")),
        ({"lines": [1]}, (0, None, "invalid")),
        ({"lines": [{}], "when": 1}, (None, "when", "unknown_field")),
        ({"lines": [{}], "at": "soon"}, (None, "at", "invalid")),
        ({"lines": [{}], "partial": "true"}, (None, "partial", "invalid")),
    ],
)
def test_a_body_is_one_line_or_lines(body: Any, expected: tuple[Any, Any, str]) -> None:
    assert errors_of(Receipt, body)[0] == expected


def test_all_codes_of_a_kind_are_found_by_one_query(
    plant: Plant, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    materials = [plant.material() for _n in range(20)]
    lines = [
        {"material": material.code, "number": "N", "quantity": 1, "location": place.code}
        for material in materials
        for place in (plant.a1, plant.a2)
    ]
    with django_assert_num_queries(2):
        found = read_lines(Receipt, {"lines": lines}).lines
    assert len(found) == 40
    assert all(codes.is_named(type(line.material)) for line in found)
