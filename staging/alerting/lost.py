"""Reservations that a hold has taken back. They are raised with the hold; see `staging.pulls`."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Round

from inventory.models.materials import QUANTITY
from staging.alerting.sweeping import Family
from staging.models import AlertReason, Requirement


class Lost(Family):
    """Closed when the demand has all that it needs, or is over."""

    def close(self) -> Iterable[int]:
        if not self.sweep.has(AlertReason.RESERVATION_LOST):
            return ()
        covered = Round(F("reserved") + F("progressed"), QUANTITY["decimal_places"])
        lines: Any = Requirement.objects.with_progress().filter(
            pk=OuterRef("commitment__requirement"), quantity__lte=covered
        )
        over = Q(commitment__requirement__demand__closed_at__isnull=False)
        alerts = self.sweep.alerts.of(AlertReason.RESERVATION_LOST)
        return alerts.filter(over | Exists(lines)).values_list("pk", flat=True)
