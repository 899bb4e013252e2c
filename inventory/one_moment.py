"""Read several things as they were at one moment, while others go on writing."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def one_moment() -> Iterator[None]:
    """What is read inside belongs together. Nothing may be written inside.

    PostgreSQL keeps nobody waiting for it; SQLite lets nobody write meanwhile. Inside another
    transaction it is that one's affair.
    """
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        if outermost:
            _read_one_snapshot()
        yield


@contextmanager
def as_it_was() -> Iterator[None]:
    """As `one_moment` where it keeps nobody waiting, however long somebody reads: on PostgreSQL."""
    if connection.vendor != "postgresql":
        yield
        return
    with one_moment():
        yield


def _read_one_snapshot() -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
