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
    """All lanes by site and purpose. htmx asks again every 15 seconds and gets the lanes alone."""

    reads = ("staging.view_commitment", "inventory.view_balance")

    def get(self, request: HttpRequest) -> HttpResponse:
        asked = BoardFilter(request.GET)
        lanes = board.lanes(
            site=asked.value("site"),
            purpose=asked.value("purpose"),
            text=asked.value("q").strip(),
            at=timezone.now(),
        )
        context = {
            "filter": asked,
            "areas": _areas([lane for lane in lanes if _shown(lane, asked.value("show"))]),
            "blocked": sum(lane.blocked for lane in lanes),
            "stale": sum(lane.stale for lane in lanes),
            "unbound": sum(len(lane.unbound) for lane in lanes),
            "section": "board",
        }
        partial = getattr(request, "htmx", False)
        return render(request, f"staging/{'lanes' if partial else 'board'}.html", context)


def _shown(lane: Lane, show: str) -> bool:
    if show == "trouble":
        return lane.in_trouble
    if show == "filled":
        return not lane.is_empty
    return lane.location.is_open or not lane.is_empty


def _areas(lanes: Sequence[Lane]) -> list[dict[str, Any]]:
    """Lanes by site and purpose, in their order."""
    grouped = groupby(lanes, key=lambda lane: (lane.location.site_id, lane.location.purpose))
    areas = []
    for _key, found in grouped:
        members = list(found)
        place = members[0].location
        areas.append({"site": place.site, "purpose": place.get_purpose_display(), "lanes": members})
    return areas
