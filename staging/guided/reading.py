"""A scan says itself what it is: a demand, a lot, a container, a place, or how much."""

import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from inventory import codes
from inventory.actions.common import wrong_kind
from inventory.errors import Refused
from inventory.filling import amount
from inventory.models import Container, Location, Lot, Unit
from inventory.scanning import may_say_more, read
from inventory.wording import Mistakable, number_of, ways_to_write
from staging.actions.common import require_live
from staging.guided.flows import ITEM
from staging.guided.known import Known
from staging.models import Demand
from staging.worklists.at_stop import not_expected

Hits = Mapping[type[Any], Any]
"""What a code names, by kind; `codes.MANY` where it names several of a kind."""

ORDER = (Demand, Container, Lot, Location)

RULED = ("wrong_location_kind", "demand_closed", "wrong_demand_kind")
"""What is refused though it could be read: an attempt, and kept as one."""

HOW_MUCH = re.compile(
    r"(?P<number>(?:0|[1-9]\d{0,8})(?:[.,]\d{1,9})?) ?(?P<unit>[A-Za-z][A-Za-z0-9]{1,2})?"
)
"""`12.5` or `2 BX`: no longer than nine digits and without leading zeros, so that no article
number is taken for it."""


def wanted(known: Known) -> str | None:
    """The field that is needed next; None when all is known that the flow asks for."""
    if known.asking and known.value(known.asking) in (None, ""):
        return known.asking
    here = [known.flow.here] if known.at and known.at.location and known.flow.here else []
    for name in dict.fromkeys([*here, *known.flow.asks]):
        is_there = known.has_item if name == ITEM else known.value(name) is not None
        if not is_there:
            return name
    return "reason" if known.flow.reason and not known.reason else None


def take(known: Known, scan: str, hits: Hits) -> Known:
    """What is known with the scan.

    Refuses `unknown_code`, `ambiguous_code`, `not_asked_for`, what `codes.resolve` does for a GS1
    code, `number_mistakable`; at a stop of a worklist `not_expected`; and the codes in `RULED`.
    """
    kind = next((kind for kind in _likely_first(known) if kind in hits), None)
    if kind is None:
        return _how_much(known, scan)
    hit = hits[kind]
    hit = _meant(known, scan) if hit is codes.MANY else codes.resolve(kind, scan, {scan: hit})
    if isinstance(hit, Demand):
        return _with_demand(known, hit)
    if isinstance(hit, Location):
        return _with_place(known, hit)
    found = _with_item(known, hit)
    return _with_label(found, scan) if isinstance(hit, Lot) else found


def _likely_first(known: Known) -> list[type[Any]]:
    """A code may name things of several kinds: what is asked for comes first."""
    meant: dict[str | None, tuple[type[Any], ...]] = {
        "demand": (Demand,), ITEM: (Container, Lot), "source": (Location, Container),
    }  # fmt: skip
    first = meant.get(wanted(known), (Location,))
    return [*first, *(kind for kind in ORDER if kind not in first)]


def _how_much(known: Known, scan: str) -> Known:
    """The scan as a quantity, in a unit if one stands behind it."""
    if match := HOW_MUCH.fullmatch(scan):
        unit = None
        if code := match["unit"]:
            unit = codes.find(Unit, [code]).get(code)
        if unit is not None or not match["unit"]:
            asking = "" if known.asking == "quantity" else known.asking
            return replace(known, quantity=_typed(match["number"]), unit=unit, asking=asking)
    if may_say_more(scan):
        codes.resolve(Lot, scan, {})  # which says what is wrong with the label
    raise Refused(
        _("Nothing is called “%(value)s”."),
        code="unknown_code",
        hint=_("Scan it again, or check the number."),
        value=scan,
    )


def _typed(text: str) -> Decimal:
    try:
        return number_of(text)
    except Mistakable as found:
        ways = ways_to_write(text)
        raise Refused(
            _("“%(value)s” can be read in two ways."),
            code="number_mistakable",
            field="quantity",
            hint=_("Write %(whole)s or %(decimal)s.") % ways,
            value=text,
        ) from found


def _with_label(known: Known, scan: str) -> Known:
    """How much the label of a lot says there is, if its material is counted so. Never where it is
    asked for: a count is what somebody has counted, not what was printed once."""
    asked_for = "quantity" in known.flow.asks
    said = read(scan) if may_say_more(scan) and not asked_for else None
    found = amount(said, known.lot.material) if said and known.lot else None
    return replace(known, quantity=found[0], unit=found[1]) if found else known


def _meant(known: Known, scan: str) -> Lot:
    """The lot that a bare number means, where the demand needs only one that has it.

    Refuses `ambiguous_code`, and names the lots.
    """
    lots = list(Lot.objects.matching([scan]).order_by("code"))
    if known.demand is not None:
        needed = set(known.demand.requirements.values_list("material", flat=True))
        lots = [lot for lot in lots if lot.material_id in needed] or lots
    if len(lots) == 1:
        return lots[0]
    raise Refused(
        _("“%(value)s” names more than one lot."),
        code="ambiguous_code",
        hint=_("Choose the one that is meant, or scan its full code."),
        facts={"lots": [lot.code for lot in lots]},
        value=scan,
    )


def _with_demand(known: Known, demand: Demand) -> Known:
    if not known.flow.takes_demand:
        raise _not_asked_for(known, demand)
    require_live(demand)
    known.flow.check_demand(demand)
    if known.asking == "demand" or known.demand is None:
        asking = "" if known.asking == "demand" else known.asking
        return replace(known, demand=demand, asking=asking)
    return replace(known.without("lot", "line"), demand=demand)


def _with_item(known: Known, item: Lot | Container) -> Known:
    if known.at and not known.at.takes(item):
        raise not_expected(item, known.at.awaited(wanted(known), known.flow.here))
    if known.asking == "source" and isinstance(item, Container):
        return replace(known, container=item, asking="")
    typed = None if known.has_item else known.quantity  # how much may be said before of what
    unit = None if known.has_item else known.unit
    fresh = replace(known.without("lot"), quantity=typed, unit=unit, reason=known.reason)
    if isinstance(item, Lot):
        return replace(fresh, lot=item).ready()
    return replace(fresh, container=item).ready()


def _with_place(known: Known, location: Location) -> Known:
    flow, asked = known.flow, wanted(known)
    if asked == "source":
        return _placed(known, "source", location)
    first = [place for place in flow.places if place.field == asked]
    for place in (*first, *flow.places):
        if place.fits(location):
            return _placed(known, place.field, location)
    asked_for = first[0] if first else flow.places[0]
    raise wrong_kind(location, asked_for.kinds, field=asked_for.field)


def _placed(known: Known, field: str, location: Location) -> Known:
    """A place that is scanned before an item stays for the next ones; one after it does not."""
    at = known.at
    if at and field == known.flow.here and at.location and location != at.location:
        raise not_expected(location, at.awaited(wanted(known), field))
    stays = known.stays - {field} if known.has_item else known.stays | {field}
    return replace(
        known, places={**known.places, field: location}, stays=stays - {"source"}, asking=""
    )


def _not_asked_for(known: Known, thing: Demand) -> Refused:
    return Refused(
        _("%(thing)s is a %(kind)s, which is not asked for here."),
        code="not_asked_for",
        hint=_("Scan the lot or container."),
        thing=thing,
        kind=thing._meta.verbose_name,
    )
