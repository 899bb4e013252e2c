"""The database backend; the settings name its package.

When PostgreSQL restarts, or ends all sessions because one was killed, the pool goes on holding
connections that lead nowhere, and each of them would fail one request after the recovery. The
pool's own check asks the server, a round trip for every request; here the kernel is asked, which
costs two microseconds: an idle connection on which something can be read has ended.
"""

import select
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django.db.backends.postgresql import base, operations
from psycopg.adapt import AdaptersMap
from psycopg.types.datetime import TimestamptzLoader

from config.postgresql.plans import Plans, Rows, plans_of

NEVER_BY_ITSELF = 2**31

PLANS = "-c plan_cache_mode=force_generic_plan -c jit=off -c random_page_cost=1.1"
"""A prepared statement keeps one plan, because planning its joins takes longer than running them.
Nothing else is affected: all other statements come with their values in them, and are planned for
these. Compiling a plan never pays for what a page or a move asks. A row looked up is hardly dearer
on a solid-state disk, or in memory, than one read in order; PostgreSQL guesses four times."""


class PreparedCursor:
    """As much of a cursor as lets Django's wrappers (a test's count of statements, a log) see what
    `run_prepared` sends."""

    rowcount = -1

    def __init__(self, run: Callable[[str, Sequence[Any]], Rows]) -> None:
        self._run = run
        self._rows: Rows = []

    def execute(self, query: str, params: Sequence[Any]) -> None:
        self._rows = self._run(query, params)

    def fetchall(self) -> Rows:
        return self._rows

    def close(self) -> None:
        """Nothing is kept open."""


class MomentLoader(TimestamptzLoader):
    """Reads a moment in UTC in a tenth of psycopg's time, which a thousand lines notice."""

    timezone = UTC
    """Django replaces a loader of another zone than the connection's."""

    def load(self, data: Any) -> datetime:
        try:
            return _moment(bytes(data))
        except ValueError:  # a year before the first, or infinity
            return super().load(data)


@lru_cache(maxsize=2048)
def _moment(text: bytes) -> datetime:
    """Many rows have the same moment: what one request wrote, or the demand they are for."""
    return datetime.fromisoformat(text.decode())


class DatabaseOperations(operations.DatabaseOperations):
    """Shows a prepared statement in the log of queries as any other."""

    def last_executed_query(self, cursor: Any, sql: Any, params: Any) -> Any:
        if isinstance(cursor, PreparedCursor):
            return self.compose_sql(sql, params)
        return super().last_executed_query(cursor, sql, params)


class DatabaseWrapper(base.DatabaseWrapper):
    """Keeps plans for `inventory.statements`; takes another connection for one that has ended."""

    ops_class = DatabaseOperations

    def get_connection_params(self) -> dict[str, Any]:
        params = super().get_connection_params()
        params["options"] = f"{params.get('options', '')} {PLANS}".strip()
        # Only what asks for it is prepared: a list with filters wants a plan for its values.
        params["prepare_threshold"] = NEVER_BY_ITSELF
        if self.timezone is UTC:
            params["context"] = AdaptersMap(params["context"])
            params["context"].register_loader("timestamptz", MomentLoader)
        return params

    def run_prepared(self, sql: str, params: Sequence[Any]) -> Rows:
        """Execute a statement that comes again and again, and give its rows."""
        wrapper: Any = self
        wrapper.ensure_connection()
        if wrapper.execute_wrappers or wrapper.queries_logged:
            with wrapper._prepare_cursor(PreparedCursor(self._run)) as cursor:
                cursor.execute(sql, params)
                rows: Rows = cursor.fetchall()
                return rows
        wrapper.validate_thread_sharing()
        wrapper.validate_no_broken_transaction()
        with wrapper.wrap_database_errors:
            return self._run(sql, params)

    def _run(self, sql: str, params: Sequence[Any]) -> Rows:
        connection: Any = self.connection
        plans: Plans = plans_of(connection)
        return plans.run(sql, params, in_transaction=not connection.autocommit)

    def _rollback(self) -> None:
        super()._rollback()  # type: ignore[misc]  # the stubs leave it out
        self._forget_plans()

    def _savepoint_rollback(self, sid: str) -> None:
        super()._savepoint_rollback(sid)  # type: ignore[misc]
        self._forget_plans()

    def _forget_plans(self) -> None:
        if self.connection is not None:
            plans_of(self.connection).forget()

    def get_new_connection(self, conn_params: Any) -> Any:
        connection = super().get_new_connection(conn_params)
        while self.pool and has_ended(connection):
            connection.close()
            self.pool.putconn(connection)  # which puts a fresh one in its place
            connection = super().get_new_connection(conn_params)
        return connection


def has_ended(connection: Any) -> bool:
    """Whether the server has hung up on an idle connection."""
    if connection.closed:
        return True
    idle = select.poll()
    idle.register(connection.fileno(), select.POLLIN)
    return bool(idle.poll(0))
