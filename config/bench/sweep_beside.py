"""What a sweep costs those who stage meanwhile, and what new dwell policies cost the clock."""

import contextlib
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone

from config.bench.posting import Posting
from config.bench.report import Measure
from inventory.audit import Actor
from inventory.models import Surface
from staging import actions
from staging.dwell import changes
from staging.models import DwellPolicy, StagedStock

SECTION = "Beside the sweep"
CLIENTS, ROUNDS = 8, 3

SWEEPS = """
import sys, time, django; django.setup()
from django.utils import timezone
from inventory import audit
from staging.alerting import clock
while True:
    began = time.monotonic()
    clock.sweep(by=audit.system(), at=timezone.now())
    time.sleep(max(float(sys.argv[1]) - (time.monotonic() - began), 0))
"""
"""A sweep every so many seconds, or one after the other without a pause. The clock sweeps once a
minute."""

COUNT = """
    UPDATE staging_commitment
    SET due_at = since + interval '41 days', warn_at = since + interval '30 days',
        rings_at = since + interval '30 days'
    WHERE closed_at IS NULL AND state = 'staged'
"""


def staging(posting: Posting, seconds: float) -> Iterator[Measure]:
    """Single moves over HTTP without a sweep, with one in each round, and with sweeps running all
    the time, in turns."""
    quiet: list[float] = []
    sweeps = {f"a sweep every {seconds:g} s": seconds, "sweeps without a pause": 0.0}
    beside: dict[str, list[float]] = {name: [] for name in sweeps}
    for _round in range(ROUNDS):
        quiet.append(posting.served(CLIENTS, seconds).per_second(1))
        for name, every in sweeps.items():
            with _sweeping(every):
                beside[name].append(posting.served(CLIENTS, seconds).per_second(1))
    alone = statistics.median(quiet)
    for name, rates in beside.items():
        own = statistics.median(rates)
        yield Measure(
            section=SECTION, name=f"single stage, {CLIENTS} clients, {name}",
            value=own, unit="moves/s", beside=alone, beside_what="no sweep", ratio=own / alone,
            more={"moves_a_second": rates, "beside_moves_a_second": quiet},
        )  # fmt: skip


@contextlib.contextmanager
def _sweeping(every: float) -> Iterator[None]:
    sweeps = subprocess.Popen([sys.executable, "-c", SWEEPS, str(every)])
    try:
        time.sleep(2)  # until it has begun
        yield
    finally:
        sweeps.terminate()
        sweeps.wait()


def recount() -> Measure:
    """Positions a second whose due times another dwell policy changes, beside one bare UPDATE."""
    count = StagedStock.objects.count()
    bare = _bare()
    _policy(timedelta(days=31), timedelta(days=42))
    began = time.perf_counter()
    counted = changes.catch_up(timezone.now())
    own = time.perf_counter() - began
    return Measure(
        section=SECTION, name=f"due times of {count:,} counted anew", value=counted / own,
        unit="rows/s", beside=count / bare, beside_what="one UPDATE", ratio=own / bare,
        more={"seconds": own, "beside_seconds": bare, "changed": counted},
    )  # fmt: skip


def _bare() -> float:
    """It leaves nothing behind."""
    with transaction.atomic(), connection.cursor() as cursor:
        began = time.perf_counter()
        cursor.execute(COUNT)
        taken = time.perf_counter() - began
        transaction.set_rollback(True)
    return taken


def _policy(warns: timedelta, critical: timedelta) -> None:
    """A policy for everything, drafted by one and put into force by another."""
    first, second = (Actor(user, Surface.COMMAND) for user in User.objects.order_by("pk")[:2])
    now = timezone.now()
    draft = actions.draft_dwell(note="Benchmark", by=first, at=now)
    policy = DwellPolicy(
        dwell_set=draft, note="everything", warn_after=warns, critical_after=critical
    )
    actions.change_dwell(draft=draft, rules=[policy], reason="benchmark", by=first, at=now)
    actions.activate_dwell(dwell_set=draft, reason="benchmark", by=second, at=now)
