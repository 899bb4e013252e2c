"""Which commitments no sweep can have seen yet.

Their keys tell roughly when they were made, but not when they were committed: one that a slow
transaction made before the last sweep may have come to light after it. On PostgreSQL each row says
which transaction wrote it last, and transactions are numbered, so nothing that was seen is asked
about again. SQLite has one writer at a time, and the keys must do.
"""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any, NamedTuple, Self
from uuid import UUID

from django.db.models import BooleanField, Expression, F, QuerySet
from django.db.models.sql.compiler import SQLCompiler
from django.utils import timezone

from inventory.in_flight import in_flight
from inventory.models import Balance, Movement
from staging.models import ClockMark, Commitment, State

IN_FLIGHT_MS = 900_000
"""How long what was committed may have taken to be seen, and how far servers' clocks may differ.
What stages takes ten minutes at most; should anything take longer, the night finds what it did."""

IN_FLIGHT = timedelta(milliseconds=IN_FLIGHT_MS)

COMPARABLE = 2**31 - 2**20
"""Rows keep 32 bits of their transaction's number: two can be compared when no more lie between."""


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
        now = in_flight()
        return cls(now.cluster, now.oldest) if now else None

    def can_tell_since(self, mark: ClockMark) -> bool:
        """Whether the transactions that rows name can be compared with the mark's.

        Not when the mark has none, comes from another cluster with the data, or is older than a
        backup that was put back, or than the numbers reach.
        """
        return mark.horizon is not None and self.can_compare(mark.cluster, mark.horizon)

    def can_compare(self, cluster: str, transaction: int) -> bool:
        return cluster == self.cluster and 0 <= self.transaction - transaction < COMPARABLE


class _NotBefore(Expression):
    """Whether the transaction that wrote a row last is no older than the given one.

    `age` counts round the 32 bits. A frozen row keeps its number, but may seem young when it is two
    thousand million transactions old: then it is only asked about once more.
    """

    def __init__(self, transaction: int) -> None:
        super().__init__(output_field=BooleanField())
        self.transaction = transaction
        self.key: Any = F("pk")

    def get_source_expressions(self) -> list[Any]:
        return [self.key]

    def set_source_expressions(self, exprs: Sequence[Any]) -> None:
        [self.key] = exprs

    def as_sql(self, compiler: SQLCompiler, connection: Any) -> tuple[str, Any]:
        table = connection.ops.quote_name(self.key.alias)
        return f"age({table}.xmin) <= age(%s::xid)", [str(self.transaction % 2**32)]


def not_seen_since(mark: ClockMark) -> QuerySet[Commitment]:
    """Staged stock that the sweep which left the mark cannot have seen, by its key.

    After 200,000 stagings within the last minutes, to ask about all of them anew took 3.6 of a
    sweep's 4.7 s of processor time; to pass over those that were seen takes a tenth of a second. A
    row comes a second time only if an older transaction than its own was open at the last look.
    """
    # Only what is open has a quantity. Of `closed_at` PostgreSQL knows that there are indexes on
    # what is open, and would read one of them whole to meet the few that are new.
    rows = Commitment.objects.filter(state=State.STAGED, quantity__gt=0)
    rows = rows.filter(pk__gte=_a_little_before(mark.latest)).order_by("pk")
    if mark.horizon is not None:
        rows = rows.filter(_NotBefore(mark.horizon))
    first = rows.values_list("pk", flat=True).first()
    return rows.none() if first is None else rows.filter(pk__gte=first)


def stirred_since(mark: ClockMark, materials: Collection[int]) -> set[int]:
    """Those of the materials of whose stock the sweep that left the mark cannot have seen all, as
    something was received, made or given back since. One statement, by what there is of them.

    Nothing is noted for it: whoever receives pays nothing. SQLite cannot tell by the row, so there
    it is what was posted lately.
    """
    if mark.horizon is None:
        since = mark.at - IN_FLIGHT
        moved = Movement.objects.filter(recorded_at__gt=since, lot__material__in=materials)
        return set(moved.order_by().values_list("lot__material", flat=True).distinct())
    stock = Balance.objects.on_hand().filter(lot__material__in=materials)
    written = stock.filter(_NotBefore(mark.horizon)).order_by()
    return set(written.values_list("lot__material", flat=True).distinct())


def written_between(since: int, until: int) -> QuerySet[Commitment]:
    """Staged stock that transactions from one number on wrote, before another. Looks at all of it:
    their keys say nothing of when they were changed."""
    rows = Commitment.objects.filter(state=State.STAGED, closed_at=None)
    return rows.filter(_NotBefore(since)).exclude(_NotBefore(until))


def _a_little_before(latest: UUID | None) -> UUID:
    """The key (UUIDv7, milliseconds in its first 48 bits) of what was committed earlier."""
    milliseconds = (latest.int >> 80 if latest else 0) - IN_FLIGHT_MS
    now = int(timezone.now().timestamp() * 1000)
    return UUID(int=max(min(milliseconds, now - IN_FLIGHT_MS), 0) << 80)
