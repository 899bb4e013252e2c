"""ETag, If-None-Match and If-Match: nothing is sent twice, and nothing newer is overwritten."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from django.db import connection

from inventory import preconditions
from inventory.models import IdempotencyKey, RefusedAttempt
from inventory.verbs import REGISTRY
from staging.models import Demand
from tests import waiting
from tests.api.cases import CASES
from tests.api.conftest import Api
from tests.factories import UserFactory
from tests.plant import Plant

CHANGING = sorted(name for name, verb in REGISTRY.items() if verb.changes)
PATHS = {
    "lot": "lots", "demand": "demands", "hold": "holds", "alert": "alerts",
    "container": "containers", "proposal": "proposals", "inspection": "inspections",
}  # fmt: skip


def path_of(verb: str, line: dict[str, Any]) -> str:
    """Where the thing that the line changes is read."""
    from inventory.models import Lot

    field = REGISTRY[verb].changes
    named = line[field]
    key = Lot.objects.get(code=named).pk if field == "lot" else named
    return f"{PATHS[field]}/{key}/"


# --- reading ------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_what_the_client_has_is_not_sent_again(plant: Plant, api: Any) -> None:
    demand = plant.order((plant.material(), 10))
    path = f"/api/v1/demands/{demand.reference}/"
    first = api.get(path)
    tag = first["ETag"]
    assert tag.startswith('"')
    assert first["Cache-Control"] == "private, no-cache"
    for sent in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = api.get(path, headers={"If-None-Match": sent})
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", tag)
        assert again["API-Version"]
    assert api.get(path, headers={"If-None-Match": '"other"'}).status_code == 200
    Demand.objects.filter(pk=demand.pk).update(carrier="Swift")
    changed = api.get(path, headers={"If-None-Match": tag})
    assert (changed.status_code, changed["ETag"] == tag) == (200, False)


@pytest.mark.django_db
def test_a_list_has_a_tag_and_an_error_none(plant: Plant, api: Any) -> None:
    listed = api.read("locations/")
    assert api.get("/api/v1/locations/", headers={"If-None-Match": listed["ETag"]}).content == b""
    assert "ETag" not in api.read("locations/", colour="red")
    assert "ETag" not in api.do("receive", {})


# --- changing -----------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("verb", CHANGING)
def test_a_verb_is_done_on_what_was_read_and_refused_on_something_older(
    verb: str, plant: Plant, api_as: Callable[..., Any]
) -> None:
    case = CASES[verb](plant)
    api = api_as(case.role)
    tag = api.read(path_of(verb, case.good))["ETag"]
    stale = api.do(verb, case.good, **{"If-Match": '"older"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed"), stale.json()
    [error] = stale.json()["errors"]
    assert (error["field"], error["facts"]) == (REGISTRY[verb].changes, {"etag": tag})
    assert RefusedAttempt.objects.get().code == "precondition_failed"
    done = api.do(verb, {"lines": [case.good]}, **{"If-Match": f'"older", {tag}'})
    assert done.status_code == 200, done.json()


@pytest.mark.django_db
def test_a_412_is_not_kept_under_a_key_and_a_done_one_is_told_again(plant: Plant) -> None:
    api, demand = _as("supervisor"), plant.order((plant.material(), 10))
    line = {"demand": demand.reference, "reason": "later", "needed_at": "2031-01-01T00:00:00Z"}
    key = {"Idempotency-Key": "k"}
    assert api.do("change_demand", line, **key, **{"If-Match": '"x"'}).status_code == 412
    assert not IdempotencyKey.objects.exists()
    tag = api.read(f"demands/{demand.reference}/")["ETag"]
    done = api.do("change_demand", line, **key, **{"If-Match": tag})
    again = api.do("change_demand", line, **key, **{"If-Match": tag})  # the answer was lost
    assert (again.status_code, again.json()) == (200, done.json())
    other = api.do("change_demand", line, **{"If-Match": tag, "Idempotency-Key": "l"})
    assert other.status_code == 412
    assert api.do("change_demand", line, **{"If-Match": "*"}).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("verb", "sent", "code"),
    [
        ("move", '"x"', "not_taken"),
        ("change_demand", "x", "invalid"),
        ("change_demand", '"x"', "one_line_only"),
    ],
)
def test_what_cannot_be_compared_is_not_understood(
    verb: str, sent: str, code: str, plant: Plant, api_as: Callable[..., Any]
) -> None:
    case = CASES[verb](plant)
    lines = [case.good] * 2 if code == "one_line_only" else [case.good]
    answer = api_as(case.role).do(verb, {"lines": lines}, **{"If-Match": sent})
    [error] = answer.json()["errors"]
    assert (answer.status_code, error["field"], error["code"]) == (400, "If-Match", code)


@pytest.mark.django_db
def test_a_client_may_have_to_say_what_it_has_read(plant: Plant, agreed: Any) -> None:
    agreed(match_required=True)
    api, demand = _as("supervisor"), plant.order((plant.material(), 10))
    line = {"demand": demand.reference, "reason": "called off"}
    missing = api.do("cancel_demand", line)
    assert (missing.status_code, missing.json()["code"]) == (428, "precondition_required")
    tag = api.read(f"demands/{demand.reference}/")["ETag"]
    assert api.do("cancel_demand", line, **{"If-Match": tag}).status_code == 200
    lot = plant.lot()
    assert _as("operator").do("move", {"lot": lot.code, "target": plant.a2.code}).status_code == 200
    signed = {"meaning": "approval", "reason": "fine", "password": "secret"}
    qa, fresh = _as(plant.qa.user), plant.lot(released=False)
    assert qa.do("release", {"lot": fresh.code, **signed}).status_code == 428
    version = qa.read(f"lots/{fresh.pk}/version/").json()["version"]
    said = {"lot": fresh.code, "expected": version, **signed}
    assert qa.do("release", said).status_code == 200


@pytest.mark.django_db
def test_a_verb_that_forgets_to_compare_has_no_effect(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preconditions, "locked", lambda rows: None)
    api, demand = _as("supervisor"), plant.order((plant.material(), 10))
    api.raise_request_exception = False
    line = {"demand": demand.reference, "reason": "called off"}
    assert api.do("cancel_demand", line, **{"If-Match": '"x"'}).status_code == 500
    demand.refresh_from_db()
    assert demand.closed_at is None


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_nothing_changes_between_the_comparison_and_the_effect() -> None:
    """Somebody has locked the demand, and changes it after the request has come."""
    plant = Plant()
    demand = plant.order((plant.material(), 10))
    api = _as("supervisor")
    tag = api.read(f"demands/{demand.reference}/")["ETag"]
    line = {"demand": demand.reference, "reason": "later", "carrier": "Late"}
    locked, sent = Event(), Event()

    def overtake() -> None:
        from django.db import transaction

        try:
            with transaction.atomic():
                list(demand.requirements.select_for_update())
                Demand.objects.filter(pk=demand.pk).update(carrier="First")
                locked.set()
                assert sent.wait(60)
                waiting.until(waiting.somebody_waits)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(overtake)
        assert locked.wait(60)
        sent.set()
        answer = api.do("change_demand", line, **{"If-Match": tag})
        first.result()
    assert answer.status_code == 412
    demand.refresh_from_db()
    assert demand.carrier == "First"


def _as(who: Any) -> Api:
    api = Api()
    api.force_authenticate(UserFactory(role=who) if isinstance(who, str) else who)
    return api
