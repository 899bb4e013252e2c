"""The reach of a hold, the recall report, and the list of what is to be pulled."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views import View
from django_stubs_ext import StrPromise

from inventory.models import Location
from inventory.paging import Page, counted, every, page_of, sifted_page_of
from inventory.sheets.answers import answer, wanted
from inventory.sheets.columns import BATCH, Column, FileType, Sheet
from inventory.views.common import FloorView, actor
from inventory.views.verbs import path_of
from quality.models import Hold
from staging import reach as reaching
from staging.models import PullTask
from staging.reach import Reach
from staging.views import columns
from staging.views.files import AsFile
from staging.views.lists import in_words

SHOWN = 15
"""Rows of each list on the page of a reach; the rest is a page of its own."""

MOST_MADE = 200
"""Lots made from what is concerned that the page names."""

READS = ("quality.view_hold", "inventory.view_balance", "inventory.view_movement")


def found(pk: int, request: HttpRequest) -> Reach:
    rows = Hold.objects.select_related(
        "lot__material", "container", "location", "material", "actor", "lifted_by"
    )
    return Reach(get_object_or_404(rows, pk=pk), descendants="made" in request.GET)


@dataclass(frozen=True, slots=True)
class Part:
    """One of the lists of a reach; `rows` is paged, `prepare` makes what its template shows."""

    name: str
    label: StrPromise
    rows: Callable[[Reach], QuerySet[Any]]
    columns: Sequence[Column]
    prepare: Callable[[list[Any]], list[Any]] = list

    def page(self, reach: Reach, asked: QueryDict, size: int) -> Page[Any]:
        return page_of(self.rows(reach), asked, newest=True, size=size)


def _with_outputs(rows: list[Any]) -> list[Any]:
    made = reaching.outputs(rows)
    return [(row, made.get(row.reference, [])) for row in rows]


def _with_who(rows: list[PullTask]) -> list[Any]:
    by = reaching.pulled_by(rows)
    return [(row, by.get(row.pk)) for row in rows]


PARTS = {
    part.name: part
    for part in (
        Part("pulls", _("To be pulled"), Reach.pulls, columns.PULLS, _with_who),
        Part("demands", _("Promised and staged for"), Reach.commitments, columns.COMMITMENTS),
        Part("shipped", _("Shipped"), Reach.shipments, columns.SHIPMENTS),
        Part("consumed", _("Used up"), Reach.consumption, columns.CONSUMED, _with_outputs),
        Part("positions", _("Where it is now"), Reach.positions, columns.BALANCES),
    )
}


class ReachView(FloorView, View):
    """Everything that a hold touches, at once."""

    reads = READS

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        reach = found(pk, request)
        tables = []
        for part in PARTS.values():
            page = part.page(reach, QueryDict(), SHOWN)
            tables.append((part, part.prepare(page.rows), bool(page.next)))
        context = {
            "reach": reach,
            "hold": reach.hold,
            "totals": reach.totals(),
            "customers": reach.customers(),
            "countdown": reach.countdown(),
            "lost": reach.lost_reservations(),
            "tables": tables,
            "made": reach.made[:MOST_MADE],
            "made_left": max(len(reach.made) - MOST_MADE, 0),
            "query": "?made" if reach.with_descendants else "",
            "section": "stock",
        }
        return render(request, "staging/reach.html", context)


class PartView(FloorView, AsFile):
    """One of its lists, page by page."""

    reads = READS

    def get(self, request: HttpRequest, pk: int, part: str) -> HttpResponse:
        if part not in PARTS:
            raise Http404
        reach, shown = found(pk, request), PARTS[part]
        page = page_of(shown.rows(reach), request.GET, newest=True)
        context = {
            "hold": reach.hold,
            "part": shown,
            "rows": shown.prepare(page.rows),
            "page": page,
            "summary": in_words(*counted(shown.rows(reach))),
            "query": "?made" if reach.with_descendants else "",
            "section": "stock",
        }
        return render(request, "staging/reach_part.html", context)

    def sheet(self) -> Sheet:
        if self.kwargs["part"] not in PARTS:
            raise Http404
        part = PARTS[self.kwargs["part"]]
        rows = part.rows(found(self.kwargs["pk"], self.request))
        return Sheet(
            name=f"hold-{self.kwargs['pk']}-{part.name}",
            columns=part.columns,
            found=rows,
            batches=lambda: map(part.prepare, every(rows, "pk", down=True, size=BATCH)),
        )


MOST_PRINTED = 2_000
"""Shipped lines that the report prints. More are for the file."""


class RecallView(FloorView, View):
    """The recall report: shipped quantities by customer, to print; by POST as a file, because that
    it left is recorded. It leaves the house, so its columns keep their names in every language."""

    reads = READS

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        reach = found(pk, request)
        rows = list(reach.shipments().order_by("target__code", "pk")[: MOST_PRINTED + 1])
        lines: dict[Location, list[Any]] = {}
        for row in rows[:MOST_PRINTED]:
            lines.setdefault(row.target, []).append(row)
        sums: dict[str, list[Any]] = {}
        for total in reach.customers():
            sums.setdefault(total["target__code"], []).append(total)
        context = {
            "reach": reach,
            "hold": reach.hold,
            "customers": [(where, sums.get(where.code, []), of) for where, of in lines.items()],
            "cut": len(rows) > MOST_PRINTED,
            "made_at": timezone.now(),
            "by": request.user,
            "time_zone": timezone.get_current_timezone_name(),
            "query": "?made" if reach.with_descendants else "",
            "section": "stock",
        }
        return render(request, "staging/recall.html", context)

    def post(self, request: HttpRequest, pk: int) -> StreamingHttpResponse:
        reach = found(pk, request)
        rows = reach.shipments().order_by("target__code", F("pk"))
        sheet = Sheet(
            name=f"recall-hold-{pk}",
            columns=columns.SHIPMENTS,
            batches=lambda: [rows.iterator(chunk_size=BATCH)],
        )
        return answer(
            sheet,
            wanted(request.POST.get("as", "")) or FileType.CSV,
            for_people=False,
            by=actor(request),
            facts={"records": "recall", "hold": pk, "descendants": reach.with_descendants},
        )


class PullListView(FloorView, AsFile):
    """What is to be pulled, along the way through the plant; each leads to its unstaging."""

    reads = ("staging.view_pulltask",)

    def get(self, request: HttpRequest) -> HttpResponse:
        rows = reaching.pull_list()
        page = sifted_page_of(rows, request.GET, column="walk")
        context = {
            "entries": [(task, _unstage(task)) for task in page.rows],
            "page": page,
            "summary": in_words(*counted(rows)),
            "may_pull": request.user.has_perm("staging.unstage"),
            "section": "pulls",
        }
        return render(request, "staging/pull_list.html", context)

    def sheet(self) -> Sheet:
        rows = reaching.pull_list()
        return Sheet(
            name="pull-list",
            columns=columns.TASK,
            found=rows,
            batches=lambda: every(rows, "walk", size=BATCH),
        )


def _unstage(task: PullTask) -> str:
    """The form that takes it away, but for where to."""
    row = task.commitment
    container = {"container": row.container.code} if row.container else {}
    demand = row.requirement.demand.reference
    return path_of("unstage", lot=row.lot.code, lane=row.location.code, demand=demand, **container)
