"""Whether a board that somebody looks at has changed, for next to nothing.

Every action writes an entry of the audit trail in its own transaction, so the newest keys of the
trail tell whether anything has happened: one index is read backwards for some keys, no verb does
anything for it, and no process needs to know of another.
"""

from dataclasses import dataclass
from typing import Any, Self
from zlib import crc32

from django.http import HttpRequest

from inventory.models import AuditEntry
from inventory.statements import Select

HEADER = "Board-Seen"
"""Where a screen says what it shows, and is told what it will show."""

LOOK_AGAIN = 30
"""Seconds after which a board is read anew although nothing happened: time passes all the same."""

NEWEST = 64
"""Keys that are read. A transaction may commit after one that took a later key; the greatest key
would not tell, but among so many its own appears."""

_KEYS: Select[AuditEntry] = Select(
    lambda: AuditEntry.objects.order_by("-pk").values_list("pk")[:NEWEST]
)


def newest() -> int:
    """A number that grows whenever anybody has done anything. One statement."""
    return sum(key for (key,) in _KEYS.rows())


def mark(*facts: Any) -> str:
    """What stands on a card, in short: another mark is another card."""
    return f"{crc32(repr(facts).encode()):08x}"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a screen shows: as of which number, the mark of it all, and when it was read."""

    newest: int
    mark: str
    at: int

    def __str__(self) -> str:
        return f"{self.newest}.{self.mark}.{self.at}"

    @classmethod
    def of(cls, request: HttpRequest) -> Self | None:
        """What the screen that asks says of itself; None from one that has nothing yet."""
        try:
            newest, seen, at = request.headers.get(HEADER, "").split(".")
            return cls(int(newest), seen, int(at))
        except ValueError:
            return None

    def stands(self, newest: int, at: int) -> bool:
        """Whether there is no need to look."""
        return self.newest == newest and 0 <= at - self.at < LOOK_AGAIN
