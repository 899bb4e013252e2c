"""Filters of QA's lists."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inventory.models import Balance, Lot, LotStatus
from quality import gate
from quality.actions.due import DECIDED
from quality.models import Disposition, Hold, Inspection, RestrictedUse

SOON = timedelta(days=30)


def _stocked() -> Exists:
    return Exists(Balance.objects.on_hand().filter(lot=OuterRef("pk")))


def awaiting(lots: QuerySet[Lot]) -> QuerySet[Lot]:
    """In quarantine, and something is there to be released."""
    return lots.filter(_stocked(), status=LotStatus.QUARANTINE)


def on_hold(lots: QuerySet[Lot]) -> QuerySet[Lot]:
    """With an open hold on the lot, its material, or where any of it stands."""
    stopped = Balance.objects.on_hand().annotate(stop=gate.stop_code(on=timezone.localdate()))
    holds = Hold.objects.open()
    return lots.filter(
        Q(Exists(holds.filter(lot=OuterRef("pk"))))
        | Q(Exists(holds.filter(material=OuterRef("material_id"))))
        | Q(pk__in=stopped.filter(stop="lot_on_hold").values("lot"))
    )


def expired(lots: QuerySet[Lot]) -> QuerySet[Lot]:
    return lots.filter(gate.EXPIRED.condition(timezone.localdate()), _stocked())


def retest_due(lots: QuerySet[Lot]) -> QuerySet[Lot]:
    return lots.filter(gate.RETEST_DUE.condition(timezone.localdate()), _stocked())


def retest_soon(lots: QuerySet[Lot]) -> QuerySet[Lot]:
    """Due for retest within 30 days, or overdue."""
    return lots.filter(gate.RETEST_DUE.condition(timezone.localdate() + SOON), _stocked())


def restriction_ends(lots: QuerySet[Lot]) -> QuerySet[Lot]:
    """Restricted, on hand, and some of the permits end within 30 days."""
    ending = RestrictedUse.objects.filter(
        lot=OuterRef("pk"), until__lte=timezone.localdate() + SOON
    )
    return lots.filter(Exists(ending), _stocked(), status=LotStatus.RESTRICTED)


WORK: dict[str, tuple[Any, Callable[[QuerySet[Lot]], QuerySet[Lot]]]] = {
    "awaiting": (_("Awaiting release"), awaiting),
    "hold": (_("On hold"), on_hold),
    "expired": (_("Expired"), expired),
    "retest": (_("Retest due"), retest_due),
    "retest_soon": (_("Retest within 30 days"), retest_soon),
    "restriction_ends": (_("Restriction ends within 30 days"), restriction_ends),
}


def undecided(inspections: QuerySet[Inspection]) -> QuerySet[Inspection]:
    """Failed, the last of their kind, of lots that are there, and nobody has decided on them."""
    later = Inspection.objects.filter(
        lot=OuterRef("lot"), kind=OuterRef("kind"), pk__gt=OuterRef("pk")
    )
    there = Balance.objects.on_hand().filter(lot=OuterRef("lot"))
    rows = inspections.filter(~Exists(later), Exists(there), passed=False)
    decided = Disposition.objects.filter(inspection=OuterRef("pk"))
    return rows.filter(~Exists(decided)).exclude(lot__status__in=DECIDED)


class WorkFilter(admin.SimpleListFilter):
    """What needs QA."""

    title = _("work")
    parameter_name = "work"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(name, label) for name, (label, _narrow) in WORK.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Lot]) -> QuerySet[Lot]:
        chosen = WORK.get(self.value() or "")
        return chosen[1](queryset) if chosen else queryset


class MaterialFilter(admin.SimpleListFilter):
    """A material by its code, typed or scanned: there are too many to list."""

    title = _("material")
    parameter_name = "material"
    template = "admin/typed_filter.html"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("", "")]  # a filter without choices is not shown

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """The other filters in force, which the form carries along."""
        kept = changelist.get_filters_params()
        kept.pop(self.parameter_name, None)
        yield {"kept": [(name, value) for name, values in kept.items() for value in values]}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Lot]) -> QuerySet[Lot]:
        code = (self.value() or "").strip()
        return queryset.filter(material__code__iexact=code) if code else queryset


class OpenFilter(admin.SimpleListFilter):
    """Open rows, unless asked for the others too."""

    title = _("state")
    parameter_name = "state"
    ended = "lifted_at"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("open", _("Open")), ("ended", _("Ended"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in ("open", "ended"):
            return queryset
        return queryset.filter(**{f"{self.ended}__isnull": self.value() == "open"})


class OldestFirst(admin.ModelAdmin[Any]):
    """What is open stands in the order in which it began to wait."""

    def get_ordering(self, request: HttpRequest) -> Any:
        return ("pk",) if request.GET.get("state") == "open" else super().get_ordering(request)


class UndecidedFilter(admin.SimpleListFilter):
    """Failed inspections that wait for a disposition."""

    title = _("disposition")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("open", _("Waiting"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return undecided(queryset) if self.value() == "open" else queryset
