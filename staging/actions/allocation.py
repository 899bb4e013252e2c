"""Allocate and deallocate: stock in storage is promised to a demand."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inventory import audit
from inventory.actions.common import lock_lots
from inventory.actions.moves import ContainerField, LotField, SourceField, UnitField
from inventory.audit import Actor
from inventory.errors import Refusals, Refused
from inventory.fields import About
from inventory.ledger import Book
from inventory.models import Balance, LocationKind, Lot
from inventory.units import plain, to_base
from quality import gate
from quality.models import GatedAction
from staging.actions.common import committed, for_lot, lock_requirements, require_live
from staging.actions.lanes import AllField, ForDemandField, Setting, given, on_committed
from staging.actions.stage import DemandField
from staging.bindings import Bindings
from staging.flow import Outcome, Step, carry_out
from staging.models import Demand, Requirement, State


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationLine:
    """A demand to reserve for: all its lines first expired first out, or one chosen lot."""

    demand: DemandField
    lot: Annotated[Lot | None, About(_("Lot"), _("Empty: first expired, first out."))] = None
    source: SourceField = None
    quantity: Annotated[
        Decimal | None, About(_("Quantity"), _("Empty: what is still missing."))
    ] = None
    unit: UnitField = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deallocation:
    """A reservation to be given up."""

    lot: LotField
    demand: ForDemandField = None
    source: SourceField = None
    container: ContainerField = None
    quantity: AllField = None
    unit: UnitField = None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a requirement would get, and how much is short all the same."""

    requirement: Requirement
    parts: list[tuple[Balance, Decimal]]
    short: Decimal


def suggest(demand: Demand) -> list[Suggestion]:
    """First expired, first out: which free, usable stock would fill what is not yet committed.

    A look without a lock, for the screen: `allocate` decides again.
    """
    rows: list[Any] = list(
        demand.requirements.with_progress().select_related("material__base_unit", "demand")
    )
    materials = {row.material_id for row in rows}
    offered = _offer(demand, materials, timezone.localdate())
    left = {balance.pk: balance.free for balance in offered}
    return [_fill(row, row.quantity - row.progressed - row.reserved, offered, left) for row in rows]


def _offer(demand: Demand, materials: Iterable[int], on: date) -> list[Balance]:
    """What may be staged for the demand and lies at its site."""
    return gate.fefo(materials, on, reference=demand.reference, site=demand.site_id)


def _fill(
    row: Requirement, missing: Decimal, offered: Sequence[Balance], left: dict[UUID, Decimal]
) -> Suggestion:
    """Take what is missing from the balances in their order; `left` is what they still have."""
    parts = []
    for balance in offered:
        if balance.lot.material_id != row.material_id or row.lot_id not in (None, balance.lot_id):
            continue
        part = min(left[balance.pk], missing)
        if part > 0:
            parts.append((balance, part))
            left[balance.pk] -= part
            missing -= part
    return Suggestion(row, parts, max(missing, Decimal(0)))


@transaction.atomic
def allocate(*, lines: Sequence[AllocationLine], by: Actor, at: datetime) -> Outcome:
    """Reserve stock for demands. Without a lot, all that is missing, first expired first out.

    What cannot be covered stays short and is warned of. Refuses `demand_closed`, `not_required`,
    `other_lot_required`, `more_than_required`, `lot_needed` (a quantity of what?),
    `nothing_to_allocate`, the quantity codes, and the gate's codes for a chosen lot.
    """
    stamp = audit.stamp(by, at)
    on = timezone.localdate()
    wanted = Requirement.objects.filter(demand__in={line.demand.pk for line in lines})
    materials = set(wanted.values_list("material", flat=True))
    named = [line.lot for line in lines if line.lot]
    lots = lock_lots(
        [*(balance.lot for balance in gate.fefo(materials, on)), *named],
        with_units=any(line.unit for line in lines),
    )
    requirements = lock_requirements(line.demand for line in lines)
    book = Book.read(lots.values())
    bindings = Bindings.read(
        at=at, requirements=[row for rows in requirements.values() for row in rows]
    )
    planner = _Planner(lots, book, bindings, on)
    refusals, steps = Refusals(), []
    for index, line in enumerate(lines):
        try:
            steps += planner.plan(line, requirements.get(line.demand.pk, []), index)
        except Refused as refusal:
            refusals.add(refusal, line=index)
    refusals.raise_any()
    if not steps:
        raise _nothing(lines[0].demand, planner.warnings)
    outcome = carry_out(
        steps,
        action="staging.allocate",
        asks=GatedAction.STAGE,
        book=book,
        bindings=bindings,
        stamp=stamp,
    )
    outcome.warnings += planner.warnings
    return outcome


class _Planner:
    """Turns request lines into steps, keeping count of what earlier lines have taken."""

    def __init__(self, lots: dict[int, Lot], book: Book, bindings: Bindings, on: date) -> None:
        self.lots = lots
        self.book = book
        self.bindings = bindings
        self.on = on
        self.left: dict[UUID, Decimal] = {}
        self.planned: dict[int, Decimal] = {}
        self.warnings: list[str] = []

    def plan(
        self, line: AllocationLine, requirements: Sequence[Requirement], index: int
    ) -> list[Step]:
        demand = requirements[0].demand if requirements else line.demand
        require_live(demand)
        limit = None
        if line.lot:
            lot = self.lots[line.lot.pk]
            requirements = for_lot(requirements, lot, demand)
            if line.quantity is not None:
                limit = self._limit(line, requirements, demand)
        elif line.quantity is not None:
            raise _lot_needed()
        offered = self._offered(line, requirements, demand)
        steps: list[Step] = []
        for row in requirements:
            missing = self._missing(row)
            wanted = missing if limit is None else min(missing, limit)
            suggestion = _fill(row, wanted, offered, self.left)
            got = wanted - suggestion.short
            self.planned[row.pk] = self.planned.get(row.pk, Decimal(0)) + got
            limit = limit if limit is None else limit - got
            steps += [_step(row, balance, part, index) for balance, part in suggestion.parts]
            if suggestion.short > 0:
                self._warn(row, suggestion.short)
        return steps

    def _missing(self, row: Requirement) -> Decimal:
        reserved = self.bindings.total(row, State.RESERVED)
        missing = self.bindings.missing(row) - reserved - self.planned.get(row.pk, Decimal(0))
        return max(missing, Decimal(0))

    def _limit(
        self, line: AllocationLine, requirements: Sequence[Requirement], demand: Demand
    ) -> Decimal:
        assert line.lot is not None and line.quantity is not None  # noqa: S101, PT018 - by caller
        wanted = to_base(line.lot.material, line.quantity, line.unit)
        missing = sum((self._missing(row) for row in requirements), Decimal(0))
        if wanted > missing:
            raise Refused(
                _("%(demand)s needs only %(missing)s more of %(material)s, not %(wanted)s."),
                code="more_than_required",
                field="quantity",
                hint=_("Reserve that much, or change the demand first."),
                facts={"missing": plain(missing)},
                demand=demand,
                missing=plain(missing),
                material=line.lot.material,
                wanted=plain(wanted),
            )
        return wanted

    def _offered(
        self, line: AllocationLine, requirements: Sequence[Requirement], demand: Demand
    ) -> list[Balance]:
        """The locked balances to take from: the chosen lot's, or first expired first out."""
        if line.lot:
            found = self.book.of(self.lots[line.lot.pk])
        else:
            materials = {row.material_id for row in requirements}
            look = _offer(demand, materials, self.on)
            locked = {b.pk: b for lot in self.lots.values() for b in self.book.of(lot)}
            found = [locked[balance.pk] for balance in look if balance.pk in locked]
        offered = [
            balance
            for balance in found
            if balance.location.kind == LocationKind.STORAGE
            and balance.location.is_open
            and (line.source is None or balance.location_id == line.source.pk)
        ]
        for balance in offered:
            self.left.setdefault(balance.pk, balance.free)
        return offered

    def _warn(self, row: Requirement, short: Decimal) -> None:
        words = _("%(material)s: %(short)s %(unit)s short.")
        self.warnings.append(
            str(words)
            % {
                "material": row.material,
                "short": plain(short),
                "unit": row.material.base_unit_id,
            }
        )


def _step(row: Requirement, balance: Balance, quantity: Decimal, index: int) -> Step:
    return Step(
        kind=None,
        requirement=row,
        lot=balance.lot,
        quantity=quantity,
        source=balance.location,
        target=balance.location,
        container=balance.container,
        becomes=State.RESERVED,
        index=index,
    )


def _lot_needed() -> Refused:
    return Refused(
        _("Say which lot the quantity is to be reserved of."),
        code="lot_needed",
        field="lot",
        hint=_("Or leave the quantity empty to reserve all that is missing."),
    )


def _nothing(demand: Demand, warnings: Sequence[str]) -> Refused:
    return Refused(
        _("There is nothing to reserve for %(demand)s."),
        code="nothing_to_allocate",
        field="demand",
        hint=" ".join(warnings) or _("All that it needs is reserved, staged or used already."),
        demand=demand,
    )


@transaction.atomic
def deallocate(*, lines: Sequence[Deallocation], by: Actor, at: datetime) -> Outcome:
    """Give reservations up.

    Refuses `not_committed`, `demand_needed`, `lane_needed`, `not_enough`, the quantity codes.
    """

    def plan(line: Deallocation, setting: Setting) -> list[Step]:
        return [
            Step(
                kind=None,
                requirement=row.requirement,
                lot=line.lot,
                quantity=part,
                source=row.location,
                target=row.location,
                container=row.container,
                taken=row,
            )
            for row, part in committed(
                setting.bindings,
                line,
                states=[State.RESERVED],
                quantity=given(line),
                location=line.source,
                field="source",
            )
        ]

    return on_committed(
        lines,
        plan,
        action="staging.deallocate",
        asks=None,
        by=by,
        at=at,
        places=lambda line: [],
    )
