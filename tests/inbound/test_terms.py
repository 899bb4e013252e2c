"""What other systems put is under the same terms as every verb: keys, If-Match, dry runs."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, connections, transaction

from integration.models import ExternalId, InboundDemand
from inventory import idempotency
from inventory.models import AuditEntry, IdempotencyKey, Lot, Material, RefusedAttempt
from staging.models import Demand
from tests.api.conftest import Api, agreed, api_as
from tests.api.test_dry_run import everything, said
from tests.contract.external import PUT, message, schedule
from tests.factories import MaterialFactory, UserFactory
from tests.plant import Plant
from tests.waiting import somebody_waits, until

__all__ = ["agreed", "api_as"]

BASE = "/api/v1/external/ERP"
B2MML = "/api/v1/inbound/b2mml/ERP/"
BODY = {"name": "Paracetamol", "kind": "raw", "base_unit": "KGM", "code": "RM-1"}


@pytest.fixture
def erp(api_as: Callable[..., Api]) -> Api:
    return api_as("integrator")


def put(api: Api, path: str, body: Any, query: str = "", **headers: str) -> Any:
    return api.put(f"{BASE}/{path}/{query}", body, format="json", headers=headers or None)


def path_of(name: str, identifier: str) -> str:
    return f"{name.removeprefix('put_')}s/{identifier}"


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


# --- keys ---------------------------------------------------------------------------------------


def test_the_answer_of_then_is_told_again(erp: Api) -> None:
    key = {"Idempotency-Key": "k"}
    first = put(erp, "materials/1", BODY, **key)
    assert put(erp, "materials/1", {"name": "Other"}).status_code == 200
    again = put(erp, "materials/1", BODY, **key)
    assert (again.status_code, again.json()) == (201, first.json())
    assert again["Idempotency-Replayed"] == "true"
    assert Material.objects.get().name == "Other"


def test_a_refusal_stands_under_its_key(erp: Api) -> None:
    key, body = {"Idempotency-Key": "k"}, {"material": "RM-1"}
    refused = put(erp, "lots/7", body, **key)
    assert code(refused) == (409, "external_unknown")
    MaterialFactory(code="RM-1")
    again = put(erp, "lots/7", body, **key)
    assert (again.json(), again["Idempotency-Replayed"]) == (refused.json(), "true")
    assert RefusedAttempt.objects.get().verb == "integration.put_lot"
    assert put(erp, "lots/7", body, **{"Idempotency-Key": "l"}).status_code == 201


def test_a_refused_document_stands_and_names_its_element(erp: Api, plant: Plant) -> None:
    key, body = {"Idempotency-Key": "k"}, schedule(plant)
    segment = body["OperationsSchedule"]["OperationsRequest"][0]["SegmentRequirement"]
    segment["MaterialRequirement"][0]["MaterialDefinitionID"] = "RM-1"
    refused, again = (erp.post(B2MML, body, format="json", headers=key) for _ in range(2))
    assert code(refused) == (409, "external_unknown")
    assert refused.json()["errors"][0]["field"].endswith("MaterialDefinitionID")
    assert (again.json(), again["Idempotency-Replayed"]) == (refused.json(), "true")
    assert RefusedAttempt.objects.get().verb == "integration.send_demand"
    MaterialFactory(code="RM-1")
    done = [erp.post(B2MML, body, format="json", headers={"Idempotency-Key": "l"}) for _ in "ab"]
    assert [answer.status_code for answer in done] == [200, 200]
    assert done[0].json() == done[1].json()
    assert done[0].json()["objects"][0]["facts"]["outcome"] == "created"


@pytest.mark.django_db
def test_a_client_may_have_to_send_a_key(erp: Api, agreed: Any, plant: Plant) -> None:
    agreed(key_required=True)
    assert code(put(erp, "materials/1", BODY)) == (400, "idempotency_key_missing")
    sent = erp.post(B2MML, schedule(plant), format="json")
    assert code(sent) == (400, "idempotency_key_missing")
    assert not Demand.objects.exists()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ["put", "b2mml"])
def test_nobody_waits_for_the_first_of_the_same_key(what: str) -> None:
    plant, user, erp = Plant(), UserFactory(role="integrator"), Api()
    erp.force_authenticate(user)
    running = threading.Event()
    told = threading.Event()

    def first() -> None:
        with transaction.atomic():
            row = IdempotencyKey(user=user, key="k", fingerprint="")
            assert idempotency._claim(row, waits=False)
            running.set()
            assert told.wait(20)
        connections.close_all()

    thread = threading.Thread(target=first)
    thread.start()
    assert running.wait(20)
    key = {"Idempotency-Key": "k"}
    try:
        if what == "put":
            answer = put(erp, "materials/1", BODY, **key)
        else:
            answer = erp.post(B2MML, schedule(plant), format="json", headers=key)
    finally:
        told.set()
        thread.join()
    assert code(answer) == (409, "idempotency_key_in_use")
    assert answer["Retry-After"] == "1"


@pytest.mark.django_db(transaction=True)
def test_of_several_at_once_under_keys_one_makes_it_and_the_others_find_it() -> None:
    user = UserFactory(role="integrator")
    answers: list[int] = []

    def work(number: int) -> None:
        api = Api()
        api.force_authenticate(user)
        key = {"Idempotency-Key": f"k{number}"}
        answers.append(put(api, "materials/4711", BODY, **key).status_code)
        connections.close_all()

    threads = [threading.Thread(target=work, args=[number]) for number in range(5)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert sorted(answers) == [200] * 4 + [201], connection.vendor
    assert (Material.objects.count(), ExternalId.objects.count()) == (1, 1)
    assert IdempotencyKey.objects.count() == 5


# --- dry runs -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(PUT))
def test_a_dry_run_answers_as_the_real_one_and_leaves_nothing(
    erp: Api, plant: Plant, name: str
) -> None:
    identifier, body = PUT[name](plant)
    before = everything()
    dry = put(erp, path_of(name, identifier), body, "?dry_run=true", **{"Idempotency-Key": "k"})
    wrong = put(erp, path_of(name, identifier), body | {"colour": "red"}, "?dry_run=true")
    assert everything() == before
    real = put(erp, path_of(name, identifier), body, **{"Idempotency-Key": "k"})
    assert said(dry) == said(real)
    assert (dry.status_code, dry["Forestage-Dry-Run"], wrong.status_code) == (201, "true", 400)
    again = put(erp, path_of(name, identifier), body, "?dry_run=true")
    assert again.status_code == 200


def test_so_does_that_of_a_document(erp: Api, plant: Plant) -> None:
    body, before = schedule(plant), everything()
    dry = erp.post(f"{B2MML}?dry_run=true", body, format="json")
    assert everything() == before
    assert said(dry) == said(erp.post(B2MML, body, format="json"))


def test_who_may_not_may_not_try(api_as: Callable[..., Api], plant: Plant) -> None:
    operator, body = api_as("operator"), schedule(plant)
    before = everything()
    assert put(operator, "materials/1", BODY, "?dry_run=true").status_code == 403
    assert operator.post(f"{B2MML}?dry_run=true", body, format="json").status_code == 403
    assert everything() == before


# --- If-Match -----------------------------------------------------------------------------------

CHANGES: dict[str, dict[str, Any]] = {
    "put_material": {"name": "Lactose fine"},
    "put_location": {"name": "Bin nine"},
    "put_lot": {"supplier_lot": "S-1"},
    "put_demand": {"needed_at": "2030-07-01T06:00:00Z"},
}


@pytest.mark.parametrize("name", sorted(PUT))
def test_it_is_put_on_what_was_read_and_refused_on_something_older(
    erp: Api, plant: Plant, agreed: Any, name: str
) -> None:
    agreed(match_required=True)
    identifier, body = PUT[name](plant)
    path = path_of(name, identifier)
    nobody = put(erp, path, body, **{"If-Match": "*"})
    assert code(nobody) == (412, "precondition_failed")
    assert put(erp, path, body).status_code == 201  # there was nothing to read
    changed = body | CHANGES[name]
    assert code(put(erp, path, changed)) == (428, "precondition_required")
    tag = erp.get(f"{BASE}/{path}/")["ETag"]
    stale = put(erp, path, changed, **{"If-Match": '"older"', "Idempotency-Key": "k"})
    assert code(stale) == (412, "precondition_failed")
    [error] = stale.json()["errors"]
    assert (error["field"], error["facts"]) == ("id", {"etag": tag})
    done = put(erp, path, changed, **{"If-Match": tag, "Idempotency-Key": "k"})
    assert done.status_code == 200, done.json()
    again = put(erp, path, changed, **{"If-Match": tag, "Idempotency-Key": "k"})
    assert again.json() == done.json()
    assert code(put(erp, path, body, **{"If-Match": tag})) == (412, "precondition_failed")


def test_a_message_that_counts_its_versions_says_enough(
    erp: Api, plant: Plant, agreed: Any
) -> None:
    agreed(match_required=True)
    body = message(plant)
    for version in (1, 2):
        assert put(erp, "demands/PO-7", body | {"version": version}).status_code < 300
    assert InboundDemand.objects.get().version == 2
    assert code(put(erp, "demands/PO-7", body)) == (428, "precondition_required")


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_nothing_changes_between_the_comparison_and_the_put() -> None:
    """Somebody holds the material, and changes it after the request has come."""
    erp = Api()
    erp.force_authenticate(UserFactory(role="integrator"))
    assert put(erp, "materials/1", BODY).status_code == 201
    tag = erp.get(f"{BASE}/materials/1/")["ETag"]
    answers: list[Any] = []

    def sent() -> None:
        answers.append(put(erp, "materials/1", {"name": "Late"}, **{"If-Match": tag}))
        connections.close_all()

    thread = threading.Thread(target=sent)
    with transaction.atomic():
        material = Material.objects.select_for_update().get()
        thread.start()
        until(somebody_waits)
        Material.objects.filter(pk=material.pk).update(name="First")
    thread.join()
    assert answers[0].status_code == 412
    assert Material.objects.get().name == "First"


def test_two_that_know_it_add_up(erp: Api) -> None:
    """What is left out stays, whatever was read of it before it was locked."""
    assert put(erp, "materials/1", BODY).status_code == 201
    assert put(erp, "materials/1", {"name": "New"}).status_code == 200
    assert put(erp, "materials/1", {"category": "API"}).json()["name"] == "New"
    assert AuditEntry.objects.filter(action="master.change").count() == 2
    assert not Lot.objects.exists()
