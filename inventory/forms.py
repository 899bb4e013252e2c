"""The form of every verb, made from the line it takes; and the sign-in form."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_login_failed
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.forms import BoundField
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inventory import accounts, codes
from inventory.days import DAYS, MOMENTS
from inventory.errors import Refused
from inventory.fields import LineField, line_fields
from inventory.form_fields import SUGGESTED, CodeField, LinesField, NumberField, WordsField
from inventory.scanned_forms import ScannedForm
from inventory.verbs import REGISTRY, Verb
from inventory.zones import as_typed_at

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

SECRETS = {"password": "current-password", "code": "one-time-code"}
"""Secrets by name, and what browsers call them."""

SCANNED_WORDS = ("reference", "number", "code", "sscc")


class VerbForm(ScannedForm):
    """Base of the verbs' forms. Its fields are those of the verb's line, by the same names."""

    template_name = "inventory/verb_fields.html"

    def clean(self) -> dict[str, Any]:
        """Times that are typed for a site are by its clock."""
        given = super().clean() or self.cleaned_data
        times = {name: value for name, value in given.items() if isinstance(value, datetime)}
        named = (given.get(name) for name in ("demand", "alert")) if times else ()
        site = given.get("site") or next((thing.site for thing in named if thing), None)
        for name, value in times.items():
            if site is None:
                continue
            try:
                given[name] = as_typed_at(site, value)
            except ValidationError as error:
                self.add_error(name, error)
        return given

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
        shown = [self[name] for name in self._shown if self._is_main(name)]
        return sorted(shown, key=lambda bound: _lateness(bound.field))

    @property
    def more_fields(self) -> list[BoundField]:
        """What may be filled in."""
        return [self[name] for name in self._shown if not self._is_main(name)]

    @property
    def more_is_open(self) -> bool:
        """Whether anything under “More” is filled in or wrong."""
        return any(bound.errors or bound.value() for bound in self.more_fields)

    @property
    def _shown(self) -> list[str]:
        return [bound.name for bound in self.visible_fields()]

    def _is_main(self, name: str) -> bool:
        usual = USUAL.get(self.verb.name, frozenset())
        return self.fields[name].required or name == ALWAYS_SHOWN or name in usual


def is_of_signature(field: forms.Field) -> bool:
    """What the signer proves who they are with; asked for last."""
    return field.widget.attrs.get("autocomplete") in ("username", *SECRETS.values())


def _lateness(field: forms.Field) -> int:
    if is_of_signature(field):
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
        "required": declared.required or declared.about.asked,
    }
    if declared.about.hidden:
        most = declared.about.max_length
        return forms.CharField(widget=forms.HiddenInput, max_length=most, **options)
    if declared.many:
        return _many(declared, options)
    if codes.is_named(declared.type):
        return CodeField(model=declared.type, suggest=SUGGESTED.get(declared.name), **options)
    if issubclass(declared.type, models.TextChoices):
        return _choice(declared, options)
    if declared.type is bool:
        return forms.BooleanField(**options | {"required": False, "initial": declared.default})
    if declared.type is int:
        return forms.IntegerField(**options)
    if declared.type is Decimal:
        return NumberField(max_digits=18, decimal_places=9, **options)
    if declared.type is datetime:
        options["help_text"] = options["help_text"] or _("By the clock of the site.")
        return forms.DateTimeField(widget=moment_input(), validators=MOMENTS, **options)
    if declared.type is date:
        return forms.DateField(
            widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}), validators=DAYS,
            **options,
        )  # fmt: skip
    return _text(declared, options)


def _many(declared: LineField, options: dict[str, Any]) -> forms.Field:
    if not declared.is_nested:
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


def moment_input() -> forms.DateTimeInput:
    """The browser's own field for a day and a time."""
    return forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"})


def _text(declared: LineField, options: dict[str, Any]) -> forms.Field:
    options["max_length"] = declared.about.max_length
    if declared.about.multiline:
        return forms.CharField(widget=forms.Textarea(attrs={"rows": 2}), **options)
    if declared.about.secret:
        attrs = {"autocomplete": SECRETS[declared.name]}
        return forms.CharField(strip=False, widget=forms.PasswordInput(attrs=attrs), **options)
    attrs = {"data-scan": "text"} if declared.name in SCANNED_WORDS else {}
    if declared.about.asked:
        attrs = {"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
    return forms.CharField(widget=forms.TextInput(attrs=attrs), **options)


def permitted(user: User, verbs: Iterable[Verb]) -> list[Verb]:
    """Those of the verbs that the person may do."""
    return [verb for verb in verbs if user.has_perm(verb.permission)]


class FloorSignInForm(AuthenticationForm):
    """Signing in to the pages. Accounts made for the API are told so here, not by a wall later."""

    code = forms.CharField(
        label=_("One-time code"),
        help_text=_("From your authenticator, if you have set one up."),
        required=False,
        max_length=10,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )

    def get_invalid_login_error(self) -> ValidationError:
        """Who is locked out is told so, or would try on and on."""
        known = User.objects.filter(username=self.cleaned_data.get("username")).first()
        if known is not None and accounts.is_locked(accounts.of(known), timezone.now()):
            return ValidationError(
                _("This account is locked after too many failed attempts. "
                  "An administrator can unlock it."),
                code="account_locked",
            )  # fmt: skip
        return super().get_invalid_login_error()

    def confirm_login_allowed(self, user: Any) -> None:
        super().confirm_login_allowed(user)
        if not user.has_perm("inventory.use_floor") or accounts.of(user).is_service:
            raise ValidationError(
                _("This account works through the API only. Sign in as a person of the floor."),
                code="no_floor",
            )
        self._check_second_factor(user)

    def _check_second_factor(self, user: User) -> None:
        code, now = self.cleaned_data.get("code", ""), timezone.now()
        with transaction.atomic():
            account = accounts.locked_row(user)
            passed = not accounts.has_second_factor(account) or (
                bool(code) and accounts.use_code(account, code, now)
            )
        if passed:
            return
        if code:
            user_login_failed.send(
                sender=__name__, credentials={"username": user.username}, request=self.request
            )
        raise ValidationError(
            _("Enter the code that your authenticator shows now; each counts once."),
            code="code_needed",
        )
