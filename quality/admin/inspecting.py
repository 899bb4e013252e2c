"""Record what an inspection of a lot found: one row a characteristic."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from inventory.admin.base import require
from inventory.admin.pages import ActForm, Acting, act_form, attempt, chosen, named, render
from inventory.errors import Refused
from inventory.forms import form_field
from inventory.models import Lot
from inventory.verbs import REGISTRY, Verb
from quality.admin import planned
from quality.models import Inspection

VERB = "record_inspection"
OF_INSPECTION = ("kind",)
OF_PLAN = ("sample", "override")
"""Fields asked for once, and those that only a plan asks for; the others stand in every row."""
SPARE_ROWS = 5


def page(model_admin: Acting[Lot], request: HttpRequest) -> HttpResponse:
    """By the plan where there is one. Without one, the rows are those of the material's last
    inspection, to be filled in; more may be added."""
    verb = REGISTRY[VERB]
    require(request, verb.permission, lambda: {"lot": named(request, model_admin)[:1]})
    lot: Lot = chosen(request, model_admin)[0]
    if plan := planned.plan_for(lot, request.GET.get("kind", "")):
        return planned.page(model_admin, request, verb, lot, plan)
    form = _form(verb)(request.POST or None, initial={"key": uuid4().hex})
    rows = _formset(verb)(request.POST or None, prefix="rows", initial=usual_rows(lot))
    refused: dict[int, list[Refused]] = defaultdict(list)
    if request.method == "POST" and form.is_valid() and rows.is_valid():
        filled = [row for row in rows.forms if row.cleaned_data.get("value")]
        lines = [verb.line(lot=lot, **form.given, **_given(row)) for row in filled]
        asked = [lot.pk, *(str(sorted(_given(row).items())) for row in filled)]
        if not lines:
            form.add_error(None, _("Enter at least one result."))
        elif attempt(request, verb, lines, form, refused, asked=asked):
            messages.success(request, _("Results of %(lot)s recorded.") % {"lot": lot})
            return HttpResponseRedirect(reverse("admin:inventory_lot_change", args=[lot.pk]))
        _show(refused, filled)
    context = {
        "verb": verb,
        "form": form,
        "results": rows,
        "rows": [(row, []) for row in model_admin.look_at([lot])],
        "rows_template": "admin/rows/lots.html",
        "refused": any(refused.values()),
    }
    return render(request, model_admin, "admin/inspect.html", str(verb.label), context)


def usual_rows(lot: Lot) -> list[dict[str, Any]]:
    """What was examined the last time a lot of this material was, with its limits."""
    last = Inspection.objects.filter(lot__material=lot.material_id).first()
    if last is None:
        return []
    return [
        {
            "characteristic": result.characteristic,
            "unit": result.unit,
            "lower": result.lower and result.lower.normalize(),
            "upper": result.upper and result.upper.normalize(),
        }
        for result in last.results.all()
    ]


class ResultRow(forms.Form):
    """A row without a result was not examined, whatever else stands in it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"empty_permitted": True})

    def has_changed(self) -> bool:
        return bool(self.is_bound and self["value"].data)


def _form(verb: Verb) -> type[ActForm]:
    rest = [declared.name for declared in verb.fields if declared.name not in OF_INSPECTION]
    return act_form(verb, rest)


def _formset(verb: Verb) -> type[forms.BaseFormSet[Any]]:
    fields = {
        declared.name: form_field(declared)
        for declared in verb.fields
        if declared.name not in ("lot", *OF_INSPECTION, *OF_PLAN)
    }
    fields["passed"].initial = False  # that something passed is said, never assumed
    row = type("ResultRow", (ResultRow,), fields)
    return forms.formset_factory(row, extra=SPARE_ROWS)


def _given(row: forms.Form) -> dict[str, Any]:
    return {name: value for name, value in row.cleaned_data.items() if value not in (None, "")}


def _show(refused: dict[int, list[Refused]], filled: Sequence[forms.Form]) -> None:
    """Each refusal beside the field of the row it concerns."""
    for index, refusals in refused.items():
        for refusal in refusals:
            row = filled[index]
            row.add_error(refusal.field if refusal.field in row.fields else None, refusal)
