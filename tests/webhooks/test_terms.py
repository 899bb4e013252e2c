"""Webhooks are under the terms of every unsafe request: keys, If-Match, dry runs; and change."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, connections, transaction
from django.utils import timezone

from integration.models import Subscription, WebhookSecret
from integration.webhooks import actions, addresses, secrets
from inventory import idempotency
from inventory.models import AuditEntry, IdempotencyKey, RefusedAttempt
from tests.api.conftest import Api, agreed, api, api_as
from tests.api.test_dry_run import everything, said
from tests.contract import hooks
from tests.factories import UserFactory
from tests.plant import Plant
from tests.webhooks.conftest import Hook
from tests.webhooks.receiver import Receiver, answers
from tests.webhooks.test_api import do

__all__ = ["agreed", "api", "api_as"]

pytestmark = pytest.mark.django_db

BODY = {"name": "MES", "url": hooks.URL, "types": ["forestage.hold.*"]}


def post(api: Api, path: str, body: Any, **headers: str) -> Any:
    return api.post(f"/api/v1/{path}", body, format="json", headers=headers or None)


def patch(api: Api, hook: Hook, body: Any, query: str = "", **headers: str) -> Any:
    path = f"/api/v1/webhooks/{hook.pk}/{query}"
    return api.patch(path, body, format="json", headers=headers or None)


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


# --- keys ---------------------------------------------------------------------------------------


def test_a_lost_answer_is_asked_for_again_with_its_secret(api: Api) -> None:
    key = {"Idempotency-Key": "k"}
    first, again = post(api, "webhooks/", BODY, **key), post(api, "webhooks/", BODY, **key)
    assert (first.status_code, again.json()) == (200, first.json())
    assert again["Idempotency-Replayed"] == "true"
    assert "no-store" in again["Cache-Control"]
    row = Subscription.objects.get()
    assert secrets.valid(row, timezone.now()) == [first.json()["secret"]]
    assert code(post(api, "webhooks/", BODY | {"name": "WMS"}, **key)) == (
        422, "idempotency_key_reused",
    )  # fmt: skip
    actions_of = AuditEntry.objects.filter(subject_id=str(row.pk)).order_by("pk")
    assert list(actions_of.values_list("action", flat=True)) == [
        "webhooks.subscribe", "webhooks.show_secret",
    ]  # fmt: skip


def test_no_secret_is_kept_with_the_answer(api: Api) -> None:
    secret = post(api, "webhooks/", BODY, **{"Idempotency-Key": "k"}).json()["secret"]
    [row] = IdempotencyKey.objects.all()
    assert row.answer["secret"] == WebhookSecret.objects.get().pk
    kept = [list(model._default_manager.values_list()) for model in apps.get_models()]
    assert str(row.answer["url"]) in str(kept)
    assert secret.removeprefix("whsec_") not in str(kept)


def test_a_rotation_is_told_again_until_the_secret_signs_nothing(api: Api, hook: Hook) -> None:
    own = f"webhooks/{hook.pk}/rotate-secret/"
    first, again = (
        post(api, own, {"overlap_hours": 0}, **{"Idempotency-Key": "a"}) for _ in range(2)
    )
    assert again.json()["secret"] == first.json()["secret"] != hook.secret
    assert WebhookSecret.objects.count() == 2
    post(api, own, {"overlap_hours": 0}, **{"Idempotency-Key": "b"})
    late = post(api, own, {"overlap_hours": 0}, **{"Idempotency-Key": "a"})
    assert (late.status_code, late.json()["secret"]) == (200, None)


def test_nor_for_longer_than_a_day(api: Api, hook: Hook) -> None:
    own, key = f"webhooks/{hook.pk}/rotate-secret/", {"Idempotency-Key": "k"}
    secret = post(api, own, {}, **key).json()["secret"]
    hook.clock.shift(timedelta(hours=23))
    assert post(api, own, {}, **key).json()["secret"] == secret
    hook.clock.shift(timedelta(hours=2))
    assert post(api, own, {}, **key).json()["secret"] is None


def test_a_key_is_its_users(api_as: Any) -> None:
    key = {"Idempotency-Key": "k"}
    first, other = (post(api_as("integrator"), "webhooks/", BODY, **key) for _ in range(2))
    assert first.json()["secret"] != other.json()["secret"]
    assert Subscription.objects.count() == 2


def test_a_refusal_stands_under_its_key(api: Api, hook: Hook, receiver: Receiver) -> None:
    own, key, body = f"webhooks/{hook.pk}/set-aside/", {"Idempotency-Key": "k"}, {"reason": "x"}
    refused = post(api, own, body, **key)
    assert code(refused) == (409, "nothing_given_up")
    hook.happen()
    receiver.next = [answers(400)]
    hook.beat()
    again = post(api, own, body, **key)
    assert (again.json(), again["Idempotency-Replayed"]) == (refused.json(), "true")
    assert RefusedAttempt.objects.get().verb == "webhooks.set_aside"
    assert post(api, own, body, **{"Idempotency-Key": "l"}).status_code == 200


def test_an_address_that_was_refused_stays_so_under_its_key(api: Api, settings: Any) -> None:
    body, key = BODY | {"url": "https://10.0.0.1/"}, {"Idempotency-Key": "k"}
    refused, again = post(api, "webhooks/", body, **key), post(api, "webhooks/", body, **key)
    assert code(refused) == (409, "webhook_address")
    assert (again.json(), again["Idempotency-Replayed"]) == (refused.json(), "true")


@pytest.mark.parametrize("operation", sorted(hooks.DONE))
def test_each_is_done_once_and_needs_a_key_where_that_is_agreed(
    operation: str, plant: Plant, api: Api, agreed: Any
) -> None:
    path, body = _call(operation, plant)
    agreed(key_required=True)
    method = "patch" if operation.endswith("partial_update") else "post"
    send = getattr(api, method)
    assert code(send(path, body, format="json")) == (400, "idempotency_key_missing")
    before = AuditEntry.objects.count()
    key = {"Idempotency-Key": "k"}
    first, again = (send(path, body, format="json", headers=key) for _ in range(2))
    assert first.status_code == 200, first.json()
    assert (again.json(), again["Idempotency-Replayed"]) == (first.json(), "true")
    shown = "secret" in first.json()
    assert AuditEntry.objects.count() == before + 1 + shown
    other = send(path, {"reason": "another", "after": 0}, format="json", headers=key)
    assert other.status_code in (400, 422)


def _call(operation: str, plant: Plant) -> tuple[str, Any]:
    """Where an operation is, with what has to be there, and what it is sent."""
    before, body = hooks.DONE[operation]
    row = before(plant)
    if operation == "webhooks_create":
        return "/api/v1/webhooks/", body
    if operation == "webhooks_partial_update":
        return f"/api/v1/webhooks/{row.pk}/", body
    if operation.startswith("webhook_dead"):
        return f"/api/v1/webhook-dead-letters/{row.parcels.get().pk}/send-again/", body
    name = operation.removeprefix("webhooks_").removesuffix("_create").replace("_", "-")
    return f"/api/v1/webhooks/{row.pk}/{name}/", body


@pytest.mark.parametrize("operation", sorted(hooks.DONE))
def test_a_dry_run_answers_as_the_real_one_and_leaves_nothing(
    operation: str, plant: Plant, api: Api
) -> None:
    path, body = _call(operation, plant)
    send = api.patch if operation.endswith("partial_update") else api.post
    before = everything()
    dry = send(f"{path}?dry_run=true", body, format="json", headers={"Idempotency-Key": "k"})
    assert everything() == before
    real = send(path, body, format="json", headers={"Idempotency-Key": "k"})
    assert dry["Forestage-Dry-Run"] == "true"
    if "secret" in real.json():  # a secret of nothing would be taken for one
        assert dry.json()["secret"] is None
        assert dry.json().keys() == real.json().keys()
    else:
        assert said(dry) == said(real)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_nobody_waits_for_the_first_of_the_same_key() -> None:
    user, running, told = UserFactory(role="integrator"), threading.Event(), threading.Event()

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
    api = Api()
    api.force_authenticate(user)
    try:
        answer = post(api, "webhooks/", BODY, **{"Idempotency-Key": "k"})
    finally:
        told.set()
        thread.join()
    assert code(answer) == (409, "idempotency_key_in_use")
    assert not Subscription.objects.exists()


def test_names_are_resolved_before_the_transaction(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server that is slow must not hold what everybody waits for."""
    depth: list[int] = []
    ordinary = addresses.reachable

    def noted(parts: Any) -> list[str]:
        depth.append(len(connection.savepoint_ids))
        return ordinary(parts)

    monkeypatch.setattr("integration.webhooks.addresses.reachable", noted)
    before = len(connection.savepoint_ids)
    assert post(api, "webhooks/", BODY, **{"Idempotency-Key": "k"}).status_code == 200
    assert depth == [before]


# --- changing -----------------------------------------------------------------------------------


def test_it_is_changed_over_the_api(api: Api, hook: Hook, receiver: Receiver, plant: Plant) -> None:
    body = {"name": "MES 2", "types": ["forestage.hold.*"], "sites": [plant.site.code]}
    answer = patch(api, hook, body)
    assert answer.status_code == 200, answer.json()
    shown = api.read(f"webhooks/{hook.pk}/").json()
    assert answer.json() == shown
    assert {name: shown[name] for name in body} == body
    assert (shown["url"], shown["contact"]) == (receiver.url, "mes@example.com")
    entry = AuditEntry.objects.get(action="webhooks.change")
    assert entry.surface == "api"
    assert entry.changes == {
        "name": ["MES", "MES 2"], "types": [[], ["forestage.hold.*"]],
        "sites": [[], [plant.site.code]],
    }  # fmt: skip
    assert patch(api, hook, {}).status_code == 200
    assert patch(api, hook, {"contact": ""}).json()["contact"] == ""
    assert AuditEntry.objects.filter(action="webhooks.change").count() == 2


@pytest.mark.parametrize(
    ("wrong", "status", "said"),
    [
        ({"url": "https://10.0.0.1/"}, 409, "webhook_address"),
        ({"url": "ftp://example.com/"}, 409, "webhook_url"),
        ({"types": ["moo"]}, 409, "webhook_type"),
        ({"name": ""}, 400, "invalid"),
        ({"contact": "nobody"}, 400, "invalid"),
        ({"after": 0}, 400, "invalid"),
        ({"sites": ["nowhere"]}, 400, "invalid"),
    ],
)
def test_what_cannot_be_right_is_refused(
    api: Api, hook: Hook, wrong: dict[str, Any], status: int, said: str
) -> None:
    before = api.read(f"webhooks/{hook.pk}/").json()
    assert code(patch(api, hook, wrong)) == (status, said)
    assert api.read(f"webhooks/{hook.pk}/").json() == before


def test_what_the_receiver_did_not_take_is_tried_at_its_new_address(
    api: Api, hook: Hook, receiver: Receiver
) -> None:
    expected = hook.happen()
    receiver.next = [answers(500)]
    hook.beat()
    assert patch(api, hook, {"url": f"{receiver.url}/new"}).json()["next_attempt_at"] is None
    hook.beat()
    assert receiver.ids == expected


def test_two_that_change_it_add_up(hook: Hook) -> None:
    """What is left out stays as it is now, and not as it was when the row was read."""
    stale = hook.row
    hook.do(actions.change, name="First")
    actions.change(subscription=stale, contact="x@example.com", by=hook.by, at=timezone.now())
    assert (hook.row.name, hook.row.contact) == ("First", "x@example.com")


# --- If-Match -----------------------------------------------------------------------------------


def test_it_is_changed_as_it_was_read_or_not_at_all(api: Api, hook: Hook) -> None:
    own = f"/api/v1/webhooks/{hook.pk}/"
    tag = api.get(own)["ETag"]
    stale = patch(api, hook, {"name": "A"}, **{"If-Match": '"older"'})
    assert code(stale) == (412, "precondition_failed")
    assert stale.json()["errors"][0]["facts"] == {"etag": tag}
    assert patch(api, hook, {"name": "A"}, **{"If-Match": tag}).status_code == 200
    assert code(patch(api, hook, {"name": "B"}, **{"If-Match": tag})) == (
        412, "precondition_failed",
    )  # fmt: skip
    assert patch(api, hook, {"name": "B"}, **{"If-Match": "*"}).status_code == 200


OF_ALERTS = ",alert_severity,alert_level,alert_reasons"


@pytest.mark.parametrize("more", ["", OF_ALERTS])
def test_events_that_are_sent_do_not_change_what_is_settled(
    api: Api, hook: Hook, receiver: Receiver, more: str
) -> None:
    """For a client that knows nothing of choosing alerts, and for one that does."""
    own, query = f"/api/v1/webhooks/{hook.pk}/", {"fields": f"contact,name,sites,types,url{more}"}
    whole, settled = api.get(own)["ETag"], api.get(own, query)["ETag"]
    hook.happen()
    hook.beat()
    assert patch(api, hook, {"name": "A"}, **{"If-Match": whole}).status_code == 412
    assert patch(api, hook, {"name": "A"}, **{"If-Match": settled}).status_code == 200
    assert patch(api, hook, {"name": "B"}, **{"If-Match": settled}).status_code == 412
    settled = api.get(own, query)["ETag"]
    assert patch(api, hook, {"alert_level": 2}).status_code == 200
    assert patch(api, hook, {"name": "B"}, **{"If-Match": settled}).status_code == (
        412 if more else 200
    )


def test_a_client_may_have_to_say_what_it_has_read(
    api: Api, plant: Plant, agreed: Any, hook: Hook
) -> None:
    agreed(match_required=True)
    assert code(patch(api, hook, {"name": "A"})) == (428, "precondition_required")
    assert code(do(api, f"webhooks/{hook.pk}/disable", reason="x")) == (
        428, "precondition_required",
    )  # fmt: skip
    assert do(api, f"webhooks/{hook.pk}/test").status_code == 200
    assert do(api, "webhooks", **BODY).status_code == 200
    tag = api.get(f"/api/v1/webhooks/{hook.pk}/")["ETag"]
    path = f"webhooks/{hook.pk}/disable/"
    assert post(api, path, {"reason": "x"}, **{"If-Match": tag}).status_code == 200
    letter = hooks.dead_letter(plant).parcels.get()
    own = f"webhook-dead-letters/{letter.pk}/"
    assert code(do(api, f"{own}send-again")) == (428, "precondition_required")
    tag = api.get(f"/api/v1/{own}")["ETag"]
    assert post(api, f"{own}send-again/", {}, **{"If-Match": tag}).status_code == 200
