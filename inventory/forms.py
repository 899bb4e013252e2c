"""The form of every verb, made from the line it takes; and the sign-in form."""

from collections.abc import Iterable, Mapping
from dataclasses import is_dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, ClassVar

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import models
from django.forms import BoundField
from django.utils.translation import gettext_lazy as _

from inventory import codes
from inventory.errors import Refused
from inventory.fields import LineField, line_fields
from inventory.form_fields import SUGGESTED, CodeField, LinesField, WordsField
from inventory.verbs import REGISTRY, Verb

USUAL: Mapping[str, frozenset[str]] = {
    "receive": frozenset({"unit", "expires_on"}),
    "place_hold": frozenset({"lot", "container", "location", "material"}),
    "allocate": frozenset({"lot"}),
    "record_inspection": frozenset({"kind", "unit", "lower", "upper", "passed"}),
    "create_demand": frozenset({"work_center", "customer", "product"}),
    "change_demand": frozenset({"needed_at", "requirements"}),
    "produce": frozenset({"next_demand"}),
}
"""Optional fields that a verb mostly needs, shown among the required ones."""

ALWAYS_SHOWN = "quantity"

ELSEWHERE: Mapping[str, tuple[str, ...]] = {
    "lane": ("work_center", "vehicle", "location", "target"),
    "lot": ("number",),
    "source": ("location", "lane"),
}
"""Where a refusal goes in a form that has no field of the name that it gives."""

SCANNED_WORDS = ("reference", "number", "code", "sscc")


class VerbForm(forms.Form):
    """Base of the verbs' forms. Its fields are those of the verb's line, by the same names."""

    template_name = "inventory/verb_fields.html"
    verb: ClassVar[Verb]

    def line(self) -> Any:
        """The line of the verb that was filled in. What is empty is left to the line's default."""
        given = {
            declared.name: value
            for declared in self.verb.fields
            if (value := self.cleaned_data[declared.name]) not in (None, "", ())
            or declared.required
        }
        return self.verb.line(**given)

    def refuse(self, error: ValidationError) -> None:
        """Put a refusal, with all that came with it, beside the fields it concerns."""
        if hasattr(error, "error_dict"):
            for name, found in error.error_dict.items():
                self.add_error(self.place_of(name), found)
        elif isinstance(error, Refused):
            for refusal in error.all:
                self.add_error(self.place_of(refusal.field), refusal)
        else:
            self.add_error(None, error)

    def place_of(self, name: str | None) -> str | None:
        """The field that stands for this parameter here, if one does."""
        names = (name or "", *ELSEWHERE.get(name or "", ()))
        return next((found for found in names if found in self.fields), None)

    @property
    def main_fields(self) -> list[BoundField]:
        """What must be filled in, and what mostly is; long texts and the signature last."""
        shown = [self[name] for name in self.fields if self._is_main(name)]
        return sorted(shown, key=lambda bound: _lateness(bound.field))

    @property
    def more_fields(self) -> list[BoundField]:
        """What may be filled in."""
        return [self[name] for name in self.fields if not self._is_main(name)]

    @property
    def more_is_open(self) -> bool:
        """Whether anything under “More” is filled in or wrong."""
        return any(bound.errors or bound.value() for bound in self.more_fields)

    def _is_main(self, name: str) -> bool:
        usual = USUAL.get(self.verb.name, frozenset())
        return self.fields[name].required or name == ALWAYS_SHOWN or name in usual


def _lateness(field: forms.Field) -> int:
    if isinstance(field.widget, forms.PasswordInput):
        return 2
    return 1 if isinstance(field.widget, forms.Textarea) else 0


@cache
def form_for(name: str) -> type[VerbForm]:
    """The form class of a verb, by the verb's name."""
    verb = REGISTRY[name]
    fields: dict[str, Any] = {field.name: form_field(field) for field in verb.fields}
    return type("VerbForm", (VerbForm,), {**fields, "verb": verb})


def form_field(declared: LineField) -> forms.Field:
    """The form field of one declared field of a line."""
    options: dict[str, Any] = {
        "label": declared.about.label,
        "help_text": declared.about.help,
        "required": declared.required,
    }
    if declared.many:
        return _many(declared, options)
    if codes.is_named(declared.type):
        return CodeField(model=declared.type, suggest=SUGGESTED.get(declared.name), **options)
    if issubclass(declared.type, models.TextChoices):
        return _choice(declared, options)
    if declared.type is bool:
        return forms.BooleanField(**options | {"required": False, "initial": declared.default})
    if declared.type is Decimal:
        step = forms.NumberInput(attrs={"step": "any"})
        return forms.DecimalField(max_digits=18, decimal_places=9, widget=step, **options)
    if declared.type is datetime:
        return forms.DateTimeField(widget=_moment(), **options)
    if declared.type is date:
        return forms.DateField(
            widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}), **options
        )
    return _text(declared, options)


def _many(declared: LineField, options: dict[str, Any]) -> forms.Field:
    if not is_dataclass(declared.type):
        return WordsField(max_length=declared.about.max_length, **options)
    parts = {part.name: form_field(part) for part in line_fields(declared.type)}
    return LinesField(line=declared.type, parts=parts, **options)


def _choice(declared: LineField, options: dict[str, Any]) -> forms.Field:
    kind: Any = declared.type
    choices = kind.choices
    if declared.default is None:
        choices = [("", "---"), *choices]
    return forms.TypedChoiceField(
        choices=choices, coerce=kind, empty_value=None, initial=declared.default, **options
    )


def _moment() -> forms.DateTimeInput:
    return forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"})


def _text(declared: LineField, options: dict[str, Any]) -> forms.Field:
    options["max_length"] = declared.about.max_length
    if declared.about.multiline:
        return forms.CharField(widget=forms.Textarea(attrs={"rows": 2}), **options)
    if declared.about.secret:
        attrs = {"autocomplete": "current-password"}
        return forms.CharField(strip=False, widget=forms.PasswordInput(attrs=attrs), **options)
    attrs = {"data-scan": "text"} if declared.name in SCANNED_WORDS else {}
    return forms.CharField(widget=forms.TextInput(attrs=attrs), **options)


def permitted(user: User, verbs: Iterable[Verb]) -> list[Verb]:
    """Those of the verbs that the person may do."""
    return [verb for verb in verbs if user.has_perm(verb.permission)]


class FloorSignInForm(AuthenticationForm):
    """Signing in to the pages. Accounts made for the API are told so here, not by a wall later."""

    def confirm_login_allowed(self, user: User) -> None:
        super().confirm_login_allowed(user)
        if not user.has_perm("inventory.use_floor"):
            raise ValidationError(
                _("This account works through the API only. Sign in as a person of the floor."),
                code="no_floor",
            )
