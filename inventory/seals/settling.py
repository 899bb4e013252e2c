"""Up to which row no other can appear any more.

Rows are numbered when they are inserted and appear when their transaction commits, in another
order: row 7 can be there while 6 is not yet. A batch that went up to 7 would pass over 6.
"""

import time
from collections.abc import Iterable

from inventory.in_flight import Writer, in_flight
from inventory.seals.registry import Sealed

PATIENCE = 10.0
"""Seconds to wait for transactions under way. What takes longer is sealed by a later run."""

SHORTEST, LONGEST = 0.01, 0.5
"""Seconds between two looks."""


def settled(kinds: Iterable[Sealed], *, patience: float = PATIENCE) -> dict[str, int]:
    """The newest row of each kind of record, once every lower number has appeared or never will.

    Records that somebody goes on writing beyond the `patience` are left out; so are empty ones.
    """
    newest = {kind: _newest(kind) for kind in kinds}
    waiting = _writers([kind for kind, row in newest.items() if row])
    deadline, pause = time.monotonic() + patience, SHORTEST
    while waiting and time.monotonic() < deadline:
        time.sleep(pause)
        pause = min(pause * 2, LONGEST)
        waiting &= _writers([kind for kind, row in newest.items() if row])
    busy = {writer.table for writer in waiting}
    return {
        kind.table: row
        for kind, row in newest.items()
        if row and kind.model._meta.db_table not in busy
    }


def _newest(kind: Sealed) -> int | None:
    found = kind.model._default_manager.order_by("-pk").values_list("pk", flat=True)
    newest: int | None = found.first()
    return newest


def _writers(kinds: Iterable[Sealed]) -> frozenset[Writer]:
    """Whoever is not in here, and was not before, has no lower number to come with than the newest
    row seen before."""
    found = in_flight([kind.model for kind in kinds])
    return found.writers if found else frozenset()
