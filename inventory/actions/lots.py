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

from inventory import audit, exposure, ledger
from inventory.actions.common import (
    amount,
    counterparts,
    each,
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
    known = Lot.objects.filter(code__in=[_code(line) for line in lines])
    taken = set(known.values_list("code", flat=True))
    each(lines, lambda line, index: _check_split(line, taken))
    made = _make_parts(lines)
    locked = lock_lots(made)
    parts = [locked[lot.pk] for lot in made]
    book = Book.read([*parts, *(line.lot for line in lines)])
    going = each(lines, lambda line, index: _taken(line, book))
    _convert(MovementKind.SPLIT, list(zip(going, parts, strict=True)), book, stamp)
    audit.record(
        "inventory.split_lot",
        stamp=stamp,
        subject=lines[0].lot,
        facts={"into": [lot.code for lot in made]},
    )
    return parts


@transaction.atomic
def merge_lots(*, lines: Sequence[Merge], by: Actor, at: datetime) -> list[Movement]:
    """Put stock of one lot into another of the same material and status, with no later dates.

    Refuses `merge_material`, `merge_status`, `merge_expiry`, `merge_retest`, `merge_itself`,
    `serial_is_one`, `not_here`, `source_needed`, `not_enough` and the quantity codes.
    """
    stamp = audit.stamp(by, at)
    lines = lock_named(lines)
    each(lines, lambda line, index: _check_merge(line))
    book = read_book(lines)
    going = each(lines, lambda line, index: _taken(line, book))
    pairs = [(taken, line.into) for taken, line in zip(going, lines, strict=True)]
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
    sites = (taken.source.site_id for taken, _child in pairs)
    production = counterparts(LocationKind.PRODUCTION, sites)
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
                inherits=exposure.used(taken.lot, stamp.occurred_at),
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
        raise _exists(lines[0]) from None


def _part_of(line: Split) -> Lot:
    parent, number = line.lot, line.number.strip()
    return Lot(
        material=parent.material,
        number=number,
        code=_code(line),
        supplier_lot=parent.supplier_lot,
        made_on=parent.made_on,
        expires_on=parent.expires_on,
        retest_on=parent.retest_on,
        status=parent.status,
    )


def _code(line: Split) -> str:
    return Lot.code_of(line.lot.material, line.number.strip())


def _check_split(line: Split, taken: set[str]) -> None:
    """`taken` are the codes that other lots have, and comes to hold the line's own."""
    _check_not_serial(line.lot)
    if not line.number.strip():
        raise Refused(
            _("Enter the number of the new lot."),
            code="number_needed",
            field="number",
            hint=_("Give the part a number of its own, e.g. with -A behind it."),
        )
    if _code(line) in taken:
        raise _exists(line)
    taken.add(_code(line))


def _exists(line: Split) -> Refused:
    return Refused(
        _("%(material)s has a lot of that number already."),
        code="lot_exists",
        field="number",
        hint=_("Give the part a number of its own, e.g. with -A behind it."),
        material=line.lot.material,
    )


def _check_merge(line: Merge) -> None:
    _check_not_serial(line.lot)
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
            hint=_("Choose a lot of the same material and status that expires no later."),
            lot=lot,
            into=into,
        )


def _ends_before(day: date | None, other: date | None) -> bool:
    return day is not None and (other is None or day < other)


def _check_not_serial(lot: Lot) -> None:
    if lot.material.tracking == Tracking.SERIAL:
        raise Refused(
            _("%(lot)s is a serial number: one piece cannot be split or merged."),
            code="serial_is_one",
            field="lot",
            lot=lot,
        )
