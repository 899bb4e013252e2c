"""Demands, what is committed to them, and alerts; and the lots with the demands that wait."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inventory.admin import cells
from inventory.admin.base import (
    EXACT,
    Autocompleting,
    HistoryAdmin,
    MasterAdmin,
    Refusable,
    actor,
    require,
)
from inventory.admin.finding import FoundByCode
from inventory.admin.labels import Labelled
from inventory.admin.pages import Act, Acting
from inventory.models import Lot
from inventory.verbs import REGISTRY, Verb, carry_out
from quality.admin.filters import OldestFirst, OpenFilter
from quality.admin.lots import LotDesk
from staging import admin_alerts, admin_displays, admin_dwell, admin_report
from staging.actions import Need, NewDemand
from staging.models import Alert, Commitment, Demand, LabelSize, Requirement, StagedStock
from staging.waiting import FIRST_WANTED, unserved, with_wanted_at

__all__ = ["admin_alerts", "admin_displays", "admin_dwell", "admin_report"]
"""Pages that stand in a file of their own; Django looks into this one."""


class OpenAlerts(OpenFilter):
    ended = "closed_at"


class OpenCommitments(OpenAlerts):
    parameter_name = "open"


@admin.register(Lot)
class LotAdmin(LotDesk):
    """QA's desk, with what staging knows of each lot."""

    list_display = (*LotDesk.list_display[:3], "wanted", "waiting", *LotDesk.list_display[3:])
    orderings: ClassVar[dict[str, Any]] = LotDesk.orderings | {"awaiting": FIRST_WANTED}
    change_form_template = "admin/staged_lot.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Lot]:
        lots = super().get_queryset(request)
        if request.GET.get("work") != "awaiting":
            return lots
        return with_wanted_at(lots, timezone.localdate())

    def get_sortable_by(self, request: HttpRequest) -> Any:
        """By the need only where it was worked out."""
        sortable = super().get_sortable_by(request)
        worked_out = request.GET.get("work") == "awaiting"
        return [name for name in sortable if worked_out or name != "wanted"]

    def look_at(self, rows: list[Lot]) -> list[Lot]:
        """Live demands that still want a lot's material, and which of them nothing else serves."""
        lots = super().look_at(rows)
        needs = unserved({lot.material_id for lot in lots}, timezone.localdate())
        for lot in lots:
            lot.waiting = needs.waiting(lot)  # type: ignore[attr-defined]
            lot.wanted = needs.first(lot)  # type: ignore[attr-defined]
        return lots

    def record_of(self, request: HttpRequest, lot: Lot) -> dict[str, Any]:
        staged = StagedStock.objects.filter(lot=lot).with_stop(timezone.localdate())
        return super().record_of(request, lot) | {
            "waiting": lot.waiting,  # type: ignore[attr-defined]
            "staged": staged.select_related("location", "container", "requirement__demand"),
        }

    @admin.display(description=_("wanted by"))
    def waiting(self, lot: Lot) -> str:
        demands = lot.waiting  # type: ignore[attr-defined]
        if not demands:
            return cells.EMPTY
        return f"{len(demands)}: {demands[0]}" + (" …" if len(demands) > 1 else "")

    @admin.display(description=_("nothing else serves"), ordering="wanted_at")
    def wanted(self, lot: Lot) -> str:
        return render_to_string("admin/parts/wanted.html", {"line": lot.wanted})  # type: ignore[attr-defined]


class RequirementFormSet(BaseInlineFormSet[Requirement, Demand, forms.ModelForm[Requirement]]):
    """The lines of a new demand."""

    def needs(self) -> tuple[Need, ...]:
        """What was filled in, as the action takes it."""
        filled = (form.cleaned_data for form in self.forms if form.has_changed())
        return tuple(
            Need(material=data["material"], quantity=data["quantity"], lot=data["lot"])
            for data in filled
        )


class RequirementInline(Autocompleting, admin.TabularInline[Requirement, Demand]):
    model = Requirement
    formset = RequirementFormSet
    fields = ("material", "quantity", "lot")
    autocomplete_fields = ("material", "lot")
    extra = 3
    formfield_overrides = EXACT

    def has_add_permission(self, request: HttpRequest, obj: Demand | None = None) -> bool:
        return obj is None and request.user.has_perm("staging.create_demand")

    def has_change_permission(self, request: HttpRequest, obj: Demand | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Demand | None = None) -> bool:
        return False


class ProgressInline(admin.TabularInline[Requirement, Demand]):
    """How far each line has come."""

    model = Requirement
    fields = ("line", "material", "lot", "required", "reserved", "staged", "issued", "used")
    readonly_fields = fields
    can_delete = False
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[Requirement]:
        rows: QuerySet[Requirement] = Requirement.objects.with_progress()
        return rows.select_related("demand", "material", "lot")

    def has_add_permission(self, request: HttpRequest, obj: Demand | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Demand | None = None) -> bool:
        return False

    @admin.display(description=_("required"))
    def required(self, line: Requirement) -> str:
        return cells.amount(line.quantity, line.material.base_unit_id)

    @admin.display(description=_("reserved"))
    def reserved(self, line: Requirement) -> str:
        return cells.amount(line.reserved, line.material.base_unit_id)  # type: ignore[attr-defined]

    @admin.display(description=_("staged"))
    def staged(self, line: Requirement) -> str:
        return cells.amount(line.staged, line.material.base_unit_id)  # type: ignore[attr-defined]

    @admin.display(description=_("issued"))
    def issued(self, line: Requirement) -> str:
        return cells.amount(line.issued, line.material.base_unit_id)  # type: ignore[attr-defined]

    @admin.display(description=_("used"))
    def used(self, line: Requirement) -> str:
        return cells.amount(line.used, line.material.base_unit_id)  # type: ignore[attr-defined]


def _ends(verb: str, done: Any) -> Act:
    return Act(verb=verb, target="demand", rows="admin/rows/things.html", done=done)


@admin.register(Demand)
class DemandAdmin(FoundByCode, Acting[Demand], Labelled[Demand], Refusable[Demand]):
    """Made here by the same action as anywhere; staged and finished on the floor."""

    acts = (
        _ends("cancel_demand", _("Cancelled.")),
        _ends("complete_demand", _("Completed.")),
    )
    label_kind = "demands"
    list_display = ("reference", "kind", "state", "needed_at", "site", "work_center", "customer")
    list_filter = ("kind", "cancelled", "site", ("needed_at", admin.DateFieldListFilter))
    list_select_related = ("site", "work_center", "customer")
    search_fields = ("reference", "=route", "=carrier", "customer__code")
    search_help_text = _("Reference, route, carrier or customer")
    ordering = ("-needed_at",)
    autocomplete_fields = ("product",)
    change_form_template = "admin/demand.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Demand]:
        return super().get_queryset(request).with_state()  # type: ignore[attr-defined,no-any-return]

    def has_change_permission(self, request: HttpRequest, obj: Demand | None = None) -> bool:
        return False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("staging.create_demand")

    def get_inlines(self, request: HttpRequest, obj: Demand | None = None) -> list[Any]:
        return [ProgressInline] if obj else [RequirementInline]

    def get_fields(self, request: HttpRequest, obj: Demand | None = None) -> list[Any]:
        made = ["reference", "kind", "site", "needed_at", "work_center", "product"]
        made += ["customer", "route", "carrier"]
        return [*made, "state", "created_at", "closed_at", "closed_by"] if obj else made

    def get_readonly_fields(self, request: HttpRequest, obj: Demand | None = None) -> list[str]:
        return ["state", "created_at", "closed_at", "closed_by"] if obj else []

    def offered(self, request: HttpRequest, row: Demand | None = None) -> list[Verb]:
        return super().offered(request, row) if row is None or row.closed_at is None else []

    @admin.display(description=_("state"))
    def state(self, demand: Demand) -> str:
        return cells.state_badge(demand.state)  # type: ignore[attr-defined]

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        require(request, REGISTRY["create_demand"].permission)
        return super().add_view(request, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Demand, form: Any, change: bool) -> None:
        """The action makes the demand with its lines, see `save_related`."""

    def save_related(
        self, request: HttpRequest, form: Any, formsets: list[Any], change: bool
    ) -> None:
        lines = formsets[0]
        lines.save(commit=False)
        data = {name: value for name, value in form.cleaned_data.items() if value is not None}
        line = NewDemand(**data, requirements=lines.needs())
        carry_out(REGISTRY["create_demand"], [line], by=actor(request), at=timezone.now())
        form.instance.pk = Demand.objects.get(reference=line.reference).pk


@admin.register(Requirement)
class RequirementAdmin(FoundByCode, HistoryAdmin[Requirement]):
    list_display = ("demand", "line", "material", "lot", "required", "staged")
    list_select_related = ("demand", "material", "lot")
    search_fields = ("demand__reference", "material__code")
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Requirement]:
        return super().get_queryset(request).with_progress()  # type: ignore[attr-defined,no-any-return]

    @admin.display(description=_("required"))
    def required(self, line: Requirement) -> str:
        return cells.amount(line.quantity, line.material.base_unit_id)

    @admin.display(description=_("staged or beyond"))
    def staged(self, line: Requirement) -> str:
        return cells.amount(line.progressed, line.material.base_unit_id)  # type: ignore[attr-defined]


@admin.register(Commitment)
class CommitmentAdmin(FoundByCode, HistoryAdmin[Commitment]):
    list_display = ("demand", "state", "lot", "location", "container", "amount", "since", "due_at")
    list_filter = (OpenCommitments, "state")
    list_select_related = ("requirement__demand", "lot__material", "location", "container")
    search_fields = ("lot__code", "location__code", "requirement__demand__reference")
    search_help_text = _("Lot, location or demand")
    ordering = ("-pk",)

    @admin.display(description=_("demand"))
    def demand(self, row: Commitment) -> str:
        return row.requirement.demand.reference

    @admin.display(description=_("quantity"))
    def amount(self, row: Commitment) -> str:
        return cells.amount(row.quantity, row.lot.material.base_unit_id)


@admin.register(Alert)
class AlertAdmin(FoundByCode, OldestFirst, Acting[Alert], HistoryAdmin[Alert]):
    acts = (
        Act(
            verb="acknowledge", target="alert", rows="admin/rows/things.html",
            done=_("Acknowledged."),
        ),
        Act(
            verb="snooze", target="alert", rows="admin/rows/things.html", done=_("Snoozed."),
        ),
        Act(
            verb="wake", target="alert", rows="admin/rows/things.html", done=_("Woken."),
        ),
        Act(
            verb="assign_alert", target="alert", rows="admin/rows/things.html",
            done=_("Assigned."),
        ),
    )  # fmt: skip
    list_display = (
        "raised_at", "severity", "level", "reason", "lot", "location", "assigned_to",
        "acknowledged_by", "snoozed_until", "closed_at",
    )  # fmt: skip
    list_filter = (OpenAlerts, "severity", "level", "reason")
    list_select_related = ("lot", "location", "acknowledged_by", "assigned_to")
    search_fields = ("lot__code", "location__code")

    def offered(self, request: HttpRequest, row: Alert | None = None) -> list[Verb]:
        found = super().offered(request, row)
        if row is None:
            return found
        done = {"acknowledge": row.acknowledged_at, "wake": not row.snoozed_until}
        return [verb for verb in found if not (row.closed_at or done.get(verb.name))]


@admin.register(LabelSize)
class LabelSizeAdmin(MasterAdmin[LabelSize]):
    list_display = ("code", "name", "width", "height", "page_width", "page_height", "is_active")
    list_filter = ("is_active",)
    search_fields = ("code", "name")
    fieldsets = (
        (None, {"fields": ("code", "name", "width", "height", "is_active")}),
        (
            _("On sheets"),
            {"fields": (("page_width", "page_height"), ("columns", "rows"), ("left", "top"),
                        ("gap_x", "gap_y"))},
        ),
        (_("Change"), {"fields": ("reason",)}),
    )  # fmt: skip
