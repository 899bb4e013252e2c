"""Inspections and decisions: to be read."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _

from inventory.admin import cells
from inventory.admin.base import HistoryAdmin
from inventory.admin.finding import FoundByCode
from inventory.admin.history import STAMP
from inventory.admin.pages import Act, Acting
from inventory.verbs import Verb
from quality.models import Decision, Inspection, InspectionResult


class ResultInline(admin.TabularInline[InspectionResult, Inspection]):
    model = InspectionResult
    fields = (
        "characteristic", "sample", "value", "unit", "lower", "upper", "outcome", "override",
        "remark",
    )  # fmt: skip
    readonly_fields = fields
    can_delete = False
    extra = 0

    def has_add_permission(self, request: Any, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        return False

    @admin.display(description=_("outcome"))
    def outcome(self, result: InspectionResult) -> str:
        return cells.passed(result.passed)


@admin.register(Inspection)
class InspectionAdmin(FoundByCode, Acting[Inspection], HistoryAdmin[Inspection]):
    acts = (
        Act(verb="dispose_inspection", target="inspection", rows="admin/rows/inspections.html",
            done=_("Decided.")),
    )  # fmt: skip
    list_display = ("id", "lot", "kind", "outcome", "actor", "recorded_at")
    list_filter = ("passed", "kind", ("recorded_at", admin.DateFieldListFilter))
    list_select_related = ("lot", "actor")
    search_fields = ("lot__code", "lot__number")
    fields = ("lot", "kind", "plan", "outcome", "decided", *STAMP)
    readonly_fields = ("outcome", "decided")
    inlines = (ResultInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Inspection]:
        rows = super().get_queryset(request).select_related("lot", "actor", "plan__material")
        return rows.prefetch_related("results")

    def offered(self, request: HttpRequest, row: Inspection | None = None) -> list[Verb]:
        return [] if row is not None and row.passed else super().offered(request, row)

    @admin.display(description=_("disposition"))
    def decided(self, inspection: Inspection) -> str:
        found = inspection.dispositions.select_related("actor")
        return format_html_join(
            "", "<p>{}: {} ({}, {})</p>",
            ((row.get_outcome_display(), row.reason, row.actor.get_full_name() or row.actor,
              row.recorded_at.isoformat(" ", "minutes")) for row in found),
        ) or cells.EMPTY  # fmt: skip

    @admin.display(description=_("outcome"), ordering="passed")
    def outcome(self, inspection: Inspection) -> str:
        return cells.passed(inspection.passed)


@admin.register(Decision)
class DecisionAdmin(FoundByCode, HistoryAdmin[Decision]):
    list_display = (
        "id", "lot", "kind", "from_status", "to_status", "meaning", "signed_by", "recorded_at",
    )  # fmt: skip
    list_filter = ("kind", "meaning", ("recorded_at", admin.DateFieldListFilter))
    list_select_related = ("lot",)
    search_fields = ("lot__code", "lot__number", "actor__username")
    fields = (
        "lot", "kind", "from_status", "to_status", "meaning", "signed_by", "until", "for_demands",
        *STAMP,
    )  # fmt: skip
    readonly_fields = ("for_demands",)

    @admin.display(description=_("for the demands"))
    def for_demands(self, decision: Decision) -> str:
        return ", ".join(decision.references) or cells.EMPTY
