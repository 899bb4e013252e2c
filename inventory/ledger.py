"""The only writer of balances and movements.

An action locks its lots, reads their balances into a `Book`, and posts its lines. Posting is
set-based: one line or a thousand cost the same statements (one insert of movements, one upsert of
balances, one update of containers if any moved along).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Self

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from inventory import exposure, sites
from inventory.audit import Stamp
from inventory.errors import Refusals, Refused
from inventory.models import (
    Balance,
    Container,
    Location,
    Lot,
    Movement,
    MovementKind,
    Tracking,
)
from inventory.statements import Insert, Select, attach, new
from inventory.units import LARGEST, plain, too_large
from inventory.wording import spelled


class Claim(StrEnum):
    """The part of a balance that a line takes from or adds to."""

    FREE = "free"
    RESERVED = "reserved"
    BOUND = "bound"


@dataclass(slots=True, kw_only=True)
class Line:
    """One movement to post. `index` is the line of the request it came from, for refusals;
    `inherits` the time out of storage that what arrives has behind it.

    Never changed once made; to freeze it would triple the time it takes to make one.
    """

    kind: MovementKind
    lot: Lot
    quantity: Decimal
    source: Location
    target: Location
    from_container: Container | None = None
    to_container: Container | None = None
    draws: Claim = Claim.FREE
    adds: Claim = Claim.FREE
    task: int | None = None
    reference: str = ""
    rule_version: int | None = None
    reverses: Movement | None = None
    reason: str = ""
    index: int | None = None
    inherits: timedelta = exposure.NONE


Key = tuple[int, int, int | None]

CARRYING = frozenset(
    {
        MovementKind.PUT_AWAY,
        MovementKind.MOVE,
        MovementKind.STAGE,
        MovementKind.UNSTAGE,
        MovementKind.ISSUE,
        MovementKind.RETURN,
        MovementKind.LOAD,
        MovementKind.UNLOAD,
        MovementKind.SHIP,
        MovementKind.REVERSE,
    }
)
"""Movements in which a container goes along when all that it holds goes to one place."""


def _balances(*, more: bool) -> QuerySet[Balance]:
    """Those of lots with what shares their containers; `more`: those in containers and at places.

    A union of what each index finds; joined by OR, they would be searched for in all rows.
    """
    rows, on_hand = Balance.objects.all(), Balance.objects.on_hand()
    around = rows.filter(lot__among="lots", container__isnull=False, quantity__gt=0)
    wanted = [
        rows.filter(lot__among="lots"),
        on_hand.filter(container__in=around.values("container")),
    ]
    if more:
        wanted += [
            on_hand.filter(container__among="containers"),
            on_hand.filter(location__among="places"),
        ]
    first, *others = [part.values("pk") for part in wanted]
    rows = rows.filter(pk__in=first.union(*others)).select_related(
        "location", "container__parent__parent__parent"
    )
    packed_in = Container.objects.filter(parent=OuterRef("container"))
    rows = rows.annotate(holds_others=Exists(packed_in))
    return rows.order_by("location__walk_order", "location__path", "pk")


_BALANCES_OF_LOTS = Select(lambda: _balances(more=False))
_BALANCES = Select(lambda: _balances(more=True))
_SAVE_BALANCES = Insert(Balance, update=["quantity", "reserved", "bound"])
_MOVEMENTS = Insert(Movement)
_CARRY = Insert(Container, update=["location", "parent"])


class Book:
    """The balances an action decides on, read once, after the lots are locked."""

    def __init__(self, balances: Iterable[Balance]) -> None:
        self._rows: dict[Key, Balance] = {}
        self._of_lot: dict[int, list[Balance]] = defaultdict(list)
        self._in_container: dict[int | None, list[Balance]] = defaultdict(list)
        self._at_place: dict[int, list[Balance]] = defaultdict(list)
        self._changed: dict[Key, Balance] = {}
        for balance in balances:
            self._keep(balance)

    @classmethod
    def read(
        cls,
        lots: Iterable[Lot],
        *,
        containers: Iterable[Container] = (),
        places: Iterable[Location] = (),
    ) -> Self:
        """All that is on hand of the lots, in the containers and at the places, and what else is in
        the containers that hold the lots.

        Quantity 0 rows are read too, so that a balance that comes back is the same row. One
        statement. The caller has locked the lots.
        """
        known = {lot.id: lot for lot in lots}
        keys = [container.id for container in containers], [place.id for place in places]
        if any(keys):
            rows = _BALANCES(lots=list(known), containers=keys[0], places=keys[1])
        else:  # the common case, which PostgreSQL plans for a few rows
            rows = _BALANCES_OF_LOTS(lots=list(known))
        book = cls(rows)
        for (lot_id, _place, _container), balance in book._rows.items():
            if lot_id in known:
                attach(balance, "lot", known[lot_id])
        return book

    def _keep(self, balance: Balance) -> None:
        lot, place, container = key = _key_of(balance)
        self._rows[key] = balance
        self._of_lot[lot].append(balance)
        self._in_container[container].append(balance)
        self._at_place[place].append(balance)

    def at(self, lot: Lot, location: Location, container: Container | None) -> Balance | None:
        """The balance there, or None where there has never been any."""
        return self._rows.get(_key(lot.id, location.id, container.id if container else None))

    def of(self, lot: Lot) -> list[Balance]:
        """Where the lot is on hand, in walking order."""
        return [balance for balance in self._of_lot[lot.id] if balance.quantity > 0]

    def inside(self, container: Container) -> list[Balance]:
        """What the container holds directly."""
        found = self._in_container[container.id]
        return [balance for balance in found if balance.quantity > 0]

    def standing_at(self, location: Location) -> list[Balance]:
        """What stands at a location that was named in `places`."""
        found = self._at_place[location.id]
        return [balance for balance in found if balance.quantity > 0]

    def on_hand(self, lot: Lot) -> Decimal:
        return sum((balance.quantity for balance in self._of_lot[lot.id]), Decimal(0))

    def claim(self, balance: Balance, quantity: Decimal, *, draws: Claim, adds: Claim) -> None:
        """Turn a part of a balance from one claim into another, without a movement."""
        _take(balance, quantity, draws)
        _add(balance, quantity, adds)
        self._changed[_key_of(balance)] = balance

    def apply(self, line: Line) -> None:
        """Carry a line out in memory.

        Refuses `not_enough`, `serial_is_one`, `serial_twice`, `container_elsewhere`,
        `quantity_too_large`.
        """
        if line.lot.material.tracking == Tracking.SERIAL and line.quantity != 1:
            raise _one_piece(line)
        if not line.source.is_virtual:
            key = _key(line.lot.id, line.source.id, _pk(line.from_container))
            balance = self._rows.get(key)
            if balance is None or getattr(balance, line.draws) < line.quantity:
                raise _not_enough(line, balance)
            _take(balance, line.quantity, line.draws)
            balance.quantity -= line.quantity
            self._changed[key] = balance
        if not line.target.is_virtual:
            self._arrive(line)

    def _arrive(self, line: Line) -> None:
        if line.to_container and line.to_container.location_id != line.target.id:
            raise Refused(
                _("Container %(container)s is not at %(location)s."),
                code="container_elsewhere",
                field="container",
                hint=_("Move the container there first, or choose another."),
                container=line.to_container,
                location=line.target,
            )
        key = _key(line.lot.id, line.target.id, _pk(line.to_container))
        balance = self._rows.get(key)
        if balance is None:
            balance = _nothing_yet(line)
            self._keep(balance)
        balance.quantity += line.quantity
        if balance.quantity > LARGEST:
            raise too_large(balance.quantity)
        _add(balance, line.quantity, line.adds)
        self._changed[key] = balance
        if line.lot.material.tracking == Tracking.SERIAL and self.on_hand(line.lot) > 1:
            raise Refused(
                _("Serial %(lot)s is on hand already."),
                code="serial_twice",
                field="lot",
                hint=_("A serial number stands for one piece; check the number."),
                lot=line.lot,
            )

    def save(self) -> None:
        """Write the changed balances, as absolute values, in one statement."""
        if self._changed:
            _SAVE_BALANCES(list(self._changed.values()))
            self._changed.clear()


def post(lines: Sequence[Line], *, book: Book, stamp: Stamp) -> list[Movement]:
    """Post lines to the ledger: all of them or none.

    Refuses as `Book.apply` does, each with its line, and `site_not_in_scope`. The caller
    holds the locks of the lots, and of the containers that hold them, in one transaction with the
    reading of `book`.
    """
    sites.require(stamp.actor, ((line.index, (line.source, line.target)) for line in lines))
    refusals = Refusals()
    lines, carried = _carry_containers(lines, book)
    for line in lines:
        try:
            book.apply(line)
        except Refused as refusal:
            refusals.add(refusal, line=line.index)
    refusals.raise_any()
    columns = _columns(stamp)
    movements = [_movement(line, columns) for line in lines]
    _MOVEMENTS(movements)
    book.save()
    if carried:
        _CARRY(carried)
    exposure.follow(lines, movements, book=book, stamp=stamp)
    return movements


def _carry_containers(lines: Sequence[Line], book: Book) -> tuple[Sequence[Line], list[Container]]:
    """Let a container go along when all that it holds goes to one place.

    If only a part is taken, or if other containers are packed in it, what is taken leaves the
    container and arrives loose.
    """
    leaving: dict[int, list[Line]] = defaultdict(list)
    for line in lines:
        if _may_carry(line):
            leaving[_pk(line.from_container) or 0].append(line)
    carried: dict[int, Container] = {}
    for pk, going in leaving.items():
        container = going[0].from_container
        assert container is not None  # noqa: S101 - grouped by it above
        if len({line.target.id for line in going}) == 1 and _goes_whole(container, going, book):
            if container.location_id != going[0].target.id:
                container.location, container.parent = going[0].target, None
            carried[pk] = container
    if not carried:
        return lines, []
    moved = [
        replace(line, to_container=carried[_pk(line.from_container) or 0])
        if _may_carry(line) and _pk(line.from_container) in carried
        else line
        for line in lines
    ]
    return moved, list(carried.values())


def _goes_whole(container: Container, going: Sequence[Line], book: Book) -> bool:
    if going[0].source.is_virtual:  # a reversal brings back what left in its container
        return container.location_id in (going[0].source.id, going[0].target.id)
    held = book.inside(container)
    if any(getattr(balance, "holds_others", False) for balance in held):
        return False
    on_hand = sum((balance.quantity for balance in held), Decimal(0))
    return on_hand == sum((line.quantity for line in going), Decimal(0))


def _may_carry(line: Line) -> bool:
    return (
        line.from_container is not None
        and line.to_container is None
        and line.kind in CARRYING
        and line.source.id != line.target.id
        and (line.reverses is None or went_along(line.reverses))
    )


def went_along(movement: Movement) -> bool:
    """Whether the movement's container moved with its content."""
    container = movement.from_container_id
    return container is not None and container == movement.to_container_id


def _columns(stamp: Stamp) -> dict[str, Any]:
    """What all movements of a stamp have in common."""
    columns = stamp.columns()
    return {**columns, "actor_id": columns.pop("actor").id}


def _movement(line: Line, columns: dict[str, Any]) -> Movement:
    return new(
        Movement,
        {
            **columns,
            "reason": line.reason or columns["reason"],
            "kind": line.kind,
            "lot_id": line.lot.id,
            "quantity": line.quantity,
            "source_id": line.source.id,
            "target_id": line.target.id,
            "from_container_id": _pk(line.from_container),
            "to_container_id": _pk(line.to_container),
            "task": line.task,
            "reference": line.reference,
            "rule_version": line.rule_version,
            "reverses_id": line.reverses.id if line.reverses else None,
            "line": line.index,
        },
        lot=line.lot,
        source=line.source,
        target=line.target,
        from_container=line.from_container,
        to_container=line.to_container,
        reverses=line.reverses,
    )


def _nothing_yet(line: Line) -> Balance:
    """The balance of a lot where it has never been."""
    return new(
        Balance,
        {
            "id": uuid7(),
            "lot_id": line.lot.id,
            "location_id": line.target.id,
            "container_id": _pk(line.to_container),
            "quantity": Decimal(0),
            "reserved": Decimal(0),
            "bound": Decimal(0),
        },
        lot=line.lot,
        location=line.target,
        container=line.to_container,
    )


def _key(lot: int, location: int, container: int | None) -> Key:
    return (lot, location, container)


def _key_of(balance: Balance) -> Key:
    return (balance.lot_id, balance.location_id, balance.container_id)


def _pk(container: Container | None) -> int | None:
    return container.id if container else None


def _take(balance: Balance, quantity: Decimal, claim: Claim) -> None:
    if claim is not Claim.FREE:
        setattr(balance, claim, getattr(balance, claim) - quantity)


def _add(balance: Balance, quantity: Decimal, claim: Claim) -> None:
    if claim is not Claim.FREE:
        setattr(balance, claim, getattr(balance, claim) + quantity)


def _not_enough(line: Line, balance: Balance | None) -> Refused:
    available = getattr(balance, line.draws) if balance else Decimal(0)
    on_hand = balance.quantity if balance else Decimal(0)
    return Refused(
        _("Only %(available)s %(unit)s of %(lot)s can be taken at %(location)s, not %(wanted)s."),
        code="not_enough",
        field="quantity",
        hint=(
            _("%s there is promised or staged for a demand: unstage or deallocate it first.")
            % spelled(on_hand - available)
            if on_hand > available and line.draws is Claim.FREE
            else _("Check the location and the quantity, or count the location.")
        ),
        facts={"available": plain(available), "on_hand": plain(on_hand)},
        available=spelled(available),
        unit=line.lot.material.base_unit_id,
        lot=line.lot,
        location=line.source,
        wanted=spelled(line.quantity),
    )


def _one_piece(line: Line) -> Refused:
    return Refused(
        _("%(lot)s is a serial number: it stands for one piece."),
        code="serial_is_one",
        field="quantity",
        hint=_("Enter 1, or leave the quantity empty."),
        lot=line.lot,
    )
