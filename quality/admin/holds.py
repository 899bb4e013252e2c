"""Holds: seen, lifted, and placed from the lists of what they stop."""

from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from inventory.admin import cells
from inventory.admin.base import HistoryAdmin, trail_of
from inventory.admin.materials import MaterialAdmin
from inventory.admin.pages import Act, Acting
from inventory.admin.places import ContainerAdmin, LocationAdmin
from inventory.models import Container, Location, Material
from inventory.verbs import Verb
from quality.admin.filters import OldestFirst, OpenFilter
from quality.models import Hold
from quality.models.holds import ROWS, TARGETS
from quality.records import Signing, verify


def _hold_on(target: str) -> Act:
    return Act(
        verb="place_hold", target=target, targets=TARGETS,
        rows="admin/rows/things.html", done=_("On hold."),
    )  # fmt: skip


@admin.register(Location)
class HoldableLocationAdmin(Acting[Location], LocationAdmin):
    acts = (_hold_on("location"),)


@admin.register(Container)
class HoldableContainerAdmin(Acting[Container], ContainerAdmin):
    acts = (
        _hold_on("container"),
        Act(
            verb="number_container", target="container", rows="admin/rows/things.html",
            done=_("Numbered."),
        ),
    )  # fmt: skip

    def offered(self, request: HttpRequest, row: Container | None = None) -> list[Verb]:
        """An SSCC stays with its container."""
        verbs = super().offered(request, row)
        return [verb for verb in verbs if verb.name != "number_container" or not (row and row.sscc)]


@admin.register(Material)
class HoldableMaterialAdmin(Acting[Material], MaterialAdmin):
    acts = (_hold_on("material"),)


@admin.register(Hold)
class HoldAdmin(OldestFirst, Acting[Hold], HistoryAdmin[Hold]):
    acts = (Act(verb="lift_hold", target="hold", rows="admin/rows/holds.html", done=_("Lifted.")),)
    list_display = ("id", "on", "reason", "placed_at", "actor", "state")
    list_display_links = ("id",)
    list_filter = (OpenFilter, "surface")
    list_select_related = (*ROWS, "actor")
    search_fields = (
        "lot__code", "container__code", "location__code", "material__code", "=supplier_lot",
        "reason",
    )  # fmt: skip
    search_help_text = _("What is on hold, or why")
    fields = (
        "on", "reach", "reason", "occurred_at", "recorded_at", "actor", "surface", "state",
        "lifted_at", "lifted_by", "lift_reason", "signed", "batch",
    )  # fmt: skip
    readonly_fields = ("on", "reach", "state", "signed")

    def offered(self, request: HttpRequest, row: Hold | None = None) -> list[Verb]:
        return super().offered(request, row) if row is None or row.lifted_at is None else []

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Holds are recorded with what they stop: that is where their history stands."""
        hold = self.get_object(request, object_id)
        if hold is None:
            raise Http404
        return HttpResponseRedirect(trail_of(hold.subject))

    @admin.display(description=_("on hold"))
    def on(self, hold: Hold) -> Any:
        target = hold.target
        if isinstance(target, str):
            return _("Supplier lot %(number)s") % {"number": target}
        return cells.link(target)

    @admin.display(description=_("reach"))
    def reach(self, hold: Hold) -> Any:
        """Leads to all that it touches; the pages above quality know."""
        url = reverse("staging:reach", args=[hold.pk])
        return format_html('<a href="{}">{}</a>', url, _("Everything that it touches"))

    @admin.display(description=_("signatures"))
    def signed(self, hold: Hold) -> str:
        signings = [Signing(row, [], verify(row)) for row in hold.signatures.all()]
        return render_to_string("admin/parts/signings.html", {"signings": signings})

    @admin.display(description=_("placed at"), ordering="occurred_at")
    def placed_at(self, hold: Hold) -> Any:
        return hold.occurred_at

    @admin.display(description=_("state"))
    def state(self, hold: Hold) -> Any:
        if hold.lifted_at is None:
            return cells.badge("bad", "pause-circle-fill", _("Open"))
        return cells.badge("calm", "unlock", _("Lifted"))
