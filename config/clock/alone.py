"""One run of a task at a time, on however many workers and hosts.

A lock that ends with whoever holds it: on PostgreSQL one of the server's own, held by a connection
that does nothing else; beside SQLite, which is on one host anyway, that of a file. A killed process
leaves neither behind, so its task can be run again at once.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from copy import deepcopy
from hashlib import blake2b

from django.conf import settings
from django.db import (
    DEFAULT_DB_ALIAS,
    DatabaseError,
    InterfaceError,
    connection,
    connections,
)
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import load_backend

LOCK = """
SELECT set_config('idle_session_timeout', '0', false),
       set_config('tcp_keepalives_idle', '30', false),
       set_config('tcp_keepalives_interval', '10', false),
       set_config('tcp_keepalives_count', '3', false),
       pg_try_advisory_lock(%s)
"""
"""The server learns within a minute of a host that went without a word, and frees its locks.

Held by the session: a transaction left open would count as something in flight
(`inventory.in_flight`), and hold up whoever reads no further than that.
"""


@contextmanager
def alone(name: str) -> Iterator[bool]:
    """Whether nobody else is at it; until the end of the block nobody else will be."""
    if connection.vendor == "postgresql":
        with _lock_of_the_server(name) as mine:
            yield mine
    else:
        with _lock_of_a_file(name) as mine:
            yield mine


@contextmanager
def _lock_of_the_server(name: str) -> Iterator[bool]:
    link = beside()
    try:
        with link.cursor() as cursor:
            cursor.execute(LOCK, [number_of(name)])
            mine = bool(cursor.fetchone()[-1])
        yield mine
        if mine:  # at once: the server takes a moment to see that a connection is closed
            with suppress(DatabaseError, InterfaceError), link.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [number_of(name)])
    finally:
        link.close()


@contextmanager
def _lock_of_a_file(name: str) -> Iterator[bool]:
    folder = settings.VAR_DIR / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / name).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def number_of(name: str) -> int:
    """The lock's number, which is the same on every host."""
    digest = blake2b(f"forestage.task:{name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def beside() -> BaseDatabaseWrapper:
    """A connection of its own, from no pool: for what lasts, and for threads beside the others."""
    told = deepcopy(connections.settings[DEFAULT_DB_ALIAS])
    told["OPTIONS"].pop("pool", None)
    made: BaseDatabaseWrapper = load_backend(told["ENGINE"]).DatabaseWrapper(told, DEFAULT_DB_ALIAS)
    return made
