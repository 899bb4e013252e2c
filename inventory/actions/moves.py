"""Put away, move, scrap, sample and send back: stock leaves one place for another."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, TypeVar

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from inventory import audit, ledger
from inventory.actions.common import (
    amount,
    counterparts,
    each,
    lock_named,
    pick_balance,
    read_book,
    require_kind,
)
from inventory.audit import Actor, Stamp
from inventory.errors import Refused
from inventory.fields import About, Words
from inventory.ledger import Book, Line
from inventory.models import (
    Balance,
    Container,
    Location,
    LocationKind,
    Lot,
    Movement,
    MovementKind,
    Unit,
)

LotField = Annotated[Lot, About(_("Lot"), _("Scan the lot label."))]
SourceField = Annotated[
    Location | None, About(_("From"), _("Needed only if the lot is in more than one place."))
]
ContainerField = Annotated[
    Container | None, About(_("Container"), _("If it is taken out of a container."))
]
QuantityField = Annotated[Decimal | None, About(_("Quantity"), _("Empty: all that is free there."))]
UnitField = Annotated[Unit | None, About(_("Unit"), _("Empty: the material's base unit."))]
ReasonField = Annotated[str, About(_("Reason"), _("Kept in the audit trail."), multiline=True)]
TargetField = Annotated[Location, About(_("To"), _("Scan the location it goes to."))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Take a lot from where it is to another place."""

    lot: LotField
    target: TargetField
    source: SourceField = None
    container: ContainerField = None
    quantity: QuantityField = None
    unit: UnitField = None
    reason: ReasonField = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """Take a quantity of a lot out of stock, for a reason."""

    lot: LotField
    quantity: Annotated[Decimal, About(_("Quantity"))]
    reason: ReasonField
    unit: UnitField = None
    source: SourceField = None
    container: ContainerField = None


M = TypeVar("M", Move, Removal)


def put_away(*, lines: Sequence[Move], by: Actor, at: datetime) -> list[Movement]:
    """Bring stock to its storage or quarantine location.

    Refuses `wrong_location_kind`, `location_closed`, `not_here`, `source_needed`, `not_enough`,
    `same_place` and the quantity codes.
    """
    kinds = (LocationKind.STORAGE, LocationKind.QUARANTINE)
    return _relocate(MovementKind.PUT_AWAY, kinds, lines, by, at)


def move(*, lines: Sequence[Move], by: Actor, at: datetime) -> list[Movement]:
    """Move free stock between storage, quarantine and transit. Staging has verbs of its own.

    Refuses as `put_away` does.
    """
    kinds = (LocationKind.STORAGE, LocationKind.QUARANTINE, LocationKind.TRANSIT)
    return _relocate(MovementKind.MOVE, kinds, lines, by, at)


def scrap(*, lines: Sequence[Removal], by: Actor, at: datetime) -> list[Movement]:
    """Take stock out for destruction.

    Refuses `reason_needed`, `not_enough`, `not_here`, `source_needed` and the quantity codes.
    """
    return _remove(MovementKind.SCRAP, LocationKind.SCRAP, lines, by, at)


def sample(*, lines: Sequence[Removal], by: Actor, at: datetime) -> list[Movement]:
    """Take a sample for testing. Refuses as `scrap` does."""
    return _remove(MovementKind.SAMPLE, LocationKind.VARIANCE, lines, by, at)


def send_back(*, lines: Sequence[Removal], by: Actor, at: datetime) -> list[Movement]:
    """Return stock to its supplier. Refuses as `scrap` does."""
    return _remove(MovementKind.RETURN, LocationKind.SUPPLIER, lines, by, at)


@transaction.atomic
def _relocate(
    kind: MovementKind,
    kinds: Sequence[LocationKind],
    lines: Sequence[Move],
    by: Actor,
    at: datetime,
) -> list[Movement]:
    stamp, lines, book = _begin(lines, by, at)

    def entry(line: Move, index: int) -> Line:
        require_kind(line.target, *kinds, field="target", hint=_use_staging(line.target))
        taken = pick_balance(book, line.lot, source=line.source, container=line.container)
        return _line(kind, line, taken, line.target, index)

    return _post(kind, each(lines, entry), book, stamp)


@transaction.atomic
def _remove(
    kind: MovementKind, goes_to: LocationKind, lines: Sequence[Removal], by: Actor, at: datetime
) -> list[Movement]:
    stamp, lines, book = _begin(lines, by, at)
    sites = {balance.location.site_id for line in lines for balance in book.of(line.lot)}
    outside = counterparts(goes_to, sites)

    def entry(line: Removal, index: int) -> Line:
        audit.require_reason(line.reason)
        taken = pick_balance(book, line.lot, source=line.source, container=line.container)
        return _line(kind, line, taken, outside[taken.location.site_id], index)

    return _post(kind, each(lines, entry), book, stamp)


def _begin(lines: Sequence[M], by: Actor, at: datetime) -> tuple[Stamp, list[M], Book]:
    stamp = audit.stamp(by, at)
    lines = lock_named(lines)
    return stamp, lines, read_book(lines)


def _post(kind: MovementKind, entries: Sequence[Line], book: Book, stamp: Stamp) -> list[Movement]:
    movements = ledger.post(entries, book=book, stamp=stamp)
    audit.record(
        f"inventory.{kind}", stamp=stamp, subject=entries[0].lot, facts={"lines": len(entries)}
    )
    return movements


def _line(
    kind: MovementKind, line: Move | Removal, taken: Balance, target: Location, index: int
) -> Line:
    if taken.location_id == target.pk:
        raise Refused(
            _("%(lot)s is at %(location)s already."),
            code="same_place",
            field="target",
            hint=_("Scan the location it goes to."),
            lot=line.lot,
            location=target,
        )
    return Line(
        kind=kind,
        lot=line.lot,
        quantity=amount(line.lot, line.quantity, line.unit, otherwise=taken.free),
        source=taken.location,
        target=target,
        from_container=taken.container,
        reason=line.reason.strip(),
        index=index,
    )


def _use_staging(target: Location) -> Words:
    if target.kind in (LocationKind.STAGING, LocationKind.WORK_CENTER):
        return _("Stage or issue it for a demand, so that quality is checked.")
    return ""
