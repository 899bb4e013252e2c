"""Which past moment is asked for: with its offset in an address, by the site's clock in a form."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from django import forms
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from inventory.days import EARLIEST, LATEST
from inventory.forms import moment_input
from inventory.models import Purpose, Site
from staging.past.moment import Known, Moment

LOST_PLUS = re.compile(r"^(\S+T[\d:.]+) (\d\d:?\d\d)$")
"""A plus sign in an address means a blank, which is how `+02:00` arrives if nobody minds it."""


class AskedForm(forms.Form):
    """The control of a page of the past. Boards are narrowed down by site and purpose as well."""

    at = forms.CharField(label=_("As it stood at"), required=False, widget=moment_input())
    known = forms.ChoiceField(label=_("Told"), choices=Known.choices, required=False)
    site = forms.ModelChoiceField(
        Site.objects.filter(is_active=True), label=_("Site"), to_field_name="code",
        required=False, empty_label=_("All"),
    )  # fmt: skip
    purpose = forms.ChoiceField(
        label=_("Purpose"), choices=[("", _("All")), *Purpose.choices], required=False
    )

    def __init__(self, data: Mapping[str, Any], *, board: bool = False) -> None:
        super().__init__({"known": Known.NOW, **{name: data[name] for name in data}})
        if not board:
            del self.fields["site"], self.fields["purpose"]


def moments(text: str, zone: tzinfo) -> list[datetime]:
    """The moments that a text can mean: one; two where the clock of the zone shows it twice; none
    where it skips it, or where the text says no time."""
    try:
        found = parse_datetime(LOST_PLUS.sub(r"\1+\2", text.strip()))
    except ValueError:
        return []
    if found is None or not EARLIEST.year <= found.year <= LATEST.year:
        return []
    if found.tzinfo is not None:
        return [found.astimezone(UTC)]
    turns = (found.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    there = {turn for turn in turns if turn.astimezone(zone).replace(tzinfo=None) == found}
    return sorted(there)


def is_naive(text: str) -> bool:
    """Whether it was typed by a clock on the wall."""
    try:
        found = parse_datetime(text.strip())
    except ValueError:
        return False
    return found is not None and found.tzinfo is None


def as_text(at: datetime) -> str:
    """For an address: in UTC, to the microsecond where there is need."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def moment_of(form: AskedForm, at: datetime) -> Moment:
    """The moment, told as the form asks for; the usual way if it asks for none that there is."""
    form.is_valid()
    return Moment(at, Known(form.cleaned_data.get("known") or Known.NOW))
