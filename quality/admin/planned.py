"""Results of a lot by its inspection plan: a row a characteristic, a column a sample."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.forms import BoundField
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from inventory.admin.base import actor
from inventory.admin.pages import ActForm, Acting, attempt, render
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.fields import line_fields
from inventory.form_fields import mistakable
from inventory.models import Lot
from inventory.verbs import Verb
from inventory.wording import Mistakable, number_of
from quality.actions import Result, attach
from quality.actions.attachments import PERMISSION as ATTACH
from quality.actions.attachments import examine, refusals_kept
from quality.actions.planned import FAIL, PASS
from quality.admin.attaching import file_field
from quality.models import (
    CharacteristicKind,
    DueInspection,
    Inspection,
    InspectionKind,
    InspectionPlan,
    PlanCharacteristic,
)

MOST = {declared.name: declared.about.max_length for declared in line_fields(Result)}
"""How many characters each text of a result may have."""


def plan_for(lot: Lot, kind: str) -> InspectionPlan | None:
    """The plan to record results by: of the kind that was asked for, or of what is due longest."""
    plans = plans_of(lot)
    if kind:
        return plans.filter(kind=kind).first()
    due = DueInspection.objects.open().filter(lot=lot).order_by("pk").first()
    return plans.filter(kind=due.kind).first() if due else None


def plans_of(lot: Lot) -> QuerySet[InspectionPlan]:
    """The plans in force for a lot."""
    plans = InspectionPlan.objects.in_force().filter(material=lot.material_id)
    return plans.select_related("material").prefetch_related("characteristics")


@dataclass
class Row:
    """What the page shows of one characteristic."""

    asked: PlanCharacteristic
    samples: list[BoundField | None]
    remark: BoundField
    override: BoundField
    implausible: bool = False


class PlanForm(ActForm):
    """The fields that a plan asks for; each result is a cell, named by row and sample."""

    def __init__(
        self, *args: Any, plan: InspectionPlan, lot: Lot, may_attach: Actor | None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.lot, self.may_attach = lot, may_attach
        self.asked_for: Sequence[PlanCharacteristic] = list(plan.characteristics.all())
        for number, asked in enumerate(self.asked_for):
            for sample in range(1, asked.samples + 1):
                self.fields[f"c{number}-{sample}"] = _cell(asked, sample)
            self.fields[f"remark{number}"] = _words(_("Remark: %s") % asked, "remark")
            self.fields[f"override{number}"] = _words(_("Why it is right: %s") % asked, "override")
        if may_attach:
            self.fields["file"] = file_field(required=False)

    def lines(self, lot: Lot, kind: str) -> dict[str, Result]:
        """A line for each cell that was filled in, by the cell's name."""
        found = {}
        for number, asked in enumerate(self.asked_for):
            for sample in range(1, asked.samples + 1):
                if value := self.cleaned_data[f"c{number}-{sample}"]:
                    found[f"c{number}-{sample}"] = Result(
                        lot=lot, kind=InspectionKind(kind),
                        characteristic=asked.name, value=value, sample=sample,
                        remark=self.cleaned_data[f"remark{number}"],
                        override=self.cleaned_data[f"override{number}"],
                    )  # fmt: skip
        return found

    def clean_file(self) -> Any:
        """Look at the file before any result is recorded. A wrong one is a refused attempt."""
        file = self.cleaned_data["file"]
        if file and self.may_attach:
            with refusals_kept(self.lot, file, by=self.may_attach, at=timezone.now()):
                examine(file)
        return file

    def rows(self, implausible: set[int]) -> list[Row]:
        most = max(asked.samples for asked in self.asked_for)
        return [
            Row(
                asked,
                [
                    self[f"c{number}-{sample}"] if sample <= asked.samples else None
                    for sample in range(1, most + 1)
                ],
                self[f"remark{number}"],
                self[f"override{number}"],
                number in implausible or bool(self[f"override{number}"].value()),
            )
            for number, asked in enumerate(self.asked_for)
        ]


def _cell(asked: PlanCharacteristic, sample: int) -> forms.Field:
    label = _("%(asked)s, sample %(sample)s") % {"asked": asked, "sample": sample}
    if asked.kind == CharacteristicKind.ATTRIBUTE:
        choices = [("", "---"), (PASS, _("Pass")), (FAIL, _("Fail"))]
        return forms.ChoiceField(label=label, choices=choices, required=asked.required)
    numeric = asked.kind == CharacteristicKind.NUMERIC
    return (NumericCell if numeric else forms.CharField)(
        label=label, required=asked.required, max_length=MOST["value"],
        widget=forms.TextInput(
            attrs={"autocomplete": "off"} | ({"inputmode": "decimal"} if numeric else {})
        ),
    )  # fmt: skip


class NumericCell(forms.CharField):
    """A result as it was measured, with all its decimals, typed in the notation of the language.

    Cleans to the text that the verb takes. What is no number is for the verb to refuse.
    """

    def clean(self, value: Any) -> str:
        text = str(super().clean(value))
        try:
            return f"{number_of(text):f}"
        except Mistakable as found:
            raise mistakable(text) from found
        except ValueError:
            return text


def _words(label: str, name: str) -> forms.Field:
    return forms.CharField(label=label, required=False, max_length=MOST[name])


def page(
    model_admin: Acting[Lot], request: HttpRequest, verb: Verb, lot: Lot, plan: InspectionPlan
) -> HttpResponse:
    """Ask for all that the plan does; record it, and keep the file that came along."""
    form = PlanForm(
        request.POST or None, request.FILES or None, initial={"key": uuid4().hex}, plan=plan,
        lot=lot, may_attach=actor(request) if request.user.has_perm(ATTACH) else None,
    )  # fmt: skip
    implausible: set[int] = set()
    if request.method == "POST" and form.is_valid():
        lines = form.lines(lot, plan.kind)
        refused: dict[int, list[Refused]] = defaultdict(list)
        asked = [lot.pk, plan.kind]
        if attempt(request, verb, list(lines.values()), form, refused, asked=asked):
            messages.success(request, _("Results of %(lot)s recorded.") % {"lot": lot})
            _attach(request, lot, plan, form.cleaned_data.get("file"))
            return HttpResponseRedirect(reverse("admin:inventory_lot_change", args=[lot.pk]))
        implausible = _show(form, list(lines), refused)
    context = {
        "verb": verb,
        "form": form,
        "plan": plan,
        "asked": form.rows(implausible),
        "samples": range(1, max(row.samples for row in form.asked_for) + 1),
        "others": [other for other in plans_of(lot) if other.kind != plan.kind],
        "lot": lot,
        "rows": [(row, []) for row in model_admin.look_at([lot])],
        "rows_template": "admin/rows/lots.html",
    }
    title = _("Record results: %(plan)s") % {"plan": plan.get_kind_display()}
    return render(request, model_admin, "admin/inspect_plan.html", title, context)


def _attach(request: HttpRequest, lot: Lot, plan: InspectionPlan, file: Any) -> None:
    if not file:
        return
    inspection = Inspection.objects.filter(lot=lot, plan=plan).first()
    try:
        attach(lot=lot, inspection=inspection, file=file, by=actor(request), at=timezone.now())
    except Refused as refusal:
        messages.error(request, f"{refusal.text} {refusal.hint}")


def _show(
    form: PlanForm, cells: Sequence[str], refused: Mapping[int, Sequence[Refused]]
) -> set[int]:
    """Each refusal in its cell, once; the rows in which a value is not plausible."""
    implausible, said = set(), set()
    for index, refusals in refused.items():
        for refusal in refusals:
            of_cell = refusal.field == "value"
            if of_cell or refusal.text not in said:
                form.add_error(cells[index] if of_cell else None, refusal)
            said.add(refusal.text)
            if refusal.code == "result_implausible":
                implausible.add(int(cells[index][1:].split("-")[0]))
    return implausible
