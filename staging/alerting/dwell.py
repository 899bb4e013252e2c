"""Stock that has stood for too long, or for long. One position has one of the two at a time."""

from collections.abc import Iterable

from django.db.models import Case, Exists, F, OuterRef, Q, When

from staging.alerting.closing import caused
from staging.alerting.raising import raise_staged
from staging.alerting.sweeping import Family
from staging.models import Alert, AlertReason, StagedStock


class Dwell(Family):
    """Raised when the time has come that each position knows of, found by its index; closed when
    a policy of now lets it stand longer, and the warning when it has become critical."""

    @property
    def _critical(self) -> Q:
        return Q(due_at__lte=self.sweep.at)

    @property
    def _warns(self) -> Q:
        """What is critical needs no warning beside."""
        at = self.sweep.at
        return Q(warn_at__lte=at) & (Q(due_at=None) | Q(due_at__gt=at))

    def close(self) -> Iterable[int]:
        staged = StagedStock.objects.filter(pk=OuterRef("commitment"))
        causes = {
            AlertReason.DWELL_CRITICAL: staged.filter(self._critical),
            AlertReason.DWELL_WARNING: staged.filter(self._warns),
        }
        alerts = Alert.objects.open().filter(reason__in=causes)
        gone = alerts.annotate(cause=caused(causes)).filter(cause=None)
        return gone.order_by().values_list("pk", flat=True)

    def raise_(self) -> int:
        at = self.sweep.at
        ringing = StagedStock.objects.filter(rings_at__lte=at)
        raised = raise_staged(AlertReason.DWELL_CRITICAL, ringing.filter(self._critical), at)
        raised += raise_staged(AlertReason.DWELL_WARNING, ringing.filter(self._warns), at)
        # Only what has its alert: more may have come due since the statements before. Driven from
        # what is due, which lies together in the table, and not from the alerts: that took twice
        # as long.
        alerts = Alert.objects.open().filter(commitment=OuterRef("pk"))
        next_at = Case(When(due_at__gt=at, then=F("due_at")), default=None)
        ringing.filter(
            self._critical & Exists(alerts.of(AlertReason.DWELL_CRITICAL))
            | self._warns & Exists(alerts.of(AlertReason.DWELL_WARNING))
        ).update(rings_at=next_at)
        return raised
