"""What a wall screen says of all that it watches over, whatever page of it is shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from django.db.models import Q

from inventory.models import Location, Site
from inventory.zones import gate_day, zone_named
from staging import board
from staging.models import StagedStock
from staging.scope import Scope


@dataclass(frozen=True, slots=True)
class Trouble:
    """Staged positions that may not be used, that stand for too long, whose next step is late."""

    blocked: int
    stale: int
    overdue: int


def trouble(lanes: Sequence[Location], at: datetime) -> Trouble:
    """How much is wrong in these lanes. A fixed number of statements."""
    keys = [lane.pk for lane in lanes]
    given: dict[str, Any] = {"lanes": keys, "on": gate_day(at), "at": at}
    staged = StagedStock.objects.filter(location__in=keys).order_by()
    return Trouble(
        blocked=len(board.stopped(lanes, given, matched=False)),
        stale=staged.filter(due_at__lte=at).count(),
        overdue=staged.filter(requirement__demand__needed_at__lte=at).count(),
    )


def zone_of(scope: Scope) -> tzinfo:
    """The time zone of what a screen shows; the installation's where there are several."""
    around = Q(pk__in=scope.sites)
    for path in scope.paths:
        around |= Q(code__in=Location.objects.filter(path=path).values("site__code"))
    zones = set(Site.objects.filter(around).values_list("time_zone", flat=True))
    return zone_named(zones.pop() if len(zones) == 1 else "")
