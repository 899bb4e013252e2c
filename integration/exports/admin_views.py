"""The exports for tools, by the browser."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import TextChoices
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from integration.exports.ledger.making import export_ledger
from integration.exports.ledger.records import Lines
from integration.exports.ocel.choice import Choice
from integration.exports.ocel.making import export_ocel
from integration.exports.span import Span
from inventory.admin.base import actor
from inventory.errors import Refused
from inventory.models import AuditEntry
from inventory.sheets.answers import as_download
from inventory.sheets.recorded import FINISHED
from staging.filters import MOMENT

PERMISSION = "inventory.export_audit"
MOST_SHOWN = 10


class What(TextChoices):
    LEDGER = "ledger", _("Ledger with manifest (ZIP)")
    OCEL = "ocel", _("Flow for process mining (OCEL 2.0)")


class ExportForm(forms.Form):
    """What is exported, and of which range."""

    what = forms.ChoiceField(label=_("What"), choices=What, widget=forms.RadioSelect)
    lines = forms.ChoiceField(
        label=_("Records as"), choices=Lines, help_text=_("Of the ledger; OCEL is JSON.")
    )
    from_number = forms.IntegerField(label=_("From movement"), min_value=0, required=False)
    to_number = forms.IntegerField(label=_("To movement"), min_value=0, required=False)
    recorded_from = forms.DateTimeField(label=_("Recorded from"), required=False, widget=MOMENT)
    recorded_before = forms.DateTimeField(label=_("Recorded before"), required=False, widget=MOMENT)

    def span(self) -> Span:
        given = self.cleaned_data
        names = ("from_number", "to_number", "recorded_from", "recorded_before")
        return Span(**{name: given[name] for name in names})


@require_http_methods(["GET", "POST"])
def export_records(request: HttpRequest) -> HttpResponseBase:
    """The page. Sent, it answers with the file; refused, with itself and why."""
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    if request.method != "POST":
        return _page(request, ExportForm(initial={"what": What.LEDGER}))
    form = ExportForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        return _file(request, form)
    except Refused as refusal:
        field = refusal.field if refusal.field in form.fields else None
        form.add_error(field, f"{refusal.text} {refusal.hint}")
        return _page(request, form, status=409)


def _file(request: HttpRequest, form: ExportForm) -> HttpResponseBase:
    by, at, span = actor(request), timezone.now(), form.span()
    if form.cleaned_data["what"] == What.OCEL:
        name, content = export_ocel(Choice(span=span), by=by, at=at)
        return as_download(content, name, "application/json")
    lines = Lines(form.cleaned_data["lines"])
    name, content = export_ledger(span, lines=lines, by=by, at=at)
    return as_download(content, name, "application/zip")


def _page(request: HttpRequest, form: ExportForm, *, status: int = 200) -> TemplateResponse:
    made = AuditEntry.objects.filter(action=FINISHED, facts__records__in=What.values)
    context: dict[str, Any] = admin.site.each_context(request) | {
        "title": _("Export for tools"),
        "form": form,
        "made": made.select_related("actor").order_by("-pk")[:MOST_SHOWN],
        "time_zone": timezone.get_current_timezone_name(),
    }
    return TemplateResponse(request, "admin/export.html", context, status=status)
