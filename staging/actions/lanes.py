"""Unstage, transfer and borrow: staged stock changes place or demand."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from itertools import chain
from typing import Annotated, Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from inventory import audit
from inventory.actions.common import (
    common_reason,
    counterparts,
    each,
    lock_named,
    require_kind,
)
from inventory.actions.moves import ContainerField, LotField, ReasonField, UnitField
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.fields import About
from inventory.ledger import Book
from inventory.models import Location, LocationKind, MovementKind
from inventory.units import to_base
from quality.models import GatedAction
from staging.actions.common import (
    Needs,
    committed,
    for_lot,
    lock_locations,
    lock_requirements,
    require_live,
    reserved_for,
)
from staging.bindings import Bindings
from staging.flow import CLAIM, Outcome, Step, carry_out
from staging.models import Demand, State

LaneField = Annotated[
    Location | None, About(_("From lane"), _("Needed only if it stands in several lanes."))
]
ForDemandField = Annotated[
    Demand | None, About(_("Demand"), _("Needed only if the lot is staged for several."))
]
AllField = Annotated[Decimal | None, About(_("Quantity"), _("Empty: all of it."))]
TargetField = Annotated[
    Location, About(_("To"), _("Storage or quarantine; the lane itself frees it there."))
]
TheTargetField = Annotated[Location, About(_("To lane"), _("Scan the lane it goes to."))]
BorrowerField = Annotated[Demand, About(_("For demand"), _("The demand that takes it over."))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unstaging:
    """Staged stock that goes back to storage, or to quarantine."""

    lot: LotField
    target: TargetField
    lane: LaneField = None
    demand: ForDemandField = None
    container: ContainerField = None
    quantity: AllField = None
    unit: UnitField = None
    reason: ReasonField = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Staged stock that goes to another lane, for the same demand."""

    lot: LotField
    target: TheTargetField
    lane: LaneField = None
    demand: ForDemandField = None
    container: ContainerField = None
    quantity: AllField = None
    unit: UnitField = None
    reason: ReasonField = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Borrowing:
    """Stock staged for one demand that another takes over, where it stands."""

    lot: LotField
    borrower: BorrowerField
    reason: ReasonField
    demand: Annotated[Demand | None, About(_("From demand"))] = None
    lane: LaneField = None
    container: ContainerField = None
    quantity: AllField = None
    unit: UnitField = None


@dataclass(frozen=True, slots=True)
class Setting:
    """What a verb on staged stock has locked and read."""

    book: Book
    bindings: Bindings
    requirements: dict[int, Needs]
    places: dict[int, Location]
    outside: dict[int, Location]


def on_committed(
    lines: Sequence[Any],
    plan: Callable[[Any, Setting], list[Step]],
    *,
    action: str,
    asks: GatedAction | None,
    by: Actor,
    at: datetime,
    demands: Callable[[Any], list[Demand]] = lambda line: [line.demand] if line.demand else [],
    places: Callable[[Any], list[Location]] = lambda line: [line.target],
    takers: Sequence[Demand] = (),
    leaves_for: LocationKind | None = None,
) -> Outcome:
    """Lock, read, plan each line and carry the steps out: the frame of every verb that takes
    from commitments. `plan` gives the steps of one line; `takers` are demands that come to have
    more, and may give reservations up for it; `leaves_for` is the kind of virtual location that
    the setting's `outside` has for each site."""
    stamp = audit.stamp(by, at, common_reason(lines))
    lines = lock_named(lines, also=reserved_for(takers) if takers else None)
    needing = [demand for line in lines for demand in demands(line)]
    requirements = lock_requirements(needing) if needing else {}
    named = [place for line in lines for place in places(line)]
    locked = lock_locations(named) if named else {}
    lots = [line.lot for line in lines]
    bindings = Bindings.read(
        at=at,
        requirements=[row for rows in requirements.values() for row in rows],
        lots=lots,
    )
    reserved = bindings.find(states=[State.RESERVED]) if takers else []
    book = Book.read(
        [*(row.lot for row in reserved), *lots],
        containers=[line.container for line in lines if line.container],
        places=[place for place in locked.values() if place.capacity],
    )
    sites = {row.location.site_id for row in bindings.find(states=CLAIM)} if leaves_for else ()
    outside = counterparts(leaves_for, sites) if leaves_for else {}
    setting = Setting(book, bindings, requirements, locked, outside)

    def steps_of(line: Any, index: int) -> list[Step]:
        reason = getattr(line, "reason", "")
        return [replace(step, index=index, reason=reason) for step in plan(line, setting)]

    return carry_out(
        list(chain.from_iterable(each(lines, steps_of))),
        action=action,
        asks=asks,
        book=setting.book,
        bindings=setting.bindings,
        stamp=stamp,
        lanes=[place for place in locked.values() if place.is_staging],
    )


def given(line: Any) -> Decimal | None:
    """The line's quantity in the base unit, or None for all."""
    return None if line.quantity is None else to_base(line.lot.material, line.quantity, line.unit)


@transaction.atomic
def unstage(*, lines: Sequence[Unstaging], by: Actor, at: datetime) -> Outcome:
    """Take staged stock back. With the lane itself as target it stays there, free of the demand.

    Never gated: what may not be used must be able to leave. Refuses `not_committed`,
    `demand_needed`, `lane_needed`, `not_enough`, `wrong_location_kind`, `location_closed` and the
    quantity codes.
    """

    def plan(line: Unstaging, setting: Setting) -> list[Step]:
        target = setting.places[line.target.pk]
        parts = _staged(line, setting)
        if any(row.location_id != target.pk for row, _part in parts):
            require_kind(target, LocationKind.STORAGE, LocationKind.QUARANTINE, field="target")
        return [
            Step(
                kind=MovementKind.UNSTAGE if row.location_id != target.pk else None,
                requirement=row.requirement,
                lot=line.lot,
                quantity=part,
                source=row.location,
                target=target,
                container=row.container,
                taken=row,
            )
            for row, part in parts
        ]

    return on_committed(lines, plan, action="staging.unstage", asks=None, by=by, at=at)


@transaction.atomic
def transfer(*, lines: Sequence[Transfer], by: Actor, at: datetime) -> Outcome:
    """Move staged stock to another lane; its clock goes on.

    Gated as staging. Refuses the gate's codes, `same_place`, `lane_full`, and as `unstage` does.
    """

    def plan(line: Transfer, setting: Setting) -> list[Step]:
        target = setting.places[line.target.pk]
        require_kind(target, LocationKind.STAGING, field="target")
        return [
            Step(
                kind=MovementKind.MOVE,
                requirement=row.requirement,
                lot=line.lot,
                quantity=part,
                source=row.location,
                target=_elsewhere(target, row.location),
                container=row.container,
                taken=row,
                becomes=State.STAGED,
            )
            for row, part in _staged(line, setting)
        ]

    return on_committed(
        lines, plan, action="staging.transfer", asks=GatedAction.STAGE, by=by, at=at
    )


@transaction.atomic
def borrow(*, lines: Sequence[Borrowing], by: Actor, at: datetime) -> Outcome:
    """Let another demand take over staged stock where it stands; the reason is kept.

    Gated as staging for the borrower. Refuses the gate's codes, `reason_needed`, `demand_closed`,
    `not_required`, `other_lot_required`, `more_than_required`, `same_demand`, and as `unstage`
    does.
    """
    missing: dict[int, Decimal] = {}

    def plan(line: Borrowing, setting: Setting) -> list[Step]:
        audit.require_reason(line.reason)
        lines_of = setting.requirements.get(line.borrower.pk, Needs())
        demand = lines_of[0].demand if lines_of else line.borrower
        require_live(demand, field="borrower")
        fitting = for_lot(lines_of, line.lot, demand)
        steps = []
        for requirement in fitting:
            missing.setdefault(requirement.pk, setting.bindings.missing(requirement))
        for row, part in _staged(line, setting):
            if row.requirement.demand_id == demand.pk:
                raise _same_demand(line)
            for requirement in fitting:
                quantity = min(part, max(missing[requirement.pk], Decimal(0)))
                if quantity > 0:
                    part -= quantity
                    missing[requirement.pk] -= quantity
                    steps.append(
                        Step(
                            kind=None, requirement=requirement, lot=line.lot, quantity=quantity,
                            source=row.location, target=row.location, container=row.container,
                            taken=row, becomes=State.STAGED,
                        )
                    )  # fmt: skip
            if part > 0 and line.quantity is not None:
                raise _borrows_too_much(line)
        if not steps:
            raise _borrows_too_much(line)
        return steps

    return on_committed(
        lines,
        plan,
        action="staging.borrow",
        asks=GatedAction.STAGE,
        by=by,
        at=at,
        demands=lambda line: [line.borrower, *([line.demand] if line.demand else [])],
        places=lambda line: [line.lane] if line.lane else [],
        takers=[line.borrower for line in lines],
    )


def _staged(line: Any, setting: Setting) -> list[tuple[Any, Decimal]]:
    return committed(
        setting.bindings, line, states=[State.STAGED], quantity=given(line), location=line.lane
    )


def _elsewhere(target: Location, lane: Location) -> Location:
    if target.pk == lane.pk:
        raise Refused(
            _("It stands in %(lane)s already."),
            code="same_place",
            field="target",
            hint=_("Scan the lane it goes to."),
            lane=lane,
        )
    return target


def _same_demand(line: Borrowing) -> Refused:
    return Refused(
        _("%(lot)s is staged for %(demand)s already."),
        code="same_demand",
        field="borrower",
        hint=_("Name the demand that takes it over."),
        lot=line.lot,
        demand=line.borrower,
    )


def _borrows_too_much(line: Borrowing) -> Refused:
    return Refused(
        _("%(demand)s does not need that much of %(material)s."),
        code="more_than_required",
        field="quantity",
        hint=_("Borrow less, or leave the quantity empty to take what is needed."),
        demand=line.borrower,
        material=line.lot.material,
    )
