"""Prepared statements, sent past the cursor of psycopg.

A statement of the hot path is sent nineteen times for a single move, and psycopg's cursor took
longer to send one than PostgreSQL to answer it: for each it makes a cursor, looks up adapters,
reads the text for its placeholders, and asks whether to prepare. Here all of that is done once for
a connection: of the 6,865 function calls of a single move it saves 2,083.

As psycopg does, what is planned is forgotten when anything is rolled back: the tables may have been
others, or almost empty, inside. A refused request costs the next one its planning.
"""

import re
from collections.abc import Sequence
from functools import cache
from itertools import count
from typing import Any
from weakref import WeakKeyDictionary

from psycopg import Connection, errors
from psycopg.adapt import PyFormat, Transformer
from psycopg.generators import execute
from psycopg.pq import ExecStatus, TransactionStatus

Rows = list[tuple[Any, ...]]

_IDLE = TransactionStatus.IDLE
_ROWS, _DONE = ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK
_OUTDATED = (errors.FeatureNotSupported, errors.InvalidSqlStatementName)
"""What PostgreSQL says of a plan whose tables have changed since, and of one that has gone."""


class Plans:
    """What is prepared on one connection, and the adapters that it keeps."""

    def __init__(self, connection: "Connection[Any]") -> None:
        self._wait = connection.wait
        self._pgconn = connection.pgconn
        self._adapters: Any = Transformer(connection)
        self._names: dict[tuple[str, tuple[int, ...]], bytes] = {}
        self._numbers = count()
        self._has_leftovers = False

    def run(self, sql: str, params: Sequence[Any], *, in_transaction: bool) -> Rows:
        """Execute a statement, preparing it first if it is new here. Gives the rows, if any."""
        if in_transaction and self._pgconn.transaction_status == _IDLE:
            self._pgconn.send_query(b"BEGIN")
            self._answer()
        adapters = self._adapters
        values = adapters.dump_sequence(params, [PyFormat.AUTO] * len(params))
        try:
            name = self._names.get((sql, adapters.types)) or self._prepare(sql, adapters.types)
            self._pgconn.send_query_prepared(name, values, adapters.formats)
            result = self._answer()
        except _OUTDATED:
            self.forget()
            raise
        if result.status != _ROWS:
            return []
        adapters.set_pgresult(result)
        rows: Rows = adapters.load_rows(0, result.ntuples, tuple)
        return rows

    def forget(self) -> None:
        """Plan everything anew when it is next asked for."""
        if self._names:
            self._names.clear()
            self._has_leftovers = True

    def _prepare(self, sql: str, types: tuple[int, ...]) -> bytes:
        if self._has_leftovers:
            self._pgconn.send_query(b"DEALLOCATE ALL")
            self._answer()
            self._has_leftovers = False
        name = b"forestage_%d" % next(self._numbers)
        self._pgconn.send_prepare(name, _numbered(sql), types)
        self._answer()
        self._names[sql, types] = name
        return name

    def _answer(self) -> Any:
        [result] = self._wait(execute(self._pgconn))
        if result.status not in (_ROWS, _DONE):
            raise errors.error_from_result(result, encoding="utf-8")
        return result


_KEPT: "WeakKeyDictionary[Connection[Any], Plans]" = WeakKeyDictionary()


def plans_of(connection: "Connection[Any]") -> Plans:
    """The plans of a connection, for as long as it lives."""
    plans = _KEPT.get(connection)
    if plans is None:
        plans = _KEPT[connection] = Plans(connection)
    return plans


@cache
def _numbered(sql: str) -> bytes:
    """The text with PostgreSQL's own placeholders: `%s` is `$1`, and `%%` is `%`."""
    numbers = count(1)

    def placed(found: re.Match[str]) -> str:
        return "%" if found[0] == "%%" else f"${next(numbers)}"

    return re.sub("%[s%]", placed, sql).encode()
