"""The database backend; the settings name its package.

When PostgreSQL restarts, or ends all sessions because one was killed, the pool goes on holding
connections that lead nowhere, and each of them would fail one request after the recovery. The
pool's own check asks the server, a round trip for every request; here the kernel is asked, which
costs two microseconds: an idle connection on which something can be read has ended.
"""

import select
from typing import Any

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """Takes another connection for one that has ended."""

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
