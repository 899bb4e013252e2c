"""Materials: what is on hand of one, which lot goes first, and who waits for it."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.generic import DetailView

from inventory import on_hand
from inventory.models import Balance, LocationKind, Lot, Material
from inventory.sheets.columns import BATCH, Column, Sheet, in_batches
from inventory.statements import Select
from inventory.templatetags.components import said
from inventory.views.common import FloorView
from quality.models import Hold
from staging import stops
from staging.models import Demand, Requirement
from staging.picture import usable
from staging.stops import TODAY
from staging.views.files import AsFile, listed

MOST_SHOWN = 25
"""Lots, and demands: the first to use, and the most urgent. The lists have the others."""


class MaterialView(FloorView, AsFile, DetailView[Material]):
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
        lots = list(lots_in_order(material)[: MOST_SHOWN + 1])
        waiting = list(waiting_for(material)[: MOST_SHOWN + 1])
        return super().get_context_data(
            split=on_hand.picture(Balance.objects.filter(lot__material=material)),
            usable=fit.get(material.pk, 0),
            below=bool(material.safety_stock) and fit.get(material.pk, 0) < material.safety_stock,
            lots=_with_state(lots, today)[:MOST_SHOWN],
            more_lots=len(lots) > MOST_SHOWN,
            waiting=waiting[:MOST_SHOWN],
            more_waiting=len(waiting) > MOST_SHOWN,
            holds=Hold.objects.open().filter(material=material).select_related("actor", "material"),
            section="stock",
            **kwargs,
        )

    def sheet(self) -> Sheet:
        """All of its lots on hand, or with `table=waiting` all demands that miss some of it."""
        material, today = self.get_object(), timezone.localdate()
        if self.request.GET.get("table") == "waiting":
            waiting = waiting_for(material)
            return listed(f"waiting-for-{material.pk}", WAITING, waiting)
        lots = lots_in_order(material)
        return Sheet(
            name=f"lots-of-{material.pk}", columns=LOTS, found=lots,
            batches=lambda: (
                _with_state(part, today) for part in in_batches(lots.iterator(chunk_size=BATCH))
            ),
        )  # fmt: skip


def _with_state(lots: Sequence[Any], today: date) -> list[tuple[Any, list[str], Any]]:
    """Each lot with what is said of its quality, and how much of it could be staged now."""
    held = stops.held_among(lots, today)
    free = dict(_FREE.rows(lots=[lot.pk for lot in lots], on=today))
    return [
        (lot, stops.badges(lot, today, held=held.get(lot.pk, "")), free.get(lot.pk, 0))
        for lot in lots
    ]


def lots_in_order(material: Material) -> QuerySet[Any]:
    """Lots on hand with `on_hand`, first expired first out; lots without a date come last."""
    stock = Balance.objects.filter(lot=OuterRef("pk"), quantity__gt=0)
    rows = Lot.objects.filter(Exists(stock), material=material)
    rows = rows.annotate(on_hand=Sum("balances__quantity"))
    found: QuerySet[Any] = rows.order_by(F("expires_on").asc(nulls_last=True), "pk")
    return found


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


def waiting_for(material: Material) -> QuerySet[Any]:
    """Lines of live demands that still miss some of the material, the most urgent first."""
    live = Q(material=material, demand__in=Demand.objects.live())
    lines: QuerySet[Any] = Requirement.objects.with_progress().filter(live)
    waiting = lines.filter(progressed__lt=F("quantity")).select_related("demand", "material")
    waiting = waiting.annotate(missing=F("quantity") - F("progressed") - F("reserved"))
    found: QuerySet[Any] = waiting.order_by("demand__needed_at", "pk")
    return found


LOTS = (
    Column("lot", _("Lot"), lambda one: one[0].code),
    Column("quality", _("Quality"), lambda one: said(one[1])),
    Column("expires_on", _("Expires"), lambda one: one[0].expires_on),
    Column("on_hand", _("On hand"), lambda one: one[0].on_hand),
    Column("free", _("Free to stage"), lambda one: one[2]),
    Column("unit", _("Unit"), lambda one: one[0].material.base_unit_id),
)

WAITING = (
    Column("demand", _("Demand"), lambda row: row.demand.reference),
    Column("kind", _("Kind"), lambda row: row.demand.get_kind_display()),
    Column("line", _("Line"), lambda row: row.line),
    Column("needed_at", _("Needed at"), lambda row: row.demand.needed_at),
    Column("quantity", pgettext_lazy("quantity", "Required"), lambda row: row.quantity),
    Column("reserved", _("Reserved"), lambda row: row.reserved),
    Column("staged", _("Staged"), lambda row: row.staged),
    Column("handed_over", _("Handed over"), lambda row: row.handed_over),
    Column("missing", _("Not covered"), lambda row: row.missing),
    Column("unit", _("Unit"), lambda row: row.material.base_unit_id),
)
