"""What is being written and cannot be seen yet.

Rows appear when their transaction commits, in another order than they were numbered, stamped or
made in. Whoever reads on from a number, a time or a transaction asks here how far that is safe.
SQLite lets one write at a time: beside a reader there is nothing.
"""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from django.db import connection, models

OLDEST = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"

_BEGAN = (
    "SELECT min(xact_start) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND backend_type = 'client backend'"  # the vacuum records nothing
)
_WRITING = (
    "SELECT c.relname || ' ' || l.virtualtransaction FROM pg_locks l"
    " JOIN pg_class c ON c.oid = l.relation"
    " WHERE l.locktype = 'relation' AND l.mode = 'RowExclusiveLock' AND l.granted"
    " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND c.oid = ANY(%(tables)s::regclass[]) AND l.pid IS DISTINCT FROM pg_backend_pid()"
)


class Writer(NamedTuple):
    """A transaction that may have numbered a row of the table and not committed it yet.

    Whoever inserts holds a lock from before the number is taken until after the commit can be seen.
    """

    table: str
    transaction: str


class InFlight(NamedTuple):
    """All transactions below `oldest` have ended, in the `cluster` with that system identifier;
    the oldest that is open in our database, but for our own, `began` then."""

    cluster: str
    oldest: int
    began: datetime | None
    writers: frozenset[Writer]


def in_flight(written: Collection[type[models.Model]] = ()) -> InFlight | None:
    """What others have open right now, with the writers of those tables. One statement; None on
    SQLite. Taken before a look, it leaves what may be missing there for the next one."""
    if connection.vendor != "postgresql":
        return None
    tables = [model._meta.db_table for model in written]
    writing = f"ARRAY({_WRITING})" if tables else "ARRAY[]::text[]"
    looked = f"SELECT system_identifier::text, {OLDEST}, ({_BEGAN}), {writing}"
    with connection.cursor() as cursor:
        cursor.execute(f"{looked} FROM pg_control_system()", {"tables": tables})
        cluster, oldest, began, writers = cursor.fetchone()
    return InFlight(cluster, oldest, began, frozenset(Writer(*one.split(" ")) for one in writers))
