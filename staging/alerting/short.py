"""Demands that start soon and do not have all that they need."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Left

from staging.alerting.raising import DETAIL, raise_
from staging.alerting.sweeping import Family
from staging.alerting.terms import NONE_OF_THEM
from staging.models import Alert, AlertReason, Demand, Requirement

REASON = AlertReason.DEMAND_SHORT
ABOUT = {"site": "site_id", "demand": "pk"}


class Short(Family):
    """Raised for as long before a demand is needed as the rule's lead says, while not all of it is
    staged, issued or used; closed when it is, when the demand has ended, or is needed later."""

    def close(self) -> Iterable[int]:
        if not self.sweep.has(REASON):
            return ()
        alerts = dict(self.sweep.alerts.of(REASON).order_by().values_list("pk", "demand"))
        if not self.sweep.look.thorough:
            stirred = self._stirred(set(alerts.values()))
            alerts = {alert: demand for alert, demand in alerts.items() if demand in stirred}
        known = list(alerts.values())
        soon = self._soon().filter(pk__in=known).order_by().values_list("pk", flat=True)
        lines = _lacking(demand__in=known).order_by().values_list("demand", flat=True)
        short = set(soon) & set(lines) if known else set()
        return [alert for alert, demand in alerts.items() if demand not in short]

    def _stirred(self, known: set[int | None]) -> set[int | None]:
        """Those of the demands that have changed, or for which something was staged."""
        look = self.sweep.look
        if not known:
            return set()
        new = look.new.filter(requirement__demand__in=known).order_by()
        return known & {*look.demands, *new.values_list("requirement__demand", flat=True)}

    def raise_(self) -> int:
        soon = self._soon().filter(self._may_have_become()).order_by()
        asked = list(soon.values_list("pk", flat=True))
        if not asked:
            return 0
        alerts = Alert.objects.open().of(REASON).filter(demand=OuterRef("pk"))
        lacking = _lacking(demand=OuterRef("pk"))
        rows = Demand.objects.live().filter(Exists(lacking), ~Exists(alerts), pk__among="asked")
        first = lacking.order_by("line").values("material__code")[:1]
        return raise_(
            REASON, rows, self.sweep.at, about=ABOUT, detail=Left(Subquery(first), DETAIL),
            given={"asked": asked},
        )  # fmt: skip

    def _soon(self) -> QuerySet[Demand]:
        return Demand.objects.live().filter(
            self.sweep.terms.within(REASON, self.sweep.at, "needed_at")
        )

    def _may_have_become(self) -> Q:
        """Demands whose lead has begun since the last look, and those that have changed."""
        look = self.sweep.look
        if look.thorough:
            return Q()
        began = NONE_OF_THEM
        for where, lead in self.sweep.terms.spans(REASON):
            began |= where & Q(needed_at__gt=look.mark.at + lead)
        return began | Q(pk__in=look.demands)


def _lacking(**demands: Any) -> QuerySet[Any]:
    """The lines of demands of which something is neither staged nor beyond."""
    lines: QuerySet[Any] = Requirement.objects.with_progress().filter(**demands)
    return lines.filter(progressed__lt=F("quantity"))
