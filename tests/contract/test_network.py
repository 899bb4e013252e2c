"""Bad networks, against gunicorn: lost answers, requests that break off, lengths that lie.

FORESTAGE_SOAK_SECONDS says how long the soak runs.
"""

import itertools
import json
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from config.torture import world
from config.torture.stack import Stack
from tests.contract.lossy import Lossy, body_of, request, status_of, talk
from tests.stress.conftest import database, running_stack, value

__all__ = ["database", "running_stack"]

pytestmark = [pytest.mark.postgres, pytest.mark.redis]

SECONDS = float(os.environ.get("FORESTAGE_SOAK_SECONDS", "8"))
CLIENTS = 4
numbers = itertools.count(1)


def work(stack: Stack, until: float, client: int) -> tuple[list[str], Lossy]:
    """Demands of three lines each, every line staged under a key of its own."""
    network, done = Lossy(stack.port, stack.tokens["tester"]), []
    for number in itertools.count():
        reference = f"SOAK-{client}-{number}"
        needs = [
            {"material": world.RAW, "lot": f"{world.RAW}/{lot}", "quantity": "0.5"}
            for lot in world.RAW_LOTS
        ]
        demand = {
            "reference": reference, "kind": "production", "site": world.SITE,
            "needed_at": "2030-01-01T00:00:00Z", "work_center": world.WORK_CENTER,
            "requirements": needs,
        }  # fmt: skip
        network.do("create-demand", demand, f"{reference}-create")
        for need in needs:
            line = {
                "demand": reference, "lot": need["lot"], "quantity": "0.5",
                "lane": world.LANES[client % 2], "source": world.BAYS[number % 2],
            }  # fmt: skip
            answer = network.do("stage", line, f"{reference}-{need['lot']}")
            assert len(answer["movements"]) == 1
        done.append(reference)
        if time.monotonic() > until:
            break
    return done, network


def test_every_demand_line_is_staged_exactly_once(running_stack: Stack) -> None:
    until = time.monotonic() + SECONDS
    with ThreadPoolExecutor(CLIENTS) as threads:
        finished = list(threads.map(lambda n: work(running_stack, until, n), range(CLIENTS)))
    demands = [reference for done, _network in finished for reference in done]
    lost = sum(network.lost for _done, network in finished)
    replayed = sum(network.replayed for _done, network in finished)
    print(f"\n{len(demands)} demands; {lost} answers were lost, {replayed} were sent again")
    assert demands
    assert lost > len(demands)
    assert replayed > 0
    staged = value(
        running_stack,
        """SELECT count(*) FROM (
             SELECT reference, lot_id FROM inventory_movement WHERE kind = 'stage'
             AND reference = ANY(%s) GROUP BY reference, lot_id
             HAVING count(*) = 1 AND sum(quantity) = 0.5) AS once""",
        demands,
    )
    movements = value(
        running_stack,
        "SELECT count(*) FROM inventory_movement WHERE reference = ANY(%s)",
        demands,
    )
    assert staged == movements == 3 * len(demands)
    assert "Traceback" not in running_stack.web.log.read_text()


# --- what a client or a proxy may do to a request ----------------------------------------------


def move() -> tuple[bytes, str]:
    """A request that would be carried out, and its key."""
    line = {"lot": f"{world.RAW}/{world.RAW_LOTS[0]}", "source": world.BAYS[0],
            "target": world.BAYS[1], "quantity": "1"}  # fmt: skip
    return json.dumps(line).encode(), f"move-{next(numbers)}"


Spoil = Callable[[bytes, str, str], bytes]
PATH = "/api/v1/move/"
SPOILT: dict[str, Spoil] = {
    "a length that is too long": lambda b, t, k: request(PATH, b, t, k, length=str(len(b) + 50)),
    "a length that is too short": lambda b, t, k: request(PATH, b, t, k, length=str(len(b) - 5)),
    "no length": lambda b, t, k: request(PATH, b, t, k, length="0"),
    "a length below zero": lambda b, t, k: request(PATH, b, t, k, length="-5"),
    "a length that is a word": lambda b, t, k: request(PATH, b, t, k, length="many"),
    "two lengths": lambda b, t, k: request(PATH, b, t, k, more="Content-Length: 3\r\n"),
    "a body that breaks off": lambda b, t, k: request(PATH, b, t, k)[:-7],
    "a head that breaks off": lambda b, t, k: request(PATH, b, t, k)[:40],
    "chunks and a length": lambda b, t, k: request(
        PATH, b"5\r\n" + b[:5] + b"\r\n0\r\n\r\n", t, k, more="Transfer-Encoding: chunked\r\n"
    ),
    "a chunk that breaks off": lambda b, t, k: request(
        PATH, b"fff\r\n" + b, t, k, more="Transfer-Encoding: chunked\r\n"
    ).replace(b"Content-Length", b"X-Length"),
    "a chunk of no size": lambda b, t, k: request(
        PATH, b"zz\r\n" + b, t, k, more="Transfer-Encoding: chunked\r\n"
    ).replace(b"Content-Length", b"X-Length"),
    "a transfer that nobody knows": lambda b, t, k: request(
        PATH, b, t, k, more="Transfer-Encoding: wishful\r\n"
    ),
    "a head without end": lambda b, t, k: request(
        PATH, b, t, k, more="X: " + "x" * 100_000 + "\r\n"
    ),
    "a hundred times too many heads": lambda b, t, k: request(
        PATH, b, t, k, more="".join(f"X-{n}: 1\r\n" for n in range(10_000))
    ),
    "a version of tomorrow": lambda b, t, k: request(PATH, b, t, k).replace(
        b"HTTP/1.1", b"HTTP/9.9"
    ),
    "no method": lambda b, t, k: request(PATH, b, t, k)[4:],
    "NUL in the path": lambda b, t, k: request("/api/v1/mo\0ve/", b, t, k),
    "the greeting of TLS": lambda b, t, k: bytes.fromhex("16030100a5010000a10303") + b,
    "nothing at all": lambda b, t, k: b"\r\n\r\n",
}


def moved(stack: Stack) -> int:
    count: int = value(stack, "SELECT count(*) FROM inventory_movement WHERE kind = 'move'")
    return count


@pytest.mark.parametrize("name", SPOILT)
def test_what_is_spoilt_on_its_way_has_no_effect(name: str, running_stack: Stack) -> None:
    before = moved(running_stack)
    sent = SPOILT[name](*_with_token(running_stack))
    answer = talk(running_stack.port, sent, half_close=True)
    assert status_of(answer) in {0, 400, 404, 408, 413, 414, 431, 501, 505}, answer[:500]
    assert moved(running_stack) == before
    assert body_of(talk(running_stack.port, request(PATH, b"{}", _token(running_stack))))["errors"]


def test_who_says_that_nothing_more_comes_is_answered(running_stack: Stack) -> None:
    before = moved(running_stack)
    body, token, key = _with_token(running_stack)
    answer = talk(running_stack.port, request(PATH, body, token, key), half_close=True)
    assert status_of(answer) == 200, answer
    assert moved(running_stack) == before + 1


def test_who_hangs_up_has_one_effect_and_gets_the_answer_later(running_stack: Stack) -> None:
    before = moved(running_stack)
    sent = request(PATH, *_with_token(running_stack))
    for _lost in range(3):
        talk(running_stack.port, sent, listen=False)
    answer = talk(running_stack.port, sent)
    while status_of(answer) != 200:
        assert body_of(answer)["code"] == "idempotency_key_in_use", answer
        answer = talk(running_stack.port, sent)
    assert moved(running_stack) == before + 1
    assert body_of(answer) == body_of(talk(running_stack.port, sent))


def test_the_log_knows_of_no_mistake(running_stack: Stack) -> None:
    assert "Traceback" not in running_stack.web.log.read_text()


def _token(stack: Stack) -> str:
    return stack.tokens["tester"]


def _with_token(stack: Stack) -> Any:
    body, key = move()
    return body, _token(stack), key
