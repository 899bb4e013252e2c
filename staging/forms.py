"""The filters above the lists."""

from django import forms
from django.utils.translation import gettext_lazy as _

from inventory.models import Purpose, Site
from staging.models import DemandKind, DemandState

ANY = ("", _("All"))


class SiteFilter(forms.Form):
    """By site, and by text. A value that means nothing filters nothing."""

    site = forms.ModelChoiceField(
        Site.objects.filter(is_active=True),
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


class BoardFilter(SiteFilter):
    purpose = forms.ChoiceField(choices=[ANY, *Purpose.choices], required=False)
    show = forms.ChoiceField(
        label=_("Show"),
        choices=[
            ("", _("Every lane")),
            ("filled", _("Lanes with stock")),
            ("trouble", _("Blocked, stale or without demand")),
        ],
        required=False,
    )
    field_order = ("site", "purpose", "show", "q")


class DemandFilter(SiteFilter):
    state = forms.ChoiceField(
        choices=[("", _("Open")), *DemandState.choices, ("all", _("All"))], required=False
    )
    kind = forms.ChoiceField(choices=[ANY, *DemandKind.choices], required=False)
    field_order = ("state", "kind", "site", "q")
