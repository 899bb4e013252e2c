"""The code fields of the API take what a scanner sends."""

from typing import Any

import pytest

from inventory.api.lines import read_lines
from inventory.models import Location, Lot, Movement
from staging.actions import Staging
from tests.plant import Plant

pytestmark = pytest.mark.django_db

GTIN = "9501101530003"
ITEM = f"]C1010{GTIN}"


@pytest.fixture
def lot(plant: Plant) -> Lot:
    Location.objects.filter(pk=plant.l1.pk).update(gln="9520123456788", gln_extension="1")
    return plant.lot(material=plant.material(code="MILK", gtin=GTIN), number="AB-1")


def test_stage_by_scans(plant: Plant, lot: Lot, api: Any) -> None:
    demand = plant.order((lot.material, 10))
    line = {
        "demand": f"(400){demand.reference}",
        "lot": f"{ITEM}21S7\x1d10AB-1",
        "lane": "(414)9520123456788(254)1",
        "quantity": "4",
    }
    assert api.do("stage", line).status_code == 200
    moved = Movement.objects.get(kind="stage")
    assert (moved.lot, moved.target.code, moved.quantity) == (lot, plant.l1.code, 4)


def test_what_cannot_be_read_is_said_line_by_line(plant: Plant, lot: Lot, api: Any) -> None:
    demand = plant.order((lot.material, 10))
    whole = {"demand": demand.reference, "lot": f"{ITEM}10AB-1", "lane": plant.l1.code}
    wrong = {
        "lot": ("]C1010950110153000410AB-1", "bad_check_digit"),
        "lane": (f"{ITEM}10AB-1", "not_in_code"),
        "demand": ("(400)NONE", "unknown_code"),
    }
    lines = [{**whole, field: text} for field, (text, _code) in wrong.items()]
    answer = api.do("stage", {"lines": lines})
    assert answer.status_code == 400
    found = [(error["line"], error["field"], error["code"]) for error in answer.json()["errors"]]
    assert found == [(n, field, code) for n, (field, (_text, code)) in enumerate(wrong.items())]


@pytest.mark.parametrize(
    ("code", "text"),
    {
        "bad_gs1": "]C10109501101530003172613",
        "bad_link": "https://example.com/lots/17",
        "contradictory_gs1": f"{ITEM}31030025003102000250",
        "coupon_scanned": "(8110)012345612345611110123",
        "incomplete_gs1": "]C110AB-1",
        "repeated_ai": f"{ITEM}10A\x1d10B",
        "unknown_ai": f"{ITEM}89X",
        "unknown_symbol": "](1",
        "ambiguous_code": "SAME",
    }.items(),
)
def test_each_is_a_code_of_its_own(plant: Plant, api: Any, code: str, text: str) -> None:
    plant.lot(number="SAME"), plant.lot(number="SAME")
    answer = api.do("move", {"lot": text, "target": plant.a2.code})
    [error] = answer.json()["errors"]
    assert (answer.status_code, error["field"], error["code"]) == (400, "lot", code)


def test_a_label_with_another_expiry(plant: Plant, lot: Lot, api: Any) -> None:
    other = plant.lot(material=lot.material, number="AB-2", expires_in=9)
    demand = plant.order((lot.material, 10))
    line = {"demand": demand.reference, "lot": f"{ITEM}1730010110AB-2", "lane": plant.l1.code}
    [error] = api.do("stage", line).json()["errors"]
    assert (error["field"], error["code"]) == ("lot", "label_differs")
    assert other.code in error["detail"]


def test_a_hundred_scans_cost_one_query_a_kind(
    plant: Plant, lot: Lot, django_assert_max_num_queries: Any
) -> None:
    numbers = [plant.lot(material=lot.material, number=f"N{n}").number for n in range(5)]
    line = {"demand": plant.order((lot.material, 1)).reference, "lane": plant.l1.code}
    lines = [{**line, "lot": f"{ITEM}10{number}"} for number in numbers * 20]
    with django_assert_max_num_queries(3):
        asked = read_lines(Staging, {"lines": lines})
    assert {line.lot.number for line in asked.lines} == set(numbers)


def test_locations_show_and_find_their_gln(plant: Plant, lot: Lot, api: Any) -> None:
    [row] = api.read("locations/", gln="9520123456788").json()["results"]
    assert (row["code"], row["gln_extension"]) == (plant.l1.code, "1")
