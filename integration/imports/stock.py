"""Stock from a file, as receipts: many lines in one call of `receive`.

A row is known by its lot, its place and its reference (the delivery note, or the name of a stock
list): what has come in under them once does not come in again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from integration.imports.columns import Column, Row, day, number, rows_of, text
from integration.imports.loading import Load, once_each
from integration.imports.reading import Record
from inventory.actions import Receipt, receive
from inventory.errors import Refused
from inventory.models import (
    Location,
    LotStatus,
    Material,
    Movement,
    MovementKind,
    Tracking,
    Unit,
)
from inventory.units import to_base
from inventory.wording import spelled

UNTRACKED = "UNTRACKED"
"""Lot number of what comes without one, where the material's lots need no decision."""

COLUMNS = (
    Column("material", _("Code or GTIN of the material."), required=True, names=Material),
    Column("lot", _("Lot or serial number; may be empty where no decision is needed."), text(60)),
    Column("quantity", _("A row with 0 is left out."), number, required=True),
    Column("unit", _("Empty: the material's base unit."), names=Unit),
    Column("location", _("Storage or quarantine location."), required=True, names=Location),
    Column("supplier", _("Code of the supplier."), names=Location),
    Column("supplier_lot", _("The supplier's own number."), text(60)),
    Column("made_on", _("Date, like 2026-01-31."), day),
    Column("expires_on", _("Date, like 2026-12-31."), day),
    Column("reference", _("Purchase order or delivery note; the same one is taken in once."),
           text(80), required=True),
)  # fmt: skip

FIELD_COLUMNS = {"number": "lot"}
"""Fields of a receipt that the file calls otherwise."""

Known = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Incoming:
    """A row on its way in, and the receipt that it asks for."""

    row: Row
    receipt: Receipt

    @property
    def key(self) -> Known:
        receipt = self.receipt
        lot = f"{receipt.material.code}/{receipt.number}"
        return (lot, receipt.location.code, receipt.reference)


def load(records: Sequence[Record], load: Load) -> None:
    """Receive what has not come in yet. Expired stock comes in as well; the gate keeps it there.

    Refuses, by row, `number_needed`, `received_differently` and as `receive` does.
    """
    rows = rows_of(records, COLUMNS, load.report)
    rows = [row for row in rows if not _is_none(row, load)]
    named = [known for row in rows if (known := _numbered(row, load))]
    named = once_each(named, load.report, "lot", "material", "location", "reference")
    _lock(named)
    incoming = [Incoming(row, Receipt(**_fields(row))) for row in named]
    _receive(_new(incoming, load), load)


def _is_none(row: Row, load: Load) -> bool:
    if row.values["quantity"] != 0:
        return False
    load.report.skip(row.line, "quantity", "quantity_zero", _("There is none of it."))
    return True


def _numbered(row: Row, load: Load) -> Row | None:
    """The row with a lot number: its own, or the one for what is not tracked."""
    if "lot" in row.values:
        return row
    material: Material = row.values["material"]
    loose = material.tracking == Tracking.LOT and material.initial_status == LotStatus.RELEASED
    if loose and "expires_on" not in row.values:
        return Row(row.line, row.values | {"lot": UNTRACKED})
    load.report.refuse(
        row.line,
        Refused(
            _("%(material)s needs a lot number."),
            code="number_needed",
            field="lot",
            hint=_("It stands on the label or the delivery note."),
            material=material,
        ),
    )
    return None


def _lock(rows: Sequence[Row]) -> None:
    """Two imports of the same materials take turns, so that neither repeats the other's rows."""
    materials = {row.values["material"].pk for row in rows}
    locked = Material.objects.filter(pk__in=materials).order_by("pk")
    list(locked.select_for_update(no_key=True).values_list("pk"))


def _fields(row: Row) -> dict[str, Any]:
    values = dict(row.values)
    values["number"] = values.pop("lot")
    return values


def _new(incoming: Sequence[Incoming], load: Load) -> list[Incoming]:
    """What has not been received under its reference before."""
    received = _received(incoming)
    new = []
    for one in incoming:
        before = received.get(one.key)
        if before is None:
            new.append(one)
        elif _same(before, one.receipt):
            load.report.unchanged += 1
        else:
            load.report.refuse(one.row.line, _received_differently(one, before))
    return new


def _received(incoming: Sequence[Incoming]) -> dict[Known, Decimal]:
    """How much came in before, by what a row is known by. Reversed receipts don't count."""
    rows = Movement.objects.filter(
        kind=MovementKind.RECEIVE,
        reference__in={one.receipt.reference for one in incoming},
        lot__material__in={one.receipt.material for one in incoming},
        reversed_by=None,
    )
    found: dict[Known, Decimal] = {}
    for *key, quantity in rows.values_list("lot__code", "target__code", "reference", "quantity"):
        known = (key[0], key[1], key[2])
        found[known] = found.get(known, Decimal(0)) + quantity
    return found


def _same(before: Decimal, receipt: Receipt) -> bool:
    try:
        return to_base(receipt.material, receipt.quantity, receipt.unit) == before
    except Refused:
        return False


def _received_differently(one: Incoming, before: Decimal) -> Refused:
    return Refused(
        _("%(before)s came in under this reference already."),
        code="received_differently",
        field="quantity",
        hint=_("Count the location to correct it, or give a new delivery its own reference."),
        before=spelled(before),
    )


def _receive(incoming: list[Incoming], load: Load) -> None:
    """Receive all at once; what is refused is taken out, and the rest tried again."""
    while incoming:
        try:
            with transaction.atomic():
                receive(lines=[one.receipt for one in incoming], by=load.by, at=load.at)
        except Refused as refusal:
            refused = {found.line or 0: found for found in refusal.all}
            for index, found in refused.items():
                found.field = FIELD_COLUMNS.get(found.field or "", found.field)
                load.report.refuse(incoming[index].row.line, found)
            incoming = [one for index, one in enumerate(incoming) if index not in refused]
        else:
            load.report.created += len(incoming)
            return
