"""The proof of the torture can fail: what is lost, doubled or left half done is named."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from config.torture import plant as torture_plant
from config.torture import world
from config.torture.client import Client
from config.torture.doors import InProcessDoor
from config.torture.journal import Answer, Journal, Outcome, Request, read_all
from config.torture.plan import VERBS, Plan
from config.torture.proof import findings
from inventory.append_only import trigger_sql
from inventory.models import AuditEntry, IdempotencyKey, Movement

pytestmark = pytest.mark.django_db

NAME = "c1"


class OwnTransaction(InProcessDoor):
    """Leaves the connection open: the test's own transaction is on it."""

    def done_with(self) -> None:
        """Keep it."""


@pytest.fixture
def client(tmp_path: Path) -> Client:
    """A client that has been to the plant."""
    torture_plant.install([NAME])
    return Client(
        name=NAME,
        door=OwnTransaction(world.username(NAME)),
        journal=Journal(tmp_path / f"{NAME}.jsonl"),
        plan=Plan(NAME, "seed"),
    )


def request(client: Client, verb: str, **line: Any) -> Request:
    """A request that is not drawn."""
    drawn = client.new_request()
    return Request(key=drawn.key, verb=verb, body=drawn.body | {"lines": [line]}, at=drawn.at)


def stage(client: Client) -> Request:
    return request(
        client, "stage", demand=world.ORDERS[0], lot=world.RAW_LOTS[0], lane=world.LANES[0],
        source=world.BAYS[0], quantity="5",
    )  # fmt: skip


@pytest.fixture
def worked(client: Client) -> Client:
    """One staging, sent twice; one refused move. All is proved."""
    staging = stage(client)
    answers = [client.ask(staging), client.ask(staging)]
    assert [(found.outcome, found.replayed) for found in answers] == [
        (Outcome.ACKNOWLEDGED, False),
        (Outcome.ACKNOWLEDGED, True),
    ]
    lot, bay = world.RAW_LOTS[0], world.BAYS[0]
    answer = client.ask(request(client, "move", lot=lot, source=bay, target=bay, quantity="1"))
    assert (answer.outcome, answer.code) == (Outcome.REFUSED, "same_place")
    assert found_in(client) == []
    return client


def found_in(client: Client) -> list[str]:
    return findings(read_all(folder(client)), [NAME])


def folder(client: Client) -> Path:
    return Path(client.journal._file.name).parent


def copy_of(movement: Movement, **changes: Any) -> Movement:
    movement.pk = None
    for name, value in changes.items():
        setattr(movement, name, value)
    movement.save(force_insert=True)
    return movement


def staged() -> Movement:
    return Movement.objects.get(kind="stage")


def past_the_triggers(statement: str) -> None:
    """Change what the database protects."""
    on = "" if connection.vendor == "sqlite" else " ON inventory_movement"
    with connection.cursor() as cursor:
        for event in ("update", "delete"):
            cursor.execute(f"DROP TRIGGER inventory_movement_no_{event}{on}")
        cursor.execute(statement)
        for restored in trigger_sql("inventory_movement", connection.vendor):
            cursor.execute(restored)


def rewritten(client: Client, change: Callable[[dict[str, Any]], None]) -> None:
    """Change what the client was told."""
    path = folder(client) / f"{NAME}.jsonl"
    lines = [json.loads(text) for text in path.read_text().splitlines()]
    for line in lines:
        if line.get("answer"):
            change(line["answer"])
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def forget_last_word(answer: dict[str, Any]) -> None:
    answer.update({"outcome": "unknown", "content": None})


def mistake(answer: dict[str, Any]) -> None:
    if answer["code"] == "same_place":
        answer.update({"outcome": "failed", "status": 500})


def tell_replay_something_else(answer: dict[str, Any]) -> None:
    if answer["replayed"]:
        answer["content"]["warnings"] = ["something else"]


def tell_of_refusal(answer: dict[str, Any]) -> None:
    answer.update({"outcome": "refused", "code": "not_here", "content": None, "replayed": False})


PLANTED: dict[str, tuple[str, Callable[[Client], object]]] = {
    "movement doubled in its batch": (
        "was not told of movement",
        lambda client: copy_of(staged()),
    ),
    "movement doubled in a batch of its own": (
        "was done 2 times",
        lambda client: copy_of(staged(), batch="00000000-0000-7000-8000-000000000001"),
    ),
    "movement of nobody's": (
        "nobody asked for",
        lambda client: copy_of(staged(), occurred_at=timezone.now()),
    ),
    "movement lost": (
        "which is not in the ledger",
        lambda client: past_the_triggers("DELETE FROM inventory_movement WHERE kind = 'stage'"),
    ),
    "movement changed": (
        "is not what was answered",
        lambda client: past_the_triggers(
            "UPDATE inventory_movement SET quantity = 6 WHERE kind = 'stage'"
        ),
    ),
    "balance out of step": (
        "ledger: balance:",
        lambda client: connection.cursor().execute(
            "UPDATE inventory_balance SET quantity = quantity + 1"
        ),
    ),
    "key lost": (
        "is kept with another answer",
        lambda client: IdempotencyKey.objects.all().delete(),
    ),
    "key of nobody's": (
        "nobody sent it",
        lambda client: IdempotencyKey.objects.create(user=client.door.by.user, key="other"),  # type: ignore[attr-defined]
    ),
    "refused and done": (
        "was refused, and was done",
        lambda client: rewritten(client, tell_of_refusal),
    ),
    "never answered": ("unanswered:", lambda client: rewritten(client, forget_last_word)),
    "never answered and done": (
        "was never answered, and was done",
        lambda client: rewritten(client, forget_last_word),
    ),
    "repeat answered differently": (
        "was answered in 2 ways",
        lambda client: rewritten(client, tell_replay_something_else),
    ),
    "mistake of the server": ("failed:", lambda client: rewritten(client, mistake)),
}


@pytest.mark.parametrize("planted", PLANTED)
def test_what_is_wrong_is_named(worked: Client, planted: str) -> None:
    said, plant_it = PLANTED[planted]
    plant_it(worked)
    found = found_in(worked)
    assert any(said in text for text in found), found


def test_every_verb_of_the_plan_is_proved(client: Client) -> None:
    """A few hundred requests drawn at random, alone and repeated: nothing is found."""
    seen = set()
    for _number in range(250):
        drawn = client.new_request()
        if client.ask(drawn).outcome == Outcome.ACKNOWLEDGED:
            seen.add(drawn.verb)
            client.ask(drawn)
    assert found_in(client) == []
    assert len(seen) > len(VERBS) / 2
    done = AuditEntry.objects.filter(actor__username=world.username(NAME))
    assert done.exclude(action="refused").count() > 50


def test_what_has_no_last_word_is_asked_again(client: Client) -> None:
    """The answer got lost twice; the third attempt is told what the first one did."""
    staging = stage(client)
    real, lost = client.door, [Outcome.UNKNOWN, Outcome.UNAVAILABLE]

    class Losing:
        def send(self, request: Request) -> Answer:
            answer = real.send(request)
            return Answer(outcome=lost.pop()) if lost else answer

    client.door = Losing()
    assert client.ask(staging).outcome not in (Outcome.ACKNOWLEDGED, Outcome.REFUSED)
    assert client.settle() == 0
    assert found_in(client) == []
    (entry,) = read_all(folder(client))
    assert [answer.outcome for answer in entry.answers][-1] == Outcome.ACKNOWLEDGED
    assert Movement.objects.filter(kind="stage").count() == 1
