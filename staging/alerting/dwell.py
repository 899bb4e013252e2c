"""Stock that has stood for too long, or for long. One position has one of the two at a time."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, When

from staging.alerting.closing import caused
from staging.alerting.raising import raise_staged
from staging.alerting.sweeping import Family
from staging.models import Alert, AlertReason, Commitment, StagedStock

WARNING, CRITICAL = AlertReason.DWELL_WARNING, AlertReason.DWELL_CRITICAL


class Dwell(Family):
    """Raised when the time has come that each position knows of, found by its index; closed when
    a policy of now lets it stand longer, and the warning when it has become critical.

    Where nothing is raised when it becomes critical, it goes on to warn.
    """

    @property
    def _critical(self) -> Q:
        return Q(due_at__lte=self.sweep.at) & self.sweep.terms.raised(CRITICAL)

    @property
    def _warns(self) -> Q:
        """What is critical needs no warning beside."""
        at, terms = self.sweep.at, self.sweep.terms
        calm = Q(due_at=None) | Q(due_at__gt=at)
        if raised := terms.raised(CRITICAL):
            calm |= ~raised
        return Q(warn_at__lte=at) & calm & terms.raised(WARNING)

    def close(self) -> Iterable[int]:
        if not self.sweep.has(CRITICAL, WARNING):
            return ()
        staged = StagedStock.objects.filter(pk=OuterRef("commitment"))
        causes = {CRITICAL: staged.filter(self._critical), WARNING: staged.filter(self._warns)}
        alerts = self.sweep.alerts.filter(reason__in=causes)
        gone = alerts.annotate(cause=caused(causes)).filter(cause=None)
        return gone.order_by().values_list("pk", flat=True)

    def raise_(self) -> int:
        at = self.sweep.at
        if not (self.sweep.look.thorough or self.sweep.at_hand.rings_by(at)):
            return 0
        ringing = self._ringing()
        raised = raise_staged(CRITICAL, ringing.filter(self._critical), at)
        raised += raise_staged(WARNING, ringing.filter(self._warns), at)
        # Only what has its alert: more may have come due since the statements before. Driven from
        # what is due, which lies together in the table, and not from the alerts: that took twice
        # as long.
        alerts = Alert.objects.open().filter(commitment=OuterRef("pk"))
        seen = self._critical & Exists(alerts.of(CRITICAL)) | self._warns & Exists(
            alerts.of(WARNING)
        )
        if self.sweep.terms.raised(CRITICAL) or self.sweep.terms.raised(WARNING):
            seen |= ~(self._critical | self._warns)
        next_at = Case(When(due_at__gt=at, then=F("due_at")), default=None)
        ringing.filter(seen).update(rings_at=next_at)
        return raised

    def _ringing(self) -> QuerySet[Commitment]:
        """A thorough look finds those, too, that have rung while nothing was raised."""
        at = self.sweep.at
        staged: QuerySet[Commitment] = StagedStock.objects.all()
        rings: Any = Q(rings_at__lte=at)
        if not self.sweep.look.thorough:
            return staged.filter(rings)
        known = Alert.objects.open().filter(commitment=OuterRef("pk"))
        for reason, which in ((CRITICAL, self._critical), (WARNING, self._warns)):
            rings |= which & ~Exists(known.of(reason))
        return staged.filter(Q(due_at__lte=at) | Q(warn_at__lte=at), rings)
