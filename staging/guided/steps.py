"""One step of a flow: as far as what is known goes, and what to do about a refusal."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import BooleanField, Case, Exists, OuterRef, Q, QuerySet, Value, When
from django.utils.translation import gettext_lazy as _

from inventory import attempts, verbs
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.fields import Words
from inventory.models import Balance, Location, LocationKind, Purpose
from inventory.verbs import REGISTRY, Verb
from inventory.wording import recorded, spelled
from staging.guided.ends import lines_of
from staging.guided.flows import Place
from staging.guided.known import Known
from staging.guided.positions import Position
from staging.guided.reading import RULED, wanted
from staging.models import Commitment, DemandKind

PURPOSES = {
    DemandKind.SHIPMENT: (Purpose.SHIPPING_LANE,),
    DemandKind.OPERATION: (Purpose.WIP_BUFFER, Purpose.LINE_SIDE),
    DemandKind.PRODUCTION: (Purpose.LINE_SIDE, Purpose.KITTING),
}
"""What lanes are for that demands of a kind are mostly staged in."""

FEW = 4
"""Ways out that are offered; more would be read and not seen."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A way out: a button that says the same as a scan would, or a link to another page."""

    label: Words
    choice: str = ""
    url: str = ""


@dataclass(slots=True)
class Step:
    """What a step came to: `known` goes on from here. `answer` is what was done, or, with
    `rehearsed`, what would be."""

    known: Known
    verb: Verb | None = None
    answer: dict[str, Any] = field(default_factory=dict)
    rehearsed: bool = False
    error: ValidationError | None = None
    verb_was_asked: bool = False
    entered: list[str] = field(default_factory=list)
    keep: list[Offer] = field(default_factory=list)
    """Places that were said for this item only, and may be kept for the next ones."""

    @property
    def done(self) -> bool:
        return bool(self.answer) and not self.rehearsed

    @property
    def movements(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.answer.get("movements", [])
        return found

    @property
    def refusals(self) -> list[Refused]:
        return self.error.all if isinstance(self.error, Refused) else []


def go_on(known: Known, *, by: Actor, at: datetime, key: str) -> Step:
    """Carry the verb out if all is known; tell what it would come to if only the place is missing.

    Refuses as `lines_of` and the verb do; at a stop of a worklist where somebody has been before,
    `stop_done`.
    """
    try:
        return _go_on(known, by=by, at=at, key=key)
    except Refused as refusal:
        if known.at and (later := known.at.refusal(refusal)) is not refusal:
            raise later from refusal
        raise


def _go_on(known: Known, *, by: Actor, at: datetime, key: str) -> Step:
    name = wanted(known)
    if name is None:
        verb, answer = _carry_out(known, by, at, key)
        return Step(known.next(), verb, answer, entered=_entered(known), keep=[*_passing(known)])
    if known.at:
        known.at.require_open()
    if name == "reason" and known.at and not known.asking:
        return _explained(known, by=by, at=at, key=key)
    place = known.flow.place(name)
    if place is None or not known.has_item:
        return Step(known)
    likely = next(iter(likely_places(known, place)), None)
    if likely is None:
        return Step(known)
    verb, lines = lines_of(replace(known, places={**known.places, name: likely}))
    _may(verb, lines, by)
    answer = verbs.rehearse(verb, lines, by=by, at=at, assumed=name)
    return Step(known, verb, answer, rehearsed=True)


def _explained(known: Known, *, by: Actor, at: datetime, key: str) -> Step:
    """A count at a stop: one that agrees is recorded, a difference told first, and asked about."""
    counted = replace(known, reason=recorded(known.flow.reason))
    verb, lines = lines_of(counted)
    _may(verb, lines, by)
    answer = verbs.rehearse(verb, lines, by=by, at=at, assumed="reason")
    if not answer["movements"]:
        return _go_on(counted, by=by, at=at, key=key)
    return Step(known, verb, answer, rehearsed=True)


def _carry_out(known: Known, by: Actor, at: datetime, key: str) -> tuple[Verb, dict[str, Any]]:
    asked = {"flow": known.flow.name, "all": known.all} | known.said
    try:
        if known.at:
            known.at.require_open()
        verb, lines = lines_of(known)
    except Refused:  # perhaps because it was done, and the answer lost on its way
        verb = REGISTRY[known.flow.verb]
        if answer := verbs.done_before(verb, by=by, key=key, asked=asked):
            return verb, answer
        raise
    _may(verb, lines, by)
    verb = known.at.closing(verb) if known.at else verb
    answer, _replayed = verbs.carry_out(verb, lines, by=by, at=at, key=key, asked=asked)
    return verb, answer


def unit_of(known: Known) -> str:
    """The base unit that a bare number is in, once the lot is known."""
    return known.lot.material.base_unit_id if known.lot else ""


def _entered(known: Known) -> list[str]:
    """What was said, for a verb that moved nothing: a count that agrees."""
    unit = known.unit.code if known.unit else unit_of(known)
    amount = f"{spelled(known.quantity)} {unit}" if known.quantity is not None else ""
    places = [place.code for place in known.places.values()]
    return [text for text in (str(known.item or ""), amount, *places) if text]


def _passing(known: Known) -> Iterable[Offer]:
    for place in known.flow.places:
        row = known.places.get(place.field)
        if row is not None and place.ask and place.field not in known.stays:
            stays = ",".join(sorted({*known.stays, place.field}))
            choice = urlencode({place.field: row.code, "stays": stays})
            yield Offer(_("Keep %(place)s for the next ones") % {"place": row}, choice)


def _may(verb: Verb, lines: Sequence[Any], by: Actor) -> None:
    """A flow may end in another verb than its own, which has a permission of its own."""
    user: User = by.user
    if not user.has_perm(verb.permission):
        attempts.record_denied(verb.permission, attempts.asked_of(lines), by=by)
        raise PermissionDenied


def likely_places(known: Known, place: Place) -> "QuerySet[Location]":
    """Places that would do: where the demand or the material stands already, then those that are
    for it."""
    rows = Location.objects.filter(kind__in=place.kinds, is_open=True)
    rows = rows.exclude(pk__in=[there.pk for there in known.places.values()])
    here: Any = Value(False)
    if known.demand is not None:
        there = Commitment.objects.open().filter(requirement__demand=known.demand)
        here = Exists(there.filter(location=OuterRef("pk")))
        rows = rows.filter(site=known.demand.site_id)
    elif known.container is not None:
        rows = rows.filter(site=known.container.location.site_id)
        rows = rows.exclude(pk=known.container.location_id)
    elif known.lot is not None:
        on_hand = Balance.objects.on_hand()
        rows = rows.filter(site__in=on_hand.filter(lot=known.lot).values("location__site"))
        alike = on_hand.filter(lot__material=known.lot.material_id, location=OuterRef("pk"))
        here = Exists(alike)
    purposes = PURPOSES[DemandKind(known.demand.kind)] if known.demand else ()
    meant = Case(
        When(Q(purpose__in=purposes), then=Value(True)),
        default=Value(False),
        output_field=BooleanField(),
    )
    return rows.annotate(here=here, meant=meant).order_by("-here", "-meant", "path")[:FEW]


# --- refused ------------------------------------------------------------------------------------


def refused(known: Known, error: ValidationError) -> Step:
    """What is still known after a refusal: what it is about goes, so that the right thing can be
    scanned instead."""
    if not isinstance(error, Refused):
        return Step(known.without("lot"), error=error, verb_was_asked=True)
    for found in error.all:
        found.facts["offers"] = list(_offers(known, found))
    return Step(_after(known, error), error=error, verb_was_asked=True)


def unread(known: Known, refusal: Refused, *, by: Actor, at: datetime) -> Step:
    """What was known stands: the scan added nothing to it. What a rule refused is an attempt."""
    names = ("demand", "lot", "container", "quantity", "unit")
    asked = {name: [row] for name in names if (row := known.value(name)) is not None}
    if refusal.code in RULED:
        attempts.record(known.flow.permission, [(asked, refusal)], by=by, at=at)
    refusal.facts["offers"] = list(_offers(known, refusal))
    return Step(known, error=refusal)


def _after(known: Known, refusal: Refused) -> Known:
    name, code = refusal.field or "", refusal.code
    known = known.without("all") if known.all else known
    if code == "source_needed":
        return replace(known.without("source"), asking="source")
    if code in ("demand_needed", "lane_needed", "work_center_needed", "reason_needed"):
        return replace(known.without(name), asking=name)
    if name == "quantity" and refusal.facts.get("missing") != "0":
        return known.without("quantity", "unit")
    if known.flow.place(name) or name in ("demand", "source"):
        return known.without(name)
    return known.without("lot")


def _offers(known: Known, refusal: Refused) -> Iterable[Offer]:
    """Ways out that the refusal's facts name; places where it is about one; else what is next."""
    found = list(_named(known, refusal))
    place = known.flow.place(refusal.field or "")
    if not found and place:
        found = [_go_to(place, row) for row in likely_places(known, place) if _helps(place)]
    if not found and refusal.field in ("lot", "container", "quantity"):
        found = [_take(at) for at in known.flow.shows(known) if not at.stop]
    return found[:FEW]


def _helps(place: Place) -> bool:
    """Storage has more places than buttons: the right one is scanned."""
    return LocationKind.STORAGE not in place.kinds


def _named(known: Known, refusal: Refused) -> Iterable[Offer]:
    facts = refusal.facts
    for other in facts.get("alternatives", []):
        yield _instead(known, other)
    for reference in facts.get("demands", []):
        yield Offer(reference, urlencode({"demand": reference}))
    for lot in facts.get("lots", []):
        inside = {"container": facts["container"]} if "container" in facts else {}
        yield Offer(lot, urlencode({"lot": lot} | inside))
    for code in facts.get("scans", []):
        yield Offer(code, urlencode({"scan": code}))
    for text in facts.get("places", []) if refusal.code != "not_here" else []:
        code = str(text).split(" ", 1)[0]  # codes have no blanks; how much is there follows
        yield Offer(text, urlencode({"scan": code, "asking": refusal.field or "source"}))
    for name in ("missing", "available"):
        amount = facts.get(name, "0")
        if amount != "0" and known.has_item and not known.all:
            unit = known.lot.material.base_unit_id if known.lot else ""
            words = _("Take %(quantity)s %(unit)s") % {
                "quantity": spelled(Decimal(amount)),
                "unit": unit,
            }
            yield Offer(words, urlencode({"quantity": amount, "unit": ""}))


def _instead(known: Known, other: dict[str, str]) -> Offer:
    """Another lot that would do: taken at once where stock is staged, staged first elsewhere."""
    found = {"lot": other["lot"], "source": other["location"]}
    if known.flow.name == "stage":
        return Offer(_("Take %(lot)s at %(source)s") % found, urlencode(found))
    demand = {"demand": known.demand.reference} if known.demand else {}
    return Offer(_("Stage %(lot)s from %(source)s") % found, url=urlencode(demand | found))


def _go_to(place: Place, row: Location) -> Offer:
    return Offer(f"{row.code} · {row.name}", urlencode({place.field: row.code}))


def _take(at: Position) -> Offer:
    words = _("%(lot)s at %(place)s") % {"lot": at.lot, "place": at.container or at.location}
    return Offer(words, at.choice)
