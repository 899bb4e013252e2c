"""Dwell policies and site calendars: drafted, previewed, put into force; and which one counts."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet, TimeField
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.admin import versioned
from inventory.admin.base import MasterAdmin
from inventory.models import Location, LocationKind, Material
from inventory.zones import zone_of
from staging.actions import activate_dwell, change_dwell, draft_dwell
from staging.dwell.explaining import answer, coming, made_of
from staging.dwell.terms import Position
from staging.models import (
    Demand,
    DemandKind,
    DwellPolicy,
    DwellSet,
    Shift,
    SiteCalendar,
    SpecialDay,
    Weekday,
)

NAMED = ("material", "customer", "lane", "area", "site")


class PolicyInline(versioned.RuleInline):
    model = DwellPolicy
    autocomplete_fields = ("material", "lane", "area")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("note", "warn_after", "critical_after", "counted"),
                    ("material", "category", "customer", "kind"),
                    ("lane", "area", "site", "purpose"),
                    ("valid_from", "valid_until"),
                )
            },
        ),
    )
    template = "admin/edit_inline/stacked.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[DwellPolicy]:
        return super().get_queryset(request).select_related("dwell_set", *NAMED)


class WhyForm(forms.Form):
    """A position that is not there yet."""

    lane = forms.CharField(label=gettext_lazy("Lane"), max_length=60)
    material = forms.CharField(label=gettext_lazy("Material"), max_length=60)
    kind = forms.ChoiceField(label=gettext_lazy("Demand kind"), choices=DemandKind.choices)
    customer = forms.CharField(
        label=gettext_lazy("Customer"), max_length=60, required=False,
        help_text=gettext_lazy("Of a shipment."),
    )  # fmt: skip

    def clean_lane(self) -> Any:
        lanes = Location.objects.staging().select_related("site")
        return self._named(lanes, "lane")

    def clean_material(self) -> Any:
        return self._named(Material.objects.all(), "material")

    def clean_customer(self) -> Any:
        if not self.cleaned_data["customer"]:
            return None
        return self._named(Location.objects.filter(kind=LocationKind.CUSTOMER), "customer")

    def _named(self, rows: QuerySet[Any], field: str) -> Any:
        found = rows.filter(code=self.cleaned_data[field].strip()).first()
        if found is None:
            raise forms.ValidationError(_("Nothing here has this code."), code="unknown_code")
        return found

    def position(self) -> Position:
        data = self.cleaned_data
        demand = Demand(kind=data["kind"], customer=data["customer"])
        return Position(data["lane"], data["material"], demand, timezone.now())


@admin.register(DwellSet)
class DwellSetAdmin(versioned.VersionedAdmin):
    """Adding a set makes a draft: a copy of the policies in force, to be changed and activated."""

    tried = "staging.draft_dwell"
    activating = "staging.activate_dwell"
    parameter = "dwell_set"
    change_list_template = "admin/dwell_list.html"
    button: ClassVar[dict[str, Any]] = {
        "name": "activate_dwell",
        "label": gettext_lazy("Put into force"),
        "icon": "check2-square",
        "help": gettext_lazy(
            "They count at once for what is staged from now on. What is staged already is worked "
            "out anew by the clock, within minutes. They can never be changed again."
        ),
    }
    rule_inline = PolicyInline
    rows_template = "admin/rows/dwell.html"

    def draft(self, **given: Any) -> DwellSet:
        return draft_dwell(**given)

    def change(self, **given: Any) -> DwellSet:
        return change_dwell(**given)

    def activate(self, row: DwellSet, **given: Any) -> DwellSet:
        return activate_dwell(dwell_set=row, **given)

    def read(self, draft: DwellSet) -> dict[str, Any]:
        rows = draft.policies.select_related(*NAMED)
        return {"rows": rows, "made": made_of(draft, timezone.now())}

    def said(self, what: str, draft: DwellSet) -> str:
        words = {
            "made": _("Draft %(draft)s made. Change its policies."),
            "preview": _("Preview of dwell policies %(draft)s"),
            "asking": _("Put dwell policies %(draft)s into force"),
            "in_force": _("Dwell policies %(draft)s are in force."),
        }
        return words[what] % {"draft": draft}

    def get_urls(self) -> list[Any]:
        why = self.admin_site.admin_view(self.why_page)
        return [path("why/", why, name=self._url("why")), *super().get_urls()]

    def why_page(self, request: HttpRequest) -> HttpResponse:
        """Which policy counts for a lane and a material, and why."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = WhyForm(request.GET or None)
        found: dict[str, Any] = {}
        lane = None
        if form.is_valid():
            lane = form.cleaned_data["lane"]
            said = answer(form.position())
            found = {"rows": said.fitting, "due": said.due, "winner": said.due.policy}
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Which dwell policy counts?"),
            "form": form,
            "lane": lane,
            **found,
        }
        with timezone.override(zone_of(lane.site if lane else None)):
            return TemplateResponse(request, "admin/dwell_why.html", context).render()


class ShiftForm(forms.ModelForm[Shift]):
    days = forms.MultipleChoiceField(
        label=gettext_lazy("Days"), choices=Weekday.choices, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = Shift
        fields = ("name", "days", "starts", "ends", "breaks")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["days"] = list(self.instance.days)

    def clean_days(self) -> str:
        return "".join(sorted(self.cleaned_data["days"]))


class ShiftInline(admin.StackedInline[Shift, SiteCalendar]):
    model = Shift
    form = ShiftForm
    extra = 0
    fieldsets = ((None, {"fields": ("name", "days", ("starts", "ends", "breaks"))}),)
    formfield_overrides: ClassVar[dict[Any, Any]] = {
        TimeField: {"widget": forms.TimeInput(attrs={"type": "time"}, format="%H:%M")}
    }


@admin.register(SiteCalendar)
class SiteCalendarAdmin(MasterAdmin[SiteCalendar]):
    """Saved as data; the clock works out the working time, and what is due by it."""

    list_display = ("site", "valid_from", "note")
    list_filter = ("site",)
    list_select_related = ("site",)
    inlines = (ShiftInline,)
    fields = ("site", "valid_from", "note", "reason")
    change_form_template = "admin/calendar.html"

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        days = list(coming(row.site, timezone.localdate())) if row else []
        context = {"coming": days} | (extra_context or {})
        return super().change_view(request, object_id, form_url, context)


@admin.register(SpecialDay)
class SpecialDayAdmin(MasterAdmin[SpecialDay]):
    """Holidays and extra working days. Never removed: what is wrong is made to work as usual."""

    list_display = ("site", "day", "name", "works_like")
    list_filter = ("site",)
    list_select_related = ("site",)
    fields = ("site", "day", "name", "works_like", "reason")
    ordering = ("site", "-day")
