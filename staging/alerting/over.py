"""More staged, issued and used than a demand needs.

No verb stages too much, and what becomes too much when a demand needs less is given up. It comes
about where something is issued when a demand is cut down to what was used, and the issue is then
reversed: what is back in the lane is still the demand's. What a container holds beyond the need is
told of in `left_over`.
"""

from collections.abc import Iterable
from typing import Any

from django.db.models import Case, F, OuterRef, QuerySet, Subquery, Value, When

from inventory.units import plain
from staging.alerting.raising import DETAIL, raise_staged, unalerted
from staging.alerting.sweeping import Family
from staging.models import AlertReason, Requirement


class Over(Family):
    """Raised for each position of the line; closed when no more is there than it needs."""

    def close(self) -> Iterable[int]:
        if not self.sweep.has(AlertReason.OVER_STAGED):
            return ()
        alerts = self.sweep.alerts.of(AlertReason.OVER_STAGED).filter(commitment__isnull=False)
        too_much = _too_much().filter(pk=OuterRef("commitment__requirement"))
        gone = alerts.annotate(cause=Subquery(too_much.values("pk")[:1])).filter(cause=None)
        return gone.order_by().values_list("pk", flat=True)

    def raise_(self) -> int:
        look = self.sweep.look
        if not (look.thorough or look.demands):
            return 0
        lines = _too_much().filter(demand__closed_at=None)
        if not look.thorough:
            lines = lines.filter(demand__in=look.demands)
        over = {line.pk: _in_words(line) for line in lines.select_related("material")}
        if not over:
            return 0
        reason = AlertReason.OVER_STAGED
        rows = unalerted(reason).filter(self.sweep.terms.raised(reason), requirement__in=over)
        words = Case(*(When(requirement=pk, then=Value(said)) for pk, said in over.items()))
        return raise_staged(reason, rows, self.sweep.at, words)


def _too_much() -> QuerySet[Any]:
    rows: QuerySet[Any] = Requirement.objects.with_progress()
    return rows.filter(progressed__gt=F("quantity"), staged__gt=0)


def _in_words(line: Any) -> str:
    """How much, in the base unit."""
    return f"{plain(line.progressed - line.quantity)} {line.material.base_unit_id}"[:DETAIL]
