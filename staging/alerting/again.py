"""Look again at some alerts at once, because somebody has just done what they ask for."""

from collections.abc import Collection
from datetime import datetime

from staging.alerting import clock
from staging.models import Alert
from staging.models.alerts import AlertQuerySet


def look_again(alerts: AlertQuerySet, demands: Collection[int], at: datetime) -> int:
    """Close those of the alerts whose cause is gone, in the transaction of what has settled it; how
    many. By the conditions of the sweep; `demands` are those of which something was staged.

    What a sweep or a person is at just now is left to the next sweep: nobody waits, and nobody
    waits in a ring.
    """
    free = alerts.select_for_update(skip_locked=True, no_key=True, of=("self",)).order_by("pk")
    mine = list(free.values_list("pk", flat=True))
    if not mine:
        return 0
    these = Alert.objects.open().filter(pk__in=mine)
    gone = {*clock._gone(these, at), *clock._bound_again(these), *clock._made_good(these)}
    return Alert.objects.filter(pk__in=gone).update(closed_at=at)
