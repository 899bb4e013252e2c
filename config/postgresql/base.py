"""The database backend; the settings name its package.

When PostgreSQL restarts, or ends all sessions because one was killed, the pool goes on holding
connections that lead nowhere, and each of them would fail one request after the recovery. The
pool's own check asks the server, a round trip for every request; here the kernel is asked, which
costs two microseconds: an idle connection on which something can be read has ended.
"""

import select
from typing import Any

from django.db.backends.postgresql import base


class Cursor(base.ServerBindingCursor):
    """Prepares what it executes where `prepares` is set: PostgreSQL then keeps the plan."""

    prepares: bool | None = None

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        return super().execute(query, params, prepare=self.prepares, **options)


class DatabaseWrapper(base.DatabaseWrapper):
    """Takes another connection for one that has ended."""

    def get_connection_params(self) -> dict[str, Any]:
        return {**super().get_connection_params(), "cursor_factory": Cursor}

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
