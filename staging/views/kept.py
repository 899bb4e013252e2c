"""Where a device sends the scans that it kept while there was no network."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views import View

from inventory import attempts
from inventory.errors import Refused
from inventory.scanning import LONGEST, as_scanned
from inventory.views import visit
from inventory.views.common import FloorView, actor
from staging.guided import known as what_is
from staging.guided import replay
from staging.guided.flows import Flow
from staging.guided.replay import MOST_SCANS, Kept, Part, Replay
from staging.views.guided import FlowView, address, path_to

Body = Mapping[str, Any]


class KeptView(FloorView, View):
    """What this device still keeps, and what waits for a decision. The device has it, not we."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return render(request, "staging/kept.html", {"section": "work"})


class DeviceView(FlowView):
    """Takes JSON and answers it: 401 to nobody, 409 to a refusal, 422 to what cannot be read.

    What belongs to somebody else is refused (`other_user`): scans stand for who made them.
    """

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return JsonResponse({"code": "sign_in"}, status=401)
        return super().dispatch(request, *args, **kwargs)

    def handle_no_permission(self) -> Any:
        attempts.record_denied(self.flow.permission, {}, by=actor(self.request))
        return _refused(replay.not_permitted())

    def post(self, request: HttpRequest, name: str) -> HttpResponse:
        try:
            body = json.loads(request.body)
            scans = [_scan(told) for told in body["scans"]]
            given = {str(field): str(text) for field, text in body["given"].items()}
            user = str(body["user"])
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
            return JsonResponse({"code": "unreadable"}, status=422)
        if not 0 < len(scans) <= MOST_SCANS:
            return JsonResponse({"code": "unreadable"}, status=422)
        if user != str(request.user.pk):
            return _refused(_of_somebody_else())
        try:
            return self.answer(body, given, scans)
        except Refused as refusal:
            return _refused(refusal)

    def answer(self, body: Body, given: dict[str, str], scans: Sequence[Kept]) -> HttpResponse:
        raise NotImplementedError


class ReplayView(DeviceView):
    """Carries out what it can, in order; what it cannot, it says of each step why."""

    def answer(self, body: Body, given: dict[str, str], scans: Sequence[Kept]) -> HttpResponse:
        held = {str(mark) for mark in body.get("held", [])}
        known = what_is.read(self.flow, given)[0].ready()
        told = Replay(flow=self.flow, by=actor(self.request), given=known.given, held=held)
        looked_at = told.run(scans)
        self._note(told.parts)
        last = told.parts[-1]
        at_the_end = last.known if last.fate == replay.Fate.UNFINISHED else told.known(told.given)
        return JsonResponse(
            {
                "parts": [_part(self.flow, part) for part in told.parts],
                "given": dict(told.given),
                "looked_at": looked_at,
                "after": at_the_end.given,
                "url": address(at_the_end),
            }
        )

    def _note(self, parts: Iterable[Part]) -> None:
        """In the list of the visit, where each can be undone; no page shows it as its own news."""
        for part in parts:
            if part.answer and part.verb:
                visit.note(self.request, part.verb, dict(part.answer), [], key=part.key)
        self.request.session.pop("news", None)


class DiscardView(DeviceView):
    """Scans that somebody gives up, with a reason: a refused attempt."""

    def get_permission_required(self) -> tuple[str, ...]:
        return ("inventory.use_floor",)

    def answer(self, body: Body, given: dict[str, str], scans: Sequence[Kept]) -> HttpResponse:
        reason, by = str(body.get("reason", "")).replace("\x00", "")[:LONGEST], actor(self.request)
        replay.discard(self.flow, scans, reason=reason, by=by, at=timezone.now())
        return JsonResponse({})


def _scan(told: Mapping[str, Any]) -> Kept:
    """Raises ValueError, KeyError and the like at what no device of ours sends."""
    at = datetime.fromisoformat(told["at"])
    key = str(told["key"])
    if at.tzinfo is None or not 0 < len(key) <= 80 or "\x00" in key:
        raise ValueError
    scan, choice, reason = (
        as_scanned(str(told.get(name, ""))) for name in ("scan", "choice", "reason")
    )
    return Kept(key=key, at=at.astimezone(UTC), scan=scan, choice=choice, reason=reason)


def _part(flow: Flow, part: Part) -> dict[str, Any]:
    error = part.error
    refusal = error if isinstance(error, Refused) else None
    return {
        "fate": part.fate,
        "scans": part.scans,
        "given": dict(part.before),
        "label": str(part.verb.label if part.verb else flow.label),
        "texts": [visit.in_words(moved) for moved in (part.answer or {}).get("movements", [])],
        "code": getattr(error, "code", None) or "",
        "why": _why(error),
        "hint": str(refusal.hint) if refusal else "",
        "cleared_by": str(refusal.facts.get("cleared_by", "")) if refusal else "",
        "instead": list(_instead(flow, part, refusal)) if refusal else [],
        "url": address(part.known),
        "marks": sorted(part.marks),
        "bad": part.bad,
    }


def _why(error: ValidationError | None) -> str:
    if isinstance(error, Refused):
        return " ".join(found.text for found in error.all)
    return " ".join(error.messages) if error else ""


def _instead(flow: Flow, part: Part, refusal: Refused) -> Iterable[dict[str, str]]:
    """What would be right, each with the address that knows it. To open one records nothing.

    What is merely next to do is not offered: the step was done with what was scanned.
    """
    if not any(refusal.facts.get(name) for name in ("alternatives", "demands", "lots")):
        return
    for offer in refusal.facts.get("offers", []):
        if offer.url:
            yield {"label": str(offer.label), "url": path_to("stage", **dict(parse_qsl(offer.url)))}
            continue
        tapped = dict(parse_qsl(offer.choice, keep_blank_values=True))
        if "scan" not in tapped:
            given = what_is.chosen(part.known.given, tapped)
            kept = {name: text for name, text in given.items() if text}
            yield {"label": str(offer.label), "url": path_to(flow.name, **kept)}


def _of_somebody_else() -> Refused:
    return Refused(
        _("These scans were made by somebody else."),
        code="other_user",
        hint=_("Sign in as who made them; then they are sent."),
    )


def _refused(refusal: Refused) -> JsonResponse:
    said = {"code": refusal.code, "why": refusal.text, "hint": str(refusal.hint)}
    return JsonResponse(said, status=409)
