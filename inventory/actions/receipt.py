"""Receive: stock comes in from a supplier."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inventory import audit, ledger, preconditions
from inventory.actions.common import counterparts, each, lock_containers, lock_lots, require_kind
from inventory.actions.master import save_master
from inventory.actions.moves import UnitField
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.fields import About
from inventory.ledger import Book, Line
from inventory.models import (
    Container,
    Location,
    LocationKind,
    Lot,
    LotStatus,
    Material,
    Movement,
    MovementKind,
    Tracking,
)
from inventory.units import check_sign, to_base
from inventory.wording import inside

MaterialField = Annotated[Material, About(_("Material"), _("Scan or type the material code."))]
LocationField = Annotated[Location, About(_("To"), _("Storage or quarantine location."))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """One lot received. The lot is made if the material has none of that number."""

    material: MaterialField
    number: Annotated[str, About(_("Lot or serial number"), max_length=60)]
    quantity: Annotated[Decimal, About(_("Quantity"))]
    location: LocationField
    unit: UnitField = None
    container: Annotated[
        Container | None, About(_("Container"), _("If it arrives in a container of its own."))
    ] = None
    supplier: Annotated[Location | None, About(_("Supplier"))] = None
    supplier_lot: Annotated[str, About(_("Supplier lot"), max_length=60)] = ""
    made_on: Annotated[date | None, About(_("Made on"))] = None
    expires_on: Annotated[
        date | None, About(_("Expires on"), _("Empty: worked out from the shelf life."))
    ] = None
    reference: Annotated[
        str, About(_("Reference"), _("Purchase order or delivery note."), max_length=80)
    ] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """A lot that is known before any of it is on hand."""

    material: MaterialField
    number: Annotated[str, About(_("Lot or serial number"), max_length=60)]
    supplier_lot: Annotated[str, About(_("Supplier lot"), max_length=60)] = ""
    made_on: Annotated[date | None, About(_("Made on"))] = None
    expires_on: Annotated[date | None, About(_("Expires on"))] = None


@transaction.atomic
def announce(*, lines: Sequence[Announcement], by: Actor, at: datetime) -> list[Lot]:
    """Make lots known. Each starts in the status that its material says; nothing is on hand.

    Of a lot that is known, what is not known yet is filled in, as long as quality has not decided
    on it. Refuses `material_inactive`, `number_needed`, `expiry_before_made`, `date_too_late`,
    `lot_differs` (known with something else), `lot_already_decided`.
    """
    each(lines, lambda line, index: _check_lot(line))
    known = lock_lots([], also=Q(code__in=[_code(line) for line in lines]))
    preconditions.locked(known.values())
    by_code = {lot.code: lot for lot in known.values()}

    def make(line: Announcement, index: int) -> Lot:
        new = _new_lot(line)
        lot = by_code.setdefault(new.code, new)
        if lot.pk:
            _fill_in(lot, new, line)
        return save_master(lot, by=by, at=at)

    return each(lines, make)


def _fill_in(lot: Lot, new: Lot, line: Announcement) -> None:
    for name in ("supplier_lot", "made_on", "expires_on"):
        known, said = getattr(lot, name), getattr(new, name)
        if not said or known == said:
            continue
        if known and getattr(line, name):
            raise Refused(
                _("Lot %(lot)s is known with another value: %(known)s."),
                code="lot_differs",
                field=name,
                hint=_("Check the label; a different delivery needs a lot number of its own."),
                lot=lot,
                known=known,
            )
        if not known:
            _require_undecided(lot)
            setattr(lot, name, said)
            if name == "made_on":
                lot.retest_on = new.retest_on


@transaction.atomic
def receive(*, lines: Sequence[Receipt], by: Actor, at: datetime) -> list[Movement]:
    """Take stock in. A new lot starts in the status that its material says: quarantine mostly.

    Refuses `material_inactive`, `number_needed`, `wrong_location_kind`, `location_closed`,
    `lot_differs` (known number, other dates), `lot_already_decided` (more of a lot on which
    quality has decided), `serial_twice`, `serial_is_one`, `expiry_before_made`, `date_too_late`,
    `container_elsewhere` and the quantity codes.
    """
    stamp = audit.stamp(by, at)
    each(lines, lambda line, index: _check(line))
    lots = _make_lots(lines)
    suppliers = counterparts(LocationKind.SUPPLIER, (line.location.site_id for line in lines))
    containers = lock_containers([line.container for line in lines if line.container])
    book = Book.read(lots.values())

    def entry(line: Receipt, index: int) -> Line:
        lot = lots[_key(line)]
        _check_known(lot, line)
        return Line(
            kind=MovementKind.RECEIVE,
            lot=lot,
            quantity=to_base(lot.material, line.quantity, line.unit),
            source=line.supplier or suppliers[line.location.site_id],
            target=line.location,
            to_container=containers[line.container.pk] if line.container else None,
            reference=line.reference,
            index=index,
        )

    movements = ledger.post(each(lines, entry), book=book, stamp=stamp)
    audit.record(
        "inventory.receive", stamp=stamp, subject=movements[0].lot, facts={"lines": len(lines)}
    )
    return movements


def _check(line: Receipt) -> None:
    require_kind(line.location, LocationKind.STORAGE, LocationKind.QUARANTINE, field="location")
    if line.supplier:
        require_kind(line.supplier, LocationKind.SUPPLIER, field="supplier")
    _check_lot(line)
    check_sign(line.quantity)
    if line.material.tracking == Tracking.SERIAL and line.quantity != 1:
        raise Refused(
            _("%(material)s is tracked by serial number: receive one piece a line."),
            code="serial_is_one",
            field="quantity",
            material=line.material,
        )


def _check_lot(line: Receipt | Announcement) -> None:
    if not line.material.is_active:
        raise Refused(
            _("%(material)s is no longer used."),
            code="material_inactive",
            field="material",
            hint=_("Have the material made active, or check the code."),
            material=line.material,
        )
    if not line.number.strip():
        raise Refused(
            _("Enter the lot or serial number."),
            code="number_needed",
            field="number",
            hint=_("It stands on the label or the delivery note."),
        )
    if line.made_on and line.expires_on and line.expires_on < line.made_on:
        raise Refused(
            _("It would expire before it was made."),
            code="expiry_before_made",
            field="expires_on",
            hint=_("Check both dates on the label."),
        )


def _key(line: Receipt) -> tuple[int, str]:
    return (line.material.pk, line.number.strip())


def _code(line: Announcement) -> str:
    return Lot.code_of(line.material, line.number.strip())


def _make_lots(lines: Sequence[Receipt]) -> dict[tuple[int, str], Lot]:
    """The lot of each line, locked; made where there is none: two callers may race for one."""
    wanted = {_key(line): _new_lot(line) for line in lines}
    # In one order, or two deliveries with the same new numbers could wait for each other.
    in_order = [wanted[key] for key in sorted(wanted)]
    Lot.objects.bulk_create(in_order, ignore_conflicts=True)
    named = Q(code__in=[lot.code for lot in in_order])
    found = lock_lots([], with_units=any(line.unit for line in lines), also=named)
    return {(lot.material_id, lot.number): lot for lot in found.values()}


def _new_lot(line: Receipt | Announcement) -> Lot:
    material, number = line.material, line.number.strip()
    made = line.made_on
    return Lot(
        material=material,
        number=number,
        code=Lot.code_of(material, number),
        supplier_lot=line.supplier_lot.strip(),
        made_on=made,
        expires_on=expiry_of(material, made, line.expires_on),
        retest_on=retest_of(material, made),
        status=material.initial_status,
    )


def expiry_of(material: Material, made: date | None, stated: date | None) -> date | None:
    """The date on the label, or the one that follows from the shelf life."""
    return stated or (_after(made, material.shelf_life_days) if made else None)


def retest_of(material: Material, made: date | None) -> date | None:
    """When the first retest is due, counted from today where the day it was made is unknown."""
    return _after(made or timezone.localdate(), material.retest_days)


def _after(day: date, days: int | None) -> date | None:
    try:
        return day + timedelta(days=days) if days else None
    except OverflowError:
        raise Refused(
            _("The dates that follow from %(day)s lie beyond the calendar."),
            code="date_too_late",
            field="made_on",
            hint=_("Check the date on the label."),
            day=day,
        ) from None


def _check_known(lot: Lot, line: Receipt) -> None:
    stated = expiry_of(line.material, line.made_on, line.expires_on)
    if stated and lot.expires_on != stated:
        raise Refused(
            _("Lot %(lot)s is known with another expiry date: %(expiry)s."),
            code="lot_differs",
            field="expires_on",
            hint=_("Check the label; a different delivery needs a lot number of its own."),
            lot=lot,
            expiry=lot.expires_on or _("none"),
        )
    _require_undecided(lot)


def _require_undecided(lot: Lot) -> None:
    if lot.status != lot.material.initial_status:
        raise Refused(
            _("Quality has decided on lot %(lot)s already (%(status)s)."),
            code="lot_already_decided",
            field="number",
            hint=_("Receive the new delivery under a lot number of its own."),
            lot=lot,
            status=inside(LotStatus(lot.status).label),
        )
