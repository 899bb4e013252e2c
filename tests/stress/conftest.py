"""Real servers of our own, to be killed."""

import contextlib
import itertools
import os
import signal
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from config.torture import stack as servers
from config.torture.doors import HttpDoor
from config.torture.journal import Answer, Request
from config.torture.stack import Stack
from tests.waiting import until

numbers = itertools.count(1)


@pytest.fixture(scope="session")
def database() -> str:
    """The database that this run is about."""
    is_sqlite = os.environ.get("FORESTAGE_TEST_DATABASE") == "sqlite"
    return "sqlite" if is_sqlite or not os.environ.get("DATABASE_URL") else "postgresql"


@pytest.fixture(scope="module")
def running_stack(database: str) -> Iterator[Stack]:
    """Each module has a plant of its own: a torture leaves lots on hold and bays empty."""
    with servers.running(database) as stack:
        stack.admit(["tester"])
        yield stack


@pytest.fixture
def stack(running_stack: Stack) -> Iterator[Stack]:
    """The servers, whole before and after, whatever the test does to them."""
    servers.wait_until_whole(running_stack)
    yield running_stack
    for server in running_stack.everything:
        if server.pid:
            os.kill(server.pid, signal.SIGCONT)
        else:
            server.start()
    servers.wait_until_whole(running_stack)


@pytest.fixture
def door(stack: Stack) -> HttpDoor:
    return HttpDoor("127.0.0.1", stack.port, stack.tokens["tester"])


def asked(verb: str, **line: Any) -> Request:
    """A request with a key of its own."""
    return Request(key=f"stress-{next(numbers)}", verb=verb, body=line, at="")


def answered(door: HttpDoor, request: Request) -> Answer:
    """Ask until there is a last word, as a client with a key may."""
    answers: list[Answer] = []

    def has_last_word() -> bool:
        answers.append(door.send(request))
        return answers[-1].outcome in ("acknowledged", "refused")

    until(has_last_word, f"an answer to {request.verb}")
    return answers[-1]


@contextlib.contextmanager
def session(stack: Stack) -> Iterator["psycopg.Connection[Any]"]:
    """A session of our own on the stack's PostgreSQL."""
    assert stack.postgresql
    with psycopg.connect(stack.postgresql.url, autocommit=True) as link:
        yield link


def value(stack: Stack, statement: str, *parameters: Any) -> Any:
    """The one value that a statement gives."""
    with session(stack) as link:
        row = link.execute(statement, parameters).fetchone()
        return row[0] if row else None


def waiting_for_a_lock(stack: Stack) -> int:
    """How many sessions wait for somebody else's lock."""
    count: int = value(
        stack,
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        " AND datname = current_database()",
    )
    return count
