"""Lots that have waited for their release for longer than agreed, while a demand waits for them.

Whether one does is dear to ask: what all live demands want of a material, and what of it there is
to use. So it is asked when a lot has waited long enough, when its demands or something about the
lots of its material has changed, be it that some was scrapped or a date has passed, and each night
of all. Of materials for which somebody waits already, also when more of them has come.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db.models import Case, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from inventory.models import Balance, Container, Lot, LotStatus
from quality.admin.filters import awaiting
from quality.models import Decision, Hold
from staging import stops
from staging.alerting.raising import DETAIL, raise_
from staging.alerting.sweeping import Family, Sweep
from staging.horizon import IN_FLIGHT, stirred_since
from staging.models import Alert, AlertReason, Requirement
from staging.waiting import unserved

REASON = AlertReason.RELEASE_AWAITED
ABOUT = {"site": "stands", "lot": "pk"}


class Awaited(Family):
    """Raised for as long as the rule's lead says after a lot came into quarantine; closed when it
    is decided on or gone, or when what may be used is enough for all that is needed."""

    def __init__(self, sweep: Sweep) -> None:
        super().__init__(sweep)
        self._needed: dict[int, str] = {}

    def close(self) -> Iterable[int]:
        known = Alert.objects.open().of(REASON) if self.sweep.has(REASON) else Alert.objects.none()
        alerts = dict(known.order_by().values_list("pk", "lot"))
        materials = None if self.sweep.look.thorough else self._stirred()
        waiting = _waiting().in_bulk([lot for lot in alerts.values() if lot]) if alerts else {}
        if materials is not None and waiting:
            waited_for = {lot.material_id for lot in waiting.values()}
            materials |= stirred_since(self.sweep.look.mark, waited_for)
        asked = [
            lot for lot in waiting.values() if materials is None or lot.material_id in materials
        ]
        self._needed = self._wanted([*asked, *self._come_due(materials)])
        for alert, lot in alerts.items():
            if lot not in waiting or (waiting[lot] in asked and lot not in self._needed):
                yield alert

    def raise_(self) -> int:
        if not self._needed:
            return 0
        known = Alert.objects.open().of(REASON).filter(lot__in=self._needed)
        alerted = set(known.values_list("lot", flat=True))
        rows = _waiting().filter(pk__in=self._needed.keys() - alerted)
        rows = rows.filter(self.sweep.terms.raised(REASON, "stands"))
        words = Case(*(When(pk=pk, then=Value(said)) for pk, said in self._needed.items()))
        return raise_(REASON, rows, self.sweep.at, about=ABOUT, detail=words)

    def _come_due(self, materials: set[int] | None) -> Iterator[Lot]:
        """Lots that have waited for longer than agreed: all, or those that came to do so since the
        last look, and those of the given materials."""
        at, began = self.sweep.at, self.sweep.look.mark.at - IN_FLIGHT
        for where, lead in self.sweep.terms.spans(REASON, "stands"):
            rows = _waiting().filter(where, since__lte=at - lead)
            if materials is None:
                yield from rows
            elif lots := _came(began - lead, at - lead, materials):
                yield from rows.filter(pk__in=lots)

    def _stirred(self) -> set[int]:
        """Materials of which something else may be wanted, or usable, than was."""
        look = self.sweep.look
        wanted = Requirement.objects.filter(demand__in=look.demands).order_by()
        found = set(wanted.values_list("material", flat=True)) if look.demands else set()
        for lots in [*look.passed(), *([look.changed_lots()] if look.changed else [])]:
            rows = Lot.objects.filter(lots).order_by()
            found |= set(rows.values_list("material", flat=True).distinct())
        for moved in self._elsewhere():
            stock = Balance.objects.on_hand().filter(moved).order_by()
            found |= set(stock.values_list("lot__material", flat=True).distinct())
        return found

    def _elsewhere(self) -> Iterator[Q]:
        """Stock under holds that were placed or lifted, or in containers that were packed
        otherwise."""
        look = self.sweep.look
        if look.holds:
            yield from stops.under(Hold.objects.filter(pk__in=look.holds))
        if look.containers:
            yield stops.inside(Container.objects.filter(pk__in=look.containers))

    def _wanted(self, lots: Iterable[Lot]) -> dict[int, str]:
        """Those of the lots that a demand waits for, and its reference."""
        asked = {lot.pk: lot for lot in lots}
        if not asked:
            return {}
        needs = unserved({lot.material_id for lot in asked.values()}, self.sweep.look.on)
        return {
            pk: line.demand.reference[:DETAIL]
            for pk, lot in sorted(asked.items())
            if (line := needs.first(lot))
        }


def _waiting() -> QuerySet[Any]:
    """Lots that wait for their release, `since` when, and the site where they `stand`."""
    put_back = Decision.objects.filter(lot=OuterRef("pk"), to_status=LotStatus.QUARANTINE)
    stock = Balance.objects.on_hand().filter(lot=OuterRef("pk")).order_by("location__site")
    rows: QuerySet[Any] = awaiting(Lot.objects.order_by("pk"))
    waiting: QuerySet[Any] = rows.annotate(
        since=Coalesce(Subquery(put_back.order_by("-pk").values("recorded_at")[:1]), "created_at"),
        stands=Subquery(stock.values("location__site")[:1]),
    )
    return waiting


def _came(first: datetime, last: datetime, materials: set[int]) -> set[int]:
    """Lots that may have come into quarantine in that time, when they came or were put back, and
    those of the materials that are there. Each way by an index of its own."""
    lots = Lot.objects.filter(status=LotStatus.QUARANTINE).order_by()
    found = set(
        lots.filter(created_at__gt=first, created_at__lte=last).values_list("pk", flat=True)
    )
    back = Decision.objects.filter(
        to_status=LotStatus.QUARANTINE, recorded_at__gt=first, recorded_at__lte=last
    )
    found |= set(back.order_by().values_list("lot", flat=True))
    if materials:
        found |= set(lots.filter(material__in=materials).values_list("pk", flat=True))
    return found
