"""Look again at the alerts that some work concerns: those whose cause is gone are closed at once.

By the conditions by which the sweep closes them, and in the transaction of the work.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from django.db.models import Q
from django.utils import timezone

from staging.alerting.again import look_again as close_settled
from staging.models import Alert

if TYPE_CHECKING:
    from staging.worklists.at_stop import AtStop


@dataclass(frozen=True, slots=True)
class Place:
    """Where the work is done: the lane, and the demands that the alerts of the stop are about."""

    location: int | None
    demands: tuple[int, ...]
    alerts: tuple[int, ...]

    @classmethod
    def of(cls, at: "AtStop") -> Self:
        stop = at.stop
        return cls(
            stop.location.pk if stop and stop.location else None,
            tuple(demand.pk for demand in stop.demands) if stop else (),
            tuple(alert.pk for alert in stop.alerts) if stop else (),
        )

    def concerned(self, lots: Sequence[int]) -> Q:
        """The alerts that work on these lots there can settle."""
        found = Q(pk__in=self.alerts) | Q(demand__in=self.demands, commitment=None)
        if self.location is not None:
            here = Q(location=self.location)
            found |= here & (Q(lot__in=lots) | Q(lot=None))
        return found


def look_again(place: Place, lines: Sequence[Any]) -> int:
    """Close what is settled; how many. The same statements, however many lines and alerts."""
    lots = [lot.pk for line in lines if (lot := getattr(line, "lot", None))]
    alerts = Alert.objects.open().filter(place.concerned(lots))
    return close_settled(alerts, place.demands, timezone.now())
