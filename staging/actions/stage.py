"""Stage and assign: material is made ready for one known next step."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import chain
from typing import Annotated
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from inventory import audit
from inventory.actions.common import (
    amount,
    common_reason,
    each,
    lock_named,
    pick_balance,
    require_kind,
)
from inventory.actions.moves import (
    ContainerField,
    LotField,
    ReasonField,
    SourceField,
    UnitField,
)
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.fields import About
from inventory.ledger import Book
from inventory.models import (
    Balance,
    Location,
    LocationKind,
    MovementKind,
)
from inventory.units import plain
from inventory.wording import spelled
from quality.models import GatedAction
from staging.actions.common import (
    Needs,
    for_lot,
    lock_locations,
    lock_requirements,
    require_live,
    reserved_for,
)
from staging.bindings import Bindings
from staging.flow import Outcome, Step, carry_out
from staging.models import Commitment, Demand, Requirement, State

DemandField = Annotated[Demand, About(_("Demand"), _("Scan or type its reference."))]
LaneField = Annotated[Location, About(_("Lane"), _("Scan the staging location."))]
NeededField = Annotated[
    Decimal | None, About(_("Quantity"), _("Empty: what is still needed, or all there is."))
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Staging:
    """A lot on its way to a lane, for a demand."""

    demand: DemandField
    lot: LotField
    lane: LaneField
    source: SourceField = None
    container: ContainerField = None
    quantity: NeededField = None
    unit: UnitField = None
    reason: ReasonField = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """Stock that stands in a lane already, for a demand."""

    demand: DemandField
    lot: LotField
    lane: LaneField
    container: ContainerField = None
    quantity: NeededField = None
    unit: UnitField = None
    reason: ReasonField = ""


@transaction.atomic
def stage(*, lines: Sequence[Staging], by: Actor, at: datetime) -> Outcome:
    """Move lots to their lanes, bound to their demands. What is reserved for the demand goes first.

    Refuses the gate's codes (`lot_on_hold`, `lot_expired`, `lot_retest_due`, `time_out_exceeded`,
    `lot_quarantine`, `lot_rejected`, `lot_closed`, `lot_restricted`, `rule_denies`,
    `shelf_life_short`, `stands_in_quarantine`, `reason_needed`), `demand_closed`, `not_required`,
    `other_lot_required`, `more_than_required`, `not_here`, `source_needed`, `not_enough`,
    `lane_full`, `wrong_location_kind`, `location_closed`, `same_place`, `serial_is_one` and the
    quantity codes. What becomes needless of the demand's reservations is given up, with a warning.
    """
    return _stage(MovementKind.STAGE, "staging.stage", lines, by, at)


@transaction.atomic
def assign(*, lines: Sequence[Assignment], by: Actor, at: datetime) -> Outcome:
    """Bind stock that stands in a lane to a demand: logical staging, gated and audited alike.

    Nothing moves. Refuses as `stage` does.
    """
    return _stage(None, "staging.assign", lines, by, at)


def _stage(
    kind: MovementKind | None,
    action: str,
    lines: Sequence[Staging | Assignment],
    by: Actor,
    at: datetime,
) -> Outcome:
    stamp = audit.stamp(by, at, common_reason(lines))
    lines = lock_named(lines, also=reserved_for(line.demand for line in lines))
    requirements = lock_requirements(
        (line.demand for line in lines), of=[line.lot for line in lines]
    )
    lanes = lock_locations(line.lane for line in lines)
    bindings = Bindings.read(
        at=at, requirements=[row for rows in requirements.values() for row in rows]
    )
    reserved = bindings.find(states=[State.RESERVED])
    book = Book.read(
        [*(row.lot for row in reserved), *(line.lot for line in lines)],
        containers=[line.container for line in lines if line.container],
        places=[lane for lane in lanes.values() if lane.capacity],
    )
    planner = _Planner(kind, book, bindings, any_reserved=bool(reserved))

    def steps_of(line: Staging | Assignment, index: int) -> list[Step]:
        return planner.plan(line, requirements.get(line.demand.id, Needs()), lanes, index)

    return carry_out(
        list(chain.from_iterable(each(lines, steps_of))),
        action=action,
        asks=GatedAction.STAGE,
        book=book,
        bindings=bindings,
        stamp=stamp,
        lanes=lanes.values(),
    )


class _Planner:
    """Turns request lines into steps, keeping count of what earlier lines have planned."""

    def __init__(
        self, kind: MovementKind | None, book: Book, bindings: Bindings, *, any_reserved: bool
    ) -> None:
        self.kind = kind
        self.book = book
        self.bindings = bindings
        self.planned: dict[int, Decimal] = {}
        self.taken: dict[UUID, Decimal] = {}
        self.any_reserved = any_reserved

    def plan(
        self,
        line: Staging | Assignment,
        requirements: Needs,
        lanes: dict[int, Location],
        index: int,
    ) -> list[Step]:
        demand = requirements[0].demand if requirements else line.demand
        require_live(demand)
        lane = lanes[line.lane.id]
        require_kind(lane, LocationKind.STAGING, field="lane")
        fitting = for_lot(requirements, line.lot, demand)
        balance = self._balance(line, lane, fitting)
        lacking = [(row, self._missing(row)) for row in fitting]
        missing = sum((lack for _row, lack in lacking), Decimal(0))
        if missing <= 0:
            raise _has_all(line, demand)
        quantity = amount(
            line.lot,
            line.quantity,
            line.unit,
            otherwise=min(missing, self._usable(balance, fitting)),
        )
        if quantity > missing:
            raise _too_much(line, demand, quantity, missing)
        return [
            step
            for requirement, part in self._spread(lacking, quantity)
            for step in self._steps(requirement, part, balance, lane, index, line.reason)
        ]

    def _usable(self, balance: Balance, fitting: Sequence[Requirement]) -> Decimal:
        """What is free there or reserved for the lines, less what earlier lines take."""
        free = balance.free - self.taken.get(balance.id, Decimal(0))
        return free + sum(self.bindings.left(row) for row in self._reserved(balance, fitting))

    def _missing(self, requirement: Requirement) -> Decimal:
        planned = self.planned.get(requirement.id, Decimal(0))
        return max(self.bindings.missing(requirement) - planned, Decimal(0))

    def _balance(
        self, line: Staging | Assignment, lane: Location, fitting: Sequence[Requirement]
    ) -> Balance:
        if isinstance(line, Assignment):
            here = [balance for balance in self.book.of(line.lot) if self._usable(balance, fitting)]
            return pick_balance(
                self.book, line.lot, source=lane, container=line.container, candidates=here or None
            )
        if line.source and line.source.id == lane.id:
            raise _same_place(line)
        kinds = (LocationKind.STORAGE, LocationKind.STAGING)
        offered = [
            balance
            for balance in self.book.of(line.lot)
            if balance.location_id != lane.id
            and (line.source is not None or balance.location.kind in kinds)
            and (line.source is not None or self._usable(balance, fitting) > 0)
        ]
        if line.source is None and line.container is None:
            reserved = [
                balance
                for balance in offered
                if any(self.bindings.left(row) for row in self._reserved(balance, fitting))
            ]
            offered = reserved or offered
        # A lot that stands in quarantine only is offered all the same, for the gate to say why not.
        balance = pick_balance(
            self.book,
            line.lot,
            source=line.source,
            container=line.container,
            candidates=offered or self.book.of(line.lot),
        )
        require_kind(balance.location, *kinds, LocationKind.QUARANTINE, field="source")
        return balance

    def _reserved(self, balance: Balance, fitting: Sequence[Requirement]) -> list[Commitment]:
        if not self.any_reserved:
            return []
        return [
            row
            for requirement in fitting
            for row in self.bindings.find(
                states=[State.RESERVED],
                requirement=requirement,
                lot=balance.lot,
                location=balance.location,
            )
            if row.container_id == balance.container_id
        ]

    def _spread(
        self, lacking: Sequence[tuple[Requirement, Decimal]], quantity: Decimal
    ) -> list[tuple[Requirement, Decimal]]:
        parts = []
        for requirement, lack in lacking:
            part = min(lack, quantity)
            if part > 0:
                parts.append((requirement, part))
                self.planned[requirement.id] = self.planned.get(requirement.id, Decimal(0)) + part
                quantity -= part
        return parts

    def _steps(
        self,
        requirement: Requirement,
        quantity: Decimal,
        balance: Balance,
        lane: Location,
        index: int,
        reason: str,
    ) -> list[Step]:
        """What is reserved for the requirement first, free stock for the rest."""
        parts: list[tuple[Commitment | None, Decimal]] = []
        for row in self._reserved(balance, [requirement]):
            part = min(self.bindings.left(row), quantity)
            if part > 0:
                parts.append((row, part))
                self.bindings.plan(row, part)
                quantity -= part
        if quantity > 0:
            parts.append((None, quantity))
            self.taken[balance.id] = self.taken.get(balance.id, Decimal(0)) + quantity
        return [
            Step(
                kind=self.kind,
                requirement=requirement,
                lot=balance.lot,
                quantity=part,
                source=balance.location,
                target=lane,
                container=balance.container,
                taken=row,
                becomes=State.STAGED,
                reason=reason,
                index=index,
            )
            for row, part in parts
        ]


def _has_all(line: Staging | Assignment, demand: Demand) -> Refused:
    return Refused(
        _("%(demand)s has all the %(material)s it needs."),
        code="more_than_required",
        field="quantity",
        hint=_("Change the demand first if more is needed."),
        facts={"missing": "0"},
        demand=demand,
        material=line.lot.material,
    )


def _too_much(
    line: Staging | Assignment, demand: Demand, quantity: Decimal, missing: Decimal
) -> Refused:
    return Refused(
        _("%(demand)s needs only %(missing)s %(unit)s more of %(material)s, not %(quantity)s."),
        code="more_than_required",
        field="quantity",
        hint=_("Stage %s at most, or change the demand first.") % spelled(missing),
        facts={"missing": plain(missing)},
        demand=demand,
        missing=spelled(missing),
        unit=line.lot.material.base_unit_id,
        material=line.lot.material,
        quantity=spelled(quantity),
    )


def _same_place(line: Staging) -> Refused:
    return Refused(
        _("%(lot)s stands in %(lane)s already."),
        code="same_place",
        field="lane",
        hint=_("Assign it to the demand instead of staging it."),
        lot=line.lot,
        lane=line.lane,
    )
