"""The limit: the very SQL of our own action, run by bare clients without anything around it.

`record` carries the action out line by line (or in bulk), notes each statement with its values,
and rolls back. `replay` sends the same statements with the same values from bare psycopg
connections, prepared, in one transaction a request, and commits. What is left out is HTTP, Django,
the forms of the request and the answer, the token, the permission, looking up codes, and every
decision. So the limit moves with our SQL: it is what the database would do if our code were free.
"""

import contextlib
import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC
from typing import Any

import psycopg
from django.db import connection, transaction
from django.db.backends.postgresql.psycopg_any import get_adapters_template

from config.bench.report import Rate
from config.postgresql.base import PLANS

Statement = tuple[str, Sequence[Any]]

AROUND = ("SAVEPOINT", "RELEASE", "ROLLBACK")
KEY_UPDATE = 'UPDATE "inventory_idempotencykey"'
FIRST_ID = object()
"""Stands for the number that the first statement, the key's insert, gives when it is replayed."""


def record(act: Callable[[], Any]) -> list[Statement]:
    """The statements of an action, which is rolled back. Those of the transaction are left out."""
    noted: list[Statement] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not sql.startswith(AROUND):
            noted.append((sql, _replayable(sql, list(params or ()))))
        return execute(sql, params, many, context)

    with contextlib.suppress(_Enough), transaction.atomic(), connection.execute_wrapper(note):
        act()
        raise _Enough
    return noted


class _Enough(Exception):  # noqa: N818 - it ends the recording, and nothing is wrong
    pass


def _replayable(sql: str, params: list[Any]) -> list[Any]:
    return [*params[:-1], FIRST_ID] if sql.startswith(KEY_UPDATE) else params


def replay(
    requests: Sequence[list[Statement]], *, clients: int, seconds: float
) -> tuple[Rate, set[int]]:
    """Send recorded requests by so many processes at once, until the time or they are up.

    Also gives the numbers of those that were not sent.
    """
    context = multiprocessing.get_context("fork")
    connection.close()  # a fork must not share it
    found = context.Queue()
    start = context.Barrier(clients + 1)
    workers = [
        context.Process(target=_client, args=(n, requests[n::clients], seconds, start, found))
        for n in range(clients)
    ]
    for worker in workers:
        worker.start()
    start.wait()
    began = time.perf_counter()
    taken: dict[int, list[float]] = dict(found.get() for _ in workers)
    spent = time.perf_counter() - began
    for worker in workers:
        worker.join()
    left = {
        number
        for client in range(clients)
        for number in range(client, len(requests), clients)[len(taken[client]) :]
    }
    every = [second for share in taken.values() for second in share]
    return Rate(requests=len(every), seconds=spent, taken=every), left


def _client(
    number: int, share: Sequence[list[Statement]], seconds: float, start: Any, found: Any
) -> None:
    taken = []
    with _bare() as bare:
        for request in share[:5]:  # the statements are prepared, as they are in a warm server
            _send(bare, request, "ROLLBACK")
        start.wait()
        end = time.perf_counter() + seconds
        for request in share:
            if (began := time.perf_counter()) >= end:
                break
            _send(bare, request, "COMMIT")
            taken.append(time.perf_counter() - began)
    found.put((number, taken))


@contextlib.contextmanager
def _bare() -> Iterator["psycopg.Connection[Any]"]:
    options = connection.settings_dict
    with psycopg.connect(
        host=options["HOST"], port=options["PORT"], dbname=options["NAME"],
        user=options["USER"], password=options["PASSWORD"], autocommit=True,
        context=get_adapters_template(True, UTC), options=PLANS,
    ) as bare:  # fmt: skip
        yield bare


def _send(bare: "psycopg.Connection[Any]", request: list[Statement], end: str) -> None:
    bare.execute("BEGIN", prepare=True)
    first: Any = None
    for sql, params in request:
        values = [first if value is FIRST_ID else value for value in params]
        cursor = bare.execute(sql, values, prepare=True)
        rows = cursor.fetchall() if cursor.description else []
        first = first if first is not None or not rows else rows[0][0]
    bare.execute(end, prepare=True)
