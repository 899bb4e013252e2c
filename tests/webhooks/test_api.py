"""Webhooks over the API: set up and put right by the systems that receive them."""

from typing import Any

import pytest

from integration.models import Parcel, Subscription
from inventory.models import AuditEntry
from tests.api.conftest import Api, api, api_as
from tests.webhooks.conftest import Hook
from tests.webhooks.receiver import Receiver, answers

__all__ = ["api", "api_as"]

pytestmark = pytest.mark.django_db


def do(api: Api, path: str, **body: Any) -> Any:
    return api.post(f"/api/v1/{path}/", body, format="json")


def test_a_system_sets_itself_up_and_knows_the_secret_alone(
    api: Api, receiver: Receiver, plant: Any
) -> None:
    body = {"name": "MES", "url": receiver.url, "types": ["forestage.hold.*"]}
    answer = do(api, "webhooks", **body, sites=[plant.site.code])
    assert answer.status_code == 200, answer.json()
    made = answer.json()
    assert made["secret"].startswith("whsec_")
    assert "no-store" in answer["Cache-Control"]
    shown = api.read(f"webhooks/{made['id']}/").json()
    assert shown == {name: value for name, value in made.items() if name != "secret"}
    assert (shown["types"], shown["sites"]) == (["forestage.hold.*"], [plant.site.code])
    assert AuditEntry.objects.get(action="webhooks.subscribe").surface == "api"
    assert [row["id"] for row in api.read("webhooks/", enabled=True).json()["results"]] == [
        made["id"]
    ]


@pytest.mark.parametrize(
    ("wrong", "status", "code"),
    [
        ({"url": "https://127.0.0.1.nip/"}, 200, ""),  # a name that nobody knows yet
        ({"url": "https://10.0.0.1/"}, 409, "webhook_address"),
        ({"url": "ftp://example.com/"}, 409, "webhook_url"),
        ({"types": ["moo"]}, 409, "webhook_type"),
        ({"after": 10**9}, 409, "cursor_ahead"),
        ({"after": -1}, 400, "invalid"),
        ({"sites": ["nowhere"]}, 400, "invalid"),
        ({"name": ""}, 400, "invalid"),
        ({"contact": "nobody"}, 400, "invalid"),
    ],
)
def test_what_cannot_be_right_is_refused(
    api: Api, receiver: Receiver, wrong: dict[str, Any], status: int, code: str
) -> None:
    answer = do(api, "webhooks", **{"name": "MES", "url": receiver.url} | wrong)
    assert answer.status_code == status, answer.json()
    assert answer.json().get("code", "") == code
    assert Subscription.objects.exists() == (status == 200)


def test_it_is_put_right_over_the_api(api: Api, hook: Hook, receiver: Receiver) -> None:
    own, expected = f"webhooks/{hook.pk}", hook.happen()
    receiver.next = [answers(400), answers(400)]
    hook.beat()
    assert api.read(f"{own}/").json()["failing_event"] == expected[0]
    assert do(api, f"{own}/try-now").json()["next_attempt_at"] is None
    hook.beat()
    tries = api.read("webhook-deliveries/", webhook=hook.pk, outcome="failed").json()["results"]
    assert [(row["attempt"], row["status"]) for row in tries] == [(2, 400), (1, 400)]
    assert do(api, f"{own}/set-aside").status_code == 400
    assert do(api, f"{own}/set-aside", reason="not ours").status_code == 200
    hook.beat()
    [letter] = api.read("webhook-dead-letters/", open=True).json()["results"]
    assert letter["event"] == expected[0]
    assert do(api, f"webhook-dead-letters/{letter['id']}/send-again").json()["asked_at"]
    hook.beat()
    assert receiver.ids == [expected[1], expected[0]]
    again = do(api, f"webhook-dead-letters/{letter['id']}/send-again")
    assert (again.status_code, again.json()["code"]) == (409, "letter_taken")
    assert not Parcel.objects.dead().exists()


def test_what_is_taken_is_not_set_aside(api: Api, hook: Hook, receiver: Receiver) -> None:
    hook.happen()
    hook.beat()
    answer = do(api, f"webhooks/{hook.pk}/set-aside", reason="not ours")
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_given_up")


def test_it_is_disabled_tested_enabled_and_replayed(
    api: Api, hook: Hook, receiver: Receiver
) -> None:
    own, begin, expected = f"webhooks/{hook.pk}", hook.row.position, hook.happen()
    assert do(api, f"{own}/disable", reason="holidays").json()["ended"] == "by_hand"
    secret = do(api, f"{own}/rotate-secret", overlap_hours=0).json()["secret"]
    receiver.secrets = [secret]
    do(api, f"{own}/test")
    hook.beat()
    assert [event["type"] for event in receiver.taken] == ["forestage.webhook.test"]
    assert do(api, f"{own}/enable", reason="back").json()["disabled_at"] is None
    hook.beat()
    assert do(api, f"{own}/replay", after=begin, reason="lost").json()["position"] == begin
    hook.beat()
    assert receiver.ids[1:] == expected * 2


STEPS = (
    "rotate-secret", "disable", "enable", "try-now", "set-aside", "replay", "test",
)  # fmt: skip


@pytest.mark.parametrize(
    ("role", "reads", "does"),
    [("operator", 403, 403), ("qa", 403, 403), ("auditor", 200, 403), ("supervisor", 200, 403),
     ("integrator", 200, 404)],
)  # fmt: skip
def test_who_may(api_as: Any, role: str, reads: int, does: int) -> None:
    client = api_as(role)
    for path in ("webhooks", "webhook-deliveries", "webhook-dead-letters"):
        assert client.read(f"{path}/").status_code == reads
    for name in STEPS:
        assert do(client, f"webhooks/9/{name}").status_code == does
    assert do(client, "webhook-dead-letters/9/send-again").status_code == does
    assert do(client, "webhooks").status_code == (400 if does == 404 else does)


def test_a_stranger_does_nothing(db: None) -> None:
    assert do(Api(), "webhooks").status_code == 401
    assert Api().read("webhooks/").status_code == 401
