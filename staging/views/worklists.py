"""The worklist: what alerts call for, stop by stop; a scan opens the stop that it belongs to."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.views import View

from inventory import codes
from inventory.errors import Refused
from inventory.guided import GUIDED
from inventory.models import Container, Location, Lot
from inventory.scanning import as_scanned
from inventory.sheets.columns import Column, Sheet
from inventory.views import visit
from inventory.views.common import FloorView
from inventory.wording import full_name
from staging.forms import WorklistFilter
from staging.guided.flows import Flow
from staging.models import AlertLevel, Demand
from staging.views.columns import code
from staging.views.files import AsFile
from staging.worklists.at_stop import address_of, at_stop, flow_for, not_expected
from staging.worklists.stops import Stop, Worklist, worklist
from staging.worklists.works import ICONS, Work, permitted

SHOWN = 60
"""Stops on the page. The rest comes up as these are done; the file and the API have them all."""


class WorklistView(FloorView, AsFile):
    """What somebody may do, by urgency and along the walk. The next stop stands on top, and takes
    scans: a place, a lot or a container opens the stop that is about it."""

    reads = ("staging.view_alert",)

    @cached_property
    def filter(self) -> WorklistFilter:
        return WorklistFilter(self.request.GET)

    @cached_property
    def worklist(self) -> Worklist:
        return worklist(self.request.user, timezone.now(), **self.filter.chosen())

    @cached_property
    def walk(self) -> str:
        """What the list is narrowed down by, for the way back to it."""
        asked = QueryDict(mutable=True)
        asked.update({n: v for n in self.filter.fields if (v := self.request.GET.get(n))})
        return asked.urlencode()

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(accepted=visit.take_news(request))

    def post(self, request: HttpRequest) -> HttpResponse:
        """A scan at the list. Nothing is recorded by it."""
        scan = as_scanned(request.POST.get("scan", "")).replace("\x00", "")[:200]
        try:
            return HttpResponseRedirect(self._opened_by(scan))
        except Refused as refusal:
            return self._page(refusal=refusal, status=409)

    def _opened_by(self, scan: str) -> str:
        """The page of the first stop that the scanned place, container, lot or demand belongs to.

        Refuses `unknown_code` and `not_expected`.
        """
        things = _things(scan)
        stops = self.worklist.stops
        for stop in stops:
            if (thing := next((one for one in things if _belongs(stop, one)), None)) is not None:
                known = _known(flow_for(stop, stop.work), thing)
                return address_of(stop, stop.work, self.walk, **known)
        raise not_expected(things[0], _where(stops[0]) if stops else _("nothing"))

    def _page(self, *, status: int = 200, **more: Any) -> HttpResponse:
        stops = self.worklist.stops
        entries = [self._entry(stop) for stop in stops[:SHOWN]]
        context = {
            "entries": entries,
            "next": entries[0] if entries else None,
            "count": len(stops),
            "more": len(stops) - len(entries),
            "cut": self.worklist.cut,
            "filter": {"form": self.filter},
            "narrowed": bool(self.walk),
            "walk": self.walk,
            "at": timezone.localtime(),
            "done": visit.entries(self.request),
            "address": self.request.get_full_path(),
            "section": "worklist",
        }
        return render(self.request, "staging/worklist.html", context | more, status=status)

    def _entry(self, stop: Stop) -> dict[str, Any]:
        ways = [
            {"work": work, "label": work.label, "icon": ICONS[work],
             "url": address_of(stop, work, self.walk)}
            for work in stop.works
        ]  # fmt: skip
        return {"stop": stop, "way": ways[0], "others": ways[1:]}

    def sheet(self) -> Sheet:
        return Sheet(name="worklist", columns=COLUMNS, batches=lambda: [self.worklist.stops])


class AlertStopView(FloorView, View):
    """From an alert to the stop where it is worked off, or to the list if that is not for them."""

    reads = ("staging.view_alert",)

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        at = at_stop(pk, may=permitted(request.user))
        if at is None:
            raise Http404
        if at.stop is None or not at.stop.works:
            return HttpResponseRedirect(reverse("staging:worklist"))
        return HttpResponseRedirect(address_of(at.stop, at.stop.work))


COLUMNS = (
    Column("work", _("Work"), lambda one: Work(one.work).label),
    Column("severity", _("Severity"), lambda one: one.severity.label),
    Column("level", _("Level"), lambda one: AlertLevel(one.level).label),
    Column("site", _("Site"), lambda one: one.site.code),
    Column("location", _("Location"), lambda one: code(one.location)),
    Column("container", _("Container"), lambda one: code(one.container)),
    Column("lots", _("Lots"), lambda one: ", ".join(lot.code for lot in one.lots)),
    Column("quantity", _("Quantity"), lambda one: one.quantity),
    Column("unit", _("Unit"), lambda one: one.lot.material.base_unit_id if one.lot else ""),
    Column("demands", _("Demands"), lambda one: ", ".join(str(row) for row in one.demands)),
    Column("reasons", _("Reasons"), lambda one: ", ".join(map(str, one.reasons))),
    Column("since", _("Since"), lambda one: one.since),
    Column("taken_by", _("Who has it"), lambda one: ", ".join(map(full_name, one.taken_by))),
    Column("alerts", _("Alerts"), lambda one: ", ".join(str(row.pk) for row in one.alerts)),
)


def _things(scan: str) -> list[Any]:
    """What a scan names, of what a stop can be about. Refuses `unknown_code`."""
    found: list[Any] = []
    for kind in (Location, Container, Lot, Demand):
        row = codes.find(kind, [scan]).get(scan)
        if row is codes.MANY:
            found += Lot.objects.matching([scan]).order_by("code")
        elif row is not None:
            found.append(row)
    if not found:
        raise Refused(
            _("Nothing is called “%(value)s”."),
            code="unknown_code",
            hint=_("Scan it again, or check the number."),
            value=scan,
        )
    return found


def _belongs(stop: Stop, thing: Any) -> bool:
    about = (stop.location, stop.container, *stop.lots)
    return thing in (about if stop.location else stop.demands)


def _known(flow: str, thing: Any) -> dict[str, str]:
    """What the stop's page knows by the scan that opened it."""
    if isinstance(thing, Location):
        guided = GUIDED[flow]
        return {guided.here: thing.code} if isinstance(guided, Flow) else {}
    return {} if isinstance(thing, Demand) else {type(thing)._meta.model_name or "": thing.code}


def _where(stop: Stop) -> Any:
    return stop.location or stop.thing
