"""A request repeated with its key has one effect, and one answer."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from inventory.models import IdempotencyKey, Movement
from tests.api.conftest import Api
from tests.factories import UserFactory
from tests.plant import Plant


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
    first = api.do("receive", line, **{"Idempotency-Key": "delivery-1"})
    second = api.do("receive", line, **{"Idempotency-Key": '"delivery-1"'})
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
    api.do("receive", line, **{"Idempotency-Key": "k"})
    reused = api.do("receive", line | {"quantity": "6"}, **{"Idempotency-Key": "k"})
    assert (reused.status_code, reused.json()["code"]) == (422, "idempotency_key_reused")
    moved = {"lot": f"{line['material']}/N1", "target": plant.a2.code}
    assert api.do("move", moved, **{"Idempotency-Key": "k"}).status_code == 422
    assert Movement.objects.count() == 1


@pytest.mark.django_db
def test_keys_belong_to_their_user(plant: Plant, api_as: Any) -> None:
    line = body(plant)
    for _n in range(2):
        answer = api_as("integrator").do("receive", line, **{"Idempotency-Key": "k"})
        assert "Idempotency-Replayed" not in answer
    assert Movement.objects.count() == 2


@pytest.mark.django_db
def test_a_refused_request_may_be_tried_again(plant: Plant, api: Any) -> None:
    lot = plant.lot()
    hold = plant.hold(lot=lot)
    demand = plant.order((lot.material, 10))
    line = {"demand": demand.reference, "lot": lot.code, "lane": plant.l1.code}
    assert api.do("stage", line, **{"Idempotency-Key": "k"}).status_code == 409
    plant.lift(hold)
    assert api.do("stage", line, **{"Idempotency-Key": "k"}).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["x" * 256, "tab\there", "é"])
def test_a_key_is_short_and_printable(key: str, plant: Plant, api: Any) -> None:
    problem = api.do("receive", body(plant), **{"Idempotency-Key": key})
    assert problem.status_code == 400
    assert problem.json()["errors"][0]["field"] == "Idempotency-Key"


@pytest.mark.django_db
def test_the_kept_digest_does_not_give_a_password_away(
    plant: Plant, api_as: Any, settings: Any
) -> None:
    from inventory.idempotency import fingerprint

    line = {"lot": "L", "password": "secret"}
    first = fingerprint("quality.release", line)
    settings.SECRET_KEY = "another"
    assert fingerprint("quality.release", line) != first


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_eight_at_once_one_acts_and_seven_replay() -> None:
    plant = Plant()
    user, line = UserFactory(role="integrator"), body(plant)

    def send(_n: int) -> tuple[int, Any, bool]:
        api = Api()
        api.force_authenticate(user)
        try:
            answer = api.do("receive", line, **{"Idempotency-Key": "k"})
            return answer.status_code, answer.json(), "Idempotency-Replayed" in answer
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))
    assert Movement.objects.count() == IdempotencyKey.objects.count() == 1
    assert {status for status, _body, _replayed in answers} == {200}
    assert all(found == answers[0][1] for _status, found, _replayed in answers)
    assert sum(replayed for _status, _body, replayed in answers) == 7
