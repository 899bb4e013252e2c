"""The board: every staging area at a glance."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views import View

from inventory.views.common import FloorView
from staging import board
from staging.board import Lane
from staging.forms import BoardFilter


class BoardView(FloorView, View):
    """Lanes by site and purpose, a page at a time. htmx asks again every 15 seconds."""

    reads = ("staging.view_commitment", "inventory.view_balance")

    def get(self, request: HttpRequest) -> HttpResponse:
        asked = BoardFilter(request.GET)
        page = board.board(
            site=asked.value("site"),
            purpose=asked.value("purpose"),
            text=asked.value("q").strip(),
            show=asked.value("show"),
            at=timezone.now(),
            after=request.GET.get("after", ""),
            before=request.GET.get("before", ""),
        )
        context = {
            "filter": asked,
            "areas": _areas(page.lanes),
            "blocked": sum(lane.blocked for lane in page.lanes),
            "stale": sum(lane.stale for lane in page.lanes),
            "unbound": sum(lane.loose for lane in page.lanes),
            "previous": _link(request, before=page.previous),
            "next": _link(request, after=page.next),
            "section": "board",
        }
        partial = getattr(request, "htmx", False)
        return render(request, f"staging/{'lanes' if partial else 'board'}.html", context)


def _link(request: HttpRequest, **position: str) -> str:
    """The query of a neighbouring page; '' where there is none."""
    query = request.GET.copy()
    for name in ("after", "before"):
        query.pop(name, None)
    query.update({name: code for name, code in position.items() if code})
    return f"?{query.urlencode()}" if any(position.values()) else ""


def _areas(lanes: Sequence[Lane]) -> list[dict[str, Any]]:
    """Lanes by site and purpose, in their order."""
    grouped = groupby(lanes, key=lambda lane: (lane.location.site_id, lane.location.purpose))
    areas = []
    for _key, found in grouped:
        members = list(found)
        place = members[0].location
        areas.append({"site": place.site, "purpose": place.get_purpose_display(), "lanes": members})
    return areas
