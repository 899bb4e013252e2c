"""Lists of the admin as files: the columns of the list, as it is filtered and ordered."""

from typing import Any, TypeVar

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import label_for_field, lookup_field
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponseNotAllowed, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.html import strip_tags
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from inventory.audit import Actor
from inventory.errors import Refused
from inventory.models import Surface
from inventory.paging import query_with
from inventory.sheets.answers import answer, wanted
from inventory.sheets.columns import BATCH, Column, FileType, Sheet, in_batches

M = TypeVar("M", bound=Model)

NOTHING = ("", "-", "\u2013")

SHOWN_ONLY = ("action_checkbox", "record")
"""Columns that are there to be pressed."""


class AsFile(admin.ModelAdmin[M]):
    """Offers the list as a file: `?download=csv` or `xlsx`.

    Where it `leaves_on_record`, the file is asked for by POST and by whoever may export the audit
    trail.
    """

    change_list_template = "admin/list.html"
    leaves_on_record = False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        if kind := wanted(request.GET.get("download", "")):
            return self._file(request, kind)
        may = not self.leaves_on_record or request.user.has_perm("inventory.export_audit")
        known = {"may_download": may, "leaves_on_record": self.leaves_on_record}
        return super().changelist_view(request, known | (extra_context or {}))

    def _file(self, request: HttpRequest, kind: FileType) -> HttpResponseBase:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        by = None
        if self.leaves_on_record:
            if not request.user.has_perm("inventory.export_audit"):
                raise PermissionDenied
            if request.method != "POST":
                return HttpResponseNotAllowed(["POST"])
            by = Actor(request.user, Surface.ADMIN)  # type: ignore[arg-type]  # is signed in
        back = f"{request.path}{query_with(request.GET, 'download')}"
        asked = request.GET.copy()
        for name in ("download", "p", "all"):
            asked.pop(name, None)
        request.GET = asked  # type: ignore[assignment]  # the list takes all of it for filters
        try:
            facts = {"filters": dict(asked.items())}
            return answer(self._sheet(request), kind, for_people=True, by=by, facts=facts)
        except IncorrectLookupParameters:
            return HttpResponseRedirect(request.path)
        except Refused as refusal:
            messages.error(request, f"{refusal.text} {refusal.hint}")
            return HttpResponseRedirect(back)

    def _sheet(self, request: HttpRequest) -> Sheet:
        changes = self.get_changelist_instance(request)
        names = [name for name in changes.list_display if name not in SHOWN_ONLY]
        look_at = getattr(self, "look_at", list)
        rows = changes.queryset
        return Sheet(
            name=str(self.opts.model_name),
            columns=[self._column(str(name)) for name in names],
            found=rows,
            batches=lambda: map(look_at, in_batches(rows.iterator(chunk_size=BATCH))),
        )

    def _column(self, name: str) -> Column:
        label = capfirst(str(label_for_field(name, self.model, model_admin=self)))
        return Column(name, label, lambda row: self._value(name, row))

    def _value(self, name: str, row: Model) -> Any:
        try:
            field, _attribute, value = lookup_field(name, row, self)
        except ObjectDoesNotExist:
            return None
        if field is None:
            return _in_words(value)
        if getattr(field, "remote_field", None):
            return str(value) if value is not None else None
        if getattr(field, "flatchoices", None):
            return str(dict(field.flatchoices).get(value, value))
        return value


def _in_words(value: Any) -> Any:
    """What a cell says, without its marks; a dash says nothing."""
    if isinstance(value, SafeString):
        lines = strip_tags(value).splitlines()
        value = ", ".join(line.strip() for line in lines if line.strip())
    return None if value in NOTHING else value
