"""How many pages of 8 kB PostgreSQL touches for some work, which other programs cannot disturb."""

import json
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from django.db import connection, transaction

ASKED = ("SELECT", "INSERT", "UPDATE", "DELETE")
EXPLAIN = "EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) "


class Cost(NamedTuple):
    statements: int
    buffers: int
    cpu_ms: float
    """Of processor time in Python."""


def cost(work: Callable[[], object]) -> Cost:
    """What it costs. It leaves nothing behind; after a first time, for what is kept in memory."""
    _undone(work)
    began = time.process_time()
    _undone(work)
    taken = time.process_time() - began
    counted: list[int] = []

    def count(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith(ASKED):
            counted.append(_buffers(sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(count):
        _undone(work)
    return Cost(len(counted), sum(counted), taken * 1000)


def _undone(work: Callable[[], object]) -> None:
    with transaction.atomic():
        work()
        transaction.set_rollback(True)


def _buffers(sql: str, params: Any) -> int:
    """Of the statement, which is carried out for that and undone."""
    with transaction.atomic(), connection.connection.cursor() as cursor:
        cursor.execute(EXPLAIN + sql, params)
        [said] = cursor.fetchone()
        transaction.set_rollback(True)
    [explained] = json.loads(said) if isinstance(said, str) else said
    plan = explained["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])
