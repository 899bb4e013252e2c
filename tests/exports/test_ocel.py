"""The flow for process mining: by the standard's schema, whole, and read by pm4py."""

import json
import subprocess
from collections import Counter
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone
from jsonschema import Draft7Validator, FormatChecker

from config.bootstrap import environment
from integration.exports.ocel.choice import Choice
from integration.exports.ocel.making import document
from integration.exports.span import Span
from inventory import actions as stock
from inventory.models import AuditEntry, Movement
from inventory.sheets.recorded import FINISHED
from quality.models import Decision, Hold
from staging.models import Demand
from tests.plant import Plant

pytestmark = pytest.mark.django_db


def objects(*required: str, **properties: Any) -> dict[str, Any]:
    return {
        "type": "array",
        "items": {"type": "object", "properties": properties, "required": list(required)},
    }


TEXT, MOMENT = {"type": "string"}, {"type": "string", "format": "date-time"}
TYPES = objects("name", "attributes", name=TEXT,
                attributes=objects("name", "type", name=TEXT, type=TEXT))  # fmt: skip
RELATED = objects("objectId", "qualifier", objectId=TEXT, qualifier=TEXT)
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["eventTypes", "objectTypes", "events", "objects"],
    "properties": {
        "eventTypes": TYPES,
        "objectTypes": TYPES,
        "events": objects(
            "id", "type", "time", id=TEXT, type=TEXT, time=MOMENT, relationships=RELATED,
            attributes=objects("name", "value", name=TEXT, value=TEXT),
        ),
        "objects": objects(
            "id", "type", id=TEXT, type=TEXT, relationships=RELATED,
            attributes=objects("name", "value", "time", name=TEXT, value=TEXT, time=MOMENT),
        ),
    },
}  # fmt: skip
"""What the JSON Schema of OCEL 2.0 (specification, section 8.2) asks for."""


def made(choice: Choice) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(b"".join(part for part, _count in document(choice)))
    return found


def hold_together(log: dict[str, Any]) -> None:
    """The schema's rules, and those of the standard's definition that no schema can say."""
    Draft7Validator(SCHEMA, format_checker=FormatChecker()).validate(log)
    known = {one["id"] for one in log["objects"]}
    ids = [one["id"] for one in [*log["objects"], *log["events"]]]
    assert len(set(ids)) == len(ids)
    for kinds, pieces in (("eventTypes", "events"), ("objectTypes", "objects")):
        declared = {
            kind["name"]: {one["name"] for one in kind["attributes"]} for kind in log[kinds]
        }
        for piece in log[pieces]:
            assert {one["name"] for one in piece["attributes"]} <= declared[piece["type"]], piece
            assert {one["objectId"] for one in piece["relationships"]} <= known, piece


@pytest.fixture
def log(some: Plant) -> dict[str, Any]:
    return made(Choice())


def test_it_keeps_the_standard(log: dict[str, Any]) -> None:
    hold_together(log)
    counts = Counter(one["type"] for one in log["events"])
    moved = Counter(Movement.objects.values_list("kind", flat=True))
    decided = Counter(f"decide_{kind}" for kind in Decision.objects.values_list("kind", flat=True))
    assert counts == moved + decided + Counter(place_hold=Hold.objects.count())
    assert {one["type"] for one in log["objects"]} == {
        "lot", "material", "container", "location", "demand",
    }  # fmt: skip


def test_status_and_holds_change_over_time(plant: Plant) -> None:
    lot = plant.lot(10, released=False)
    plant.release(lot)
    first, second = plant.hold(lot=lot), plant.hold(lot=lot)
    plant.lift(first)
    plant.lift(second)
    found = made(Choice(lot=lot.code))
    hold_together(found)
    [said] = [one for one in found["objects"] if one["id"] == f"lot:{lot.code}"]
    history: dict[str, list[str]] = {}
    for one in said["attributes"]:
        history.setdefault(one["name"], []).append(one["value"])
    assert history["quality_status"] == ["quarantine", "released"]
    assert history["on_hold"] == ["false", "true", "false"]
    assert [one["type"] for one in found["events"]][-2:] == ["lift_hold", "lift_hold"]


def test_an_event_says_what_it_was_about(plant: Plant) -> None:
    lot = plant.lot(10)
    order = plant.order((lot.material, 5), reference="PO-7")
    plant.stage(order, lot, quantity=5)
    found = made(Choice(demand="PO-7"))
    hold_together(found)
    [stage, *_decisions] = found["events"]
    about = {one["qualifier"]: one["objectId"] for one in stage["relationships"]}
    assert about == {
        "of": f"lot:{lot.code}", "made_of": f"material:{lot.material.code}",
        "source": f"location:{plant.a1.code}", "target": f"location:{plant.l1.code}",
        "demanded_by": "demand:PO-7",
    }  # fmt: skip
    assert {"name": "quantity", "value": "5"} in stage["attributes"]
    [demand] = [one for one in found["objects"] if one["type"] == "demand"]
    assert demand["relationships"] == [
        {"objectId": f"material:{lot.material.code}", "qualifier": "needs"}
    ]


@pytest.mark.parametrize("by", ["site", "material", "lot", "demand", "span", "nothing"])
def test_a_part_holds_together_as_well(some: Plant, by: str) -> None:
    lot = Movement.objects.filter(kind="stage").latest("pk").lot
    choices = {
        "site": Choice(site=some.site.code),
        "material": Choice(material=lot.material.code),
        "lot": Choice(lot=lot.code),
        "demand": Choice(demand=Demand.objects.latest("pk").reference),
        "span": Choice(span=Span(from_number=Movement.objects.order_by("pk")[3].pk)),
        "nothing": Choice(lot="no such lot"),
    }
    found = made(choices[by])
    hold_together(found)
    assert bool(found["events"]) == (by != "nothing")


def test_no_person_is_named(some: Plant, log: dict[str, Any]) -> None:
    assert some.operator.user.username not in json.dumps(log)


def test_the_command_writes_it_and_it_is_recorded(plant: Plant, tmp_path: Path) -> None:
    lot = plant.lot(10)
    file = tmp_path / "flow.json"
    call_command("export_ocel", file, "--lot", lot.code, stdout=StringIO())
    hold_together(json.loads(file.read_text()))
    facts = AuditEntry.objects.get(action=FINISHED, facts__records="ocel").facts
    assert (facts["lot"], facts["complete"]) == (lot.code, True)


def test_a_reversal_names_what_it_reverses(plant: Plant) -> None:
    lot = plant.lot(10)
    [moved] = plant.do(stock.move, stock.Move(lot=lot, target=plant.a2, quantity=Decimal(3)))
    plant.do(stock.reverse, stock.Reversal(movement=moved, reason="wrong place"))
    *_others, last = [one for one in made(Choice())["events"] if one["type"] == "reverse"]
    assert {"name": "reverses", "value": f"movement:{moved.pk}"} in last["attributes"]


READ = """
import json, sys, pm4py
log = pm4py.read_ocel2(sys.argv[1])
print(json.dumps({
    "events": len(log.events), "objects": len(log.objects),
    "types": sorted(pm4py.ocel_get_object_types(log)),
    "changes": log.object_changes["quality_status"].dropna().tolist(),
    "activities": log.events["ocel:activity"].value_counts().to_dict(),
    "quantity": float(log.events["quantity"].sum()),
    "of_lots": sorted(pm4py.ocel_flattening(log, "lot")["concept:name"].unique().tolist()),
}))
"""


@pytest.mark.skipif(
    not environment.is_complete(environment.MINING, "mining"),
    reason="needs pm4py: python3 manage.py test --mining --setup-only",
)
def test_pm4py_reads_it(some: Plant, log: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "flow.jsonocel"
    file.write_text(json.dumps(log))
    command = [environment.python(environment.MINING), "-c", READ, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    read = json.loads(done.stdout.splitlines()[-1])
    assert (read["events"], read["objects"]) == (len(log["events"]), len(log["objects"]))
    assert read["types"] == ["container", "demand", "location", "lot", "material"]
    assert read["activities"] == Counter(one["type"] for one in log["events"])
    assert Counter(read["changes"]) == Counter(Decision.objects.values_list("to_status", flat=True))
    moved = Movement.objects.values_list("quantity", flat=True)
    assert read["quantity"] == pytest.approx(float(sum(moved)))
    assert "stage" in read["of_lots"]
    assert timezone.now()
