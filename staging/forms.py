"""The filters above the lists."""

from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from inventory.filter_forms import FilterForm
from inventory.models import Location, LocationKind, Purpose, Site
from staging.models import DemandKind, DemandState
from staging.scope import Scope, Wanted
from staging.worklists.works import Work

ANY = ("", _("All"))
IGNORED = _("Shown as if that had been left empty")


class SiteFilter(FilterForm):
    """By site, and by text. A value that means nothing filters nothing."""

    when_wrong = IGNORED

    site = forms.ModelChoiceField(
        Site.objects.filter(is_active=True),
        label=_("Site"),
        to_field_name="code",
        required=False,
        empty_label=_("All"),
    )
    q = forms.CharField(label=_("Text"), max_length=100, required=False)

    def value(self, name: str) -> str:
        """What was chosen, or ''."""
        self.is_valid()
        return str(self.cleaned_data.get(name) or "")

    def has_values(self) -> bool:
        return any(self.value(name) for name in self.fields)


def areas() -> QuerySet[Location]:
    """The places around staging locations; work centres with a lane of their own are among them."""
    lanes = Location.objects.staging()
    around = Q(pk__in=lanes.values("parent")) | Q(pk__in=lanes.values("parent__parent"))
    return Location.objects.filter(around).exclude(kind=LocationKind.STAGING)


def _suggesting(label: Any, names: str) -> forms.CharField:
    """A text for which the page suggests what the next demands say, in the list of that name."""
    widget = forms.TextInput(attrs={"list": names, "autocomplete": "off"})
    return forms.CharField(label=label, max_length=100, required=False, widget=widget)


class NarrowedFilter(SiteFilter):
    """By site, area, customer, route and carrier besides."""

    area = forms.ModelChoiceField(
        areas(), to_field_name="code", required=False, empty_label=_("All"),
        label=_("Area"),
    )  # fmt: skip
    customer = _suggesting(_("Customer"), "customers")
    route = _suggesting(_("Route"), "routes")
    carrier = _suggesting(_("Carrier"), "carriers")

    fewer = ("area", "customer", "route", "carrier")

    def wanted(self) -> Wanted:
        """Whose demands."""
        return Wanted(
            **{name: self.value(name).strip() for name in ("customer", "route", "carrier")}
        )

    def scope(self) -> Scope | None:
        """Where; None where that does not matter."""
        code = self.value("area")
        return Scope.area(code) if code else None


class BoardFilter(NarrowedFilter):
    purpose = forms.ChoiceField(label=_("Purpose"), choices=[ANY, *Purpose.choices], required=False)
    show = forms.ChoiceField(
        label=_("Show"),
        choices=[
            ("", _("Every lane")),
            ("filled", _("Lanes with stock")),
            ("trouble", _("Blocked, stale or without demand")),
        ],
        required=False,
    )
    field_order = ("site", "purpose", "show", "q", *NarrowedFilter.fewer)


class ReadyFilter(NarrowedFilter):
    kind = forms.ChoiceField(label=_("Kind"), choices=[ANY, *DemandKind.choices], required=False)
    field_order = ("site", "kind", "q", *NarrowedFilter.fewer)


class DemandFilter(SiteFilter):
    state = forms.ChoiceField(
        label=_("State"),
        choices=[("", _("Open")), *DemandState.choices, ("all", _("All"))],
        required=False,
    )
    kind = forms.ChoiceField(label=_("Kind"), choices=[ANY, *DemandKind.choices], required=False)
    field_order = ("state", "kind", "site", "q")


class WorklistFilter(FilterForm):
    """By site, area or lane, and kind of work; theirs before all others if asked. A value that
    means nothing narrows nothing down."""

    when_wrong = IGNORED

    site = forms.ModelChoiceField(
        Site.objects.filter(is_active=True), label=_("Site"), to_field_name="code",
        required=False, empty_label=_("All"),
    )  # fmt: skip
    area = forms.ModelChoiceField(
        Location.objects.none(), label=_("Area"), to_field_name="code", required=False,
        empty_label=_("All"),
    )  # fmt: skip
    work = forms.ChoiceField(choices=[ANY, *Work.choices], label=_("Work"), required=False)
    mine = forms.BooleanField(label=_("Mine first"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["area"].queryset = areas()  # type: ignore[attr-defined]

    def chosen(self) -> dict[str, Any]:
        """What the list is narrowed down by, as `worklist` takes it."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}
