"""`kill -9` in the middle, and exactly one effect after it."""

import json
import os
import signal
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from config.torture import chaos, world
from config.torture.doors import HttpDoor
from config.torture.journal import IN_USE, Outcome, Request
from config.torture.stack import Stack, wait_until_whole
from tests.stress.conftest import answered, asked, session, value, waiting_for_a_lock
from tests.waiting import until

pytestmark = [pytest.mark.postgres, pytest.mark.redis]

LOCK_LOT = "SELECT 1 FROM inventory_lot WHERE number = %s FOR UPDATE"


def stage(lot: str = world.RAW_LOTS[0], demand: str = world.ORDERS[0]) -> Request:
    return asked(
        "stage", demand=demand, lot=lot, lane=world.LANES[0], source=world.BAYS[0],
        quantity="1",
    )  # fmt: skip


def count(stack: Stack, request: Request) -> tuple[int, int]:
    """The movements of a request by the answer that is kept with its key, and all stagings."""
    kept = value(stack, "SELECT answer FROM inventory_idempotencykey WHERE key = %s", request.key)
    kept = json.loads(kept) if isinstance(kept, str) else kept
    return len(kept["movements"]) if kept else 0, stagings(stack)


def stagings(stack: Stack) -> int:
    total: int = value(stack, "SELECT count(*) FROM inventory_movement WHERE kind = 'stage'")
    return total


def raw_status(stack: Stack, request: Request, token: str) -> tuple[int, dict[str, str], Any]:
    """Status, headers and body of one attempt."""
    sent = urllib.request.Request(  # noqa: S310
        f"{stack.url}api/v1/{request.verb}/",
        json.dumps(request.body).encode(),
        {
            "Authorization": f"Token {token}",
            "Content-Type": "application/json",
            "Idempotency-Key": request.key,
        },
    )
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(sent, timeout=30) as response:
            return response.status, dict(response.headers), json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), json.load(error)


# --- the web ------------------------------------------------------------------------------------


def test_a_web_worker_killed_before_the_commit_left_nothing(stack: Stack, door: HttpDoor) -> None:
    """The request waits for the lot in its transaction, its key inserted, when it is killed."""
    request, before = stage(), stagings(stack)
    with session(stack) as link, ThreadPoolExecutor(1) as client:
        with link.transaction():
            link.execute(LOCK_LOT, [world.RAW_LOTS[0]])
            answer = client.submit(door.send, request)
            until(lambda: waiting_for_a_lock(stack), "the request in flight")
            for pid in stack.web.children:
                os.kill(pid, signal.SIGKILL)
            assert answer.result().outcome == Outcome.UNKNOWN
            assert count(stack, request) == (0, before)
        until(lambda: not waiting_for_a_lock(stack), "the end of the session")
    assert answered(door, request).outcome == Outcome.ACKNOWLEDGED
    assert door.send(request).replayed
    assert count(stack, request) == (1, before + 1)


def test_a_web_worker_killed_after_the_commit_is_replayed(stack: Stack, door: HttpDoor) -> None:
    """The effect is there, the client has not read the answer: the repeat reads the first one."""
    request, before = stage(), stagings(stack)
    assert door.send(request).outcome == Outcome.ACKNOWLEDGED
    for pid in stack.web.children:
        os.kill(pid, signal.SIGKILL)
    answer = answered(door, request)
    assert (answer.outcome, answer.replayed) == (Outcome.ACKNOWLEDGED, True)
    assert count(stack, request) == (1, before + 1)


# --- PostgreSQL ---------------------------------------------------------------------------------


def test_postgresql_killed_in_the_middle(stack: Stack, door: HttpDoor) -> None:
    """Requests during the outage are told to come again; after it, each has one effect."""
    assert stack.postgresql
    requests, before = [stage(lot) for lot in world.RAW_LOTS * 2], stagings(stack)
    first = [door.send(request) for request in requests[:2]]
    stack.postgresql.kill()
    status, headers, problem = raw_status(stack, requests[2], stack.tokens["tester"])
    assert (status, problem["code"]) == (503, "busy")
    assert headers["Content-Type"] == "application/problem+json"
    assert int(headers["Retry-After"]) > 0
    until(lambda: stack.health().get("database") == "down", "the page that says so")
    stack.postgresql.start()
    wait_until_whole(stack)
    answers = [answered(door, request) for request in requests]
    assert {found.outcome for found in answers} == {Outcome.ACKNOWLEDGED}
    assert [found.content for found in answers[:2]] == [found.content for found in first]
    assert stagings(stack) == before + len(requests)


def test_a_killed_session_of_postgresql_is_not_met_again(stack: Stack, door: HttpDoor) -> None:
    """PostgreSQL ends all sessions when one is killed. No request after that meets a dead one."""
    assert stack.postgresql
    with ThreadPoolExecutor(8) as crowd:  # so that both web workers keep several connections
        list(crowd.map(door.send, [stage() for _number in range(24)]))
    with session(stack) as link:
        os.kill(link.info.backend_pid, signal.SIGKILL)
    until(lambda: stack.health().get("database") == "ok", "the end of the recovery")
    with ThreadPoolExecutor(8) as crowd:
        answers = list(crowd.map(door.send, [stage()] * 24))
    assert {found.status for found in answers if found.code != IN_USE} == {200}


# --- the broker and the clock -------------------------------------------------------------------


def sweeps(stack: Stack) -> int:
    total: int = value(
        stack,
        "SELECT coalesce(max(runs), 0) FROM forestage_taskrun"
        " WHERE name = 'staging.tasks.flag_stale'",
    )
    return total


def alerts_twice(stack: Stack) -> int:
    total: int = value(
        stack,
        "SELECT count(*) FROM (SELECT 1 FROM staging_alert WHERE closed_at IS NULL"
        " AND commitment_id IS NOT NULL GROUP BY commitment_id, reason HAVING count(*) > 1) twice",
    )
    return total


def unalerted(stack: Stack) -> int:
    """Staged stock that is due and has no alert: what a sweep has to do."""
    total: int = value(
        stack,
        "SELECT count(*) FROM staging_commitment WHERE state = 'staged' AND closed_at IS NULL"
        " AND due_at < now() AND NOT EXISTS (SELECT 1 FROM staging_alert WHERE"
        " commitment_id = staging_commitment.id AND reason = 'dwell_critical')",
    )
    return total


@pytest.mark.parametrize("how", ["gone", "silent"])
def test_staging_works_without_redis_and_the_clock_sweeps_after_it(
    stack: Stack, door: HttpDoor, how: str
) -> None:
    assert stack.redis
    if how == "gone":
        stack.redis.kill()
    else:
        os.kill(stack.redis.pid, signal.SIGSTOP)
    answers = [door.send(stage(lot)) for lot in world.RAW_LOTS * 2]
    assert {answer.status for answer in answers} == {200}
    assert stack.health()["broker"] == "unreachable"
    before = sweeps(stack)
    if how == "gone":
        stack.redis.start()
    else:
        os.kill(stack.redis.pid, signal.SIGCONT)
    until(lambda: sweeps(stack) > before, "a sweep after Redis came back")
    until(lambda: not unalerted(stack), "the alert for what was staged meanwhile")
    assert alerts_twice(stack) == 0


@pytest.mark.parametrize("who", ["child", "worker"])
def test_a_sweep_killed_in_the_middle_is_run_again_and_raises_once(
    stack: Stack, door: HttpDoor, who: str
) -> None:
    """Without beat: it is the killed sweep's own message that is delivered again."""
    import redis

    assert stack.redis
    stack.beat.stop()
    broker = redis.Redis.from_url(stack.redis.url)
    until(lambda: not broker.llen("clock") and not broker.hlen("unacked"), "an idle worker")
    demand = f"ORDER-{who}"
    needs = [{"material": world.RAW, "quantity": "1"}]
    order = asked(
        "create_demand", reference=demand, kind="production", site=world.SITE,
        needed_at="2090-01-01T00:00:00Z", work_center=world.WORK_CENTER, requirements=needs,
    )  # fmt: skip
    for request in (order, stage(demand=demand)):
        assert answered(door, request).outcome == Outcome.ACKNOWLEDGED
    until(lambda: unalerted(stack), "something that is due")
    before = sweeps(stack)
    with session(stack) as link, link.transaction():
        link.execute("SELECT 1 FROM auth_user WHERE username = 'system' FOR UPDATE")
        stack.run("send_sweep")
        until(lambda: waiting_for_a_lock(stack), "a sweep in its transaction")
        if who == "child":
            for pid in stack.worker.children:
                chaos.shoot(pid)
        else:
            stack.worker.kill()
            assert broker.hlen("unacked") == 1
            broker.zadd("unacked_index", dict.fromkeys(broker.hkeys("unacked"), 0))  # time passes
            stack.worker.start()
    until(lambda: sweeps(stack) > before, "the sweep's second run")
    until(lambda: not unalerted(stack), "its alert")
    assert alerts_twice(stack) == 0
    until(lambda: not broker.hlen("unacked"), "the receipt of its message")
