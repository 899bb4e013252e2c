"""The unstage list: what stands in lanes for nobody, to be worked off scan by scan."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import View

from inventory.models import Balance
from inventory.paging import counted, sifted_page_of
from inventory.verbs import REGISTRY
from inventory.views.common import FloorView
from staging import unstaging
from staging.views.guided import path_to
from staging.views.lists import in_words


class UnstageListView(FloorView, View):
    """Along the way through the plant; each leads into the flow that takes it away."""

    reads = ("staging.view_unstagetask", "inventory.view_balance")

    def get(self, request: HttpRequest) -> HttpResponse:
        rows = unstaging.unstage_list()
        page = sifted_page_of(rows, request.GET, column="walk")
        left_by = unstaging.left_by(page.rows)
        may_clear = request.user.has_perm(REGISTRY["put_away"].permission)
        context = {
            "entries": [(row, left_by[row.pk], _clear(row)) for row in page.rows],
            "page": page,
            "summary": in_words(*counted(rows)),
            "may_clear": may_clear,
            "clear_url": path_to("clear") if may_clear else "",
            "section": "unstaging",
        }
        return render(request, "staging/unstage_list.html", context)


def _clear(row: Balance) -> str:
    """The flow that takes it away, but for where to."""
    container = {"container": row.container.code} if row.container else {}
    return path_to("clear", lot=row.lot.code, lane=row.location.code, **container)
