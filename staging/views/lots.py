"""Lots: the list, and all that is known of one."""

from typing import Any

from django.contrib.auth.models import User
from django.db.models import QuerySet, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.generic import DetailView

from inventory import genealogy, on_hand
from inventory.models import Balance, Lot
from inventory.sheets.columns import Column, Sheet
from inventory.statements import Select
from inventory.templatetags.components import said
from inventory.views.common import FloorView
from quality.clocks import clocks_of
from quality.models import Decision, Inspection, Proposal
from quality.records import with_signings
from staging import stops
from staging.charts.drawing import to_svg
from staging.family import View, graph
from staging.filters import LotFilter
from staging.models import Commitment
from staging.picture import COMMITTED
from staging.stops import TODAY
from staging.timeline import timeline
from staging.views import attempts, columns, lot_parts
from staging.views.files import AsFile
from staging.views.lists import ListPage

MOST_EVENTS = 100


class LotListView(ListPage):
    """Lots by code, with what stops them today."""

    template_name = "staging/lot_list.html"
    reads = ("inventory.view_lot",)
    filterset_class = LotFilter
    section = "lots"
    key = "code"
    columns = (
        Column("lot", _("Lot"), lambda one: one[0].code),
        Column("material", _("Material"), lambda one: one[0].material.code),
        Column("name", _("Name"), lambda one: one[0].material.name),
        Column("quality", _("Quality"), lambda one: said(one[1])),
        Column("made_on", _("Made on"), lambda one: one[0].made_on),
        Column("expires_on", _("Expires"), lambda one: one[0].expires_on),
        Column("retest_on", _("Retest"), lambda one: one[0].retest_on),
        Column("supplier_lot", _("Supplier lot"), lambda one: one[0].supplier_lot),
        Column("on_hand", _("On hand"), lambda one: one[2]),
        Column("unit", _("Unit"), lambda one: one[0].material.base_unit_id),
    )

    def rows(self) -> QuerySet[Lot]:
        return Lot.objects.select_related("material")

    def entries(self, rows: list[Lot]) -> list[Any]:
        today = timezone.localdate()
        held = stops.held_among(rows, today)
        sums = Balance.objects.filter(lot__in=rows, quantity__gt=0).values_list("lot")
        there = dict(sums.annotate(sum=Sum("quantity")))
        return [
            (lot, stops.badges(lot, today, held=held.get(lot.pk, "")), there.get(lot.pk, 0))
            for lot in rows
        ]


class LotView(FloorView, AsFile, DetailView[Lot]):
    """One lot: what it is, where it is, what stops it, what happened to it, what became of it."""

    model = Lot
    context_object_name = "lot"
    template_name = "staging/lot.html"
    reads = ("inventory.view_lot", "inventory.view_balance", "inventory.view_movement")

    def get_queryset(self) -> QuerySet[Lot]:
        return Lot.objects.select_related("material__base_unit")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        lot, today, user = self.object, timezone.localdate(), self.request.user
        assert isinstance(user, User)  # noqa: S101 - pages ask for a login
        balances = _BALANCES(lots=[lot.pk], on=today)
        holds = stops.holds_on(lot, balances)
        buttons, menu = lot_parts.offered(lot, user, on_hand=bool(balances))
        return super().get_context_data(
            badges=stops.badges(lot, today, held=stops.held_among([lot], today).get(lot.pk, "")),
            clocks=clocks_of(lot, timezone.now()),
            split=on_hand.picture(Balance.objects.filter(lot=lot)),
            balances=balances,
            holds=holds,
            commitments=_COMMITMENTS(lots=[lot.pk], on=today),
            inspections=Inspection.objects.filter(lot=lot)
            .select_related("actor")
            .prefetch_related("results"),
            decisions=with_signings(
                Decision.objects.filter(lot=lot).select_related("actor", "lot")
            ),
            proposals=Proposal.objects.open().filter(lot=lot).select_related("actor"),
            permits=lot.restricted_uses.order_by("reference"),
            buttons=buttons,
            menu=menu,
            time_zone=timezone.get_current_timezone_name(),
            section="lots",
            **self._history(lot, user),
            **_family(lot),
            **kwargs,
        )

    def sheet(self) -> Sheet:
        """The whole timeline; `table=balances`: where it is; `commitments`: what it is for."""
        lot, today = self.get_object(), timezone.localdate()
        table = self.request.GET.get("table")
        if table == "balances":
            return Sheet(
                name=f"lot-{lot.pk}", columns=columns.BALANCES,
                batches=lambda: [_BALANCES(lots=[lot.pk], on=today)],
            )  # fmt: skip
        if table == "commitments":
            return Sheet(
                name=f"commitments-of-{lot.pk}", columns=columns.COMMITMENTS,
                batches=lambda: [_COMMITMENTS(lots=[lot.pk], on=today)],
            )  # fmt: skip
        return Sheet(
            name=f"timeline-{lot.pk}", columns=columns.EVENTS, batches=lambda: [timeline(lot)]
        )

    def _history(self, lot: Lot, user: User) -> dict[str, Any]:
        """The timeline: its last part, unless all of it is asked for."""
        events = timeline(lot)
        left_out = 0 if "whole" in self.request.GET else max(len(events) - MOST_EVENTS, 0)
        may_read = user.has_perm("inventory.view_refusedattempt")
        may_follow = user.has_perm("inventory.view_auditentry")
        return {
            "timeline": lot_parts.entries(events[left_out:], link=may_follow),
            "left_out": left_out,
            "refused": attempts.of_lot(lot) if may_read else None,
        }


_BALANCES: Select[Any] = Select(
    lambda: (
        stops.with_stop(Balance.objects.filter(lot__among="lots", quantity__gt=0), TODAY)
        .select_related("lot__material", "location", "container")
        .order_by("location__walk_order", "location__path", "pk")
    )
)
"""Where lots stand, with `stop`."""

_COMMITMENTS: Select[Any] = Select(
    lambda: (
        Commitment.objects.open()
        .filter(lot__among="lots", state__in=COMMITTED)
        .with_stop(TODAY)
        .select_related(
            "lot__material", "requirement__demand", "location", "container", "dwell_policy"
        )
        .order_by("since")
    )
)


def _page_of(lot: Lot) -> str:
    return reverse("staging:lot", args=[lot.pk])


def _family(lot: Lot) -> dict[str, Any]:
    made_from, became = genealogy.trace(lot, "back"), genealogy.trace(lot, "forward")
    parents, parents_left = lot_parts.tree(lot, made_from, forward=False)
    children, children_left = lot_parts.tree(lot, became, forward=True)
    drawn = View(
        levels=2, most=8, url_of=_page_of, more_url=reverse("staging:genealogy", args=[lot.pk])
    )
    return {
        "graph": to_svg(graph(lot, made_from, became, drawn)) if parents or children else "",
        "parents": parents,
        "children": children,
        "links_left": parents_left + children_left,
        "family_cut": not (made_from.complete and became.complete),
    }
