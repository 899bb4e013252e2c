"""How somebody is told, as a form. Its fields are the parameters of `choose_notices`."""

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from integration.models import Handling, NoticeChoice
from integration.notices.people import Wish
from inventory.models import Site
from staging.models import AlertLevel, Severity, Weekday

DAYS = [(str(day.value), day.label) for day in Weekday]
TIME = {"type": "time"}


def _zones() -> list[tuple[str, Any]]:
    return [
        ("", _("That of each alert's site")),
        *((name, name) for name in sorted(available_timezones())),
    ]


class DaysField(forms.MultipleChoiceField):
    """Days of the week, kept as their numbers."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=DAYS, required=False, **options)

    def prepare_value(self, value: Any) -> Any:
        return list(value) if isinstance(value, str) else value

    def clean(self, value: Any) -> str:
        return "".join(sorted(super().clean(value)))


class SitesField(forms.ModelMultipleChoiceField[Site]):
    """Sites, by the name that people know as well."""

    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, site: Site) -> str:
        return f"{site.code} · {site.name}"


class ChoiceForm(forms.Form):
    """What is told, how and when."""

    critical = forms.TypedChoiceField(label=_("Critical alerts"))
    warning = forms.TypedChoiceField(label=_("Warnings"))
    notice = forms.TypedChoiceField(label=_("Notices"))
    level = forms.TypedChoiceField(
        label=_("From level"),
        help_text=_("Alerts escalate from operators to supervisors to QA. Choose an earlier level "
                    "to be told sooner."),
    )  # fmt: skip
    sites = SitesField(
        Site.objects.filter(is_active=True), label=_("Sites"), to_field_name="code", required=False,
        help_text=_("None chosen: all sites."),
    )  # fmt: skip
    digest_times = forms.CharField(
        label=_("Times of the digest"), required=False, max_length=100,
        help_text=_("Times of day, such as 06:00, 14:00. Empty: as your role has them."),
    )  # fmt: skip
    own_quiet = forms.BooleanField(
        label=_("Quiet hours of my own, in place of my role's"), required=False
    )
    quiet_from = forms.TimeField(
        label=_("Quiet from"), required=False, widget=forms.TimeInput(attrs=TIME, format="%H:%M")
    )
    quiet_until = forms.TimeField(
        label=_("Quiet until"), required=False, widget=forms.TimeInput(attrs=TIME, format="%H:%M"),
        help_text=_("At or before their begin: on the next day. E-mail that is held back is sent "
                    "as one when they end."),
    )  # fmt: skip
    quiet_days = DaysField(label=_("Quiet hours that begin on"))
    days_off = DaysField(label=_("Quiet all day on"))
    loud = forms.TypedChoiceField(
        label=_("Critical alerts that have come to QA"), required=False,
        help_text=_("Whether they wait for quiet hours to end."),
    )  # fmt: skip
    time_zone = forms.ChoiceField(
        label=_("Time zone"), choices=lazy(_zones, list)(), required=False,
        help_text=_("By whose clock the times above are meant."),
    )  # fmt: skip

    def __init__(self, *args: Any, by_role: Wish, **options: Any) -> None:
        super().__init__(*args, **options)
        for severity in Severity.values:
            self._offer_handling(severity, by_role.handling(severity))
        levels = [AlertLevel(level).label for level in sorted(by_role.levels)]
        self._offer("level", AlertLevel.choices, " / ".join(map(str, levels)) or _("none"))
        wait = _("Sent at once") if by_role.loud else _("Wait as well")
        self._offer("loud", [(1, _("Sent at once")), (0, _("Wait as well"))], wait)

    def _offer(self, name: str, choices: Any, usual: Any) -> None:
        """Its own choices, and to leave it to the role, which comes first."""
        field: Any = self.fields[name]
        said = _("By my role: %(what)s") % {"what": usual}
        field.choices = [("", said), *choices]
        field.coerce, field.empty_value, field.required = int, None, False

    def _offer_handling(self, severity: str, usual: Handling) -> None:
        """Beside the field, what it is by the role: a narrow list would cut it off."""
        self._offer(severity, Handling.choices, usual.label)
        field: Any = self.fields[severity]
        (_nothing, field.help_text), *choices = field.choices
        field.choices = [("", _("As my role has it")), *choices]

    def clean_loud(self) -> bool | None:
        given = self.cleaned_data["loud"]
        return None if given is None else bool(given)


def initial(row: NoticeChoice) -> dict[str, Any]:
    """What a choice puts into the form."""
    loud = None if row.loud is None else int(row.loud)
    shown = {name: getattr(row, name) for name in ChoiceForm.base_fields if name != "sites"}
    chosen = [] if row._state.adding else [site.code for site in row.sites.all()]
    return shown | {"loud": loud, "sites": chosen}
