"""What a list is narrowed down by: fields that are asked for more seldom are folded away."""

from typing import Any, ClassVar

import django_filters as df
from django import forms
from django.forms import BoundField
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

WORTH_FOLDING = 2
"""A single field takes no more room than the button that would show it."""


class FilterForm(forms.Form):
    """A form above a list. Those of `fewer` stand behind *More filters*, which says how many of
    them are in use, and is open while one is."""

    template_name = "django/forms/filter.html"
    fewer: ClassVar[tuple[str, ...]] = ()
    when_wrong: ClassVar[str | Promise] = _("Nothing was looked for")
    """What came of it where a field is wrong."""

    def get_context(self) -> dict[str, Any]:
        there = [name for name in self.fewer if name in self.fields]
        folded = there if len(there) >= WORTH_FOLDING else []
        fields: list[BoundField] = self.visible_fields()
        return super().get_context() | {
            "shown": [field for field in fields if field.name not in folded],
            "folded": [field for field in fields if field.name in folded],
            "in_use": len(set(folded) & set(self.changed_data)) if self.is_bound else 0,
        }


class ListFilter(df.FilterSet):  # type: ignore[misc]  # it has no types
    """A list's filters, drawn by a `FilterForm`."""

    fewer: ClassVar[tuple[str, ...]] = ()

    def get_form_class(self) -> type[FilterForm]:
        fields = {name: filter_.field for name, filter_ in self.filters.items()}
        return type(f"{type(self).__name__}Form", (FilterForm,), fields | {"fewer": self.fewer})
