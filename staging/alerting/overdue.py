"""Stock that is staged for a next step whose time has come, and that has not begun."""

from collections.abc import Iterable

from django.db.models.functions import Left

from staging.alerting.raising import DETAIL, raise_staged, unalerted
from staging.alerting.sweeping import Family
from staging.models import Alert, AlertReason, Demand, StagedStock


class Overdue(Family):
    """Raised when the demand is needed; closed when it is needed later now."""

    def close(self) -> Iterable[int]:
        sweep = self.sweep
        later = Alert.objects.open().of(AlertReason.NEXT_STEP_OVERDUE)
        later = later.filter(commitment__requirement__demand__needed_at__gt=sweep.at)
        if not sweep.look.thorough:
            later = later.filter(sweep.look.touched())
        return later.values_list("pk", flat=True)

    def raise_(self) -> int:
        # Demands by their numbers: joined, PostgreSQL would take closed ones, all of which are
        # past, for open ones, and read everything that is staged.
        reason = AlertReason.NEXT_STEP_OVERDUE
        rows = unalerted(reason).filter(
            self.sweep.terms.raised(reason), requirement__demand__among="demands"
        )
        reference = Left("requirement__demand__reference", DETAIL)
        return raise_staged(reason, rows, self.sweep.at, reference, demands=self._newly())

    def _newly(self) -> list[int]:
        """Demands that came due since the last sweep, or were put earlier, or have new stock."""
        look = self.sweep.look
        live = Demand.objects.live().filter(needed_at__lte=self.sweep.at)
        overdue = live.values_list("pk", "needed_at")
        if look.thorough:
            return [pk for pk, _needed_at in overdue]
        touched = StagedStock.objects.filter(look.touched())
        fresh = [pk for pk, needed_at in overdue if needed_at > look.mark.at]
        known = [pk for pk, needed_at in overdue if needed_at <= look.mark.at]
        stirred = {
            pk
            for rows in (touched, look.new.filter(requirement__demand__in=known))
            for pk in rows.order_by().values_list("requirement__demand", flat=True)
        }
        return fresh + [pk for pk in known if pk in stirred]
