"""Stock that is staged for a next step whose time has come, and that has not begun."""

from collections.abc import Iterable, Iterator

from django.db.models import QuerySet
from django.db.models.functions import Left

from staging.alerting.raising import DETAIL, raise_staged, unalerted
from staging.alerting.sweeping import Family
from staging.models import Alert, AlertReason, Commitment, Demand, StagedStock


class Overdue(Family):
    """Raised when the demand is needed; closed when it is needed later now."""

    def close(self) -> Iterable[int]:
        sweep = self.sweep
        stirred = sweep.look.thorough or sweep.look.changed
        if not (stirred and sweep.has(AlertReason.NEXT_STEP_OVERDUE)):
            return ()
        later = Alert.objects.open().of(AlertReason.NEXT_STEP_OVERDUE)
        later = later.filter(commitment__requirement__demand__needed_at__gt=sweep.at)
        if not sweep.look.thorough:
            later = later.filter(sweep.look.touched())
        return later.values_list("pk", flat=True)

    def raise_(self) -> int:
        # Demands by their numbers: joined, PostgreSQL would take closed ones, all of which are
        # past, for open ones, and read everything that is staged.
        demands = self._newly()
        if not demands:
            return 0
        reason = AlertReason.NEXT_STEP_OVERDUE
        rows = unalerted(reason).filter(
            self.sweep.terms.raised(reason), requirement__demand__among="demands"
        )
        reference = Left("requirement__demand__reference", DETAIL)
        return raise_staged(reason, rows, self.sweep.at, reference, demands=demands)

    def _newly(self) -> list[int]:
        """Demands that came due since the last sweep, or were put earlier, or have new stock."""
        look = self.sweep.look
        live = Demand.objects.live().filter(needed_at__lte=self.sweep.at)
        if look.thorough:
            return list(live.values_list("pk", flat=True))
        if not (look.changed or look.has_new):
            fresh = live.filter(needed_at__gt=look.mark.at)
            return list(fresh.values_list("pk", flat=True))
        overdue = list(live.values_list("pk", "needed_at"))
        known = [pk for pk, needed_at in overdue if needed_at <= look.mark.at]
        stirred = {
            pk
            for rows in self._stirred(known)
            for pk in rows.order_by().values_list("requirement__demand", flat=True)
        }
        return [pk for pk, needed_at in overdue if needed_at > look.mark.at or pk in stirred]

    def _stirred(self, known: list[int]) -> Iterator[QuerySet[Commitment]]:
        look = self.sweep.look
        if look.changed:
            yield StagedStock.objects.filter(look.touched())
        if look.has_new:
            yield look.new.filter(requirement__demand__in=known)
