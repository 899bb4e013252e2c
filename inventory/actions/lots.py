"""Split a lot in two, merge one into another. Genealogy keeps both.

`quality.actions` wraps these two, so that holds go along; call those.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from inventory import audit, ledger
from inventory.actions.common import (
    amount,
    counterparts,
    lock_lots,
    lock_named,
    pick_balance,
    read_book,
)
from inventory.actions.moves import ContainerField, LotField, QuantityField, SourceField, UnitField
from inventory.audit import Actor, Stamp
from inventory.errors import Refused
from inventory.fields import About
from inventory.ledger import Book, Line
from inventory.models import (
    Location,
    LocationKind,
    Lot,
    LotLink,
    Movement,
    MovementKind,
    Tracking,
)

IntoField = Annotated[Lot, About(_("Into lot"), _("Scan the lot that takes it up."))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A part of a lot that becomes a lot of its own, where it stands."""

    lot: LotField
    number: Annotated[str, About(_("New lot number"), max_length=60)]
    quantity: Annotated[Decimal, About(_("Quantity"))]
    unit: UnitField = None
    source: SourceField = None
    container: ContainerField = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """What stands of one lot at one place becomes part of another lot."""

    lot: LotField
    into: IntoField
    quantity: QuantityField = None
    unit: UnitField = None
    source: SourceField = None
    container: ContainerField = None


@transaction.atomic
def split_lot(*, lines: Sequence[Split], by: Actor, at: datetime) -> list[Lot]:
    """Make new lots of parts; each inherits dates and status. Returns the new lots.

    Refuses `lot_exists`, `number_needed`, `serial_is_one`, `not_here`, `source_needed`,
    `not_enough` and the quantity codes.
    """
    stamp = audit.stamp(by, at)
    lines = lock_named(lines)
    numbers: set[str] = set()
    for index, line in enumerate(lines):
        _check_split(line, numbers, index)
    made = _make_parts(lines)
    children = lock_lots(made)
    book = Book.read([*children.values(), *(line.lot for line in lines)])
    pairs = [(line, children[lot.pk]) for line, lot in zip(lines, made, strict=True)]
    taken = {lot.pk: _taken(line, book) for line, lot in pairs}
    _convert(MovementKind.SPLIT, [(taken[lot.pk], lot) for _line, lot in pairs], book, stamp)
    audit.record(
        "inventory.split_lot",
        stamp=stamp,
        subject=lines[0].lot,
        facts={"into": [lot.code for lot in made]},
    )
    return list(children.values())


@transaction.atomic
def merge_lots(*, lines: Sequence[Merge], by: Actor, at: datetime) -> list[Movement]:
    """Put stock of one lot into another of the same material and status, with no later dates.

    Refuses `merge_material`, `merge_status`, `merge_expiry`, `merge_retest`, `merge_itself`,
    `serial_is_one`, `not_here`, `source_needed`, `not_enough` and the quantity codes.
    """
    stamp = audit.stamp(by, at)
    lines = lock_named(lines)
    for index, line in enumerate(lines):
        _check_merge(line, index)
    book = read_book(lines)
    pairs = [(_taken(line, book), line.into) for line in lines]
    movements = _convert(MovementKind.MERGE, pairs, book, stamp)
    audit.record(
        "inventory.merge_lots",
        stamp=stamp,
        subject=lines[0].into,
        facts={"from": [line.lot.code for line in lines]},
    )
    return movements


def _taken(line: Split | Merge, book: Book) -> Line:
    balance = pick_balance(book, line.lot, source=line.source, container=line.container)
    return Line(
        kind=MovementKind.SPLIT,
        lot=line.lot,
        quantity=amount(line.lot, line.quantity, line.unit, otherwise=balance.free),
        source=balance.location,
        target=balance.location,
        from_container=balance.container,
    )


def _convert(
    kind: MovementKind, pairs: Sequence[tuple[Line, Lot]], book: Book, stamp: Stamp
) -> list[Movement]:
    """Out of the one lot into production, and from there into the other, at the same place."""
    production = counterparts(LocationKind.PRODUCTION)
    entries = []
    for index, (taken, child) in enumerate(pairs):
        between: Location = production[taken.source.site_id]
        entries += [
            Line(
                kind=kind, lot=taken.lot, quantity=taken.quantity, source=taken.source,
                target=between, from_container=taken.from_container,
                reference=child.code, index=index,
            ),
            Line(
                kind=kind, lot=child, quantity=taken.quantity, source=between,
                target=taken.source, to_container=taken.from_container,
                reference=taken.lot.code, index=index,
            ),
        ]  # fmt: skip
    movements = ledger.post(entries, book=book, stamp=stamp)
    LotLink.objects.bulk_create(
        LotLink(
            parent=taken.lot, child=child, kind=kind, quantity=taken.quantity, **stamp.columns()
        )
        for taken, child in pairs
    )
    return movements


def _make_parts(lines: Sequence[Split]) -> list[Lot]:
    try:
        with transaction.atomic():
            return Lot.objects.bulk_create(_part_of(line) for line in lines)
    except IntegrityError:  # somebody gave a lot that number meanwhile
        raise _exists(lines[0], None) from None


def _part_of(line: Split) -> Lot:
    parent, number = line.lot, line.number.strip()
    return Lot(
        material=parent.material,
        number=number,
        code=Lot.code_of(parent.material, number),
        supplier_lot=parent.supplier_lot,
        made_on=parent.made_on,
        expires_on=parent.expires_on,
        retest_on=parent.retest_on,
        status=parent.status,
    )


def _check_split(line: Split, taken: set[str], index: int) -> None:
    """`taken` are the codes that earlier lines of the request give."""
    _check_not_serial(line.lot, index)
    number = line.number.strip()
    if not number:
        raise Refused(
            _("Enter the number of the new lot."),
            code="number_needed",
            field="number",
            line=index,
            hint=_("Give the part a number of its own, e.g. with -A behind it."),
        )
    code = Lot.code_of(line.lot.material, number)
    if code in taken or Lot.objects.filter(code=code).exists():
        raise _exists(line, index)
    taken.add(code)


def _exists(line: Split, index: int | None) -> Refused:
    return Refused(
        _("%(material)s has a lot of that number already."),
        code="lot_exists",
        field="number",
        line=index,
        hint=_("Give the part a number of its own, e.g. with -A behind it."),
        material=line.lot.material,
    )


def _check_merge(line: Merge, index: int) -> None:
    _check_not_serial(line.lot, index)
    lot, into = line.lot, line.into
    wrong = None
    if lot.pk == into.pk:
        wrong = "merge_itself", _("A lot cannot be merged into itself.")
    elif lot.material_id != into.material_id:
        wrong = "merge_material", _("%(lot)s and %(into)s are different materials.")
    elif lot.status != into.status:
        wrong = "merge_status", _("%(lot)s and %(into)s differ in quality status.")
    elif _ends_before(lot.expires_on, into.expires_on):
        wrong = "merge_expiry", _("%(lot)s expires before %(into)s.")
    elif _ends_before(lot.retest_on, into.retest_on):
        wrong = "merge_retest", _("%(lot)s is due for retest before %(into)s.")
    if wrong:
        raise Refused(
            wrong[1],
            code=wrong[0],
            field="into",
            line=index,
            hint=_("Choose a lot of the same material and status that expires no later."),
            lot=lot,
            into=into,
        )


def _ends_before(day: date | None, other: date | None) -> bool:
    return day is not None and (other is None or day < other)


def _check_not_serial(lot: Lot, index: int) -> None:
    if lot.material.tracking == Tracking.SERIAL:
        raise Refused(
            _("%(lot)s is a serial number: one piece cannot be split or merged."),
            code="serial_is_one",
            field="lot",
            line=index,
            lot=lot,
        )
