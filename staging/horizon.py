"""Which commitments no sweep can have seen yet.

Their keys tell roughly when they were made, but not when they were committed: one that a slow
transaction made before the last sweep may have come to light after it. On PostgreSQL each row says
which transaction wrote it last, and transactions are numbered, so nothing that was seen is asked
about again. SQLite has one writer at a time, and the keys must do.
"""

from typing import Any, NamedTuple, Self
from uuid import UUID

from django.db import connection
from django.db.models import BooleanField, F, Func, QuerySet
from django.utils import timezone

from staging.models import ClockMark, Commitment, State

IN_FLIGHT_MS = 900_000
"""How long what was committed may have taken to be seen, and how far servers' clocks may differ.
No request and no task lasts longer than five minutes; should one, the night finds what it did."""

COMPARABLE = 2**31 - 2**20
"""Rows keep 32 bits of their transaction's number: two can be compared when no more lie between."""

NOW = (
    "SELECT system_identifier::text, pg_snapshot_xmin(pg_current_snapshot())::text::bigint "
    "FROM pg_control_system()"
)


class Horizon(NamedTuple):
    """All transactions before `transaction` have ended: what they wrote could be seen.

    Each `cluster` of PostgreSQL, known by its system identifier, counts for itself.
    """

    cluster: str
    transaction: int

    @classmethod
    def now(cls) -> Self | None:
        """Taken before a look, so that what is in flight then is there for the next one. None on
        SQLite."""
        if connection.vendor != "postgresql":
            return None
        with connection.cursor() as cursor:
            cursor.execute(NOW)
            return cls(*cursor.fetchone())

    def can_tell_since(self, mark: ClockMark) -> bool:
        """Whether the transactions that rows name can be compared with the mark's.

        Not when the mark has none, comes from another cluster with the data, or is older than a
        backup that was put back, or than the numbers reach.
        """
        if mark.horizon is None or mark.cluster != self.cluster:
            return False
        return 0 <= self.transaction - mark.horizon < COMPARABLE


class _NotBefore(Func):
    """Whether the transaction that wrote the row of this key last is no older than the given one.

    `age` counts round the 32 bits. A frozen row keeps its number, but may seem young when it is two
    thousand million transactions old: then it is only asked about once more.
    """

    output_field = BooleanField()

    def as_sql(self, compiler: Any, connection: Any, **more: Any) -> tuple[str, list[Any]]:
        [key] = self.get_source_expressions()
        table = connection.ops.quote_name(key.alias)
        return f"age({table}.xmin) <= age(%s::xid)", [str(self.extra["transaction"] % 2**32)]


def not_seen_since(mark: ClockMark) -> QuerySet[Commitment]:
    """Staged stock that the sweep which left the mark cannot have seen, by its key.

    After 200,000 stagings within the last minutes, to look at all of them anew made a sweep take
    SECONDS; to pass over those that were seen takes SECONDS. What an older transaction than theirs
    kept from being counted as seen, because it was still open, is asked about twice.
    """
    # Only what is open has a quantity. Of `closed_at` PostgreSQL knows that there are indexes on
    # what is open, and would read one of them whole to meet the few that are new.
    rows = Commitment.objects.filter(state=State.STAGED, quantity__gt=0)
    rows = rows.filter(pk__gte=_a_little_before(mark.latest)).order_by("pk")
    if mark.horizon is None:
        return rows
    first = (
        rows.filter(_NotBefore(F("pk"), transaction=mark.horizon))
        .values_list("pk", flat=True)
        .first()
    )
    if first is None:
        return rows.none()
    return rows.filter(_NotBefore(F("pk"), transaction=mark.horizon), pk__gte=first)


def _a_little_before(latest: UUID | None) -> UUID:
    """The key (UUIDv7, milliseconds in its first 48 bits) of what was committed earlier."""
    milliseconds = (latest.int >> 80 if latest else 0) - IN_FLIGHT_MS
    now = int(timezone.now().timestamp() * 1000)
    return UUID(int=max(min(milliseconds, now - IN_FLIGHT_MS), 0) << 80)
