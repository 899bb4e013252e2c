"""What is asked of the time ahead: one form for the pages, the files and the API."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inventory.filter_forms import FilterForm
from inventory.models import Site
from inventory.sites import Limit, kept_to
from inventory.zones import zone_of
from staging.ahead.demands import Looking
from staging.ahead.horizon import FARTHEST, Horizon, Until, horizon
from staging.ahead.lanes import Crowds, crowded
from staging.ahead.positions import going_stale
from staging.dwell.calendars import rules_of
from staging.numbers.asked import MOST_LEAD, USUAL_LEAD


class AheadForm(FilterForm):
    """A site and how far ahead. Times without an offset are by the site's clock."""

    site = forms.ModelChoiceField(
        Site.objects.filter(is_active=True), label=_("Site"), to_field_name="code", empty_label=None
    )
    horizon = forms.ChoiceField(label=_("Until"), choices=Until.choices, required=False)
    until = forms.DateTimeField(
        label=_("Time"), required=False, help_text=_("At most seven days ahead."),
        widget=forms.DateTimeInput(
            format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"}
        ),
    )  # fmt: skip
    lead = forms.IntegerField(
        label=_("Staged hours before"), min_value=0, max_value=MOST_LEAD, required=False,
        help_text=_("How many hours before it is needed a kit comes to its lane."),
        widget=forms.NumberInput(attrs={"placeholder": USUAL_LEAD}),
    )  # fmt: skip

    def __init__(self, data: Mapping[str, Any], now: datetime, limit: Limit | None = None) -> None:
        super().__init__({name: data[name] for name in data})
        self.now, self.limit = now, limit
        site = self.fields["site"]
        assert isinstance(site, forms.ModelChoiceField)  # noqa: S101 - declared above
        site.queryset = kept_to(_sites(), limit)

    def clean(self) -> dict[str, Any]:
        """A time is asked for where one is given, or the other way about; not beside a shift."""
        given = super().clean() or {}
        wanted = given.get("horizon") or (Until.TIME if given.get("until") else Until.THIS_SHIFT)
        given["horizon"] = Until(wanted)
        until: datetime | None = given.get("until")
        if "until" in self.errors:
            return given
        if given["horizon"] != Until.TIME:
            if until is not None:
                wrong = _("Choose “a time” to look until then, or leave this empty.")
                self.add_error("until", forms.ValidationError(wrong, code="invalid"))
            return given
        if until is None:
            self.add_error("until", forms.ValidationError(_("Say until when."), code="required"))
        elif not self.now < until <= self.now + FARTHEST:
            wrong = _("Name a time from now on, at most seven days ahead.")
            self.add_error("until", forms.ValidationError(wrong, code="beyond_horizon"))
        return given


def _sites() -> QuerySet[Site]:
    return Site.objects.filter(is_active=True).order_by("code")


def read(data: Mapping[str, Any], now: datetime, limit: Limit | None = None) -> AheadForm:
    """The form, read by the clock of the site that is asked for; the first one if none is."""
    sites = kept_to(_sites(), limit)
    known = sites.filter(code=data.get("site", "")).first() if data.get("site") else sites.first()
    given = {name: data[name] for name in data}
    if known and not given.get("site"):
        given["site"] = known.code
    form = AheadForm(given, now, limit)
    with timezone.override(zone_of(known)):
        form.is_valid()
    return form


@dataclass(frozen=True, slots=True)
class Ahead:
    """The three questions for a site and a horizon."""

    site: Site
    horizon: Horizon
    demands: Looking
    lead: timedelta
    limit: Limit | None

    @classmethod
    def of(cls, form: AheadForm) -> "Ahead":
        """From a form that is valid. Three statements."""
        given = form.cleaned_data
        rules = rules_of(given["site"])
        ahead = horizon(rules, form.now, given["horizon"], given.get("until"))
        lead = USUAL_LEAD if given.get("lead") is None else given["lead"]
        return cls(
            given["site"], ahead, Looking(given["site"], ahead, rules, form.limit),
            timedelta(hours=lead), form.limit,
        )  # fmt: skip

    def positions(self) -> QuerySet[Any, Any]:
        return going_stale(self.site, self.horizon)

    def lanes(self) -> Crowds:
        return crowded(self.site, self.horizon, self.lead, self.limit)
