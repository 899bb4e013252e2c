"""Forms that take what a label says, whichever of their fields it was scanned into."""

from copy import copy
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from inventory.errors import Refused
from inventory.filling import fill
from inventory.scanning import may_say_more
from inventory.verbs import Verb

MUST_AGREE = frozenset({"lot", "material", "number", "made_on", "expires_on"})
"""Where a person and a label say different things of these, one of them is wrong. A quantity may
well be another than the label's."""


class ScannedForm(forms.Form):
    """A verb's form. What is empty is filled from the labels that were scanned into it; `filled`
    holds the values that came from them, by field."""

    verb: ClassVar[Verb]

    @classmethod
    def read(cls, values: dict[str, str]) -> dict[str, str]:
        """The values, and what the labels among them say. A label that is wrong stays as it is."""
        form = cls(values)
        form._take_all()
        return {**values, **form.filled}

    def full_clean(self) -> None:
        self._take_all()
        super().full_clean()
        for name, refusal in self._refused.items():
            if name not in self.errors:  # a code field finds the same fault by itself
                self.add_error(name, refusal)

    def _take_all(self) -> None:
        self.filled: dict[str, str] = {}
        self._refused: dict[str, Refused] = {}
        if self.is_bound:
            for name in self._scanned():
                self._take(name, str(self.data[name]))

    def _scanned(self) -> list[str]:
        """The fields that hold more than a plain code."""
        return [
            name
            for name, field in self.fields.items()
            if "data-scan" in field.widget.attrs and may_say_more(str(self.data.get(name, "")))
        ]

    def _take(self, name: str, text: str) -> None:
        try:
            values = fill(self.verb, name, text)
        except Refused as refusal:
            self._refused[name] = refusal
            return
        data: Any = copy(self.data)
        for field, value in values.items():
            given = str(data.get(field, "")).strip()
            if field == name or not given:
                data[field] = self.filled[field] = self.fields[field].prepare_value(value)
            elif field in MUST_AGREE and self._differ(field, given, value):
                self._refused[name] = self._contradiction(field, given, value)
        self.data = data

    def _differ(self, field: str, given: str, said: str) -> bool:
        return bool(self._cleaned(field, given) != self._cleaned(field, said))

    def _cleaned(self, field: str, text: str) -> Any:
        try:
            return self.fields[field].clean(text)
        except ValidationError:
            return text

    def _contradiction(self, field: str, given: str, said: str) -> Refused:
        return Refused(
            _("%(what)s: the label says %(said)s, the form %(given)s."),
            code="label_differs",
            hint=_("Look which of them is right, and empty the field that is wrong."),
            what=self.fields[field].label,
            said=said,
            given=given,
        )
