"""What is asked of who sets up external systems."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.utils.functional import lazy
from django.utils.translation import gettext as said
from django.utils.translation import gettext_lazy as _

from integration.access import scopes
from integration.models import ApiClient, ApiToken
from integration.models.access import EVERYTHING, Kind
from inventory.admin.base import MasterForm, RefusableForm
from inventory.forms import moment_input
from inventory.models import Site
from inventory.verbs import REGISTRY


class ClientForm(MasterForm[ApiClient]):
    class Meta:
        model = ApiClient
        fields = (
            "name", "system", "contact", "user", "key_required", "match_required",
            "requests_per_minute", "is_active",
        )  # fmt: skip


def scope_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Every scope, those of verbs in the groups that pages show them in."""
    general = [
        (EVERYTHING, said("Everything that the roles of its user allow (*)")),
        (scopes.READ, said("All reading (read)")),
    ]
    general += [(one, one) for one in scopes.known() if one.endswith(scopes.ALL_OF)]
    groups = [(said("In general"), general), *_verbs()]
    single = {verb.permission for verb in REGISTRY.values()}
    others = [
        (one, f"{label} ({one})") for one, label in scopes.doing().items() if one not in single
    ]
    return [*groups, (said("Others"), others)]


def _verbs() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    groups: dict[str, list[tuple[str, str]]] = {}
    for verb in REGISTRY.values():
        label = f"{verb.label} ({verb.permission})"
        groups.setdefault(str(verb.group), []).append((verb.permission, label))
    yield from groups.items()


class TokenForm(RefusableForm[ApiToken]):
    scopes = forms.MultipleChoiceField(
        label=_("Scopes"), choices=lazy(scope_choices, list), widget=forms.CheckboxSelectMultiple,
        initial=[EVERYTHING], help_text=_("They narrow what the roles of its user allow."),
    )  # fmt: skip
    sites = forms.ModelMultipleChoiceField(
        Site.objects.order_by("code"), label=_("Sites"), required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None: all sites. Otherwise it reads and does nothing of the others."),
    )  # fmt: skip

    class Meta:
        model = ApiToken
        fields = ("client", "kind", "scopes", "sites", "expires_at")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "kind" in self.fields:
            asked: Any = self.fields["kind"]
            asked.choices = [one for one in Kind.choices if one[0] != Kind.ACCESS]

    def _post_clean(self) -> None:
        """The action makes the row, and checks it."""


class RotateForm(forms.Form):
    """When the old one ends, and the new one."""

    ends_at = forms.DateTimeField(
        label=_("The old one ends at"), widget=moment_input(),
        help_text=_("Until then both are good, so that the system can be changed over."),
    )  # fmt: skip
    expires_at = forms.DateTimeField(
        label=_("The new one ends at"), widget=moment_input(), required=False,
        help_text=_("Empty: never."),
    )  # fmt: skip
