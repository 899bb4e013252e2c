"""What would happen: done, and taken back."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def rolled_back() -> Iterator[None]:
    """Everything that is written inside is undone at the end, whatever comes of it.

    What the database checks at a commit is checked before, because there will be none.
    """
    with transaction.atomic():
        yield
        if connection.vendor == "postgresql":
            connection.check_constraints()
        transaction.set_rollback(True)
