"""A plant to measure on: any number of sites, all alike, loaded by the server itself.

A site has 20 lanes of 500 staged positions each, 100 bins and 61 materials. An open demand has 20
lines, all staged in one lane; a quarter is packed in containers. Each staged lot has been
received, put away, partly staged, unstaged, staged again, issued and consumed (or loaded and
shipped) for an earlier demand, sampled or packed, and staged: 9 movements, and the balances at
zero that these leave behind. Besides there are free released lots in storage, each with a line of
an open demand that wants it (`targets`), lots in quarantine, lots used up, and chains of
production orders ten deep. Some lots are expired, rejected, restricted or on hold, some stock
stands in a lane for nobody, some demands are overdue; the sweep has raised its alerts for them.
0.5 % of what is staged has passed its dwell limit, and another 10 % will within two days.

A bigger plant has more sites, never fuller lanes, so what grows with size is the tables only. What
lies beside each other in a lane was written at different times, and lies apart in the tables.
Filled by INSERT … SELECT FROM generate_series: no row travels, which is faster than COPY.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone

from config.bench import data_facts, data_life, data_master
from config.bench.data_fast import bare, settle
from inventory import audit
from inventory.models import (
    AuditEntry,
    Balance,
    Container,
    Location,
    Lot,
    LotLink,
    Movement,
    RefusedAttempt,
)
from quality import gate
from quality.models import Decision, Hold, RestrictedUse
from staging.alerting import clock
from staging.models import Alert, Commitment, Demand, Requirement

IN_A_LANE, IN_A_DEMAND = 500, 20

TABLES = (
    Lot, Container, Demand, Requirement, Movement, Balance, Commitment, LotLink, AuditEntry,
    RefusedAttempt, Decision, RestrictedUse, Hold, Alert,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much there is: staged positions (a multiple of 2,000, for all four purposes), free lots
    (a multiple of 20) and, roughly, movements."""

    staged: int
    free: int
    movements: int

    @property
    def lanes(self) -> int:
        return self.staged // IN_A_LANE

    @property
    def sites(self) -> int:
        return -(-self.lanes // data_master.LANES)

    @property
    def chained(self) -> int:
        """Lots in chains: two for each lane that does not ship."""
        return self.lanes * 3 // 4 * 2 * data_master.CHAIN

    def columns(self) -> dict[str, Any]:
        """The numbers that the statements ask for."""
        caged = self.staged // 50
        moved = self.staged * 9 + self.free * 2 + self.chained * 4 + caged
        return {
            "staged": self.staged, "free": self.free, "lanes": self.lanes, "caged": caged,
            "chained": self.chained, "used": max(self.movements - moved, 0) // 5,
            "open": self.staged // IN_A_DEMAND, "targets": self.free // IN_A_DEMAND,
            "sites": self.sites, "dwell": data_master.DWELL, "now": timezone.now(),
        }  # fmt: skip


QUICK = Size(staged=2_000, free=12_000, movements=40_000)
SMALL = Size(staged=10_000, free=2_000, movements=100_000)
FULL = Size(staged=1_000_000, free=200_000, movements=10_000_000)


def tenth_of(size: Size) -> Size:
    """A tenth of it, in whole lanes of each purpose."""
    staged = max(size.staged // 10 // 2_000, 1) * 2_000
    return Size(
        staged=staged, free=size.free // 10 // 20 * 20, movements=min(size.movements, staged * 10)
    )


def load(size: Size) -> None:
    """Fill an empty, migrated PostgreSQL. Needs its superuser. Minutes at full size."""
    data_master.load(size.sites, size.lanes)
    given = size.columns() | {
        "system": User.objects.get(username=audit.SYSTEM_USERNAME).pk,
        "operator": User.objects.get(username="operator-0").pk,
    }
    with transaction.atomic(), bare(TABLES), connection.cursor() as cursor:
        cursor.execute(data_life.FUNCTIONS)
        cursor.execute(data_life.LIVES, given)
        cursor.execute("ANALYZE life")
        for statement in _statements():
            cursor.execute(statement, given)
        cursor.execute("DROP TABLE life")
    settle(TABLES)
    clock.sweep(by=audit.system(), at=timezone.now())


def targets(size: Size) -> Iterator[tuple[str, str, str]]:
    """What can be staged: demand reference, lot code, lane code. Each lot once, in one bin.

    In the order of the demands, each of which has 20, for one lane. What is on hold is left out.
    """
    stopped, held = _stopped_lots(size), _held_lanes()
    wanted = Demand.objects.filter(pk__gt=2 * size.staged // IN_A_DEMAND, closed_at=None)
    references = list(wanted.order_by("pk").values_list("reference", flat=True))
    lots = Lot.objects.filter(pk__gt=size.staged, pk__lte=size.staged + size.free)
    for number, lot in enumerate(lots.order_by("pk").values_list("code", flat=True)):
        demand = number // IN_A_DEMAND
        site, number_there = divmod(demand % size.lanes, data_master.LANES)
        lane = f"S{site:03}-LANE-{number_there:02}"
        if lot not in stopped and lane not in held:
            yield references[demand], lot, lane


def _stopped_lots(size: Size) -> set[str]:
    free = Balance.objects.on_hand().filter(lot__gt=size.staged, lot__lte=size.staged + size.free)
    stopped = free.annotate(stop=gate.stop_code(on=timezone.localdate())).exclude(stop="")
    return set(stopped.values_list("lot__code", flat=True))


def _held_lanes() -> set[str]:
    places = Hold.objects.open().filter(location__isnull=False)
    paths = tuple(places.values_list("location__path", flat=True))
    lanes = Location.objects.staging().values_list("code", "path")
    return {code for code, path in lanes if path.startswith(paths)}


def _statements() -> Iterator[str]:
    yield from (data_facts.LOTS, data_facts.CONTAINERS)
    yield from (*data_facts.OPEN_DEMANDS, *data_facts.PAST_DEMANDS, data_facts.REQUIREMENTS)
    yield data_facts.MOVEMENTS.format(moves=data_life.moves())
    yield data_facts.BALANCES.format(balances=data_life.balances())
    yield data_facts.COMMITMENTS.format(commitments=data_life.commitments())
    yield data_facts.AUDIT.format(moves=data_life.moves())
    yield from (data_facts.REFUSED, data_facts.ATTEMPTS, data_facts.LINKS, data_facts.DECISIONS)
    yield from (data_facts.PERMITS, data_facts.HOLDS, data_facts.OLD_ALERTS)
