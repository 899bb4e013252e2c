"""Alerts close by themselves once their cause is gone."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Case, OuterRef, Q, QuerySet, Subquery, When

from staging.alerting.sweeping import Family
from staging.models import Alert, AlertReason, StagedStock
from staging.suspects import portions

KEEPS_WITHOUT_STOCK = (AlertReason.RESERVATION_LOST,)
"""Reasons of which the commitment is gone already when they are raised."""


def close(alerts: Iterable[int], at: datetime) -> int:
    """Close them, and say how many."""
    keys = sorted(set(alerts))
    return sum(
        Alert.objects.filter(pk__in=portion).update(closed_at=at) for portion in portions(keys)
    )


def caused(causes: Mapping[AlertReason, QuerySet[Any]]) -> Case:
    """The staged stock that is the cause of an alert, or nothing. Other reasons ask for no more
    than that it is still staged."""
    # One row of it and not Exists, for which PostgreSQL may read all commitments there ever were.
    still = StagedStock.objects.filter(pk=OuterRef("commitment"))
    return Case(
        *(
            When(Q(reason=reason), then=Subquery(rows.values("pk")[:1]))
            for reason, rows in causes.items()
        ),
        default=Subquery(still.values("pk")[:1]),
    )


class Gone(Family):
    """Alerts of any reason about staged stock that has left where it stood, and those of reasons
    that are not raised any more."""

    def close(self) -> Iterable[int]:
        if not self.sweep.at_hand.reasons:
            return
        about_stock = self.sweep.alerts.filter(commitment__isnull=False)
        alerts = about_stock.exclude(reason__in=KEEPS_WITHOUT_STOCK)
        if not self.sweep.look.thorough:  # what leaves is noted, by its demand
            alerts = alerts.filter(demand__in=self.sweep.look.demands)
        gone = alerts.annotate(cause=caused({})).filter(cause=None)
        yield from gone.order_by().values_list("pk", flat=True)
        if (off := self.sweep.terms.switched_off()) is not None:
            yield from self.sweep.alerts.filter(off).order_by().values_list("pk", flat=True)
