"""The database backend; the settings name its package.

When PostgreSQL restarts, or ends all sessions because one was killed, the pool goes on holding
connections that lead nowhere, and each of them would fail one request after the recovery. The
pool's own check asks the server, a round trip for every request; here the kernel is asked, which
costs two microseconds: an idle connection on which something can be read has ended.
"""

import select
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django.db.backends.postgresql import base, operations
from psycopg.adapt import AdaptersMap
from psycopg.types.datetime import TimestamptzLoader

ServerBindingCursor: Any = base.ServerBindingCursor  # its types are those of psycopg 2

NEVER_BY_ITSELF = 2**31

PLANS = "-c plan_cache_mode=force_generic_plan -c jit=off"
"""A prepared statement keeps one plan, because planning its joins takes longer than running them.
Nothing else is affected: all other statements come with their values in them, and are planned for
these. Compiling a plan never pays for what a page or a move asks."""


class PreparedCursor(ServerBindingCursor):
    """Binds on the server, and prepares what it executes."""

    def execute(self, query: Any, params: Any = None) -> Any:
        return super().execute(query, params, prepare=True)


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

    def prepared_cursor(self) -> Any:
        """A cursor for statements that come again and again."""
        wrapper: Any = self
        self.ensure_connection()
        with self.wrap_database_errors:
            return wrapper._prepare_cursor(PreparedCursor(self.connection))

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
