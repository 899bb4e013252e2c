"""Bring a CSV file in by the browser: look first at what would happen, then apply it."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from integration.imports.dwell import START, drafts
from integration.imports.kinds import KINDS, Kind, allowed
from integration.imports.report import FileReport
from integration.imports.run import job_of, run
from inventory.audit import Actor
from inventory.models import Surface
from inventory.sheets.answers import answer
from inventory.sheets.columns import Column, FileType, Sheet, in_batches

LARGEST = 500_000
"""Bytes an upload may have. It goes to the browser and back between looking and applying."""

MOST_ROWS = 2_000
"""Rows an upload may have, so that a request stays short; the command takes more."""

SALT = "integration.imports"
VALID_SECONDS = 3600


class UploadForm(forms.Form):
    """A file and what it holds. Only what the person may bring can be chosen."""

    kind = forms.ChoiceField(label=_("What the file holds"))
    file = forms.FileField(
        label=_("File"),
        help_text=_("CSV in UTF-8, separated by commas or semicolons, up to 500 kB."),
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
    )
    all_or_nothing = forms.BooleanField(
        label=_("Take all rows or none"),
        required=False,
        help_text=_("Otherwise good rows are taken even if others are refused."),
    )

    into = forms.ChoiceField(
        label=_("Draft"),
        required=False,
        help_text=_("Of dwell policies: where they go. What is in force never changes."),
    )

    def __init__(self, *args: Any, kinds: Sequence[Kind], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if any(kind.drafts for kind in kinds):
            draft = self.fields["into"]
            assert isinstance(draft, forms.ChoiceField)  # noqa: S101 - declared above
            draft.choices = [
                (START.IN_FORCE, _("A new draft, from what is in force")),
                (START.EMPTY, _("A new draft, empty")),
                *((str(row.pk), f"{row} · {row.note}") for row in drafts()),
            ]
        else:
            del self.fields["into"]
        choice = self.fields["kind"]
        assert isinstance(choice, forms.ChoiceField)  # noqa: S101 - declared above
        choice.choices = [(kind.name, kind.label) for kind in kinds]


@require_http_methods(["GET", "POST"])
def import_csv(request: HttpRequest) -> HttpResponse:
    """The page. Sent with a file, it previews; sent with what was previewed, it applies it."""
    kinds = allowed(_person(request).get_all_permissions())
    if not kinds:
        raise PermissionDenied
    if "previewed" in request.POST:
        return _apply(request, kinds)
    if request.method == "POST":
        return _preview(request, kinds)
    return _page(request, kinds, UploadForm(kinds=kinds))


@require_safe
def template(request: HttpRequest, kind: str) -> HttpResponse:
    """An empty file with the headers of that kind. Refuses 404 for an unknown one."""
    if kind not in KINDS:
        raise Http404
    named = {"Content-Disposition": f'attachment; filename="{kind}.csv"'}
    headers = ",".join(KINDS[kind].headers)
    return HttpResponse(f"{headers}\r\n", content_type="text/csv; charset=utf-8", headers=named)


@require_safe
def current(request: HttpRequest, kind: str) -> HttpResponseBase:
    """What is there, as a file that can be brought in again. Refuses 404 for an unknown kind."""
    one = KINDS.get(kind)
    if one is None or one.current is None:
        raise Http404
    if one not in allowed(_person(request).get_all_permissions()):
        raise PermissionDenied
    columns = [
        Column(name, name, lambda row, number=number: row[number])  # type: ignore[misc]
        for number, name in enumerate(one.headers)
    ]
    rows = one.current
    sheet = Sheet(name=kind, columns=columns, batches=lambda: in_batches(rows()))
    return answer(sheet, FileType.CSV, for_people=False)


def _preview(request: HttpRequest, kinds: Sequence[Kind]) -> HttpResponse:
    form = UploadForm(request.POST, request.FILES, kinds=kinds)
    if not form.is_valid():
        return _page(request, kinds, form, status=422)
    upload = form.cleaned_data["file"]
    # One byte more than may be: enough to refuse it, whatever its size.
    data = upload.read(LARGEST + 1)
    asked = {
        "kind": form.cleaned_data["kind"],
        "name": upload.name,
        "whole": form.cleaned_data["all_or_nothing"],
        "into": form.cleaned_data.get("into", ""),
    }
    report = _run(request, asked, data, commit=False)
    context: dict[str, Any] = {"report": report}
    if report.created or report.changed:
        context["previewed"] = signing.dumps(
            asked | {"text": data.decode(), "user": _person(request).pk}, salt=SALT, compress=True
        )
    return _page(request, kinds, form, status=422 if report.unusable else 200, **context)


def _apply(request: HttpRequest, kinds: Sequence[Kind]) -> HttpResponse:
    try:
        asked = signing.loads(request.POST["previewed"], salt=SALT, max_age=VALID_SECONDS)
    except signing.BadSignature:
        form = UploadForm(kinds=kinds)
        return _page(request, kinds, form, status=422, outdated=True)
    if asked["user"] != _person(request).pk or KINDS[asked["kind"]] not in kinds:
        raise PermissionDenied
    report = _run(request, asked, asked["text"].encode(), commit=True)
    return _page(request, kinds, UploadForm(kinds=kinds), report=report, applied=True)


def _run(request: HttpRequest, asked: dict[str, Any], data: bytes, *, commit: bool) -> FileReport:
    kind = KINDS[asked["kind"]]
    job = job_of(
        kind, asked["name"], data, largest=LARGEST, most_rows=MOST_ROWS, into=asked["into"]
    )
    by = Actor(_person(request), Surface.IMPORT)
    (report,) = run([job], commit=commit, all_or_nothing=asked["whole"], by=by, at=timezone.now())
    return report


def _page(
    request: HttpRequest,
    kinds: Sequence[Kind],
    form: UploadForm,
    *,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    known = admin.site.each_context(request)
    page = {"title": _("Import a file"), "form": form, "kinds": kinds}
    return TemplateResponse(request, "admin/import_csv.html", known | page | context, status=status)


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - the admin lets nobody else in
    return request.user
