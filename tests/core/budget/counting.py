"""Count the SQL statements of a verb, from the surface's call to the stored answer."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any
from uuid import uuid4

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inventory import verbs
from inventory.audit import Actor

AROUND = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT")
SPLIT_ON_SQLITE = ("INSERT INTO", "INSERT OR IGNORE INTO", "UPDATE", "DELETE FROM")


def statements(act: Callable[[], Any]) -> list[str]:
    """The SQL statements it takes, the transaction's own beginning and end left out.

    SQLite takes so many values in a statement; what is cut up for that counts as one there.
    """
    with CaptureQueriesContext(connection) as caught:
        act()
    found = [query["sql"] for query in caught.captured_queries]
    found = [sql for sql in found if not sql.startswith(AROUND)]
    if connection.vendor != "sqlite":
        return found
    return found[:1] + [sql for before, sql in pairwise(found) if not _goes_on(before, sql)]


def _goes_on(before: str, sql: str) -> bool:
    """Whether a statement goes on with the one before it: the same verb on the same table."""
    return sql.startswith(SPLIT_ON_SQLITE) and before.partition('" ')[0] == sql.partition('" ')[0]


def cost(verb: str, lines: Sequence[Any], by: Actor) -> list[str]:
    """The statements of one request, under a key of its own."""
    return statements(
        lambda: verbs.carry_out(
            verbs.REGISTRY[verb], lines, by=by, at=timezone.now(), key=str(uuid4()), asked={}
        )
    )
