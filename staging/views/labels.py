"""Labels in the browser: choose what, choose how, and the file comes down."""

from typing import Any, ClassVar
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views import View

from inventory import attempts
from inventory.errors import Refused
from inventory.fields import Words, line_fields
from inventory.form_fields import CodeField
from inventory.forms import form_field
from inventory.models import Location
from inventory.views.common import FloorView, actor
from staging.labels.choosing import WAYS, chosen, usual_size
from staging.labels.lines import KINDS, PERMISSION, Format, Kind, Resolution
from staging.labels.printing import MOST_COPIES, How, Printed, print_labels
from staging.models import Demand, LabelSize

REMEMBERED = "labels"
"""What was chosen last stays in the session: a printer's size, format and resolution."""

SHOWN = 12
"""Things that the page names before it only counts them."""


class PrintForm(forms.Form):
    """How the labels are printed. Its fields are the parameters of `print_labels` and its lines."""

    size = forms.ModelChoiceField(
        LabelSize.objects.filter(is_active=True), label=_("Size"), to_field_name="code",
        empty_label=None,
    )  # fmt: skip
    format = forms.ChoiceField(label=_("Format"), choices=Format)
    resolution = forms.ChoiceField(
        label=_("Resolution"),
        choices=Resolution,
        required=False,
        help_text=_("Of the label printer."),
    )
    copies = forms.IntegerField(
        label=_("Copies"), initial=1, min_value=1, max_value=MOST_COPIES,
        help_text=_("Of each label."),
    )  # fmt: skip
    skip = forms.IntegerField(
        label=_("Used on the first sheet"), required=False, min_value=0, max_value=1000,
        help_text=_("Labels that are gone from it already. For sheets only."),
    )  # fmt: skip
    reason = forms.CharField(
        label=_("Reason"), required=False, max_length=500,
        help_text=_("For a reprint: what became of the first one."),
    )  # fmt: skip

    def __init__(self, *args: Any, kind: Kind, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        quantity = [field for field in line_fields(kind.line) if field.name == "quantity"]
        self.fields |= {field.name: form_field(field) for field in quantity}
        self.fields["size"].label_from_instance = lambda size: f"{size.name} ({size.code})"  # type: ignore[attr-defined]

    def how(self) -> How:
        given = self.cleaned_data
        return How(
            size=given["size"],
            format=Format(given["format"]),
            resolution=Resolution(given["resolution"] or Resolution.COARSE),
            skip=given["skip"] or 0,
        )

    def common(self) -> dict[str, Any]:
        """What stands on every line; an empty quantity leaves each its own."""
        names = ("copies", "reason", "quantity")
        given = {name: self.cleaned_data.get(name) for name in names}
        return {name: value for name, value in given.items() if value not in (None, "")}


class ChoiceForm(forms.Form):
    """What labels are wanted of, where no page led here with an answer."""

    WAYS: ClassVar[dict[str, tuple[type[Model], Words]]] = {
        "demand": (Demand, _("All for the demand")),
        "within": (Location, _("All within the location")),
        "first": (Location, _("From")),
        "last": (Location, _("To")),
    }

    def __init__(self, *args: Any, kind: Kind, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = next(field for field in line_fields(kind.line) if field.name == kind.field)
        field = form_field(own)
        field.required = False
        self.fields[kind.field] = field
        for way in WAYS[kind.name]:
            if way in self.WAYS and way != kind.field:
                model, label = self.WAYS[way]
                self.fields[way] = CodeField(model=model, label=label, required=False)


class LabelHomeView(FloorView, View):
    """The kinds of labels there are."""

    reads = (PERMISSION,)

    def get(self, request: HttpRequest) -> HttpResponse:
        tiles = [
            {"url": reverse("staging:labels", args=[kind.name]), "label": kind.label,
             "icon": "printer"}
            for kind in KINDS.values()
            if request.user.has_perm(kind.reads)
        ]  # fmt: skip
        return render(request, "staging/label_home.html", {"tiles": tiles, "section": "work"})


class LabelView(FloorView, View):
    """Without a choice, asks for one. With one, asks how; POST answers with the file."""

    kind: Kind

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        if kwargs["kind"] not in KINDS:
            raise Http404
        self.kind = KINDS[kwargs["kind"]]

    def get_permission_required(self) -> tuple[str, ...]:
        return (*super().get_permission_required(), PERMISSION, self.kind.reads)

    def handle_no_permission(self) -> HttpResponseRedirect:
        if self.request.method == "POST" and self.request.user.is_authenticated:
            attempts.record_denied(PERMISSION, {}, by=actor(self.request))
        return super().handle_no_permission()

    def get(self, request: HttpRequest, kind: str) -> HttpResponse:
        if not self._asked():
            return self._choose()
        try:
            lines = chosen(self.kind, self._asked())
        except Refused as refusal:
            return self._choose(refusal)
        return self._page(lines, PrintForm(kind=self.kind, initial=self._initial(lines)))

    def post(self, request: HttpRequest, kind: str) -> HttpResponse:
        form = PrintForm(request.POST, kind=self.kind)
        try:
            lines = chosen(self.kind, self._asked(), **form.common() if form.is_valid() else {})
        except Refused as refusal:
            return self._choose(refusal)
        if not form.is_valid():
            return self._page(lines, form, status=422)
        try:
            made = print_labels(
                kind=self.kind, lines=lines, how=form.how(), by=actor(request), at=timezone.now()
            )
        except Refused as refusal:
            self._refused(form, refusal, lines)
            return self._page(lines, form, status=409)
        request.session[REMEMBERED] = {
            **request.session.get(REMEMBERED, {}),
            self.kind.name: form.cleaned_data["size"].code,
            "format": form.cleaned_data["format"],
            "resolution": form.cleaned_data["resolution"],
        }
        return as_file(made)

    def _refused(self, form: PrintForm, refusal: Refused, lines: list[Any]) -> None:
        tried = [(attempts.asked_of(lines), found) for found in refusal.all]
        attempts.record(PERMISSION, tried, by=actor(self.request), at=timezone.now())
        form.add_error(refusal.field if refusal.field in form.fields else None, refusal)

    def _asked(self) -> dict[str, list[str]]:
        """What the address names. No code has a NUL, and PostgreSQL would not take one."""
        return {
            way: [text.strip()[:4000] for text in values]
            for way in WAYS[self.kind.name]
            if (values := self.request.GET.getlist(way)) and "\x00" not in "".join(values)
            and any(text.strip() for text in values)
        }  # fmt: skip

    def _initial(self, lines: list[Any]) -> dict[str, Any]:
        last = self.request.session.get(REMEMBERED, {})
        usual = usual_size(self.kind)
        return {
            "size": last.get(self.kind.name) or (usual.code if usual else ""),
            "format": last.get("format", Format.PDF),
            "resolution": last.get("resolution", Resolution.COARSE),
            "quantity": lines[0].quantity if len(lines) == 1 and self.kind.name == "lots" else None,
        }

    def _choose(self, refusal: ValidationError | None = None) -> HttpResponse:
        form = ChoiceForm(self.request.GET if refusal else None, kind=self.kind)
        if refusal is not None and form.is_valid():
            form.add_error(None, refusal)
        context = {"form": form, "kind": self.kind, "section": "work"}
        status = 409 if refusal else 200
        return render(self.request, "staging/label_choice.html", context, status=status)

    def _page(self, lines: list[Any], form: PrintForm, status: int = 200) -> HttpResponse:
        things = [getattr(line, self.kind.field) for line in lines]
        context = {
            "form": form,
            "kind": self.kind,
            "things": things[:SHOWN],
            "more": len(things) - SHOWN if len(things) > SHOWN else 0,
            "count": len(things),
            "action": f"?{urlencode(self._asked(), doseq=True)}",
            "back": reverse("staging:labels", args=[self.kind.name]),
            "section": "work",
        }
        return render(self.request, "staging/labels.html", context, status=status)


def as_file(made: Printed) -> HttpResponse:
    return HttpResponse(made.content, content_type=made.content_type, headers=made.headers)
