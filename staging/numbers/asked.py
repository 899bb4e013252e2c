"""What the numbers are narrowed down by: one form for the pages, the files and the API."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from django import forms
from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from inventory import codes
from inventory.audit import CLOCK_TOLERANCE
from inventory.filter_forms import FilterForm
from inventory.models import Location, Lot, Material, Site
from inventory.sites import Limit, kept_to
from inventory.zones import zone_of
from staging.models import DemandKind, Shift
from staging.numbers.period import COUNTED_NOW, KEPT, Length, Period

R = TypeVar("R", bound=Model)

EARLIEST, LATEST = date(1990, 1, 1), date(2900, 12, 31)
ANY = ("", _("All"))
PERIOD = ("period", "until")
USUAL_LEAD, MOST_LEAD = 4, 24
"""Hours before it is needed that a kit is taken to be staged, unless somebody says otherwise."""


OUTSIDE = "-"
"""Asks for what happened outside of any shift."""

BY = (
    ("area", _("Area")),
    ("material", _("Material")),
    ("shift", _("Shift")),
    ("kind", _("Demand")),
    ("site", _("Site")),
)


class _CodeField(forms.CharField):
    """The code of a thing that exists."""

    limit: Limit | None = None

    def __init__(self, kind: type[Model], **options: Any) -> None:
        self.kind = kind
        super().__init__(required=False, max_length=100, **options)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        thing = codes.find_one(self.kind, text)
        if not kept_to(self.kind._default_manager.filter(pk=thing.pk), self.limit).exists():
            return codes.resolve(self.kind, text, {})  # as if there were none
        return thing


class NumbersForm(FilterForm):
    """Only those of its fields that a set of figures is narrowed down by."""

    fewer = ("material", "kind", "shift")

    period = forms.ChoiceField(label=_("Period"), choices=Length.choices, required=False)
    until = forms.DateField(
        label=_("Until"), required=False, help_text=_("The last day of the period."),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )  # fmt: skip
    site = forms.ModelChoiceField(
        Site.objects.filter(is_active=True), label=_("Site"), to_field_name="code",
        required=False, empty_label=_("All"),
    )  # fmt: skip
    within = _CodeField(
        Location, label=_("Area or lane"), help_text=_("A location, with all that is in it.")
    )
    material = _CodeField(Material, label=_("Material"))
    lot = _CodeField(Lot, label=_("Lot"), help_text=_("Instead of a material."))
    kind = forms.ChoiceField(
        label=_("Demand"), choices=[ANY, *DemandKind.choices], required=False,
        help_text=_("The kind of demand that it was staged for."),
    )  # fmt: skip
    shift = forms.CharField(
        label=_("Shift"), max_length=60, required=False, widget=forms.Select,
        help_text=_("By its name in the site's calendar; - for what happened outside of any."),
    )  # fmt: skip
    by = forms.ChoiceField(label=_("Told apart by"), choices=BY, required=False)
    lead = forms.IntegerField(
        label=_("Staged hours before"), min_value=0, max_value=MOST_LEAD, required=False,
        help_text=_("How many hours before it is needed a kit comes to its lane."),
        widget=forms.NumberInput(attrs={"placeholder": USUAL_LEAD}),
    )  # fmt: skip

    def __init__(
        self, data: Mapping[str, Any], names: Iterable[str], limit: Limit | None = None
    ) -> None:
        usual = {"period": Length.MONTH, "by": BY[0][0]}
        super().__init__({**usual, **{name: data[name] for name in data}})
        self.limit = limit
        wanted = set(names)
        self.keeps = "by" in wanted
        period: Any = self.fields["period"]
        period.choices = [(one.value, one.label) for one in (KEPT if self.keeps else COUNTED_NOW)]
        for name in [name for name in self.fields if name not in wanted]:
            del self.fields[name]
        for field in self.fields.values():
            if isinstance(field, forms.ModelChoiceField):
                field.queryset = kept_to(field.queryset, limit)  # type: ignore[arg-type]
            elif isinstance(field, _CodeField):
                field.limit = limit

    def offer_shifts(self) -> None:
        """Name the shifts that there are, to choose from. One statement."""
        if (field := self.fields.get("shift")) is not None:
            rows = Shift.objects.order_by("name").values_list("name", flat=True).distinct()
            names = [ANY, *((name, name) for name in rows), (OUTSIDE, _("Outside of shifts"))]
            field.widget.choices = names

    def clean_until(self) -> date | None:
        until: date | None = self.cleaned_data["until"]
        if until and not EARLIEST <= until <= LATEST:
            raise forms.ValidationError(_("No numbers are kept for that day."), code="bad_date")
        return until


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for, at which moment."""

    now: datetime
    period: Period
    site: Site | None = None
    within: Location | None = None
    material: Material | None = None
    lot: Lot | None = None
    kind: str = ""
    shift: str = ""
    by: str = BY[0][0]
    lead: timedelta = timedelta(hours=USUAL_LEAD)
    limit: Limit | None = None
    """Of which sites; None: of all."""

    @classmethod
    def of(cls, form: NumbersForm, now: datetime) -> "Asked":
        """From a form that is valid; what is not asked for is as usual."""
        given = form.cleaned_data
        site, lead = given.get("site"), given.get("lead")
        zone = zone_of(site)
        today = now.astimezone(zone).date()
        # What is kept of days ends with yesterday.
        until = given.get("until") or today - timedelta(days=form.keeps)
        length = Length(given.get("period") or Length.MONTH)
        return cls(
            now,
            Period.of(length, until, zone),
            site=site,
            within=given.get("within"),
            material=given.get("material"),
            lot=given.get("lot"),
            kind=given.get("kind") or "",
            shift=given.get("shift") or "",
            by=given.get("by") or BY[0][0],
            lead=timedelta(hours=USUAL_LEAD if lead is None else lead),
            limit=form.limit,
        )

    @property
    def yesterday(self) -> date:
        """The last day that is over."""
        return self.now.astimezone(self.period.zone).date() - timedelta(days=1)

    @property
    def stop(self) -> datetime:
        """Where what is known ends: the end of the period, or now."""
        return min(self.period.end, self.now)

    def places(self, column: str = "") -> Q:
        """Which places are asked for; `column` leads to the place."""
        prefix = f"{column}__" if column else ""
        asked = self.sites(f"{prefix}site")
        if self.within:
            asked &= Q(**{f"{prefix}path__startswith": self.within.path})
        return asked

    def sites(self, column: str = "site") -> Q:
        """Which sites are asked for, of those that may be seen; `column` leads to the site."""
        asked = Q(**{column: self.site}) if self.site else Q()
        return asked if self.limit is None else asked & Q(**{f"{column}__in": self.limit})

    def goods(self, column: str = "lot") -> Q:
        """Which goods are asked for; `column` leads to the lot."""
        if self.lot:
            return Q(**{column: self.lot})
        return Q(**{f"{column}__material": self.material}) if self.material else Q()

    def demands(self, column: str) -> Q:
        """Which kind of demand is asked for; `column` leads to it."""
        return Q(**{f"{column}__kind": self.kind}) if self.kind else Q()

    def happened(self, rows: QuerySet[R], *, since: datetime, until: datetime | None) -> Any:
        """What happened from one moment to another. Nothing is recorded before it happens, but for
        clocks that differ, so that the index of the recorded times finds it."""
        rows = rows.filter(occurred_at__gte=since, recorded_at__gte=since - CLOCK_TOLERANCE)
        return rows.filter(occurred_at__lt=until) if until else rows
