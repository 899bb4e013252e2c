"""Materials: what is on hand of one, which lot goes first, and who waits for it."""

from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Sum
from django.utils import timezone
from django.views.generic import DetailView

from inventory import on_hand
from inventory.models import Balance, LocationKind, Lot, Material
from inventory.statements import Select
from inventory.views.common import FloorView
from quality.models import Hold
from staging import stops
from staging.models import Demand, Requirement
from staging.picture import usable
from staging.stops import TODAY

MOST_SHOWN = 25
"""Lots, and demands: the first to use, and the most urgent. The lists have the others."""


class MaterialView(FloorView, DetailView[Material]):
    """One material: its picture, its lots first expired first out, and the demands for it."""

    model = Material
    slug_field = slug_url_kwarg = "code"
    context_object_name = "material"
    template_name = "staging/material.html"
    reads = ("inventory.view_material", "inventory.view_balance")

    def get_queryset(self) -> QuerySet[Material]:
        return Material.objects.select_related("base_unit").prefetch_related("units__unit")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        material, today = self.object, timezone.localdate()
        fit = usable([material], today)
        lots = lots_in_order(material)
        held = stops.held_among(lots, today)
        free = dict(_FREE.rows(lots=[lot.pk for lot in lots], on=today))
        waiting = waiting_for(material)
        return super().get_context_data(
            split=on_hand.picture(Balance.objects.filter(lot__material=material)),
            usable=fit.get(material.pk, 0),
            below=bool(material.safety_stock) and fit.get(material.pk, 0) < material.safety_stock,
            lots=[
                (lot, stops.badges(lot, today, held=held.get(lot.pk, "")), free.get(lot.pk, 0))
                for lot in lots[:MOST_SHOWN]
            ],
            more_lots=len(lots) > MOST_SHOWN,
            waiting=waiting[:MOST_SHOWN],
            more_waiting=len(waiting) > MOST_SHOWN,
            holds=Hold.objects.open().filter(material=material).select_related("actor", "material"),
            section="stock",
            **kwargs,
        )


def lots_in_order(material: Material) -> list[Any]:
    """Lots on hand with `on_hand`, first expired first out; lots without a date come last."""
    stock = Balance.objects.filter(lot=OuterRef("pk"), quantity__gt=0)
    rows = Lot.objects.filter(Exists(stock), material=material)
    rows = rows.annotate(on_hand=Sum("balances__quantity"))
    return list(rows.order_by(F("expires_on").asc(nulls_last=True), "pk")[: MOST_SHOWN + 1])


def _free_and_usable() -> QuerySet[Any, Any]:
    stock = Balance.objects.filter(
        lot__among="lots",
        location__kind=LocationKind.STORAGE,
        location__is_open=True,
        quantity__gt=F("reserved") + F("bound"),
    )
    rows = stops.with_stop(stock, TODAY).filter(stop="").order_by().values_list("lot")
    found: QuerySet[Any, Any] = rows.annotate(free=Sum(F("quantity") - F("reserved") - F("bound")))
    return found


_FREE: Select[Any] = Select(_free_and_usable)
"""What of each lot could be staged now: free, in storage, and let through by the gate."""


def waiting_for(material: Material) -> list[Any]:
    """Lines of live demands that still miss some of the material, the most urgent first, one more
    than is shown."""
    live = Q(material=material, demand__in=Demand.objects.live())
    lines: QuerySet[Any] = Requirement.objects.with_progress().filter(live)
    waiting = lines.filter(progressed__lt=F("quantity")).select_related("demand")
    waiting = waiting.annotate(missing=F("quantity") - F("progressed") - F("reserved"))
    return list(waiting.order_by("demand__needed_at", "pk")[: MOST_SHOWN + 1])
