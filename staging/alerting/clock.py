"""The clock: raise the alerts that have come due, close those whose cause is gone.

What has come due is found by index and flagged by INSERT … SELECT, so a sweep costs what is due,
not what is staged. What quality has stopped is looked for where it can have come from; see
`staging.suspects`. Each family of reasons says what raises its alerts and what closes them.
"""

from collections import Counter
from datetime import datetime
from itertools import chain

from django.db import transaction
from django.utils import timezone

from inventory import audit
from inventory.audit import Actor, Stamp
from staging import pulls, unstaging
from staging.alerting import life
from staging.alerting.awaited import Awaited
from staging.alerting.changed import Changed
from staging.alerting.closing import Gone, close
from staging.alerting.dwell import Dwell
from staging.alerting.lanes import OverCapacity, WrongLane
from staging.alerting.left_over import LeftOver
from staging.alerting.lost import Lost
from staging.alerting.over import Over
from staging.alerting.overdue import Overdue
from staging.alerting.regrading import regrade
from staging.alerting.short import Short
from staging.alerting.sweeping import Sweep
from staging.alerting.unusable import Unusable
from staging.dwell import changes
from staging.suspects import take_turn

FAMILIES = (
    Gone, Dwell, Overdue, Short, LeftOver, Over, Unusable, WrongLane, OverCapacity, Awaited,
    Changed, Lost,
)  # fmt: skip


def sweep(*, by: Actor, at: datetime, thorough: bool = False) -> dict[str, int]:
    """Raise and close alerts; the counts of both. Running it twice raises them once.

    Before, due times are worked out again where what they rest on has changed. `thorough` examines
    all that is staged, whether anything about it has changed or not.

    Where more alerts have to be woken or escalated than a short transaction can, the others follow
    portion by portion, each with its own entry in the audit trail.
    """
    changes.catch_up(at, thorough=thorough)
    counts, more = _sweep(by, at, thorough)
    found = Counter(counts)
    while more:
        counts, more = _turn(by, at)
        found.update(counts)
    return dict(found)


@transaction.atomic
def _sweep(by: Actor, at: datetime, thorough: bool) -> life.Turned:
    stamp = audit.stamp(by, timezone.now())
    sweep = Sweep.begin(at, thorough=thorough)
    before = sweep.at_hand.step or 0
    families = [family(sweep) for family in FAMILIES]
    closed = close(chain.from_iterable(family.close() for family in families), at)
    raised = sum(family.raise_() for family in families)
    regraded = regrade(sweep.terms, at) if sweep.look.thorough else 0
    pulls.catch_up(sweep.look, sweep.doubtful, stamp)
    if sweep.at_hand.tasks:
        unstaging.close_done(at)
    due = sweep.at_hand.turns_by(at)
    turned = life.go_by(at) if due else life.Turned({}, more=False)
    sweep.look.end()
    counts = {"raised": raised, "closed": closed, **turned.counts, **life.raised_again(before)}
    if regraded:
        counts["regraded"] = regraded
    _record(counts, before, stamp)
    return life.Turned(counts, turned.more)


@transaction.atomic
def _turn(by: Actor, at: datetime) -> life.Turned:
    """Another portion, in turn with sweeps."""
    stamp = audit.stamp(by, timezone.now())
    take_turn(at)
    before = life.newest()
    turned = life.go_by(at)
    _record(turned.counts, before, stamp)
    return turned


def _record(counts: dict[str, int], before: int, stamp: Stamp) -> None:
    if any(counts.values()):
        audit.record("staging.sweep", stamp=stamp, facts=counts | {"alerts": life.named(before)})
