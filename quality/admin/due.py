"""Inspections that are due: the list that the laboratory works off."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.admin import cells
from inventory.admin.base import HistoryAdmin
from inventory.admin.finding import FoundByCode
from quality.actions.due import waiting
from quality.models import DueInspection

RECORD = "quality.record_inspection"


class WaitingFilter(admin.SimpleListFilter):
    """What waits, unless asked for the others: lots that are there, and on which nobody decided."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("open", _("Waiting")), ("done", _("Done"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "done":
            return queryset.filter(inspection__isnull=False)
        return queryset & waiting() if self.value() == "open" else queryset


@admin.register(DueInspection)
class DueInspectionAdmin(FoundByCode, HistoryAdmin[DueInspection]):
    list_display = ("lot_link", "material", "kind", "plan", "since", "state")
    list_display_links = None
    list_filter = (WaitingFilter, "kind")
    list_select_related = ("lot__material", "plan__material", "inspection")
    search_fields = ("lot__code", "lot__number")
    ordering = ("pk",)
    fields = ("lot", "kind", "plan", "since", "retest_on", "inspection")

    def get_list_display(self, request: HttpRequest) -> Any:
        may = request.user.has_perm(RECORD)
        return (*self.list_display, "record") if may else self.list_display

    @admin.display(description=gettext_lazy("lot"), ordering="lot__code")
    def lot_link(self, row: DueInspection) -> Any:
        return cells.link(row.lot)

    @admin.display(description=gettext_lazy("material"))
    def material(self, row: DueInspection) -> str:
        return row.lot.material.name

    @admin.display(description=gettext_lazy("state"))
    def state(self, row: DueInspection) -> Any:
        return cells.passed(row.inspection.passed) if row.inspection else cells.badge(
            "warn", "hourglass-split", _("Due")
        )  # fmt: skip

    @admin.display(description=gettext_lazy("results"))
    def record(self, row: DueInspection) -> Any:
        if row.inspection:
            return cells.link(row.inspection)
        url = f"{reverse('admin:inventory_lot_inspect')}?ids={row.lot_id}&kind={row.kind}"
        return format_html('<a href="{}">{}</a>', url, _("Record results"))
