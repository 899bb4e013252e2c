"""The unstage list: what stands in lanes for nobody, to be worked off scan by scan."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from inventory.models import Balance
from inventory.paging import counted, every, sifted_page_of
from inventory.sheets.columns import BATCH, Column, Sheet
from inventory.verbs import REGISTRY
from inventory.views.common import FloorView
from staging import unstaging
from staging.views.columns import code
from staging.views.files import AsFile
from staging.views.guided import path_to
from staging.views.lists import in_words


class UnstageListView(FloorView, AsFile):
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

    def sheet(self) -> Sheet:
        rows = unstaging.unstage_list()
        return Sheet(
            name="unstage-list",
            columns=COLUMNS,
            found=rows,
            batches=lambda: map(_with_tasks, every(rows, "walk", size=BATCH)),
        )


def _with_tasks(rows: list[Any]) -> list[tuple[Any, Any]]:
    left_by = unstaging.left_by(rows)
    return [(row, left_by[row.pk]) for row in rows]


COLUMNS = (
    Column("location", _("Lane"), lambda one: one[0].location.code),
    Column("container", _("Container"), lambda one: code(one[0].container)),
    Column("lot", _("Lot"), lambda one: one[0].lot.code),
    Column("name", _("Name"), lambda one: one[0].lot.material.name),
    Column("quantity", _("Quantity"), lambda one: one[0].unbound),
    Column("unit", _("Unit"), lambda one: one[0].lot.material.base_unit_id),
    Column(
        "left_by",
        _("Left by"),
        lambda one: ", ".join(task.requirement.demand.reference for task in one[1]),
    ),
    Column("since", _("Waiting since"), lambda one: one[1][0].raised_at if one[1] else None),
)


def _clear(row: Balance) -> str:
    """The flow that takes it away, but for where to."""
    container = {"container": row.container.code} if row.container else {}
    return path_to("clear", lot=row.lot.code, lane=row.location.code, **container)
