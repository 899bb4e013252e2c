"""What the screen asks for next: the thing to scan, and for which line."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from inventory.models import Material
from inventory.wording import spelled
from staging.guided.flows import ITEM
from staging.guided.known import Known
from staging.guided.positions import Position
from staging.guided.reading import wanted
from staging.guided.steps import Step
from staging.worklists.stops import Stop


@dataclass(slots=True)
class Prompt:
    """`asks` names the thing; `what` says of what and how much; `at` is where to go for it."""

    asks: str
    what: str = ""
    at: Position | None = None
    name: str | None = None


def prompt_for(step: Step, shown: Sequence[Position]) -> Prompt:
    """What to ask for, as far as the step has come."""
    known = step.known
    name = wanted(known)
    if known.at and known.at.stop and (there := _at_stop(known.at.stop, known, name)):
        return there
    if name is None:
        return Prompt(_("Confirm"), _planned(step), name=None)
    if name == "demand":
        return Prompt(_("Scan the demand"), name=name)
    if name == ITEM:
        return _for_item(step, shown)
    if name == "quantity":
        return Prompt(_("Enter how much is there"), str(known.item or ""), name=name)
    if name == "reason":
        return Prompt(_("Say why"), _difference(step) or _planned(step), name=name)
    if name == "source":
        return Prompt(_("Scan the place it is taken from"), str(known.item or ""), name=name)
    place = known.flow.place(name)
    asks = str(place.ask or place.label) if place else name
    return Prompt(asks, _for_line(step, shown) + _planned(step), name=name)


def _at_stop(stop: Stop, known: Known, name: str | None) -> Prompt | None:
    """Where to go and what to scan there, at a stop of a worklist."""
    if name == known.flow.here and stop.location:
        return Prompt(_("Go to %s and scan it") % stop.location, stop.location.name, name=name)
    if name == ITEM and stop.thing and not stop.takes_many:
        lot = stop.lot if stop.thing == stop.lot else None
        blind = known.flow.name == "count"
        what = amount(stop.quantity, lot.material) if lot and stop.quantity and not blind else ""
        return Prompt(_("Scan %s") % stop.thing, what, name=name)
    return None


def _for_line(step: Step, shown: Sequence[Position]) -> str:
    """Which line of the demand the item is for, where that is known."""
    lots = {movement["lot"] for movement in step.movements}
    lines = {
        at.requirement.line
        for at in shown
        if at.requirement and any(lot.startswith(f"{at.lot.material.code}/") for lot in lots)
    }
    return _("Line %d") % min(lines) + ": " if len(lines) == 1 else ""


def _for_item(step: Step, shown: Sequence[Position]) -> Prompt:
    known = step.known
    at = _next(known.line, shown)
    if at is None:
        if known.demand and known.flow.name == "stage":
            return Prompt(_("Scan the next demand"), _("Nothing more can be fetched for %s.")
                          % known.demand, name=ITEM)  # fmt: skip
        return Prompt(_("Scan the lot or pallet"), name=ITEM)
    if known.flow.name == "count":
        return Prompt(_("Scan the lot or pallet that you count"), name=ITEM)
    line = at.requirement
    number = _("Line %d") % line.line if line else ""
    what = f"{number}: {amount(at.quantity, at.lot.material)}" if number else ""
    return Prompt(_("Scan the lot or pallet"), what, at=at, name=ITEM)


def _next(line: int | None, shown: Sequence[Position]) -> Position | None:
    """The first position of the line that was chosen, or else the first; never what is stopped."""
    usable = [at for at in shown if not at.stop]
    of_line = [at for at in usable if line and at.requirement and at.requirement.line == line]
    return next(iter(of_line or usable), None)


def _difference(step: Step) -> str:
    """By how much a count differs from the books."""
    counted_at = step.known.places.get("location")
    if counted_at is None or not step.movements:
        return ""
    less = step.movements[0]["source"] == counted_at.code
    words = _("%(quantity)s %(unit)s less than by the books")
    return (words if less else _("%(quantity)s %(unit)s more than by the books")) % (
        step.movements[0]
    )


def _planned(step: Step) -> str:
    """What the scan so far would come to: how much of what, and from where."""
    if not step.movements:
        return str(step.known.item or "")
    return " + ".join(
        _("%(quantity)s %(unit)s of %(lot)s from %(source)s") % movement
        for movement in step.movements
    )


def amount(quantity: Decimal, material: Material) -> str:
    words: dict[str, Any] = {
        "quantity": spelled(quantity),
        "unit": material.base_unit_id,
        "material": material.code,
        "name": material.name,
    }
    return _("%(quantity)s %(unit)s of %(material)s %(name)s") % words
