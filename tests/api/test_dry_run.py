"""A dry run answers as the real one, and leaves nothing."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from inventory import verbs
from inventory.models import Account, AuditEntry, IdempotencyKey, Movement
from quality.models import Attachment
from tests.api.cases import CASES
from tests.api.conftest import Api
from tests.factories import UserFactory
from tests.plant import Plant

pytestmark = pytest.mark.django_db

PROVISIONAL = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|\+[\d:]+)|\d+")
"""Numbers of rows, batches and moments, which differ from one try to the next."""


def everything() -> dict[str, Any]:
    """What stands in every table of the product: on PostgreSQL, its rows and their digest."""
    models = [model for model in apps.get_models() if not model._meta.proxy]
    if connection.vendor != "postgresql":
        return {
            model._meta.db_table: sorted(map(repr, model._default_manager.values_list()))
            for model in models
        }
    one = "SELECT '{0}', count(*), sum(hashtext(t::text)) FROM \"{0}\" t"
    tables = sorted({model._meta.db_table for model in models})
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(one.format(table) for table in tables))
        return {name: found for name, *found in cursor.fetchall()}


def rehearse(api: Api, verb: str, body: Any, **headers: str) -> Any:
    path = f"/api/v1/{verb.replace('_', '-')}/?dry_run=true"
    return api.post(path, body, format="json", headers=headers or None)


def said(answer: Any) -> tuple[int, str, str]:
    """What must be the same of both."""
    return answer.status_code, answer["Content-Type"], PROVISIONAL.sub("#", answer.content.decode())


@pytest.mark.parametrize("verb", sorted(CASES))
def test_of_any_verb_answers_as_the_real_one_and_leaves_nothing(
    verb: str, plant: Plant, api_as: Callable[..., Any]
) -> None:
    case = CASES[verb](plant)
    api = api_as(case.role)
    before = everything()
    dry = [
        rehearse(api, verb, case.bad, **{"Idempotency-Key": "bad"}),
        rehearse(api, verb, case.good, **{"Idempotency-Key": "good"}),
        rehearse(api, verb, {"lines": [case.bad], "partial": True}),
    ]
    after = everything()
    if case.code == "signature_wrong":  # which counts, or passwords could be guessed this way
        [account] = Account.objects.filter(failures__gt=0)
        assert account.failures == 2
        after["inventory_account"] = before["inventory_account"]
    assert after == before
    assert {answer["Forestage-Dry-Run"] for answer in dry if answer.status_code < 400} == {"true"}

    real = [
        api.do(verb, case.bad),
        api.do(verb, case.good),
    ]
    assert [said(answer) for answer in dry[:2]] == [said(answer) for answer in real]
    assert dry[2].status_code == 207
    assert "Forestage-Dry-Run" not in real[1]


def test_with_a_key_it_says_what_that_key_would_answer(plant: Plant, api: Any) -> None:
    lot = plant.lot()
    line = {"lot": lot.code, "target": plant.a2.code}
    done = api.do("move", line, **{"Idempotency-Key": "k"})
    again = rehearse(api, "move", line, **{"Idempotency-Key": "k"})
    assert (again.json(), again["Idempotency-Replayed"]) == (done.json(), "true")
    other = rehearse(api, "move", line | {"quantity": "1"}, **{"Idempotency-Key": "k"})
    assert other.status_code == 422
    assert Movement.objects.filter(kind="move").count() == 1


def test_what_it_expects_is_compared(plant: Plant, api_as: Callable[..., Any]) -> None:
    case = CASES["cancel_demand"](plant)
    api = api_as(case.role)
    assert rehearse(api, "cancel_demand", case.good, **{"If-Match": '"x"'}).status_code == 412
    tag = api.read(f"demands/{case.good['demand']}/")["ETag"]
    assert rehearse(api, "cancel_demand", case.good, **{"If-Match": tag}).status_code == 200
    assert api.do("cancel_demand", case.good, **{"If-Match": tag}).status_code == 200


def test_who_may_not_may_not_try_and_that_leaves_nothing(plant: Plant, api_as: Any) -> None:
    case, api = CASES["receive"](plant), api_as("auditor")
    before = everything()
    assert rehearse(api, "receive", case.good).status_code == 403
    assert everything() == before


def test_it_is_true_or_false(plant: Plant, api: Any) -> None:
    case = CASES["receive"](plant)
    answer = api.post("/api/v1/receive/?dry_run=maybe", case.good, format="json")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "dry_run")
    assert not Movement.objects.exists()
    real = api.post("/api/v1/receive/?dry_run=false", case.good, format="json")
    assert (real.status_code, Movement.objects.count()) == (200, 1)


@pytest.mark.postgres
def test_what_only_a_commit_would_find_is_found(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    ordinary = verbs.answer_of

    def dangling(result: Any) -> Any:
        IdempotencyKey.objects.create(user_id=2**30, key="nobody's")
        return ordinary(result)

    monkeypatch.setattr("inventory.verbs.answer_of", dangling)
    api = Api()
    api.raise_request_exception = False
    api.force_authenticate(UserFactory(role="integrator"))
    assert rehearse(api, "receive", CASES["receive"](plant).good).status_code == 500


# --- what is no verb ----------------------------------------------------------------------------


def certificate(lot: Any, text: bytes = b"%PDF-1.7 fine") -> dict[str, Any]:
    return {"lot": lot.code, "file": SimpleUploadedFile("coa.pdf", text), "reason": "CoA"}


def stored() -> set[str]:
    storage = storages["default"]
    return set(storage.listdir("attachments")[1]) if storage.exists("attachments") else set()


def test_a_file_is_examined_and_not_kept(plant: Plant) -> None:
    api, lot = Api(), plant.lot()
    api.force_authenticate(plant.qa.user)
    path = "/api/v1/attachments/?dry_run=true"
    before, files = everything(), stored()
    dry = api.post(path, certificate(lot), format="multipart")
    bad = api.post(path, certificate(lot, b"no pdf"), format="multipart")
    assert (dry.status_code, bad.status_code) == (200, 415)
    assert (everything(), stored()) == (before, files)
    real = api.post("/api/v1/attachments/", certificate(lot), format="multipart")
    assert said(dry) == said(real)
    again = api.post(path, certificate(lot), format="multipart")  # the file that is there stays
    assert again.json()["id"] == real.json()["id"]
    assert len(stored() - files) == 1


def test_a_file_is_attached_once_under_its_key(plant: Plant) -> None:
    api, lot = Api(), plant.lot()
    api.force_authenticate(plant.qa.user)

    def send(key: str, text: bytes = b"%PDF-1.7 fine") -> Any:
        headers = {"Idempotency-Key": key}
        return api.post(
            "/api/v1/attachments/", certificate(lot, text), format="multipart", headers=headers
        )

    first, again = send("k"), send("k")
    assert (again.json(), again["Idempotency-Replayed"]) == (first.json(), "true")
    assert send("k", b"%PDF-1.7 other").status_code == 422
    refused = send("bad", b"no pdf")
    assert (refused.status_code, send("bad", b"no pdf").json()) == (415, refused.json())
    assert Attachment.objects.count() == 1


def test_labels_are_printed_once_under_their_key(plant: Plant, api: Any) -> None:
    lot = plant.lot()
    body = {"lines": [{"lot": lot.code}]}
    printed = AuditEntry.objects.filter(action__contains="label")

    def send(query: str = "", **headers: str) -> Any:
        return api.post(f"/api/v1/labels/lots/{query}", body, format="json", headers=headers)

    dry = send("?dry_run=true")
    assert (dry.status_code, dry["Forestage-Dry-Run"], printed.count()) == (200, "true", 0)
    first, again = send(**{"Idempotency-Key": "k"}), send(**{"Idempotency-Key": "k"})
    assert again.content == first.content
    assert first.content.startswith(b"%PDF")
    assert again["Forestage-Labels"] == "1"
    assert again["Idempotency-Replayed"] == "true"
    assert printed.count() == 1
