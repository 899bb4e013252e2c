"""A request repeated with its key has one effect, and one answer."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from inventory import actions as stock
from inventory import idempotency, verbs
from inventory.api.structured import string_of
from inventory.models import Balance, IdempotencyKey, Movement, RefusedAttempt
from inventory.tasks import forget_keys
from tests.api.conftest import Api
from tests.factories import UserFactory
from tests.plant import Plant

VECTORS = Path(__file__).resolve().parents[3] / "shared/standards/structured_fields/string.json"
KEY = "Idempotency-Key"


def body(plant: Plant, **values: Any) -> dict[str, Any]:
    material = plant.material()
    return {
        "material": material.code,
        "number": "N1",
        "quantity": "5",
        "location": plant.a1.code,
    } | values


@pytest.mark.django_db
def test_a_repeat_is_answered_from_the_store(plant: Plant, api: Any) -> None:
    line = body(plant)
    first = api.do("receive", line, **{KEY: "delivery-1"})
    second = api.do("receive", line, **{KEY: '"delivery-1"'})
    assert "Idempotency-Replayed" not in first
    assert second["Idempotency-Replayed"] == "true"
    assert (second.status_code, second.json()) == (200, first.json())
    assert Movement.objects.count() == 1


@pytest.mark.django_db
def test_without_a_key_a_repeat_is_another_request(plant: Plant, api: Any) -> None:
    line = body(plant)
    api.do("receive", line)
    api.do("receive", line)
    assert Movement.objects.count() == 2


@pytest.mark.django_db
def test_a_key_stands_for_one_request(plant: Plant, api: Any) -> None:
    line = body(plant)
    api.do("receive", line, **{KEY: "k"})
    reused = api.do("receive", line | {"quantity": "6"}, **{KEY: "k"})
    assert (reused.status_code, reused.json()["code"]) == (422, "idempotency_key_reused")
    moved = {"lot": f"{line['material']}/N1", "target": plant.a2.code}
    assert api.do("move", moved, **{KEY: "k"}).status_code == 422
    assert Movement.objects.count() == 1


@pytest.mark.django_db
def test_keys_belong_to_their_user(plant: Plant, api_as: Any) -> None:
    line = body(plant)
    for _n in range(2):
        answer = api_as("integrator").do("receive", line, **{KEY: "k"})
        assert "Idempotency-Replayed" not in answer
    assert Movement.objects.count() == 2


# --- refusals -----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_refusal_stands_as_well_and_is_one_attempt(plant: Plant, api: Any) -> None:
    lot = plant.lot()
    hold = plant.hold(lot=lot)
    demand = plant.order((lot.material, 10))
    line = {"demand": demand.reference, "lot": lot.code, "lane": plant.l1.code}
    refused = api.do("stage", line, **{KEY: "k"})
    plant.lift(hold)
    again = api.do("stage", line, **{KEY: "k"})
    assert (again.status_code, again.json()) == (409, refused.json())
    assert again["Content-Type"] == "application/problem+json"
    assert again["Idempotency-Replayed"] == "true"
    assert RefusedAttempt.objects.count() == 1
    assert api.do("stage", line, **{KEY: "another"}).status_code == 200


@pytest.mark.django_db
def test_what_passes_by_itself_does_not_stand(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others were at the demand: the same request, under the same key, is carried out later."""
    demand = plant.order((plant.material(), 10))
    line = {"demand": demand.reference, "reason": "called off"}
    api = _as("supervisor")
    with monkeypatch.context() as busy:
        busy.setattr("staging.actions.demands.range", lambda _most: (), raising=False)
        refused = api.do("cancel_demand", line, **{KEY: "k"})
    assert (refused.status_code, refused.json()["code"]) == (409, "demand_busy")
    assert refused["Retry-After"] == "1"
    assert not IdempotencyKey.objects.exists()
    assert api.do("cancel_demand", line, **{KEY: "k"}).status_code == 200


@pytest.mark.django_db
def test_nor_does_what_others_pack_at_this_moment(
    plant: Plant, api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lot that came into the container after its lots were locked is not locked."""
    lot = plant.lot()
    [box] = plant.do(stock.new_container, stock.NewContainer(code="PAL-7", location=plant.a1))
    plant.do(stock.pack, stock.Pack(lot=lot, container=box))
    line = {"container": "PAL-7", "target": plant.a2.code}
    with monkeypatch.context() as before:
        before.setattr("inventory.actions.containers.lock_lots", lambda _lots: {})
        refused = api.do("move_container", line, **{KEY: "k"})
    assert (refused.status_code, refused.json()["code"]) == (409, "container_busy")
    assert refused["Retry-After"] == "1"
    assert not IdempotencyKey.objects.exists()
    assert api.do("move_container", line, **{KEY: "k"}).status_code == 200


@pytest.mark.django_db
def test_a_wrong_password_is_counted_each_time_and_nothing_of_it_is_kept(
    plant: Plant, settings: Any
) -> None:
    settings.LOCKOUT_FAILURES = 3
    api, lot = _as(plant.qa.user), plant.lot(released=False)
    line = {"lot": lot.code, "meaning": "approval", "reason": "fine", "password": "guess"}
    codes = [api.do("release", line, **{KEY: "k"}).json()["code"] for _n in range(4)]
    assert codes == ["signature_wrong"] * 3 + ["signer_locked"]
    assert not IdempotencyKey.objects.exists()
    assert RefusedAttempt.objects.count() == 4


@pytest.mark.django_db
def test_a_signing_is_repeated_with_another_code_and_keeps_no_secret(plant: Plant) -> None:
    """A one-time code has been used up by the time somebody asks again for a lost answer."""
    api, lot = _as(plant.qa.user), plant.lot(released=False)
    line = {"lot": lot.code, "meaning": "approval", "reason": "fine", "password": "secret"}
    done = api.do("release", line, **{KEY: "k"})
    again = api.do("release", line | {"code": "123456"}, **{KEY: "k"})
    assert (done.status_code, again.status_code) == (200, 200)
    assert again.json() == done.json()
    [kept] = IdempotencyKey.objects.values()
    assert "secret" not in str(kept)
    del line["password"]
    assert kept["fingerprint"] == verbs.asked_of(verbs.REGISTRY["release"], line, plant.qa)


@pytest.mark.django_db
def test_errors_of_ours_and_of_who_may_not_are_not_kept(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = body(plant)
    api = _as("integrator")
    api.raise_request_exception = False
    with monkeypatch.context() as broken:
        broken.setattr("inventory.verbs.answer_of", lambda result: 1 / 0)
        assert api.do("receive", line, **{KEY: "k"}).status_code == 500
    assert _as("auditor").do("receive", line, **{KEY: "k"}).status_code == 403
    assert api.do("receive", line | {"quantity": "x"}, **{KEY: "k"}).status_code == 400
    assert Api().do("receive", line, **{KEY: "k"}).status_code == 401
    assert not IdempotencyKey.objects.exists()
    assert api.do("receive", line, **{KEY: "k"}).status_code == 200
    assert Movement.objects.count() == 1


@pytest.mark.django_db
def test_done_is_told_again_though_the_label_names_something_else_by_now(
    plant: Plant, api: Any
) -> None:
    lot = plant.lot()
    line = {"lot": lot.code, "target": plant.a2.code}
    done = api.do("move", line, **{KEY: "k"})
    type(lot).objects.filter(pk=lot.pk).update(code="renamed/1")
    again = api.do("move", line, **{KEY: "k"})
    assert (again.status_code, again.json()) == (200, done.json())
    assert api.do("move", line, **{KEY: "new"}).status_code == 400


# --- the key itself -----------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["x" * 256, "tab\there", "é", '""', "", '"open', '"a" b'])
def test_a_key_is_short_and_printable(key: str, plant: Plant, api: Any) -> None:
    problem = api.do("receive", body(plant), **{KEY: key})
    assert problem.status_code == 400
    assert problem.json()["errors"][0]["field"] == KEY


def vectors() -> list[Any]:
    if not VECTORS.exists():
        return []
    return [pytest.param(one, id=one["name"]) for one in json.loads(VECTORS.read_text())]


@pytest.mark.skipif(not VECTORS.exists(), reason="needs ../shared/standards/structured_fields")
@pytest.mark.parametrize("one", vectors())
def test_a_structured_string_is_read_as_the_standard_has_it(one: dict[str, Any]) -> None:
    try:
        found = string_of(", ".join(one["raw"]))
    except ValueError:
        assert one.get("must_fail") or one.get("can_fail")
    else:
        assert not one.get("must_fail")
        assert found == one["expected"][0]


def test_parameters_of_a_structured_string_are_passed_over() -> None:
    assert string_of('"a \\"b\\"";v=1; w="x;y";z') == 'a "b"'


@pytest.mark.django_db
def test_a_client_may_have_to_send_one(plant: Plant, api: Any, agreed: Any) -> None:
    agreed(key_required=True)
    line = body(plant)
    missing = api.do("receive", line)
    assert (missing.status_code, missing.json()["code"]) == (400, "idempotency_key_missing")
    assert not RefusedAttempt.objects.exists()
    assert api.do("receive", line, **{KEY: "k"}).status_code == 200


@pytest.mark.django_db
def test_the_kept_digest_does_not_give_a_password_away(
    plant: Plant, api_as: Any, settings: Any
) -> None:
    from inventory.idempotency import fingerprint

    line = {"lot": "L", "password": "secret"}
    first = fingerprint("quality.release", line)
    settings.SECRET_KEY = "another"
    assert fingerprint("quality.release", line) != first


@pytest.mark.django_db
def test_keys_are_forgotten_once_they_were_kept_long_enough(
    plant: Plant, api: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "AT_ONCE", 2)
    settings.IDEMPOTENCY_DAYS = 7
    line = body(plant)
    for number in range(5):
        api.do("receive", line, **{KEY: f"k{number}"})
    for number, days in enumerate((9, 8, 8, 6)):
        at = timezone.now() - timedelta(days=days)
        IdempotencyKey.objects.filter(key=f"k{number}").update(created_at=at)
    assert (forget_keys(), forget_keys()) == (3, 0)
    assert {row.key for row in IdempotencyKey.objects.all()} == {"k3", "k4"}
    assert api.do("receive", line, **{KEY: "k3"})["Idempotency-Replayed"] == "true"


# --- at the same time, and cut off ---------------------------------------------------------------


def _as(who: Any) -> Api:
    api = Api()
    api.force_authenticate(UserFactory(role=who) if isinstance(who, str) else who)
    return api


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_eight_at_once_one_acts_and_nobody_waits() -> None:
    plant = Plant()
    user, line = UserFactory(role="integrator"), body(plant)

    def send(_n: int) -> Any:
        try:
            return _as(user).do("receive", line, **{KEY: "k"})
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))
    assert Movement.objects.count() == IdempotencyKey.objects.count() == 1
    [first] = [a for a in answers if a.status_code == 200 and "Idempotency-Replayed" not in a]
    for answer in answers:
        if answer.status_code == 409:
            assert answer.json()["code"] == "idempotency_key_in_use"
            assert answer["Retry-After"] == "1"
        else:
            assert (answer.status_code, answer.json()) == (200, first.json())
    assert not RefusedAttempt.objects.exists()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_second_request_is_told_at_once_that_the_first_is_running(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plant = Plant()
    user, line = UserFactory(role="integrator"), body(plant)
    begun, go_on = Event(), Event()
    ordinary = verbs.answer_of

    def slowly(result: Any) -> Any:
        begun.set()
        assert go_on.wait(60)
        return ordinary(result)

    def send() -> Any:
        try:
            return _as(user).do("receive", line, **{KEY: "k"})
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool, monkeypatch.context() as patched:
        patched.setattr("inventory.verbs.answer_of", slowly)
        first = pool.submit(send)
        try:
            assert begun.wait(60)
            meanwhile = send()
        finally:
            go_on.set()
        done = first.result()
    assert (meanwhile.status_code, meanwhile.json()["code"]) == (409, "idempotency_key_in_use")
    assert (done.status_code, send().json()) == (200, done.json())
    assert Movement.objects.count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_that_came_to_different_ends_get_one_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """One was refused and undone; before it could keep that, the other was done."""
    plant = Plant()
    user, lot = UserFactory(role="integrator"), plant.lot()
    hold = plant.hold(lot=lot)
    demand = plant.order((lot.material, 10))
    line = {"demand": demand.reference, "lot": lot.code, "lane": plant.l1.code}
    ordinary = verbs._record_refusals
    done: list[Any] = []

    def meanwhile(*args: Any) -> None:
        ordinary(*args)
        monkeypatch.setattr(verbs, "_record_refusals", ordinary)
        plant.lift(hold)
        done.append(_as(user).do("stage", line, **{KEY: "k"}))

    monkeypatch.setattr(verbs, "_record_refusals", meanwhile)
    late = _as(user).do("stage", line, **{KEY: "k"})
    assert (late.status_code, late.json()) == (done[0].status_code, done[0].json())
    assert late.status_code == 200
    assert late["Idempotency-Replayed"] == "true"


@pytest.mark.django_db
def test_a_client_that_loses_every_third_answer_stages_each_line_once(
    plant: Plant, api: Any
) -> None:
    lots = [plant.lot(10) for _n in range(6)]
    demand = plant.order(*((lot.material, 10) for lot in lots))
    sent = 0
    for number, lot in enumerate(lots):
        line = {"demand": demand.reference, "lot": lot.code, "lane": plant.l1.code}
        while True:
            answer = api.do("stage", line, **{KEY: f"line-{number}"})
            sent += 1
            if sent % 3:  # this one arrived
                assert answer.status_code == 200
                break
    assert sent > len(lots)
    assert Movement.objects.filter(kind="stage").count() == len(lots)
    assert {row.bound for row in Balance.objects.filter(location=plant.l1)} == {10}


@pytest.mark.django_db
def test_a_crash_before_the_answer_is_kept_leaves_nothing(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Effect, key and answer are one transaction: what comes back is all of them or none."""
    line, api = body(plant), _as("integrator")
    api.raise_request_exception = False
    with monkeypatch.context() as broken:
        broken.setattr(idempotency, "_ANSWERS", lambda row: 1 / 0)
        assert api.do("receive", line, **{KEY: "k"}).status_code == 500
    assert not Movement.objects.exists()
    assert not IdempotencyKey.objects.exists()
    assert api.do("receive", line, **{KEY: "k"}).status_code == 200
