"""Inspection plans: read, drafted, changed, approved by somebody else, withdrawn."""

from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.admin import cells
from inventory.admin.base import EXACT, Buttons, MasterAdmin, actor
from inventory.admin.reasoned import ask_why
from quality.actions import approve_plan, change_plan, draft_plan, withdraw_plan
from quality.admin.filters import MaterialFilter
from quality.models import InspectionPlan, PlanCharacteristic

PERMISSION = "quality.approve_plan"
ENDS: dict[str, tuple[Any, dict[str, Any], Any]] = {
    "approve": (
        approve_plan,
        {
            "name": "approve_plan",
            "label": gettext_lazy("Put into force"),
            "icon": "check2-square",
            "help": gettext_lazy("From this moment on, lots are examined by this plan. It can "
                                 "never be changed again, only replaced."),
        },
        gettext_lazy("%(plan)s is in force."),
    ),
    "withdraw": (
        withdraw_plan,
        {
            "name": "withdraw_plan",
            "label": gettext_lazy("Withdraw"),
            "icon": "archive-fill",
            "help": gettext_lazy("Such inspections are due no longer, not even of lots that wait "
                                 "for one now."),
        },
        gettext_lazy("%(plan)s is withdrawn."),
    ),
}  # fmt: skip
"""What ends a draft, and what ends a plan: the action, its page, and what to say once done."""


class CharacteristicInline(admin.TabularInline[PlanCharacteristic, InspectionPlan]):
    model = PlanCharacteristic
    extra = 0
    formfield_overrides = EXACT
    readonly_fields = ("within", "plausible")

    def get_fields(self, request: HttpRequest, obj: InspectionPlan | None = None) -> list[Any]:
        bounds = ["unit", "lower", "upper", "plausible_from", "plausible_to"]
        shown = bounds if _is_draft(obj) else ["within", "plausible"]
        return ["name", "kind", "criterion", *shown, "decimals", "samples", "required"]

    @admin.display(description=gettext_lazy("limits"))
    def within(self, row: PlanCharacteristic) -> str:
        return row.limits or cells.EMPTY

    @admin.display(description=gettext_lazy("plausible"))
    def plausible(self, row: PlanCharacteristic) -> str:
        return row.plausible_bounds or cells.EMPTY

    def has_add_permission(self, request: HttpRequest, obj: InspectionPlan | None = None) -> bool:
        return _is_draft(obj) and super().has_add_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_draft(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_draft(obj) and super().has_delete_permission(request, obj)


def _is_draft(plan: InspectionPlan | None) -> bool:
    return plan is not None and plan.is_draft


@admin.register(InspectionPlan)
class InspectionPlanAdmin(Buttons[InspectionPlan], MasterAdmin[InspectionPlan]):
    """Adding a plan makes a draft: a copy of the one in force, to be changed and approved."""

    tried = "quality.change_plan"
    list_display = ("name", "version", "state", "note", "approved_at", "approved_by")
    list_filter = ("kind", MaterialFilter)
    list_select_related = ("material", "approved_by")
    search_fields = ("material__code", "material__name")
    autocomplete_fields = ("material",)

    def has_change_permission(
        self, request: HttpRequest, obj: InspectionPlan | None = None
    ) -> bool:
        return (obj is None or obj.is_draft) and super().has_change_permission(request, obj)

    def get_queryset(self, request: HttpRequest) -> QuerySet[InspectionPlan]:
        return super().get_queryset(request).prefetch_related("authors")

    def get_fields(self, request: HttpRequest, obj: InspectionPlan | None = None) -> list[Any]:
        if obj is None:
            return ["material", "kind", "note"]
        shown = ["material", "kind", "version", "state", "note", "written_by", "approved_at",
                 "approved_by", "ended_at", "ended_by"]  # fmt: skip
        return [*shown, "reason"] if self.has_change_permission(request, obj) else shown

    def get_readonly_fields(
        self, request: HttpRequest, obj: InspectionPlan | None = None
    ) -> list[Any]:
        if obj is None:
            return []
        changed = ("note", "reason")
        return [name for name in self.get_fields(request, obj) if name not in changed]

    def get_inlines(self, request: HttpRequest, obj: InspectionPlan | None = None) -> list[Any]:
        """A draft starts with what the plan in force asks for; it is changed once it is there."""
        return [CharacteristicInline] if obj else []

    def save_model(
        self, request: HttpRequest, obj: InspectionPlan, form: Any, change: bool
    ) -> None:
        if not change:
            given = form.cleaned_data
            draft = draft_plan(
                material=given["material"], kind=given["kind"], note=given["note"],
                by=actor(request), at=timezone.now(),
            )  # fmt: skip
            obj.pk, obj.version = draft.pk, draft.version

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """The note and what is asked for together, by the action that refuses what is approved."""
        changed = formset.save(commit=False)
        change_plan(
            draft=form.instance, characteristics=changed, removed=formset.deleted_objects,
            reason=form.cleaned_data["reason"], by=actor(request), at=timezone.now(),
        )  # fmt: skip

    def response_add(
        self, request: HttpRequest, obj: InspectionPlan, post_url_continue: str | None = None
    ) -> HttpResponse:
        messages.success(request, _("Draft %(draft)s made. Say what it asks for.") % {"draft": obj})
        return HttpResponseRedirect(cells.page_of(obj))

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        ends = [
            path(f"<int:pk>/{name}/", wrap(partial(self.end_page, name)), name=_url(name))
            for name in ENDS
        ]
        return [*ends, *super().get_urls()]

    def buttons(self, request: HttpRequest, row: InspectionPlan) -> list[dict[str, Any]]:
        if row.ended_at or not request.user.has_perm(PERMISSION):
            return []
        name = "approve" if row.is_draft else "withdraw"
        return [{"verb": ENDS[name][1], "url": reverse(f"admin:{_url(name)}", args=[row.pk])}]

    def end_page(self, name: str, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask for the reason; approve the draft, or withdraw the plan."""
        run, button, done = ENDS[name]
        plan = get_object_or_404(InspectionPlan, pk=pk)
        return ask_why(
            request, PERMISSION, {"plan": [plan]},
            run=partial(run, plan=plan),
            done=done % {"plan": plan},
            then=cells.page_of(plan),
            context=lambda: {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": f"{button['label']}: {plan}",
                "back": cells.page_of(plan),
                "verb": button,
                "rows": plan.characteristics.all(),
                "rows_template": "admin/rows/plan.html",
            },
        )  # fmt: skip

    @admin.display(description=gettext_lazy("plan"), ordering="material__code")
    def name(self, plan: InspectionPlan) -> str:
        return f"{plan.material} · {plan.get_kind_display()}"

    @admin.display(description=gettext_lazy("written by"))
    def written_by(self, plan: InspectionPlan) -> str:
        people = (author.get_full_name() or author.username for author in plan.authors.all())
        return ", ".join(people) or cells.EMPTY

    @admin.display(description=gettext_lazy("state"))
    def state(self, plan: InspectionPlan) -> Any:
        if plan.is_draft:
            return cells.badge("info", "pencil", _("Draft"))
        if plan.ended_at is None:
            return cells.badge("ok", "check-circle-fill", _("In force"))
        return cells.badge("calm", "archive-fill", _("Replaced or withdrawn"))


def _url(name: str) -> str:
    return f"quality_inspectionplan_{name}"
