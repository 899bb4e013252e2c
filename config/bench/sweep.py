"""The sweep beside the bare statements that flag and raise the same rows."""

import statistics
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from config.bench.report import Measure
from inventory import audit
from staging.alerting import clock
from staging.models import Alert, StagedStock

SECTION = "Stale sweep"
DUE, SHARES = 1_000, (0.01, 0.1)
"""How much comes due: a thousand positions, where that is no large part, and shares of what is
staged."""

ROUNDS = 3

RAISE = """
    INSERT INTO staging_alert (reason, detail, site_id, commitment_id, demand_id, lot_id,
        location_id, container_id, raised_at, acknowledge_reason)
    SELECT 'dwell_critical', '', location.site_id, commitment.id, requirement.demand_id,
        commitment.lot_id, commitment.location_id, commitment.container_id, %(at)s, ''
    FROM staging_commitment commitment
    JOIN staging_requirement requirement ON requirement.id = commitment.requirement_id
    JOIN inventory_location location ON location.id = commitment.location_id
    WHERE commitment.closed_at IS NULL AND state = 'staged' AND rings_at <= %(at)s
"""
FLAG = """
    UPDATE staging_commitment SET rings_at = NULL
    WHERE closed_at IS NULL AND state = 'staged' AND rings_at <= %(at)s
"""


def measure() -> Iterator[Measure]:
    """Rows a second with so much of what is staged come due, and the ratio of times.

    Each round is rolled back, and the two take turns. What had come due before is flagged first,
    and does not escalate: in the hours until so much comes due thousands of alerts would, which the
    bare statements know nothing of. Its rows are counted as the database's own vacuum does within
    a minute: without, the planner knows of no alert, and a small sweep takes three times as long.
    """
    clock.sweep(by=audit.system(), at=timezone.now())
    Alert.objects.open().update(escalates_at=None)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE staging_alert, staging_alertstep, staging_commitment")
    staged = StagedStock.objects.count()
    for due in sorted({min(DUE, staged // 100), *(int(staged * share) for share in SHARES)}):
        at = _when_due(due)
        ours, bare = [], []
        for _round in range(ROUNDS + 1):
            bare.append(_seconds(_bare, at))
            ours.append(_seconds(_sweep, at))
        own, raw = (statistics.median(times[1:]) for times in (ours, bare))
        yield Measure(
            section=SECTION, name=f"{due:,} of {staged:,} due", value=due / own,
            unit="rows/s", beside=due / raw, beside_what="INSERT … SELECT and UPDATE",
            ratio=own / raw, more={"seconds": ours[1:], "beside_seconds": bare[1:]},
        )  # fmt: skip


def _when_due(count: int) -> Any:
    """The time at which so many more will have passed their dwell limit."""
    coming = StagedStock.objects.filter(rings_at__isnull=False)
    return coming.order_by("rings_at").values_list("rings_at", flat=True)[count - 1]


def _sweep(at: datetime) -> None:
    clock.sweep(by=audit.system(), at=at)


def _bare(at: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(RAISE, {"at": at})
        cursor.execute(FLAG, {"at": at})


def _seconds(work: Callable[[datetime], None], at: datetime) -> float:
    """How long it takes; it leaves nothing behind."""
    with transaction.atomic():
        start = time.perf_counter()
        work(at)
        taken = time.perf_counter() - start
        transaction.set_rollback(True)
    return taken
