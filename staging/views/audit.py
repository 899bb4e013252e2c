"""The audit trail: read, narrowed down, exported."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Min, QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views import View
from django.views.generic import DetailView, FormView

from inventory import attempts, audit_export, audit_words
from inventory.audit_export import Export, Format, Records
from inventory.days import MOMENTS
from inventory.errors import Refused
from inventory.models import AuditEntry, Movement, RefusedAttempt
from inventory.paging import Page, sifted_page_of
from inventory.sheets.answers import as_download
from inventory.sheets.columns import Column
from inventory.sheets.recorded import FINISHED, manifest
from inventory.views.common import FloorView, actor
from inventory.wording import full_name
from quality.models import Decision, Hold, Inspection
from quality.records import with_signings
from staging.filters import MOMENT, OLDEST_FIRST, AuditFilter
from staging.views.lists import ListPage

MOST_SHOWN = 200
"""Movements, or refused attempts, of one action that its entry lists."""


class AuditView(ListPage):
    """The trail, the newest entry first unless asked otherwise."""

    template_name = "staging/audit.html"
    reads = ("inventory.view_auditentry",)
    filterset_class = AuditFilter
    section = "audit"
    leaves_on_record = True
    columns = (
        Column("id", _("Number"), lambda one: one[0].pk),
        Column("recorded_at", _("Recorded at"), lambda one: one[0].recorded_at),
        Column("occurred_at", _("Occurred at"), lambda one: one[0].occurred_at),
        Column("who", _("Who"), lambda one: full_name(one[0].actor)),
        Column("account", _("Account"), lambda one: one[0].actor.username),
        Column("surface", _("Through"), lambda one: one[0].get_surface_display()),
        Column("action", _("Action"), lambda one: one[1]),
        Column("subject", _("Subject"), lambda one: one[0].subject),
        Column("why", _("Why"), lambda one: one[0].reason or one[2]),
        Column("changes", _("Changes"), lambda one: one[0].changes),
        Column("facts", _("Particulars"), lambda one: one[0].facts),
        Column("batch", _("Batch"), lambda one: one[0].batch),
    )

    @property
    def newest(self) -> bool:  # type: ignore[override]
        return self.request.GET.get("order") != OLDEST_FIRST

    def rows(self) -> QuerySet[AuditEntry]:
        return AuditEntry.objects.select_related("actor")

    def order(self) -> str:
        """A period is read in the order of its own index: who begins at the end passes over all
        that was recorded since."""
        asked = self.request.GET
        return "recorded_at" if asked.get("since") or asked.get("until") else self.key

    def page_of(self, rows: QuerySet[AuditEntry]) -> Page[AuditEntry]:
        if self.order() == self.key:
            return super().page_of(rows)
        return sifted_page_of(rows, self.request.GET, column=self.order(), newest=self.newest)

    def entries(self, rows: list[AuditEntry]) -> list[Any]:
        why = _messages(rows)
        return [(entry, in_words(entry), why.get(entry.batch, "")) for entry in rows]

    def complete(self, page: Page[AuditEntry]) -> dict[str, Any]:
        return {"time_zone": timezone.get_current_timezone_name()}


class AuditEntryView(FloorView, DetailView[AuditEntry]):
    """One entry with all that its action wrote; only the particulars when htmx asks."""

    model = AuditEntry
    context_object_name = "entry"
    template_name = "staging/audit_entry.html"
    reads = ("inventory.view_auditentry",)

    def get_template_names(self) -> list[str]:
        partial = getattr(self.request, "htmx", False)
        return ["staging/audit_particulars.html"] if partial else [self.template_name]

    def get_queryset(self) -> QuerySet[AuditEntry]:
        return AuditEntry.objects.select_related("actor")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        entry = self.object
        movements = Movement.objects.filter(batch=entry.batch).select_related(
            "lot__material", "source", "target", "from_container", "to_container"
        )
        found = list(movements.order_by("pk")[: MOST_SHOWN + 1])
        refused = RefusedAttempt.objects.filter(batch=entry.batch).select_related("lot")
        refusals = list(refused.order_by("pk")[: MOST_SHOWN + 1])
        return super().get_context_data(
            words=in_words(entry),
            facts=[(name.replace("_", " "), lines(fact)) for name, fact in entry.facts.items()],
            changes=[
                (name.replace("_", " "), [lines(value) for value in pair])
                for name, pair in entry.changes.items()
            ],
            section="audit",
            time_zone=timezone.get_current_timezone_name(),
            movements=found[:MOST_SHOWN],
            more_movements=len(found) > MOST_SHOWN,
            attempts=refusals[:MOST_SHOWN],
            more_attempts=len(refusals) > MOST_SHOWN,
            decisions=with_signings(
                Decision.objects.filter(batch=entry.batch).select_related("lot")[:MOST_SHOWN]
            ),
            inspections=Inspection.objects.filter(batch=entry.batch)
            .select_related("lot")
            .prefetch_related("results"),
            holds=Hold.objects.filter(batch=entry.batch).select_related(
                "lot", "container", "location", "material"
            ),
            same_action=[
                {"pk": other.pk, "subject": other.subject, "words": in_words(other)}
                for other in AuditEntry.objects.filter(batch=entry.batch).exclude(pk=entry.pk)[:50]
            ],
            **kwargs,
        )


def _messages(entries: Sequence[AuditEntry]) -> dict[UUID, str]:
    """Why a request was refused, of the refusals among the entries: what its first attempt says."""
    batches = {entry.batch for entry in entries if entry.action == attempts.ACTION}
    if not batches:
        return {}
    of_entries = RefusedAttempt.objects.filter(batch__in=batches).order_by()
    firsts = of_entries.values("batch").annotate(first=Min("pk")).values("first")
    rows = RefusedAttempt.objects.filter(pk__in=firsts)
    return dict(rows.values_list("batch", "message"))


def in_words(entry: AuditEntry) -> str:
    """What was done, or what was refused, as a sentence begins."""
    if entry.action != attempts.ACTION:
        return audit_words.in_words(entry.action)
    from_verb = audit_words.verb_label(str(entry.facts.get("verb", "")))
    return str(_("Was refused: %(verb)s") % {"verb": from_verb})


def lines(value: Any) -> list[str]:
    """A value out of the trail's JSON as lines of text."""
    if isinstance(value, dict):
        return [f"{name}: {', '.join(lines(one))}" for name, one in value.items()]
    if isinstance(value, list):
        return [", ".join(lines(one)) for one in value] or [str(_("none"))]
    if isinstance(value, bool):
        return [str(_("yes") if value else _("no"))]
    return [str(_("none")) if value is None or value == "" else str(value)]


# --- export -------------------------------------------------------------------------------------


class ExportForm(forms.Form):
    """What to export. Without times, everything there is."""

    records = forms.ChoiceField(label=_("Records"), choices=Records)
    format = forms.ChoiceField(label=_("Format"), choices=Format)
    since = forms.DateTimeField(
        label=_("Recorded from"), required=False, widget=MOMENT, validators=MOMENTS
    )
    until = forms.DateTimeField(
        label=_("Recorded before"), required=False, widget=MOMENT, validators=MOMENTS
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        since, until = given.get("since"), given.get("until")
        if since and until and since >= until:
            self.add_error("until", _("This lies before the beginning of the time range."))
        return given

    def export(self) -> Export:
        given = self.cleaned_data
        return Export(
            records=Records(given["records"]),
            format=Format(given["format"]),
            since=given["since"],
            until=given["until"],
        )


class ExportView(FloorView, FormView[ExportForm]):
    """Choose an export, and see the ones made before with their checksums.

    Asked by POST, because an export is itself recorded.
    """

    form_class = ExportForm
    template_name = "staging/audit_export.html"
    reads = ("inventory.view_auditentry", "inventory.export_audit")

    def get_initial(self) -> dict[str, Any]:
        """A page that leads here says which records."""
        return {"records": self.request.GET.get("records", "")}

    def form_valid(self, form: ExportForm) -> HttpResponse | StreamingHttpResponse:  # type: ignore[override]
        export = form.export()
        try:
            name, content = audit_export.stream(export, by=actor(self.request), at=timezone.now())
        except Refused as refusal:
            form.add_error("format", refusal)
            return self.form_invalid(form)
        return as_download(content, name, audit_export.CONTENT_TYPES[export.format])

    def form_invalid(self, form: ExportForm) -> HttpResponse:
        return render(
            self.request, self.template_name, self.get_context_data(form=form), status=422
        )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        made = AuditEntry.objects.filter(action=FINISHED).select_related("actor")
        return super().get_context_data(
            made=made.order_by("-pk")[:20],
            section="audit",
            time_zone=timezone.get_current_timezone_name(),
            **kwargs,
        )


class ManifestView(FloorView, View):
    """Count and checksum of a finished export, to be kept with the file."""

    reads = ("inventory.view_auditentry", "inventory.export_audit")

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        finished = get_object_or_404(
            AuditEntry.objects.select_related("actor"), pk=pk, action=FINISHED
        )
        name = f"{finished.facts.get('file', 'forestage')}.manifest.json"
        return JsonResponse(
            manifest(finished),
            json_dumps_params={"indent": 2},
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )
