"""What the staging verbs share: locking, and finding the commitments they take from."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.utils.translation import gettext_lazy as _

from inventory.errors import Refused
from inventory.models import Location, Lot
from inventory.statements import Select
from inventory.units import plain
from inventory.wording import joined, spelled
from staging.bindings import Bindings
from staging.models import Commitment, Demand, Requirement, State

_LINES = Select(lambda: Requirement.objects.filter(demand__among="demands").locked())
_LINES_OF = Select(
    lambda: Requirement.objects.filter(
        demand__among="demands", material__among="materials"
    ).locked()
)
_LANES = Select(lambda: Location.objects.filter(pk__among="places").locked())
_RESERVED = Select(
    lambda: (
        Commitment.objects.open()
        .filter(state=State.RESERVED, requirement__demand__among="demands")
        .values("lot")
    )
)


class Needs(list[Requirement]):
    """The locked lines of one demand, in line order."""

    @cached_property
    def by_material(self) -> dict[int, list[Requirement]]:
        """So that a thousand lots do not each look through a thousand lines."""
        found: dict[int, list[Requirement]] = {}
        for line in self:
            found.setdefault(line.material_id, []).append(line)
        return found


def lock_requirements(
    demands: Iterable[Demand], *, of: Iterable[Lot] | None = None
) -> dict[int, Needs]:
    """Lock the demands' lines, or those of the lots' materials only; by demand, in line order.

    Lots are locked before this.
    """
    found: dict[int, Needs] = {}
    keys = sorted({demand.id for demand in demands})
    if of is None:
        rows = _LINES(demands=keys)
    else:
        rows = _LINES_OF(demands=keys, materials=sorted({lot.material_id for lot in of}))
    for requirement in rows:
        found.setdefault(requirement.demand_id, Needs()).append(requirement)
    return found


def reserved_for(demands: Iterable[Demand]) -> list[int]:
    """The lots reserved for demands, which a staging may make needless, and so locks as well."""
    rows = _RESERVED.rows(demands=sorted({demand.id for demand in demands}))
    return [lot for (lot,) in rows]


def require_live(demand: Demand, *, field: str = "demand") -> None:
    """Refuse `demand_closed`: completed or cancelled demands take nothing any more."""
    if demand.closed_at is not None:
        raise Refused(
            _("Demand %(demand)s is cancelled.")
            if demand.cancelled
            else _("Demand %(demand)s is completed."),
            code="demand_closed",
            field=field,
            hint=_("Choose another demand."),
            demand=demand,
        )


def lock_locations(locations: Iterable[Location]) -> dict[int, Location]:
    """Lock the places that take part, so that capacity and location holds are decided in turn."""
    rows = _LANES(places=sorted({location.id for location in locations}))
    return {location.id: location for location in rows}


def for_lot(requirements: Needs, lot: Lot, demand: Demand) -> list[Requirement]:
    """The demand's lines that this lot can serve. Refuses `not_required`, `other_lot_required`."""
    of_material = requirements.by_material.get(lot.material_id)
    if not of_material:
        raise Refused(
            _("%(demand)s does not need %(material)s."),
            code="not_required",
            field="lot",
            hint=_("Needed are: %s.") % ", ".join(_needed_by(demand)),
            demand=demand,
            material=lot.material,
        )
    fitting = [line for line in of_material if line.lot_id in (None, lot.id)]
    if not fitting:
        raise Refused(
            _("%(demand)s needs one particular lot of %(material)s."),
            code="other_lot_required",
            field="lot",
            hint=_("Use lot %s.") % of_material[0].lot,
            demand=demand,
            material=lot.material,
        )
    return fitting


def _needed_by(demand: Demand) -> list[str]:
    """Read only for a refusal: the lines of other materials are not locked."""
    rows = Requirement.objects.filter(demand=demand).select_related("material")
    return sorted({str(row.material) for row in rows})


def take_from(
    bindings: Bindings,
    rows: Sequence[Commitment],
    quantity: Decimal | None,
    *,
    what: Any,
    lot: Lot,
) -> list[tuple[Commitment, Decimal]]:
    """Spread a quantity over commitments, the oldest first; all of them if none is given.

    What earlier lines of the request take is not there any more. Refuses `not_committed` (there
    are none) and `not_enough`.
    """
    available = sum((bindings.left(row) for row in rows), Decimal(0))
    if not available:
        raise Refused(
            _("Nothing of %(lot)s is %(what)s there."),
            code="not_committed",
            field="lot",
            hint=_("Check the lot, the place and the demand."),
            lot=lot,
            what=what,
        )
    wanted = available if quantity is None else quantity
    if wanted > available:
        raise Refused(
            _("Only %(available)s of %(lot)s is %(what)s there, not %(wanted)s."),
            code="not_enough",
            field="quantity",
            hint=_("Take no more than %s.") % spelled(available),
            facts={"available": plain(available)},
            available=spelled(available),
            wanted=spelled(wanted),
            lot=lot,
            what=what,
        )
    parts = []
    for row in rows:
        part = min(bindings.left(row), wanted)
        if part > 0:
            parts.append((row, part))
            bindings.plan(row, part)
            wanted -= part
    return parts


def committed(
    bindings: Bindings,
    line: Any,
    *,
    states: Iterable[State],
    quantity: Decimal | None,
    location: Location | None,
    field: str = "lane",
) -> list[tuple[Commitment, Decimal]]:
    """What a line takes of its lot's commitments; `field` names where the line says the place.

    Refuses `demand_needed` (it serves several demands), `lane_needed` (it stands in several
    places), and as `take_from` does.
    """
    states = list(states)
    rows = [
        row
        for row in bindings.find(
            states=states, lot=line.lot, location=location, container=line.container
        )
        if line.demand is None or row.requirement.demand_id == line.demand.id
    ]
    demands = {row.requirement.demand.reference for row in rows}
    places = {row.location.code for row in rows}
    if len(demands) > 1:
        raise demand_needed(line.lot, demands)
    if len(places) > 1:
        raise Refused(
            _("%(lot)s stands in several places: %(places)s."),
            code="lane_needed",
            field=field,
            hint=_("Scan the one it is taken from."),
            facts={"places": sorted(places)},
            lot=line.lot,
            places=", ".join(sorted(places)),
        )
    what = joined([state.label for state in states])
    return take_from(bindings, rows, quantity, what=what, lot=line.lot)


def demand_needed(lot: Lot | None, references: Iterable[str]) -> Refused:
    """The refusal of a lot that is there for several demands."""
    demands = sorted(references)
    return Refused(
        _("%(lot)s is there for several demands: %(demands)s."),
        code="demand_needed",
        field="demand",
        hint=_("Say for which one."),
        facts={"demands": demands},
        lot=lot,
        demands=", ".join(demands),
    )


def not_shipment(demand: Demand) -> bool:
    """True; refuses `wrong_demand_kind` for a shipment, which is loaded and not issued."""
    if demand.is_shipment:
        raise Refused(
            _("%(demand)s is a shipment."),
            code="wrong_demand_kind",
            field="demand",
            hint=_("Load and ship it."),
            demand=demand,
        )
    return True
