"""Form fields that resolve what was scanned or typed."""

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.formats import get_format
from django.utils.translation import gettext_lazy as _

from inventory import codes
from inventory.errors import Refused
from inventory.models import Location, LocationKind, Site, Unit
from inventory.scanning import LONGEST
from inventory.wording import Mistakable, inside, number_of, spelled, ways_to_write

MOST_SUGGESTED = 40
"""A longer list is no help: its codes are scanned."""

Suggest = Callable[[], Iterable[models.Model]]


def _locations(*kinds: LocationKind) -> Suggest:
    return lambda: Location.objects.filter(kind__in=kinds, is_open=True)[: MOST_SUGGESTED + 1]


SUGGESTED: dict[str, Suggest] = {
    "lane": _locations(LocationKind.STAGING),
    "vehicle": _locations(LocationKind.TRANSIT),
    "work_center": _locations(LocationKind.WORK_CENTER),
    "customer": _locations(LocationKind.CUSTOMER),
    "supplier": _locations(LocationKind.SUPPLIER),
    "site": lambda: Site.objects.filter(is_active=True)[: MOST_SUGGESTED + 1],
    "unit": lambda: Unit.objects.all()[: MOST_SUGGESTED + 1],
}
"""Fields with few possible values, which are offered while a code is typed."""


class CodeInput(forms.TextInput):
    """A text field with the codes it may be, where they are few."""

    template_name = "inventory/code_input.html"

    def __init__(self, attrs: dict[str, Any] | None = None, suggest: Suggest | None = None) -> None:
        super().__init__(attrs)
        self.suggest = suggest

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        options = list(self.suggest()) if self.suggest else []
        if 0 < len(options) <= MOST_SUGGESTED:
            context["widget"]["options"] = options
            context["widget"]["attrs"]["list"] = f"{name}-options"
        return context


class CodeField(forms.CharField):
    """A thing named by a code. Cleans to the thing, or to None where none is named."""

    def __init__(self, *, model: type[models.Model], suggest: Suggest | None = None, **kwargs: Any):
        typed = model in (Site, Unit)  # these stand on no label
        attrs = {} if typed else {"data-scan": str(model._meta.model_name)}
        super().__init__(
            strip=True, max_length=LONGEST, widget=CodeInput(attrs, suggest=suggest), **kwargs
        )
        self.model = model

    def clean(self, value: Any) -> Any:
        code = super().clean(value)
        return codes.find_one(self.model, code) if code else None


class _Typed(str):
    """What came with the form, as against a value that the product puts there."""


def mistakable(text: str) -> ValidationError:
    """The error `number_mistakable`."""
    return ValidationError(
        _("“%(value)s” can be read in two ways. Write %(whole)s or %(decimal)s."),
        code="number_mistakable",
        params=ways_to_write(text),
    )


class NumberField(forms.DecimalField):
    """A decimal number, typed and shown in the notation of the reader's language.

    No `<input type="number">`: its notation is that of the browser's language, and what it cannot
    read it leaves out. Cleans to a Decimal; refuses `number_mistakable`.
    """

    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]
        if isinstance(value, str) and value.strip():
            try:
                value = number_of(value)
            except Mistakable as found:
                raise mistakable(value.strip()) from found
            except ValueError as found:
                raise ValidationError(self.error_messages["invalid"], code="invalid") from found
        return super().to_python(value)

    def bound_data(self, data: Any, initial: Any) -> Any:
        return _Typed(data) if isinstance(data, str) else data

    def prepare_value(self, value: Any) -> Any:
        if value in (None, "") or isinstance(value, _Typed):
            return value
        try:
            return str(spelled(Decimal(value)))
        except InvalidOperation:
            return value


class WordsField(forms.CharField):
    """Words with commas between them. Cleans to a tuple."""

    def clean(self, value: Any) -> Any:
        return tuple(word for part in super().clean(value).split(",") if (word := part.strip()))


class LinesField(forms.CharField):
    """One thing a line, its particulars with blanks between them, the optional ones last.

    `parts` are the fields of `line`, in the order in which they are typed. Cleans to a tuple of
    `line`; an error names the line it is in.
    """

    def __init__(self, *, line: type[Any], parts: Mapping[str, forms.Field], **kwargs: Any) -> None:
        widget = forms.Textarea(attrs={"rows": 4, "spellcheck": "false"})
        super().__init__(widget=widget, max_length=20_000, strip=False, **kwargs)
        self.line = line
        self.parts = parts

    def clean(self, value: Any) -> Any:
        rows, errors = [], []
        for number, text in enumerate(super().clean(value).splitlines(), start=1):
            if not text.strip():
                continue
            try:
                rows.append(self._read(text))
            except ValidationError as error:
                errors.append(_in_line(number, error))
        if errors:
            raise ValidationError(errors)
        return tuple(rows)

    def _read(self, text: str) -> Any:
        words = re.split(_BETWEEN_WITH_COMMA if _comma_is_decimal() else _BETWEEN, text)
        words = [word for word in words if word]
        if len(words) > len(self.parts):
            raise ValidationError(_("There is more than: %(parts)s."), params=self._in_words())
        words += [""] * (len(self.parts) - len(words))
        values = {}
        for (name, part), word in zip(self.parts.items(), words, strict=True):
            values[name] = part.clean(word)
        return self.line(**values)

    def _in_words(self) -> dict[str, str]:
        return {"parts": ", ".join(str(inside(part.label or "")) for part in self.parts.values())}


_BETWEEN = re.compile(r"[\s,;]+")
_BETWEEN_WITH_COMMA = re.compile(r"[\s;]+|(?<!\d),+|,+(?!\d)")


def _comma_is_decimal() -> bool:
    """Whether a comma between digits belongs to the number."""
    return bool(get_format("DECIMAL_SEPARATOR") == ",")


def _in_line(number: int, error: ValidationError) -> Refused:
    """The error, saying in which line it is, with what to do instead."""
    return Refused(
        _("Line %(number)s: %(what)s"),
        code=error.error_list[0].code or "invalid",
        hint=getattr(error, "hint", ""),
        number=number,
        what=" ".join(error.messages),
    )
