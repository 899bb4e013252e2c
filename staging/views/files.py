"""List pages as files: what is on the screen, over all its pages."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views import View

from inventory.errors import Refused
from inventory.paging import query_with
from inventory.sheets.answers import answer, wanted
from inventory.sheets.columns import BATCH, Column, FileType, Sheet
from inventory.views.common import actor


class AsFile(View):
    """A page whose list can be had as a file: `?download=csv` or `xlsx`, as it is filtered.

    Stands behind what checks permissions. Where a list `leaves_on_record`, the file is asked for
    by POST and by whoever may export the audit trail, where it is written down.
    """

    leaves_on_record: ClassVar[bool] = False

    def sheet(self) -> Sheet:
        """The list. Its `table` in the address says which, where a page has several."""
        raise NotImplementedError

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if kind := wanted(request.GET.get("download", "")):
            return self._file(kind)
        return super().dispatch(request, *args, **kwargs)

    def _file(self, kind: FileType) -> HttpResponseBase:
        sheet = self.sheet()
        recorded = self.leaves_on_record and sheet.found is not None
        try:
            if not recorded:
                return answer(sheet, kind, for_people=True)
            return self._on_record(sheet, kind)
        except Refused as refusal:
            messages.error(self.request, f"{refusal.text} {refusal.hint}")
            return redirect(f"{self.request.path}{query_with(self.request.GET, 'download')}")

    def _on_record(self, sheet: Sheet, kind: FileType) -> HttpResponseBase:
        request = self.request
        if not request.user.has_perm("inventory.export_audit"):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        asked = {name: value for name, value in request.GET.items() if value}
        asked.pop("download")
        return answer(sheet, kind, for_people=True, by=actor(request), facts={"filters": asked})


def listed(name: str, columns: Sequence[Column], rows: QuerySet[Any], **more: Any) -> Sheet:
    """A list that is ordered already, read in one go. `found`: what is cheaper to count."""
    return Sheet(
        name=name, columns=columns, batches=lambda: [rows.iterator(chunk_size=BATCH)],
        **({"found": rows} | more),
    )  # fmt: skip
