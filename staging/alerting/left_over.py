"""Stock that stands in a lane for nobody."""

from collections.abc import Iterable

from django.db.models import Exists, OuterRef

from staging import unstaging
from staging.alerting.raising import IN_LANE, raise_
from staging.alerting.sweeping import Family
from staging.models import Alert, AlertReason


class LeftOver(Family):
    """Closed when it has left, or somebody wants it where it stands."""

    def close(self) -> Iterable[int]:
        causes = unstaging.lying().filter(lot=OuterRef("lot"), location=OuterRef("location"))
        alerts = Alert.objects.open().of(AlertReason.WITHOUT_DEMAND).filter(~Exists(causes))
        return alerts.values_list("pk", flat=True)

    def raise_(self) -> int:
        reason = AlertReason.WITHOUT_DEMAND
        here = {"lot": OuterRef("lot"), "location": OuterRef("location")}
        alerts = Alert.objects.open().of(reason).filter(**here)
        rows = unstaging.lying().filter(~Exists(alerts)).distinct()
        return raise_(reason, rows, self.sweep.at, about=IN_LANE)
