"""The pages of the guided flows, and the pick list that leads into them."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views import View

from inventory import attempts
from inventory.errors import Refused
from inventory.guided import GUIDED
from inventory.scanning import as_scanned
from inventory.sheets.columns import Sheet
from inventory.views import visit
from inventory.views.common import FloorView, actor, key_of
from inventory.views.verbs import page_was_used, path_of
from inventory.wording import recorded, spelled
from staging import kits
from staging.guided import known as what_is
from staging.guided import reading, steps
from staging.guided.flows import Flow
from staging.guided.known import Known
from staging.guided.positions import Position, Walk, walk
from staging.guided.prompt import prompt_for
from staging.guided.steps import Step
from staging.models import Demand
from staging.views import columns
from staging.views.files import AsFile
from staging.worklists.at_stop import address_of, flow_for
from staging.worklists.lanes import fitting
from staging.worklists.works import ICONS, best_first, permitted

MOST_DEMANDS = 20


class FlowView(FloorView, View):
    """One of the flows: who may do what it ends in, may open it."""

    flow: Flow

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        flow = GUIDED.get(kwargs["name"])
        if not isinstance(flow, Flow):
            raise Http404
        self.flow = flow

    def get_permission_required(self) -> tuple[str, ...]:
        return (*super().get_permission_required(), self.flow.permission)

    def handle_no_permission(self) -> HttpResponseRedirect:
        if self.request.user.is_authenticated:
            attempts.record_denied(self.flow.permission, {}, by=actor(self.request))
        return super().handle_no_permission()


class GuidedView(FlowView):
    """One flow. What is known stands in the address; each scan is posted with it.

    Answers 409 to a refusal and 422 to what could not be read, 200 where htmx does not ask.
    """

    def get(self, request: HttpRequest, name: str) -> HttpResponse:
        known, _hits = what_is.read(self.flow, request.GET.dict())
        return self._page(Step(known.ready()), accepted=visit.take_news(request))

    def post(self, request: HttpRequest, name: str) -> HttpResponse:
        given, scan = self._given()
        known, hits = what_is.read(self.flow, given, scan)
        key = key_of(request)
        step = self._step(known.ready(), scan, hits, key)
        if step.done and step.verb:
            visit.note(request, step.verb, step.answer, step.entered, key=key)
            if known.at and not self._goes_on(step):
                return self._leave_for(worklist_url(known.at.walk))
        if not self._swaps and not step.error:
            return HttpResponseRedirect(address(step.known))
        return self._page(step, accepted=visit.take_news(request) if step.done else None)

    def _step(self, known: Known, scan: str, hits: reading.Hits, key: str) -> Step:
        by, now = actor(self.request), timezone.now()
        try:
            known = reading.take(known, scan, hits) if scan else known
        except Refused as refusal:
            return steps.unread(known, refusal, by=by, at=now)
        try:
            return steps.go_on(known, by=by, at=now, key=key)
        except ValidationError as error:
            reused = getattr(error, "code", "") == "idempotency_key_reused"
            return steps.refused(known, page_was_used() if reused else error)

    def _goes_on(self, step: Step) -> bool:
        """Whether there is more to do at the stop: what else stands in the lane, or is short."""
        if step.known.at is None:
            return False
        step.known = replace(step.known, at=step.known.at.again())
        return bool(step.known.at and not step.known.at.is_done)

    def _leave_for(self, url: str) -> HttpResponse:
        """Go to another page; htmx is told to, or it would put the page into this one."""
        if not self._swaps:
            return HttpResponseRedirect(url)
        answer = HttpResponse()
        answer["HX-Redirect"] = url
        return answer

    def _given(self) -> tuple[dict[str, str], str]:
        """What the page knew, with what was tapped; and the scan."""
        given = self.request.POST.dict()
        scan = as_scanned(str(given.pop("scan", "")))
        choice = str(given.pop("choice", ""))
        return what_is.told({name: str(text) for name, text in given.items()}, scan, choice)

    @property
    def _swaps(self) -> bool:
        return bool(getattr(self.request, "htmx", False))

    def _page(self, step: Step, accepted: Any = None) -> HttpResponse:
        known = step.known
        shown = [] if known.at and not known.at.takes_many else self.flow.shows(known)
        prompt = prompt_for(step, shown)
        context = {
            "flow": self.flow,
            "known": known,
            "given": known.given,
            "step": step,
            "prompt": prompt,
            "positions": shown,
            "chips": list(_chips(known)),
            "kit": kits.kits([known.demand]).get(known.demand.pk) if known.demand else None,
            "whole": _whole(known, shown),
            "key": uuid4(),
            "accepted": accepted,
            "done": visit.entries(self.request),
            "address": address(known),
            "at": known.at,
            "stop": known.at.stop if known.at else None,
            **(self._at_stop(known) if known.at else {}),
            "single_url": path_of(self.flow.verb),
            "section": "work",
        }
        template = "staging/guided_part.html" if self._swaps else "staging/guided.html"
        answer = render(self.request, template, context, status=self._status(step))
        answer["HX-Replace-Url"] = address(known)
        return answer

    def _at_stop(self, known: Known) -> dict[str, Any]:
        """What else would do at the stop, lanes that would fit, and the way back to the list."""
        assert known.at is not None  # noqa: S101 - asked where it is called
        walk, stop = known.at.walk, known.at.stop
        works = (
            best_first([one.reason for one in stop.alerts], permitted(self.request.user))
            if stop
            else ()
        )
        other = [
            {"label": work.label, "icon": ICONS[work], "url": address_of(stop, work, walk)}
            for work in works
            if stop and flow_for(stop, work) not in ("", self.flow.name)
        ]
        moves = stop and self.flow.name == "transfer" and "target" not in known.places
        return {
            "other_works": other,
            "lanes": fitting(stop) if stop and moves else [],
            "list_url": worklist_url(walk),
        }

    def _status(self, step: Step) -> int:
        if not step.error or not self._swaps:
            return 200
        return 409 if step.verb_was_asked or step.error.code in reading.RULED else 422


def address(known: Known) -> str:
    """The page of a flow that knows as much."""
    given = known.given
    if recorded(known.flow.reason) == given.get("reason"):
        del given["reason"]
    return path_to(known.flow.name, **given)


def worklist_url(walk: str = "") -> str:
    """The worklist, narrowed down as it was."""
    return reverse("staging:worklist") + (f"?{walk}" if walk else "")


def path_to(flow: str, **given: str) -> str:
    """The page of a flow with some of it known already."""
    query = f"?{urlencode(given)}" if given else ""
    return reverse("staging:guided", args=[flow]) + query


def _chips(known: Known) -> Iterable[dict[str, Any]]:
    """What is known, each with the address without it."""
    if known.demand:
        yield {"name": "demand", "label": _("Demand"), "text": known.demand.reference,
               "without": address(known.without("demand", "lot", "line"))}  # fmt: skip
    for place in known.flow.places:
        if row := known.places.get(place.field):
            yield {"name": "place", "label": place.label, "text": row.code, "about": row.name,
                   "stays": place.field in known.stays and not known.at,
                   "without": address(known.without(place.field))}  # fmt: skip
    if item := known.item:
        yield {"name": "item", "label": _("Lot") if known.lot else _("Container"),
               "text": str(item), "without": address(known.without("lot"))}  # fmt: skip
    if known.quantity is not None:
        unit = known.unit.code if known.unit else steps.unit_of(known)
        yield {"name": "quantity", "label": _("Quantity"),
               "text": f"{spelled(known.quantity)} {unit}".strip(),
               "without": address(known.without("quantity", "unit"))}  # fmt: skip


def _whole(known: Known, shown: list[Position]) -> str:
    """What one press would do for all that is shown, if the flow can and no place is missing."""
    usable = [at for at in shown if not at.stop]
    missing = reading.wanted(replace(known, all=True))
    if not known.flow.whole or not usable or missing or known.has_item:
        return ""
    return str(known.flow.whole)


class PickListView(FloorView, AsFile):
    """What to fetch for one or many demands, in the order of the walk."""

    reads = ("staging.view_demand",)

    @cached_property
    def references(self) -> list[str]:
        return self.request.GET.getlist("demand")[:MOST_DEMANDS]

    @cached_property
    def demands(self) -> list[Demand]:
        asked = [reference.replace("\x00", "") for reference in self.references]
        found = Demand.objects.live().filter(reference__in=asked)
        return list(found.select_related("work_center", "customer").order_by("needed_at", "pk"))

    @cached_property
    def fetched(self) -> Walk:
        return walk(self.demands) if self.demands else Walk([], [])

    def get(self, request: HttpRequest) -> HttpResponse:
        references, demands, fetched = self.references, self.demands, self.fetched
        places = groupby(fetched.picks, key=lambda at: at.location)
        context = {
            "demands": demands,
            "places": [{"location": location, "picks": list(picks)} for location, picks in places],
            "short": fetched.short,
            "stage_url": reverse("staging:guided", args=["stage"])
            if request.user.has_perm("staging.stage")
            else "",
            "unknown": sorted(set(references) - {demand.reference for demand in demands}),
            "at": timezone.localtime(),
            "section": "demands",
        }
        return render(request, "staging/pick_list.html", context)

    def sheet(self) -> Sheet:
        """What to fetch, or with `table=short` what nothing is there for."""
        if self.request.GET.get("table") == "short":
            return Sheet(name="short", columns=columns.SHORT, batches=lambda: [self.fetched.short])
        return Sheet(name="picks", columns=columns.PICKS, batches=lambda: [self.fetched.picks])
