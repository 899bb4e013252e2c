"""Stock that stands in a lane for nobody. One thing raises one alert: the telling one.

What a demand left there says so, and names the demand. Of what is beyond that, stock packed with
some that is staged has come with it, in a container that holds more than was needed; of the rest
nobody knows why it is there.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Round

from inventory.models import Balance
from inventory.models.materials import QUANTITY
from staging import unstaging
from staging.alerting.raising import IN_LANE, raise_
from staging.alerting.sweeping import Family
from staging.models import Alert, AlertReason, LeftBy, UnstageTask
from staging.models.unstaging import summed

TELLS: Mapping[AlertReason, tuple[LeftBy, ...]] = {
    AlertReason.DEMAND_CANCELLED: (LeftBy.CANCELLED,),
    AlertReason.DEMAND_REDUCED: (LeftBy.CHANGED, LeftBy.COMPLETED),
}
LEFT = IN_LANE | {"demand": "requirement__demand_id", "container": "container_id"}
PACKED = IN_LANE | {"container": "container_id"}

HERE = {"lot": OuterRef("lot"), "location": OuterRef("location")}
WITH_STAGED = Q(container__isnull=False, bound__gt=0)


class LeftOver(Family):
    """Closed when it has left, or somebody wants it where it stands, or more is known of it."""

    def close(self) -> Iterable[int]:
        for reason, rows in self._causes(self.sweep.has):
            alerts = self.sweep.alerts.of(reason).filter(commitment=None)
            same = {"demand": OuterRef("demand")} if reason in TELLS else {}
            own = {"requirement__demand": same["demand"]} if same else {}
            gone = alerts.filter(~Exists(rows.filter(**HERE, **own)))
            yield from gone.order_by().values_list("pk", flat=True)

    def raise_(self) -> int:
        return sum(self._raise(reason, rows) for reason, rows in self._causes(self._is_there))

    def _is_there(self, reason: AlertReason) -> bool:
        """Whether anything stands there that could be told of so."""
        at_hand = self.sweep.at_hand
        return at_hand.tasks if reason in TELLS else at_hand.lying

    def _raise(self, reason: AlertReason, rows: QuerySet[Any]) -> int:
        alerts = Alert.objects.open().of(reason).filter(commitment=None, **HERE)
        about, detail = IN_LANE, Value("")
        if reason in TELLS:
            alerts = alerts.filter(demand=OuterRef("requirement__demand"))
            about, detail = LEFT, F("why")  # type: ignore[assignment]
        elif reason == AlertReason.OVER_STAGED:
            about = PACKED
        rows = rows.filter(self.sweep.terms.raised(reason), ~Exists(alerts))
        return raise_(reason, rows.distinct(), self.sweep.at, about=about, detail=detail)

    def _causes(
        self, asked: Callable[[AlertReason], bool]
    ) -> Iterator[tuple[AlertReason, QuerySet[Any]]]:
        """What of each reason that is asked for stands there."""
        for reason, whys in TELLS.items():
            if asked(reason):
                yield reason, _left(whys)
        if asked(AlertReason.WITHOUT_DEMAND):
            yield AlertReason.WITHOUT_DEMAND, _unexplained().exclude(WITH_STAGED)
        if asked(AlertReason.OVER_STAGED):
            yield AlertReason.OVER_STAGED, _packed()


def _left(whys: Iterable[LeftBy]) -> QuerySet[UnstageTask]:
    """What demands left there and is still there. Of several tasks of one, the last one tells."""
    later = UnstageTask.objects.filter(
        done_at=None, pk__gt=OuterRef("pk"),
        requirement__demand=OuterRef("requirement__demand"), **HERE,
    )  # fmt: skip
    return UnstageTask.objects.open().filter(~Exists(later), why__in=whys)


def _unexplained() -> QuerySet[Balance]:
    """What stands there beyond what demands left."""
    tasks = UnstageTask.objects.filter(done_at=None, **HERE)
    free = summed(unstaging.lying().filter(**HERE), F("quantity") - F("bound"))
    left = summed(tasks, F("quantity"))
    return (
        unstaging.lying()
        .annotate(beyond=Round(free - left, QUANTITY["decimal_places"]))
        .filter(~Exists(tasks) | Q(beyond__gt=0))
    )


def _packed() -> QuerySet[Balance]:
    """Of that, what has come in a container with something that is staged."""
    beside = unstaging.lying().filter(**HERE)
    alone = beside.filter(Q(container=None) | Q(bound=0))
    first = beside.filter(WITH_STAGED, container__lt=OuterRef("container"))
    return _unexplained().filter(WITH_STAGED).filter(~Exists(alone), ~Exists(first))
