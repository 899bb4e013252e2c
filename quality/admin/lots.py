"""QA's desk: the lots that wait, what is known of each, and the decisions on them."""

from functools import partial
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from inventory.admin import cells
from inventory.admin.base import HistoryAdmin
from inventory.admin.finding import FoundByCode
from inventory.admin.labels import Labelled
from inventory.admin.pages import Act, Acting
from inventory.models import Lot, Movement
from inventory.verbs import REGISTRY, Verb
from quality import seen
from quality.actions.attachments import PERMISSION as ATTACH
from quality.actions.decisions import MAY_FOLLOW
from quality.admin import attaching, attempts, facts, inspecting
from quality.admin.filters import MaterialFilter, WorkFilter
from quality.admin.results import inspections_of
from quality.clocks import clocks_of
from quality.models import Attachment, Decision, DecisionKind, DueInspection, Hold, Proposal
from quality.models.holds import TARGETS
from quality.records import with_signings
from quality.seen import version_of

KINDS = {
    "release": DecisionKind.RELEASE,
    "restrict": DecisionKind.RESTRICT,
    "reject": DecisionKind.REJECT,
    "reopen": DecisionKind.REOPEN,
    "close_lot": DecisionKind.CLOSE,
}
"""The decisions by the verbs that make them."""

MOST_MOVEMENTS = 200


class Desk(ChangeList):
    """A page of lots with the facts of all of them."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        desk: Any = self.model_admin
        self.result_list = desk.look_at(list(self.result_list))


class LotDesk(FoundByCode, Acting[Lot], Labelled[Lot], HistoryAdmin[Lot]):
    """Lots to be decided on. Registered by staging, which adds the demands that wait."""

    acts = (
        *(
            Act(
                verb=verb,
                target="lot",
                rows="admin/rows/lots.html",
                done=done,
                sees="expected",
                waits="proposal",
            )
            for verb, done in {
                "release": _("Released."),
                "restrict": _("Restricted."),
                "reject": _("Rejected."),
                "reopen": _("Put back into quarantine."),
                "close_lot": _("Closed."),
            }.items()
        ),
        Act(
            verb="place_hold", target="lot", targets=TARGETS,
            rows="admin/rows/lots.html", done=_("On hold."),
        ),
    )  # fmt: skip
    label_kind = "lots"
    change_form_template = "admin/lot.html"
    list_display: tuple[str, ...] = (
        "code", "material_name", "quality", "since", "expires", "on_hand",
    )  # fmt: skip
    list_filter = (WorkFilter, "status", MaterialFilter)
    search_fields = ("code", "number", "=supplier_lot", "material__code", "material__name")
    search_help_text = _("Code, number, supplier lot or material")
    list_per_page = 50
    ordering = ("-pk",)
    orderings: ClassVar[dict[str, Any]] = {"retest_soon": ("retest_on", "pk")}
    fields = ("code",)  # the page is a template of its own

    def get_queryset(self, request: HttpRequest) -> QuerySet[Lot]:
        return super().get_queryset(request).select_related("material__base_unit")

    def get_ordering(self, request: HttpRequest) -> Any:
        """Work that has an order of its own stands in it."""
        return self.orderings.get(request.GET.get("work", ""), self.ordering)

    def get_urls(self) -> list[Any]:
        inspect = self.admin_site.admin_view(partial(inspecting.page, self))
        attach = self.admin_site.admin_view(partial(attaching.page, self))
        return [
            path("act/inspect/", inspect, name="inventory_lot_inspect"),
            path("act/attach/", attach, name="inventory_lot_attach"),
            *super().get_urls(),
        ]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return Desk

    def look_at(self, rows: list[Lot]) -> list[Lot]:
        return list(facts.look_at(rows))

    def versions(self, rows: list[Lot]) -> dict[Any, str]:
        return {
            pk: version_of(sight) for pk, sight in seen.look_at({r.pk: r for r in rows}).items()
        }

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Lot | None:
        lot = super().get_object(request, object_id, from_field)
        return self.look_at([lot])[0] if lot else None

    def offered(self, request: HttpRequest, row: Lot | None = None) -> list[Verb]:
        """On a lot's own page, only the decisions that its status leaves open."""
        verbs = super().offered(request, row)
        if row is None:
            return verbs
        return [
            verb
            for verb in verbs
            if verb.name not in KINDS or row.status in MAY_FOLLOW[KINDS[verb.name]]
        ]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        lot = self.get_object(request, object_id)
        record = self.record_of(request, lot) if lot else {}
        return super().change_view(request, object_id, form_url, record | (extra_context or {}))

    def record_of(self, request: HttpRequest, lot: Lot) -> dict[str, Any]:
        """What the lot's page shows below its columns."""
        movements = Movement.objects.filter(lot=lot).order_by("-pk")
        places = ("source", "target", "from_container", "to_container", "actor")
        return {
            "lot": lot,
            "clocks": clocks_of(lot, timezone.now()),
            "inspect_url": self._inspect_url(request, lot),
            "places": lot.facts.places,  # type: ignore[attr-defined]
            "holds": Hold.objects.filter(lot=lot).select_related("actor", "lifted_by"),
            "open_holds": lot.facts.holds,  # type: ignore[attr-defined]
            "attach_url": self._attach_url(request, lot),
            "due": DueInspection.objects.open().filter(lot=lot),
            "inspections": inspections_of(lot),
            "attachments": Attachment.objects.filter(lot=lot).select_related("actor"),
            "decisions": with_signings(
                Decision.objects.filter(lot=lot).select_related("actor", "lot")
            ),
            "proposals": Proposal.objects.open().filter(lot=lot).select_related("actor"),
            "movements": movements.select_related(*places)[:MOST_MOVEMENTS],
            "most_movements": MOST_MOVEMENTS,
            "refused": attempts.of_lot(request, lot),
        }

    def _inspect_url(self, request: HttpRequest, lot: Lot) -> str:
        """Where results are recorded; empty for who may not."""
        may = request.user.has_perm(REGISTRY[inspecting.VERB].permission)
        return f"{reverse('admin:inventory_lot_inspect')}?ids={lot.pk}" if may else ""

    def _attach_url(self, request: HttpRequest, lot: Lot) -> str:
        may = request.user.has_perm(ATTACH)
        return f"{reverse('admin:inventory_lot_attach')}?ids={lot.pk}" if may else ""

    @admin.display(description=_("material"), ordering="material__code")
    def material_name(self, lot: Lot) -> str:
        return lot.material.name

    @admin.display(description=_("status"), ordering="status")
    def quality(self, lot: Lot) -> str:
        stops = lot.facts.stops  # type: ignore[attr-defined]
        against = render_to_string("admin/parts/against.html", {"lot": lot})
        return cells.status_badges((lot.status, *stops)) + against

    @admin.display(description=_("waits since"), ordering="created_at")
    def since(self, lot: Lot) -> str:
        return date_format(timezone.localtime(lot.created_at), "SHORT_DATE_FORMAT")

    @admin.display(description=_("expires on"), ordering="expires_on")
    def expires(self, lot: Lot) -> str:
        return date_format(lot.expires_on, "SHORT_DATE_FORMAT") if lot.expires_on else cells.EMPTY

    @admin.display(description=_("on hand"))
    def on_hand(self, lot: Lot) -> str:
        words: str = lot.facts.on_hand_words  # type: ignore[attr-defined]
        return words
