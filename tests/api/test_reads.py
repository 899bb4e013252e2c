"""On-hand picture, trace, timeline and suggestion."""

from decimal import Decimal
from typing import Any

import pytest

from inventory import actions as stock
from quality import actions as quality
from staging import actions as staging
from tests.plant import Plant
from tests.standing import built_once

pytestmark = pytest.mark.django_db

PARTS = ("general", "reserved", "staged", "in_process", "in_transit")


@built_once
def scene(plant: Plant) -> dict[str, Any]:
    """Of 100: 15 staged, 10 reserved, 5 in process; 30 of other goods, 20 of them in transit."""
    lot, goods = plant.lot(100, number="L"), plant.lot(30, number="G")
    order = plant.order((lot.material, 30), reference="PO")
    shipment = plant.shipment((goods.material, 20), reference="SO")
    plant.stage(order, lot, quantity=20)
    plant.do(staging.issue, staging.Issue(lot=lot, quantity=Decimal(5)))
    plant.do(staging.allocate, staging.AllocationLine(demand=order))
    plant.stage(shipment, goods, plant.dock)
    plant.do(staging.load, staging.Loading(lot=goods, vehicle=plant.truck))
    return {"lot": lot, "goods": goods}


def rows(answer: Any) -> dict[str, dict[str, str]]:
    assert answer.status_code == 200, answer.json()
    found = answer.json()["results"]
    for row in found:
        assert sum(Decimal(row[part]) for part in PARTS) == Decimal(row["total"])
    return {row["code"]: {k: v for k, v in row.items() if k in PARTS} for row in found}


@pytest.mark.parametrize("by", ["material", "lot"])
def test_on_hand_by_material_and_lot(by: str, scene: dict[str, Any], api: Any) -> None:
    found = rows(api.read("on-hand/", by=by))
    code = {"material": lambda lot: lot.material.code, "lot": lambda lot: lot.code}[by]
    assert found[code(scene["lot"])] == {
        "general": "70", "reserved": "10", "staged": "15", "in_process": "5", "in_transit": "0",
    }  # fmt: skip
    assert found[code(scene["goods"])] == {
        "general": "10", "reserved": "0", "staged": "0", "in_process": "0", "in_transit": "20",
    }  # fmt: skip


def test_on_hand_by_location(scene: dict[str, Any], plant: Plant, api: Any) -> None:
    found = rows(api.read("on-hand/", by="location"))
    assert found[plant.l1.code]["staged"] == "15"
    assert found[plant.wc.code]["in_process"] == "5"
    assert found[plant.truck.code]["in_transit"] == "20"
    only = rows(api.read("on-hand/", by="location", within=plant.l1.code))
    assert list(only) == [plant.l1.code]


def test_on_hand_by_demand(scene: dict[str, Any], api: Any) -> None:
    found = rows(api.read("on-hand/", by="demand"))
    assert found == {
        "PO": {
            "general": "0", "reserved": "10", "staged": "15", "in_process": "5", "in_transit": "0",
        },
        "SO": {
            "general": "0", "reserved": "0", "staged": "0", "in_process": "0", "in_transit": "20",
        },
    }  # fmt: skip
    assert list(rows(api.read("on-hand/", by="demand", demand="SO"))) == ["SO"]


def test_on_hand_in_pages(scene: dict[str, Any], api: Any) -> None:
    first = api.read("on-hand/", by="location", page_size=2)
    seen, page = list(rows(first)), first
    while (url := page.json()["next"]) is not None:
        page = api.get(url)
        seen += rows(page)
    assert seen == sorted(rows(api.read("on-hand/", by="location")))


def test_trace_both_ways(plant: Plant, api: Any) -> None:
    whole = plant.lot(100, number="W")
    [part] = plant.do(quality.split_lot, stock.Split(lot=whole, number="P", quantity=Decimal(10)))
    [crumb] = plant.do(quality.split_lot, stock.Split(lot=part, number="C", quantity=Decimal(1)))
    forward = api.read(f"lots/{whole.pk}/trace/").json()
    assert forward["complete"] is True
    assert [
        (link["depth"], link["near"], link["far"], link["quantity"]) for link in forward["links"]
    ] == [
        (1, whole.code, part.code, "10"),
        (2, part.code, crumb.code, "1"),
    ]
    back = api.read(f"lots/{crumb.pk}/trace/", direction="back").json()
    assert [link["far"] for link in back["links"]] == [part.code, whole.code]
    near = api.read(f"lots/{whole.pk}/trace/", depth=1).json()
    assert len(near["links"]) == 1
    assert api.read(f"lots/{whole.pk}/trace/", direction="up").status_code == 400
    assert api.read("lots/4711/trace/").status_code == 404


def test_timeline_in_one_order(plant: Plant, api: Any) -> None:
    lot = plant.lot()
    plant.lift(plant.hold(lot=lot))
    answer = api.read(f"lots/{lot.pk}/timeline/").json()
    assert answer["lot"] == lot.code
    assert [event["kind"] for event in answer["events"]] == ["movement", "decision", "hold", "lift"]
    assert answer["events"][0]["type"] == "movement"
    assert api.read("lots/4711/timeline/").status_code == 404


def test_suggestion_is_first_expired_first_out(plant: Plant, api: Any) -> None:
    material = plant.material()
    late = plant.lot(10, material=material, number="LATE", expires_in=90)
    soon = plant.lot(10, material=material, number="SOON", expires_in=30)
    plant.lot(10, material=material, number="BAD", released=False)
    demand = plant.order((material, 25), reference="PO")
    [line] = api.read("demands/PO/suggestion/").json()["lines"]
    assert [(part["lot"], part["quantity"]) for part in line["parts"]] == [
        (soon.code, "10"),
        (late.code, "10"),
    ]
    assert (line["short"], line["line"]) == ("5", 1)
    assert demand.requirements.count() == 1
