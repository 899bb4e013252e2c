"""As it stood: the board, a lane and a demand at a past moment. Nothing can be done there."""

from collections.abc import Callable, Iterator
from datetime import datetime, tzinfo
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from inventory import sites
from inventory.errors import Refused
from inventory.models import Location, LotStatus
from inventory.paging import query_with
from inventory.sheets.columns import Column, Sheet
from inventory.templatetags.components import said
from inventory.views.common import FloorView
from inventory.zones import zone_of
from staging import kits
from staging.models import Demand, State
from staging.past import asked, changes
from staging.past.asked import AskedForm
from staging.past.board import board_then
from staging.past.changes import Around
from staging.past.kit import DemandStood, demand_then
from staging.past.moment import Known, Moment, require_past
from staging.past.standing import Lane, Lanes, Stood, lanes_then
from staging.views.board import by_area
from staging.views.columns import code
from staging.views.files import AsFile

MOST_SHOWN = 200
"""Rows of a lane that its page shows; its file has them all."""

MOST_ON_BOARD = 6
"""Rows of a lane that the board shows."""


class PastView(FloorView, AsFile):
    """What the three pages share: which moment is asked for, its control, and what is refused."""

    reads: tuple[str, ...] = ("staging.view_commitment", "inventory.view_balance")
    template = ""
    board = False

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        with timezone.override(self.zone):
            return self._answer(request)

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        text, found = request.GET.get("at", ""), self.found
        if len(found) == 1 and asked.is_naive(text):
            return redirect(f"{request.path}{_at(request, found[0])}")
        if len(found) != 1:
            return self._page(request, {"choices": self._choices(), "unread": not found}, 422)
        try:
            require_past(self.moment, timezone.now())
            context = self.stood()
        except Refused as refusal:
            return self._page(request, {"refusal": refusal}, 409)
        around: Around = context["around"]
        steps = {
            "previous_change": around.previous and _at(request, around.previous),
            "next_change": around.next and _at(request, around.next),
        }
        shown = {"moment": self.moment, "here": self._here(), "when": in_words(self.moment.at)}
        return self._page(request, context | steps | shown, 200)

    def _page(self, request: HttpRequest, context: dict[str, Any], status: int) -> HttpResponse:
        common = {
            "form": self._bound(), "now_url": self.now_url(), "section": "board", "here": "",
        }  # fmt: skip
        return render(request, self.template, common | context, status=status)

    @cached_property
    def form(self) -> AskedForm:
        return AskedForm(self.request.GET, board=self.board)

    @cached_property
    def found(self) -> list[datetime]:
        """The moments that are meant; now, where none is named."""
        text = self.request.GET.get("at", "")
        return asked.moments(text, self.zone) if text else [timezone.now()]

    @cached_property
    def moment(self) -> Moment:
        return asked.moment_of(self.form, self.found[0])

    def _bound(self) -> AskedForm:
        """The control, with the minute that is shown in it."""
        shown = self.found[0] if self.found else timezone.now()
        local = timezone.localtime(shown).strftime("%Y-%m-%dT%H:%M")
        return AskedForm(self.request.GET.dict() | {"at": local}, board=self.board)

    def _here(self) -> str:
        """The query of this moment, for the pages of other things at it."""
        known = {"known": self.moment.known.value} if self.moment.known != Known.NOW else {}
        return f"?{urlencode({'at': asked.as_text(self.moment.at)} | known)}"

    def _choices(self) -> list[tuple[str, str]]:
        """Where the clock shows the time twice: each of the two, to choose from."""
        return [(in_words(moment), _at(self.request, moment)) for moment in self.found]

    def require(self) -> Moment:
        """The moment, for a file. Not found, where there is none to tell of."""
        if len(self.found) != 1:
            raise Http404
        try:
            require_past(self.moment, timezone.now())
        except Refused:
            raise Http404 from None
        return self.moment

    @property
    def zone(self) -> tzinfo:
        """Whose clock is shown."""
        raise NotImplementedError

    def now_url(self) -> str:
        """Back to the present."""
        raise NotImplementedError

    def stood(self) -> dict[str, Any]:
        """What stood, and `around`, the changes before and after."""
        raise NotImplementedError


def in_words(at: datetime) -> str:
    """A moment by the page's clock, always with the zone: Django leaves it out in the very hour
    that comes twice."""
    local = timezone.localtime(at)
    said = date_format(local, "DATETIME_FORMAT").strip()
    name = local.tzname() or ""
    return said if said.endswith(name) else f"{said} {name}"


def _at(request: HttpRequest, moment: datetime) -> str:
    return query_with(request.GET, "download", "table", at=asked.as_text(moment))


class BoardView(PastView):
    """The lanes, a page at a time, as they stood."""

    template = "staging/past/board.html"
    board = True

    @cached_property
    def zone(self) -> tzinfo:
        self.form.is_valid()
        return zone_of(self.form.cleaned_data.get("site"))

    def now_url(self) -> str:
        kept = {
            name: value for name in ("site", "purpose") if (value := self.request.GET.get(name))
        }
        url = reverse("staging:board")
        return f"{url}?{urlencode(kept)}" if kept else url

    def places(self) -> QuerySet[Location]:
        self.form.is_valid()
        given = self.form.cleaned_data
        wanted = {name: given[name] for name in ("site", "purpose") if given.get(name)}
        return sites.within(Location.objects.filter(**wanted), self.request.user)

    def stood(self) -> dict[str, Any]:
        here = {name: self.request.GET.get(name, "") for name in ("after", "before")}
        page = board_then(self.places(), self.moment, **here)
        lanes = page.stood.lanes
        everything = [one for lane in lanes for one in lane.everything]
        keys = [lane.location.pk for lane in lanes]
        return {
            "stood": page.stood,
            "areas": by_area(lanes),  # type: ignore[arg-type]
            "most": MOST_ON_BOARD,
            "around": changes.around_lanes(keys, everything, self.moment),
            "previous": self._page_link("before", page.previous),
            "next": self._page_link("after", page.next),
        }

    def _page_link(self, way: str, name: str) -> str:
        """To the lanes before or after; it stays with the moment, be it now."""
        if not name:
            return ""
        at = asked.as_text(self.moment.at)
        return query_with(self.request.GET, "after", "before", "download", at=at, **{way: name})

    def sheet(self) -> Sheet:
        """All that stood in the lanes that are asked for, page after page."""
        moment = self.require()
        return Sheet(
            name="lanes-as-they-stood", columns=STOOD, zone=self.zone,
            batches=lambda: (
                [one for lane in stood.lanes for one in lane.everything]
                for stood in _every(self.places(), moment)
            ),
        )  # fmt: skip


def _every(places: QuerySet[Location], moment: Moment) -> Iterator[Lanes]:
    after: str | None = None
    while after != "":
        page = board_then(places, moment, after=after or "")
        yield page.stood
        after = page.next


class LaneView(PastView):
    """One lane as it stood."""

    template = "staging/past/lane.html"

    @cached_property
    def place(self) -> Location:
        rows = sites.within(Location.objects.staging(), self.request.user)
        place: Location = get_object_or_404(rows.select_related("site"), code=self.kwargs["code"])
        return place

    @property
    def zone(self) -> tzinfo:
        return zone_of(self.place.site)

    def now_url(self) -> str:
        return reverse("staging:location", args=[self.place.code])

    def stood(self) -> dict[str, Any]:
        stood = lanes_then([self.place], self.moment)
        lane = stood.lanes[0]
        return {
            "stood": stood,
            "lane": lane,
            "place": self.place,
            "staged": lane.staged[:MOST_SHOWN],
            "loose": lane.loose[:MOST_SHOWN],
            "left_out": _beyond(lane),
            "holds": _holds(lane.everything),
            "around": changes.around_lanes([self.place.pk], lane.everything, self.moment),
        }

    def _page(self, request: HttpRequest, context: dict[str, Any], status: int) -> HttpResponse:
        return super()._page(request, {"place": self.place} | context, status)

    def sheet(self) -> Sheet:
        """All that stood in the lane."""
        moment, place = self.require(), self.place
        return Sheet(
            name=f"lane-{place.pk}-as-it-stood", columns=STOOD, zone=self.zone,
            batches=lambda: [lanes_then([place], moment).lanes[0].everything],
        )  # fmt: skip


def _beyond(lane: Lane) -> int:
    return sum(max(len(rows) - MOST_SHOWN, 0) for rows in (lane.staged, lane.loose))


def _holds(stood: list[Stood]) -> list[Any]:
    """Each hold once, the oldest first."""
    return sorted({hold for one in stood for hold in one.holds}, key=lambda hold: hold.pk)


class DemandView(PastView):
    """One demand as it stood."""

    template = "staging/past/demand.html"
    reads = ("staging.view_demand",)

    @cached_property
    def demand(self) -> Demand:
        rows = sites.within(Demand.objects.select_related("site", "customer"), self.request.user)
        demand: Demand = get_object_or_404(rows, reference=self.kwargs["reference"])
        return demand

    @property
    def zone(self) -> tzinfo:
        return zone_of(self.demand.site)

    def now_url(self) -> str:
        return reverse("staging:demand", args=[self.demand.reference])

    def stood(self) -> dict[str, Any]:
        demand, stood = self.demand, demand_then(self.demand, self.moment)
        center = stood.demand.work_center
        lines = [line.pk for line in stood.kit.lines]
        return {
            "stood": stood,
            "lines": _lines(stood),
            "positions": stood.positions[:MOST_SHOWN],
            "left_out": max(len(stood.positions) - MOST_SHOWN, 0),
            "work_center": Location.objects.filter(pk=center).first() if center else None,
            "holds": _holds(stood.positions),
            "issued_label": _("Loaded") if demand.is_shipment else State.ISSUED.label,
            "used_label": _("Shipped") if demand.is_shipment else State.USED.label,
            "around": changes.around_demand(demand, lines, stood.positions, self.moment),
        }

    def _page(self, request: HttpRequest, context: dict[str, Any], status: int) -> HttpResponse:
        common = {"demand": self.demand, "section": "demands"}
        return super()._page(request, common | context, status)

    def sheet(self) -> Sheet:
        """Its kit, or with `table=standing` what of it was where."""
        moment, demand = self.require(), self.demand
        standing = self.request.GET.get("table") == "standing"
        name = "standing" if standing else "kit"
        read: Callable[[DemandStood], list[Any]] = (
            (lambda stood: stood.positions) if standing else _lines
        )
        return Sheet(
            name=f"{name}-{demand.pk}-as-it-stood", columns=STOOD if standing else KIT,
            zone=self.zone, batches=lambda: [read(demand_then(demand, moment))],
        )  # fmt: skip


def _lines(stood: DemandStood) -> list[dict[str, Any]]:
    return [
        {"row": line, "short": kits.short(line), "complete": kits.share(line) == 1,
         "blocked": stood.blocked.get(line.pk)}
        for line in stood.kit.lines
    ]  # fmt: skip


def _of_row(name: str) -> Callable[[dict[str, Any]], Any]:
    return lambda line: getattr(line["row"], name)


KIT = (
    Column("line", _("Line"), _of_row("line")),
    Column("material", _("Material"), lambda line: line["row"].material.code),
    Column("name", _("Name"), lambda line: line["row"].material.name),
    Column("lot", _("Only lot"), lambda line: code(line["row"].lot)),
    Column("quantity", pgettext_lazy("quantity", "Required"), _of_row("quantity")),
    Column("reserved", _("Reserved"), _of_row("reserved")),
    Column("staged", _("Staged"), _of_row("staged")),
    Column("issued", _("Issued or loaded"), _of_row("issued")),
    Column("used", _("Used or shipped"), _of_row("used")),
    Column("short", _("Short"), lambda line: line["short"]),
    Column("blocked", _("Blocked"), lambda line: line["blocked"]),
    Column("unit", _("Unit"), lambda line: line["row"].material.base_unit_id),
)


def _of_claim(read: Callable[[Any], Any]) -> Callable[[Stood], Any]:
    return lambda one: read(one.row) if one.row else None


STOOD = (
    Column("location", _("Location"), lambda one: one.location.code),
    Column("demand", _("Demand"), _of_claim(lambda row: row.requirement.demand.reference)),
    Column("line", _("Line"), _of_claim(lambda row: row.requirement.line)),
    Column("lot", _("Lot"), lambda one: one.lot.code),
    Column("material", _("Material"), lambda one: one.lot.material.code),
    Column("name", _("Name"), lambda one: one.lot.material.name),
    Column("state", _("State"), _of_claim(lambda row: row.get_state_display())),
    Column("quantity", _("Quantity"), lambda one: one.quantity),
    Column("unit", _("Unit"), lambda one: one.lot.material.base_unit_id),
    Column("container", _("Container"), lambda one: code(one.container)),
    Column("since", _("Since"), lambda one: one.since),
    Column("warn_at", _("Dwell warning"), lambda one: one.claim and one.claim.warn_at),
    Column("due_at", _("Dwell limit ends"), lambda one: one.claim and one.claim.due_at),
    Column("needed_at", _("Needed"), lambda one: one.demand and one.demand.needed_at),
    Column("status", _("Quality status"), lambda one: str(LotStatus(one.status).label)),
    Column("stops", _("Stopped by"), lambda one: said(one.stops)),
)
