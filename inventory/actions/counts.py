"""Count and adjust: the ledger follows what is really there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import chain
from typing import Annotated

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from inventory import audit, ledger
from inventory.actions.common import counterparts, each, lock_named, read_book, require_kind
from inventory.actions.moves import LotField, ReasonField, UnitField
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.fields import About
from inventory.ledger import Book, Line
from inventory.models import (
    REAL_KINDS,
    Container,
    Location,
    LocationKind,
    Movement,
    MovementKind,
)
from inventory.units import plain, to_base
from inventory.wording import spelled

LocationField = Annotated[Location, About(_("Location"), _("Scan the location you counted."))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What was counted of one lot at one place."""

    lot: LotField
    location: LocationField
    quantity: Annotated[Decimal, About(_("Counted"), _("What is there; 0 if none."))]
    reason: ReasonField
    unit: UnitField = None
    container: Annotated[Container | None, About(_("Container"))] = None


@transaction.atomic
def adjust(*, lines: Sequence[Count], by: Actor, at: datetime) -> list[Movement]:
    """Post the difference between the count and the books. A count that agrees posts nothing.

    Refuses `reason_needed`, `below_claims` (less than is promised or staged there),
    `counted_twice`, `container_elsewhere`, `wrong_location_kind`, `location_closed`,
    `serial_twice`, `serial_is_one` and the quantity codes.
    """
    stamp = audit.stamp(by, at)
    lines = lock_named(lines)
    book = read_book(lines)
    variance = counterparts(LocationKind.VARIANCE, (line.location.site_id for line in lines))
    places: set[tuple[int, int, int | None]] = set()

    def plan(line: Count, index: int) -> list[Line]:
        _count_once(line, places)
        return _difference(line, book, variance[line.location.site_id], index)

    entries = list(chain.from_iterable(each(lines, plan)))
    movements = ledger.post(entries, book=book, stamp=stamp)
    audit.record(
        "inventory.adjust",
        stamp=stamp,
        subject=lines[0].lot,
        facts={"lines": len(lines), "differences": len(entries)},
    )
    return movements


def _count_once(line: Count, places: set[tuple[int, int, int | None]]) -> None:
    """Two counts of one place would both be held against the books as they were before."""
    place = (line.lot.pk, line.location.pk, line.container.pk if line.container else None)
    if place in places:
        raise Refused(
            _("%(lot)s at %(location)s is counted twice in this request."),
            code="counted_twice",
            field="quantity",
            hint=_("Add the two up, or leave one out."),
            lot=line.lot,
            location=line.container or line.location,
        )
    places.add(place)


def _difference(line: Count, book: Book, variance: Location, index: int) -> list[Line]:
    reason = audit.require_reason(line.reason)
    require_kind(line.location, *REAL_KINDS, field="location")
    counted = to_base(line.lot.material, line.quantity, line.unit, zero=True)
    balance = book.at(line.lot, line.location, line.container)
    booked = balance.quantity if balance else Decimal(0)
    claimed = balance.reserved + balance.bound if balance else Decimal(0)
    if counted < claimed:
        raise Refused(
            _("%(claimed)s of %(lot)s is promised to or staged for demands there."),
            code="below_claims",
            field="quantity",
            hint=_("Unstage or deallocate the missing quantity first, then count again."),
            facts={"claimed": plain(claimed), "booked": plain(booked)},
            claimed=spelled(claimed),
            lot=line.lot,
        )
    if counted == booked:
        return []
    short = counted < booked
    return [
        Line(
            kind=MovementKind.ADJUST,
            lot=line.lot,
            quantity=abs(counted - booked),
            source=line.location if short else variance,
            target=variance if short else line.location,
            from_container=line.container if short else None,
            to_container=None if short else line.container,
            reason=reason,
            index=index,
        )
    ]
