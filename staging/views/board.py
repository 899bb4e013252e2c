"""The boards: every staging area at a glance, and what must be ready by when."""

from collections.abc import Collection, Iterator, Sequence
from datetime import tzinfo
from functools import partial
from itertools import groupby
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inventory.models import Site
from inventory.paging import query_with
from inventory.sheets.columns import Column, Sheet
from inventory.wording import plain
from inventory.zones import zone_of
from staging import board, live, ready
from staging.board import Lane
from staging.forms import BoardFilter, ReadyFilter
from staging.models import Demand, DemandState
from staging.ready import Entry
from staging.views.columns import COMMITMENTS, code
from staging.views.demands import named
from staging.views.files import AsFile
from staging.views.live import Board, Drawing, LiveView, suggestions

DEMANDS = 30
"""Demands on a page of the demand board."""


class BoardView(LiveView, AsFile):
    """Lanes by site and purpose, a page at a time."""

    reads = ("staging.view_commitment", "inventory.view_balance")

    def get(self, request: HttpRequest) -> HttpResponse:
        asked = BoardFilter(request.GET)
        may = tuple(map(request.user.has_perm, ("staging.assign", "inventory.put_away")))
        drawing = Drawing(
            "staging/board.html", "staging/lanes.html", may, lambda: lanes(request, asked)
        )
        with timezone.override(_zone(asked)):
            return drawing.answer(request, self.newest, around(request))

    def sheet(self) -> Sheet:
        """All that is staged in the lanes, or with `table=lanes` how each of them stands."""
        asked = BoardFilter(self.request.GET)
        pages = partial(every_lane, asked)
        if self.request.GET.get("table") == "lanes":
            return Sheet(name="lanes", columns=LANES, zone=_zone(asked), batches=pages)
        match = board.matching(asked.wanted().demands(), asked.value("q").strip())
        on = timezone.localdate()
        return Sheet(
            name="staged-in-lanes", columns=COMMITMENTS, zone=_zone(asked),
            batches=lambda: (board.staged_in(lanes, match, on) for lanes in pages()),
        )  # fmt: skip


class ReadyView(LiveView, AsFile):
    """Demands by when they must be ready, a page at a time."""

    reads = ("staging.view_demand", "staging.view_commitment")

    def get(self, request: HttpRequest) -> HttpResponse:
        asked = ReadyFilter(request.GET)
        drawing = Drawing(
            "staging/ready.html", "staging/ready_list.html", (), lambda: demands(request, asked)
        )
        with timezone.override(_zone(asked)):
            return drawing.answer(request, self.newest, around(request))

    def sheet(self) -> Sheet:
        asked, at = ReadyFilter(self.request.GET), timezone.now()
        rows = asked_demands(asked)
        return Sheet(
            name="due",
            columns=DUE,
            found=rows,
            zone=_zone(asked),
            batches=lambda: ready.whole(rows, at=at),
        )


LANES = (
    Column("site", _("Site"), lambda lane: lane.location.site.code),
    Column("lane", _("Lane"), lambda lane: lane.location.code),
    Column("name", _("Name"), lambda lane: lane.location.name),
    Column("purpose", _("Purpose"), lambda lane: lane.location.get_purpose_display()),
    Column("state_label", _("State label"), lambda lane: lane.location.state_label),
    Column("open", _("Open"), lambda lane: lane.location.is_open),
    Column("occupied", _("Positions taken"), lambda lane: lane.occupied),
    Column("capacity", _("Capacity"), lambda lane: lane.location.capacity),
    Column("staged", _("Staged"), lambda lane: lane.standing),
    Column("blocked", _("Blocked"), lambda lane: lane.blocked),
    Column("stale", _("Stale"), lambda lane: lane.stale),
    Column("loose", _("Without a demand"), lambda lane: lane.loose),
    Column("next_needed_at", _("Next needed at"), lambda lane: lane.next_needed_at),
)


def _missing(entry: Entry) -> str:
    """What is short, line by line: `RM-1001: 2.5 KGM`."""
    return ", ".join(
        f"{gap.line.material.code}: {plain(gap.missing)} {gap.line.material.base_unit_id}"
        for gap in entry.gaps
        if gap.missing
    )


DUE = (
    Column("demand", _("Demand"), lambda one: one.demand.reference),
    Column("kind", _("Kind"), lambda one: one.demand.get_kind_display()),
    Column("needed_at", _("Needed at"), lambda one: one.demand.needed_at),
    Column("due", _("Due"), lambda one: str(ready.GROUPS[one.due])),
    Column("state", _("State"), lambda one: str(DemandState(one.demand.state).label)),
    Column("percent", _("Percent staged"), lambda one: one.kit.percent),
    Column("missing", _("Missing"), _missing),
    Column("blocked", _("Blocked"), lambda one: one.is_blocked),
    Column("work_center", _("Work centre"), lambda one: code(one.demand.work_center)),
    Column("customer", _("Customer"), lambda one: code(one.demand.customer)),
    Column("route", _("Route"), lambda one: one.demand.route),
    Column("carrier", _("Carrier"), lambda one: one.demand.carrier),
    Column("site", _("Site"), lambda one: one.demand.site.code),
)


def _zone(asked: BoardFilter | ReadyFilter) -> tzinfo:
    """The time zone of the site that is asked for."""
    code = asked.value("site")
    return zone_of(Site.objects.get(code=code) if code else None)


def around(request: HttpRequest) -> dict[str, Any]:
    """What stands around a board, for a whole page only."""
    if live.HEADER in request.headers:
        return {}
    return {"section": "board"} | suggestions()


def lanes(request: HttpRequest, asked: BoardFilter) -> Board:
    """The lanes that are asked for."""
    scope = asked.scope()
    here = {name: request.GET.get(name, "") for name in ("after", "before")}
    page = asked_lanes(asked, scope.lanes() if scope else None, **here)
    counts = {
        "blocked": sum(lane.blocked for lane in page.lanes),
        "stale": sum(lane.stale for lane in page.lanes),
        "unbound": sum(lane.loose for lane in page.lanes),
    }
    neighbours = {
        "previous": link(request, before=page.previous),
        "next": link(request, after=page.next),
    }
    context = {"filter": asked, "areas": by_area(page.lanes), **counts, **neighbours}
    return Board(live.mark([lane.mark for lane in page.lanes], neighbours), context)


def asked_lanes(
    asked: BoardFilter, within: Collection[int] | None, *, after: str = "", before: str = ""
) -> board.Board:
    """The page of lanes that a filter asks for, of those within."""
    return board.board(
        site=asked.value("site"),
        purpose=asked.value("purpose"),
        text=asked.value("q").strip(),
        show=asked.value("show"),
        at=timezone.now(),
        after=after,
        before=before,
        wanted=asked.wanted().demands(),
        within=within,
    )


def every_lane(asked: BoardFilter) -> Iterator[list[Lane]]:
    """All lanes that a filter asks for, a page of the board at a time."""
    scope = asked.scope()
    within = scope.lanes() if scope else None
    after = None
    while after != "":
        page = asked_lanes(asked, within, after=after or "")
        yield page.lanes
        after = page.next


def asked_demands(asked: ReadyFilter) -> QuerySet[Demand]:
    """The open demands that a filter asks for."""
    rows = Demand.objects.live().filter(asked.wanted().demands())
    if kind := asked.value("kind"):
        rows = rows.filter(kind=kind)
    if site := asked.value("site"):
        rows = rows.filter(site=Site.objects.get(code=site))
    if scope := asked.scope():
        rows = rows.filter(scope.demands())
    if text := asked.value("q").strip():
        rows = rows.filter(pk__in=named(text))
    return rows


def demands(request: HttpRequest, asked: ReadyFilter) -> Board:
    """The demands that are asked for."""
    rows = asked_demands(asked)
    page, entries = ready.ready(rows, request.GET, at=timezone.now(), size=DEMANDS)
    context = {
        "filter": asked,
        "groups": list(ready.grouped(entries)),
        "looked_further": not entries and bool(page.next),
        "previous": page.previous,
        "next": page.next,
    }
    return Board(live.mark([entry.mark for entry in entries], page.previous, page.next), context)


def link(request: HttpRequest, **position: str) -> str:
    """The query of a neighbouring page; '' where there is none."""
    known = {name: code for name, code in position.items() if code}
    return query_with(request.GET, "after", "before", **known) if known else ""


def by_area(lanes: Sequence[Lane]) -> list[dict[str, Any]]:
    """Lanes by site and purpose, in their order."""
    grouped = groupby(lanes, key=lambda lane: (lane.location.site_id, lane.location.purpose))
    areas = []
    for (site, purpose), found in grouped:
        members = list(found)
        place = members[0].location
        key = f"area-{site}-{purpose}"
        areas.append({"key": key, "site": place.site, "purpose": place.get_purpose_display(),
                      "lanes": members})  # fmt: skip
    return areas
