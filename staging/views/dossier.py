"""The lot dossier: a page to read and print, and copies to take away."""

import json
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views import View

from inventory.models import Lot
from inventory.views.common import FloorView, actor
from staging.charts.drawing import Drawing, to_svg
from staging.dossier import copies
from staging.dossier.sections import Facts, Note, Section, Table

ROWS = 100
"""Rows of a long table on one page."""


class DossierView(FloorView, View):
    """The page. Long tables are paged, all together, by `?page=`, the newest rows first seen."""

    reads = copies.READS

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        made = _copy(request, pk)
        pages = _pages(made.sections, request.GET.get("page"))
        shown = [(section, [_drawn(block, pages) for block in section.blocks])
                 for section in made.sections]  # fmt: skip
        return render(
            request,
            "staging/dossier.html",
            {"made": made, "lot": made.lot, "shown": shown, "pages": pages, "section": "lots"},
        )


def _pages(sections: list[Section], asked: str | None) -> Any:
    """As many pages as the longest of the tables needs."""
    longest = max(
        (len(block.rows) for section in sections for block in section.blocks
         if isinstance(block, Table) and block.long),
        default=0,
    )  # fmt: skip
    return Paginator(range(longest), ROWS).get_page(asked)


def _drawn(block: Any, page: Any) -> dict[str, Any]:
    """What the template needs of a block: its kind, and its rows on this page."""
    if isinstance(block, Drawing):
        return {"kind": "drawing", "svg": to_svg(block)}
    if isinstance(block, Facts):
        return {"kind": "facts", "pairs": block.pairs}
    if isinstance(block, Note):
        return {"kind": "note", "note": block}
    start = (page.number - 1) * ROWS
    rows = block.rows[start : start + ROWS] if block.long else block.rows
    return {
        "kind": "table",
        "widths": [f"{100 * width / sum(block.widths):.1f}%" for width in block.widths],
        "headings": [(text, index in block.numeric) for index, text in enumerate(block.headings)],
        "rows": [
            [
                (text, heading, index in block.numeric)
                for index, (text, heading) in enumerate(zip(row, block.headings, strict=True))
            ]
            for row in rows
        ],
        "left": len(block.rows) - len(rows),
        "all": len(block.rows),
    }


class PdfView(FloorView, View):
    """The PDF. That it was given out stands in the audit trail."""

    reads = copies.READS

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        # Here, because loading reportlab takes a while and few processes ever need it.
        from staging.dossier.pdf import pdf

        made = _copy(request, pk)
        return _file(made, pdf(made), "pdf", "application/pdf")


class ElectronicView(FloorView, View):
    """The electronic copy: the same content as JSON."""

    reads = copies.READS

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        made = _copy(request, pk)
        said = json.dumps(copies.electronic(made), ensure_ascii=False, indent=1)
        return _file(made, said.encode(), "json", "application/json")


def _copy(request: HttpRequest, pk: int) -> copies.Copy:
    return copies.copy(get_object_or_404(Lot, pk=pk), by=actor(request), at=timezone.now())


def _file(made: copies.Copy, content: bytes, ending: str, content_type: str) -> HttpResponse:
    copies.give_out(made, ending)
    return HttpResponse(
        content,
        content_type=content_type,
        headers={
            "Content-Disposition": f'attachment; filename="{made.name(ending)}"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )
