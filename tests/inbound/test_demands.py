"""Demands that other systems send: taken once, in the right order, and reconciled."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from integration.models import ExternalId, InboundDemand
from inventory.models import AuditEntry, IdempotencyKey
from staging import actions as staging
from staging.models import Demand, Requirement
from tests.api.conftest import Api, api_as  # noqa: F401 - a fixture
from tests.factories import UserFactory
from tests.plant import Plant

BASE = "/api/v1/external/ERP/demands"
BULK = "/api/v1/inbound/demands/"


@pytest.fixture
def erp(api_as: Callable[..., Api]) -> Api:  # noqa: F811
    return api_as("integrator")


def message(plant: Plant, *needs: tuple[str, Any, Any], **more: Any) -> dict[str, Any]:
    rows = [{"line": line, "material": code, "quantity": str(n)} for line, code, n in needs]
    return {
        "kind": "production", "site": plant.site.code, "work_center": plant.wc.code,
        "needed_at": "2030-06-01T06:00:00Z", "requirements": rows, **more,
    }  # fmt: skip


def put(api: Api, name: str, body: Any) -> Any:
    return api.put(f"{BASE}/{name}/", body, format="json")


def refusal(answer: Any) -> tuple[str, str]:
    assert answer.status_code == 409, answer.json()
    [error, *_others] = answer.json()["errors"]
    return error["code"], error["field"]


def test_one_is_made_changed_and_left_alone(erp: Api, plant: Plant) -> None:
    plant.material(code="RM-1"), plant.material(code="RM-2")
    body = message(plant, ("10", "RM-1", 5), ("20", "RM-2", "2.5"))
    made = put(erp, "PO-7", body)
    assert (made.status_code, made.json()["outcome"]) == (201, "created")
    assert made.json()["demand"]["reference"] == "PO-7"
    assert [row["line"] for row in made.json()["requirements"]] == ["10", "20"]
    entries = AuditEntry.objects.count()
    again = put(erp, "PO-7", body)
    assert (again.status_code, again.json()["outcome"]) == (200, "unchanged")
    assert AuditEntry.objects.count() == entries
    less = message(plant, ("10", "RM-1", 4), route="R1", reason="half a batch")
    changed = put(erp, "PO-7", less).json()
    assert changed["outcome"] == "changed"
    assert dict(Requirement.objects.values_list("material__code", "quantity")) == {
        "RM-1": 4, "RM-2": 0,
    }  # fmt: skip
    assert AuditEntry.objects.latest("pk").reason == "half a batch"
    assert erp.get(f"{BASE}/PO-7/").json()["demand"]["route"] == "R1"
    assert ExternalId.objects.get().demand == Demand.objects.get()
    listed = erp.get("/api/v1/inbound-demands/", {"source": "ERP"}).json()["results"]
    assert [row["id"] for row in listed] == ["PO-7"]


def test_things_are_named_as_their_system_does(erp: Api, plant: Plant) -> None:
    lot = plant.lot(10, material=plant.material(code="RM-1"), number="L1")
    for kind, name, thing in (
        ("material", "0815", lot.material), ("location", "W", plant.wc), ("lot", "C7", lot),
    ):  # fmt: skip
        ExternalId.objects.create(source="ERP", kind=kind, identifier=name, **{kind: thing})
    needs = [
        {"line": "1", "material": "0815", "quantity": "1", "lot": "C7"},
        {"line": "2", "material": "0815", "quantity": "1", "lot": "L1"},
        {"line": "3", "material": "RM-1", "quantity": "2"},
    ]
    made = put(erp, "A", message(plant, work_center="W") | {"requirements": needs})
    assert made.status_code == 201, made.json()
    rows = Requirement.objects.values_list("material__code", "lot__number", "quantity")
    assert sorted(rows, key=str) == [("RM-1", "L1", 2), ("RM-1", None, 2)]
    assert made.json()["demand"]["work_center"] == plant.wc.code
    wrong = [{**needs[0], "lot": "L9"}]
    said = refusal(put(erp, "B", message(plant) | {"requirements": wrong}))
    assert said == ("external_unknown", "requirements.0.lot")


def test_what_is_wrong_names_its_line_and_nothing_is_done(erp: Api, plant: Plant) -> None:
    plant.pieces(code="RM-1")
    good = message(plant, ("1", "RM-1", 1), source="ERP", id="G")
    for wrong, said in (
        (good | {"id": "B", "requirements": []}, ("requirements_needed", "requirements")),
        (good | {"id": "B", "kind": None}, ("value_needed", "kind")),
        (good | {"id": "G"}, ("sent_twice", "id")),
        (good | {"id": "B", "customer": "X"}, ("external_unknown", "customer")),
        (good | {"id": "B", "version": -1}, ("version_out_of_range", "version")),
        (message(plant, ("1", "RM-1", "0.5"), source="ERP", id="B"),
         ("quantity_too_fine", "requirements.0.quantity")),
        (message(plant, ("1", "RM-1", 1), ("1", "RM-1", 1), source="ERP", id="B"),
         ("line_twice", "requirements.1.line")),
        (message(plant, ("1", "XX", 1), source="ERP", id="B"),
         ("external_unknown", "requirements.0.material")),
        (message(plant, ("1", "RM-1", 1), source="ERP", id="B", kind="shipment"),
         ("customer_needed", "customer")),
    ):  # fmt: skip
        answer = erp.post(BULK, {"lines": [good, wrong]}, format="json")
        assert refusal(answer) == said
        assert answer.json()["errors"][0]["line"] == 1
        assert not Demand.objects.exists()
        assert not InboundDemand.objects.exists()
    assert put(erp, "a b", message(plant, ("1", "RM-1", 1))).status_code == 400
    huge = {"lines": [good] * 1001}
    assert erp.post(BULK, huge, format="json").status_code == 400


def test_what_a_demand_is_stays(erp: Api, plant: Plant) -> None:
    plant.material(code="RM-1")
    body = message(plant, ("1", "RM-1", 1))
    put(erp, "A", body)
    assert refusal(put(erp, "A", body | {"kind": "operation"})) == ("demand_differs", "kind")
    assert refusal(put(erp, "A", body | {"reference": "Z"})) == ("demand_differs", "reference")
    assert refusal(put(erp, "B", body | {"reference": "A"})) == ("external_id_taken", "id")
    mes = erp.put("/api/v1/external/MES/demands/9/", body | {"reference": "A"}, format="json")
    assert (mes.status_code, mes.json()["outcome"]) == (201, "unchanged")
    assert Demand.objects.count() == 1


def test_in_part_as_the_verbs_have_it(erp: Api, plant: Plant) -> None:
    plant.material(code="RM-1")
    lines = [
        message(plant, ("1", code, 1), source="ERP", id=f"D-{code}") for code in ("RM-1", "XX")
    ]
    answer = erp.post(BULK, {"lines": lines, "partial": True}, format="json")
    assert answer.status_code == 207
    done, refused = answer.json()["results"]
    assert done["objects"][0]["facts"]["outcome"] == "created"
    assert refused["errors"][0]["code"] == "external_unknown"
    assert Demand.objects.get().reference == "D-RM-1"


def test_a_thousand_cost_the_statements_of_one(erp: Api, plant: Plant) -> None:
    for code in ("RM-1", "RM-2"):
        plant.material(code=code)

    def cost(start: int, count: int, **more: Any) -> int:
        lines = [
            message(plant, ("1", "RM-1", 1), ("2", "RM-2", 2), source="ERP", id=f"D{n}", **more)
            for n in range(start, start + count)
        ]
        with CaptureQueriesContext(connection) as asked:
            answer = erp.post(BULK, {"lines": lines}, format="json")
        assert answer.status_code == 200, answer.json()
        return len(asked)

    cost(0, 1)  # what is asked for once in a process, and of a user
    cost(0, 1)
    assert cost(1, 1) == cost(2, 30)
    assert cost(1, 1, route="R") == cost(2, 30, route="R")
    assert cost(1, 1, cancelled=True) == cost(2, 30, cancelled=True)


def test_less_and_cancelled_say_what_is_left_to_do(erp: Api, plant: Plant) -> None:
    lot = plant.lot(100, material=plant.material(code="RM-1"))
    put(erp, "A", message(plant, ("1", "RM-1", 80), version=1))
    order = Demand.objects.get()
    plant.stage(order, lot, quantity=60)
    plant.do(staging.allocate, staging.AllocationLine(demand=order))
    answer = put(erp, "A", message(plant, ("1", "RM-1", 50), version=2)).json()
    assert [row["quantity"] for row in answer["reconciled"]["deallocated"]] == ["20"]
    assert answer["reconciled"]["to_unstage"] == answer["left_to_do"]["to_unstage"] == [
        {"lot": lot.code, "quantity": "10", "unit": "KGM", "location": plant.l1.code,
         "container": None}
    ]  # fmt: skip
    assert any("10 KGM" in words for words in answer["warnings"])
    plant.do(staging.issue, staging.Issue(lot=lot, quantity=Decimal(30)))
    gone = put(erp, "A", {"version": 3, "cancelled": True}).json()
    assert (gone["outcome"], gone["demand"]["state"]) == ("cancelled", "started")
    assert [row["quantity"] for row in gone["left_to_do"]["to_return"]] == ["30"]
    assert sum(float(row["quantity"]) for row in gone["left_to_do"]["to_unstage"]) == 30
    plant.do(staging.return_remainder, staging.Remainder(lot=lot, target=plant.a1))
    put(erp, "A", {"version": 4, "cancelled": True})
    assert Demand.objects.get().cancelled
    call_command("check_ledger")
    tasks = erp.get("/api/v1/unstage-tasks/", {"demand": "A", "open": "true"}).json()["results"]
    assert {row["left"] for row in tasks} == {"10", "20"}


def test_another_time_and_way_are_flagged(erp: Api, plant: Plant) -> None:
    lot = plant.lot(100, material=plant.material(code="RM-1"))
    body = message(plant, ("1", "RM-1", 10), kind="shipment", customer=plant.customer.code)
    del body["work_center"]
    put(erp, "S", body)
    plant.stage(Demand.objects.get(), lot, lane=plant.dock, quantity=10)
    later = {"needed_at": "2030-06-02T06:00:00Z", "carrier": "ACME"}
    answer = put(erp, "S", later).json()
    assert set(answer["reconciled"]["flagged"]) == {"demand_retimed", "demand_rerouted"}
    assert answer["demand"]["requirements"][0]["staged"] == "10"


# --- late, repeated, reordered ------------------------------------------------------------------


def test_an_older_message_changes_nothing(erp: Api, plant: Plant) -> None:
    plant.material(code="RM-1")
    put(erp, "A", message(plant, ("1", "RM-1", 5), version=5))
    late = message(plant, ("1", "RM-1", 3), version=3)
    answer = put(erp, "A", late)
    assert refusal(answer) == ("message_outdated", "version")
    assert answer.json()["errors"][0]["facts"] == {"version": 5}
    other = message(plant, ("1", "RM-1", 9), version=5)
    assert refusal(put(erp, "A", other)) == ("version_reused", "version")
    without = message(plant, ("1", "RM-1", 9))
    assert refusal(put(erp, "A", without)) == ("version_needed", "version")
    same = put(erp, "A", message(plant, ("1", "RM-1", "5.0"), version=5, reason="again"))
    assert (same.status_code, same.json()["outcome"]) == (200, "unchanged")
    assert Requirement.objects.get().quantity == 5


def test_by_the_time_where_there_is_no_version(erp: Api, plant: Plant) -> None:
    plant.material(code="RM-1")
    for minute, quantity, expected in ((10, 5, 201), (5, 3, 409), (20, 7, 200)):
        at = (datetime(2026, 1, 1) + timedelta(minutes=minute)).isoformat() + "Z"  # noqa: DTZ001
        body = message(plant, ("1", "RM-1", quantity), changed_at=at)
        assert put(erp, "A", body).status_code == expected
    assert Requirement.objects.get().quantity == 7


def test_a_cancellation_that_comes_first_stands(erp: Api, plant: Plant) -> None:
    plant.material(code="RM-1")
    assert refusal(put(erp, "A", {"cancelled": True})) == ("external_unknown", "id")
    first = put(erp, "A", {"cancelled": True, "version": 2})
    assert (first.status_code, first.json()["outcome"]) == (200, "remembered")
    assert first.json()["demand"] is None
    created = put(erp, "A", message(plant, ("1", "RM-1", 5), version=1))
    assert refusal(created) == ("message_outdated", "version")
    assert not Demand.objects.exists()
    revived = put(erp, "A", message(plant, ("1", "RM-1", 5), version=3))
    assert revived.status_code == 201


def test_what_is_closed_stays_closed(erp: Api, plant: Plant) -> None:
    plant.material(code="RM-1")
    put(erp, "A", message(plant, ("1", "RM-1", 5), version=1))
    assert put(erp, "A", {"cancelled": True, "version": 2}).json()["outcome"] == "cancelled"
    assert put(erp, "A", {"cancelled": True, "version": 3}).json()["outcome"] == "unchanged"
    again = message(plant, ("1", "RM-1", 6), version=4)
    assert refusal(put(erp, "A", again)) == ("demand_closed", "id")
    assert InboundDemand.objects.get().version == 3


def test_a_replayed_key_is_answered_from_what_was_kept(erp: Api, plant: Plant) -> None:
    plant.material(code="RM-1")
    body = {"lines": [message(plant, ("1", "RM-1", 5), source="ERP", id="A", version=1)]}
    headers = {"Idempotency-Key": "m-1"}
    first = erp.post(BULK, body, format="json", headers=headers)
    second = erp.post(BULK, body, format="json", headers=headers)
    assert first.json() == second.json()
    assert second.headers["Idempotency-Replayed"] == "true"
    assert IdempotencyKey.objects.count() == 1


def test_who_may_not_is_refused(api_as: Callable[..., Api], plant: Plant) -> None:  # noqa: F811
    body = message(plant, ("1", plant.material().code, 5))
    assert put(api_as("operator"), "A", body).status_code == 403
    assert api_as("operator").get(f"{BASE}/A/").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_several_at_once_make_one_demand_with_the_newest_state() -> None:
    plant = Plant()
    plant.material(code="RM-1")
    user = UserFactory(role="integrator")
    answers: list[int] = []

    def work(version: int) -> None:
        api = Api()
        api.force_authenticate(user)
        body = message(plant, ("1", "RM-1", version), version=version)
        answers.append(put(api, "A", body).status_code)
        connections.close_all()

    threads = [threading.Thread(target=work, args=[n]) for n in (1, 4, 4, 3, 2)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert set(answers) <= {200, 201, 409}
    assert answers.count(201) == 1
    assert Requirement.objects.get().quantity == 4
    assert (Demand.objects.count(), ExternalId.objects.count()) == (1, 1)
