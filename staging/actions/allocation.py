"""Allocate and deallocate: stock in storage is promised to a demand."""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import chain
from typing import Annotated, Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inventory import audit
from inventory.actions.common import each, lock_lots
from inventory.actions.moves import ContainerField, LotField, SourceField, UnitField
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.fields import About
from inventory.ledger import Book
from inventory.models import Balance, LocationKind, Lot, LotStatus
from inventory.units import plain, to_base
from inventory.wording import spelled
from quality import gate
from quality.models import GatedAction
from staging.actions.common import Needs, committed, for_lot, lock_requirements, require_live
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
    return suggest_all([demand])


def suggest_all(demands: Sequence[Demand]) -> list[Suggestion]:
    """The same for several demands, one after the other: none is offered what one before it gets.

    Two statements, however many demands and lines; one more where lots are restricted, or where
    rules ask for shelf life.
    """
    order = {demand.pk: number for number, demand in enumerate(demands)}
    found = Requirement.objects.with_progress().filter(demand__in=order)
    rows: list[Any] = sorted(
        found.select_related("material__base_unit", "demand", "lot"),
        key=lambda row: (order[row.demand_id], row.line),
    )
    on, sites = timezone.localdate(), {demand.site_id for demand in demands}
    materials = {row.material_id for row in rows}
    site = sites.pop() if len(sites) == 1 else None
    offered = gate.fefo(materials, on, reference=None, site=site) if materials else []
    terms = Terms.of(offered, gate.permits([balance.lot for balance in offered], on), on)
    stock = Stock(offered)
    return [
        stock.fill(
            row,
            row.quantity - row.progressed - row.reserved,
            (balance for balance in stock.of(row) if terms.let(balance, row.demand)),
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class Terms:
    """Who may have stock that `gate.fefo` found for anybody: the demands that a restricted lot is
    for, and those that ask for no more shelf life than it has."""

    permits: set[tuple[int, str]]
    lives: gate.ShelfLives
    on: date

    @classmethod
    def of(cls, found: Sequence[Balance], permits: set[tuple[int, str]], on: date) -> "Terms":
        return cls(permits, gate.lives_of(found), on)

    def let(self, balance: Balance, demand: Demand) -> bool:
        if self.lives.short(balance.lot, demand.customer_id, self.on) is not None:
            return False
        restricted = balance.lot.status == LotStatus.RESTRICTED
        return not restricted or (balance.lot_id, demand.reference) in self.permits


class Stock:
    """Free stock in the order in which it is to be taken, and what is left of it by now."""

    def __init__(self, offered: Iterable[Balance]) -> None:
        self.left: dict[UUID, Decimal] = {}
        self._at_site: dict[tuple[int, int], deque[Balance]] = defaultdict(deque)
        self._of_lot: dict[int, list[Balance]] = defaultdict(list)
        for balance in offered:
            self.left[balance.pk] = balance.free
            at_site = (balance.lot.material_id, balance.location.site_id)
            self._at_site[at_site].append(balance)
            self._of_lot[balance.lot_id].append(balance)

    def of(self, row: Requirement) -> Iterable[Balance]:
        """What would fill the requirement at its site. What is used up is not looked at again."""
        site = row.demand.site_id
        if row.lot_id:
            return [found for found in self._of_lot[row.lot_id] if found.location.site_id == site]
        queue = self._at_site[(row.material_id, site)]
        while queue and not self.left[queue[0].pk]:
            queue.popleft()
        return queue

    def fill(self, row: Requirement, missing: Decimal, offered: Iterable[Balance]) -> Suggestion:
        """Take what is missing from the balances in their order."""
        parts = []
        for balance in offered:
            if missing <= 0:
                break
            part = min(self.left.setdefault(balance.pk, balance.free), missing)
            if part > 0:
                parts.append((balance, part))
                self.left[balance.pk] -= part
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
    look = _look(lines, on)
    named = [line.lot for line in lines if line.lot]
    lots = lock_lots(
        [*(balance.lot for balance in look()), *named],
        with_units=any(line.unit for line in lines),
    )
    requirements = lock_requirements(line.demand for line in lines)
    book = Book.read(lots.values())
    bindings = Bindings.read(
        at=at, requirements=[row for rows in requirements.values() for row in rows]
    )
    planner = _Planner(lots, book, bindings, on)
    planner.offer(look(), gate.permits(lots.values(), on))

    def plan(line: AllocationLine, index: int) -> list[Step]:
        return planner.plan(line, requirements.get(line.demand.pk, Needs()), index)

    steps = list(chain.from_iterable(each(lines, plan)))
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


def _look(lines: Sequence[AllocationLine], on: date) -> Callable[[], list[Balance]]:
    """Looks what there is first expired first out for the demands that name no lot: before their
    lots are locked, and again after."""
    demands = {line.demand.pk: line.demand for line in lines if not line.lot}
    rows = Requirement.objects.filter(demand__in=demands)
    materials = set(rows.values_list("material", flat=True)) if demands else set()
    sites = {demand.site_id for demand in demands.values()}
    site = sites.pop() if len(sites) == 1 else None
    return lambda: gate.fefo(materials, on, reference=None, site=site) if materials else []


class _Planner:
    """Turns request lines into steps, keeping count of what earlier lines have taken."""

    def __init__(self, lots: dict[int, Lot], book: Book, bindings: Bindings, on: date) -> None:
        self.lots = lots
        self.book = book
        self.bindings = bindings
        self.stock = Stock([])
        self.on = on
        self.terms = Terms(set(), gate.ShelfLives({}), on)
        self.planned: dict[int, Decimal] = {}
        self.warnings: list[str] = []

    def offer(self, found: Sequence[Balance], permits: set[tuple[int, str]]) -> None:
        """What there is first expired first out, of the locked lots."""
        on_hand = (balance for lot in self.lots.values() for balance in self.book.of(lot))
        locked = {balance.pk: balance for balance in on_hand}
        self.stock = Stock(locked[balance.pk] for balance in found if balance.pk in locked)
        self.terms = Terms.of(found, permits, self.on)

    def plan(self, line: AllocationLine, needs: Needs, index: int) -> list[Step]:
        demand = needs[0].demand if needs else line.demand
        require_live(demand)
        limit, requirements = None, list(needs)
        if line.lot:
            lot = self.lots[line.lot.pk]
            requirements = for_lot(needs, lot, demand)
            if line.quantity is not None:
                limit = self._limit(line, requirements, demand)
        elif line.quantity is not None:
            raise _lot_needed()
        steps: list[Step] = []
        for row in requirements:
            missing = self._missing(row)
            wanted = missing if limit is None else min(missing, limit)
            suggestion = self.stock.fill(row, wanted, self._offered(line, row, demand))
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
                missing=spelled(missing),
                material=line.lot.material,
                wanted=spelled(wanted),
            )
        return wanted

    def _offered(self, line: AllocationLine, row: Requirement, demand: Demand) -> Iterator[Balance]:
        """The locked balances to take from: the chosen lot's, or first expired first out."""
        for balance in self.book.of(self.lots[line.lot.pk]) if line.lot else self.stock.of(row):
            place = balance.location
            if (
                place.kind == LocationKind.STORAGE
                and place.is_open
                and (line.source is None or place.pk == line.source.pk)
                and (line.lot or self.terms.let(balance, demand))
            ):
                yield balance

    def _warn(self, row: Requirement, short: Decimal) -> None:
        words = _("%(material)s: %(short)s %(unit)s short.")
        self.warnings.append(
            str(words)
            % {
                "material": row.material,
                "short": spelled(short),
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
