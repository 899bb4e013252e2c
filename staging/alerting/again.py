"""Look again at some alerts at once, because somebody has just done what they ask for."""

from collections.abc import Collection
from datetime import datetime
from itertools import chain

from staging.alerting.closing import Gone, close
from staging.alerting.lanes import OverCapacity
from staging.alerting.left_over import LeftOver
from staging.alerting.lost import Lost
from staging.alerting.over import Over
from staging.alerting.short import Short
from staging.alerting.sweeping import Sweep
from staging.models.alerts import AlertQuerySet

BY_WORK = (Gone, Short, LeftOver, Over, OverCapacity, Lost)
"""Families whose causes go by what people do on the floor."""


def look_again(alerts: AlertQuerySet, demands: Collection[int], at: datetime) -> int:
    """Close those of the alerts whose cause is gone, in the transaction of what has settled it; how
    many. By the conditions of the sweep; `demands` are those of which something was staged.

    What a sweep or a person is at just now is left to the next sweep: nobody waits, and nobody
    waits in a ring.
    """
    free = alerts.select_for_update(skip_locked=True, no_key=True, of=("self",)).order_by("pk")
    mine = dict(free.values_list("pk", "reason"))
    if not mine:
        return 0
    sweep = Sweep.narrow(mine, demands, at)
    return close(chain.from_iterable(family(sweep).close() for family in BY_WORK), at)
