"""Recompute stock from the ledger and name every breach of its invariants."""

from collections.abc import Iterator
from decimal import Decimal

from django.db.models import Count, F, Q, Sum

from inventory import exposure
from inventory.models import (
    REAL_KINDS,
    Balance,
    Container,
    Movement,
    MovementKind,
    Tracking,
)

Place = tuple[int, int, int | None]


def breaches() -> Iterator[str]:
    """Every breach found, in words; nothing when stock is sound."""
    yield from _balances()
    yield from _claims()
    yield from _serials()
    yield from _containers()
    yield from _reversals()
    yield from exposure.differing()


def _balances() -> Iterator[str]:
    """Balance = sum of movements, exactly, and so each lot's double entry sums to zero."""
    expected = _from_ledger()
    booked = {
        (row.lot_id, row.location_id, row.container_id): row.quantity
        for row in Balance.objects.iterator()
    }
    for place in sorted(expected.keys() | booked.keys(), key=str):
        should = expected.get(place, Decimal(0))
        is_ = booked.get(place, Decimal(0))
        lot, location, container = place
        where = f"lot {lot} at location {location}, container {container}"
        if should != is_:
            yield f"balance: {where} is {is_}, its movements sum to {should}"
        if should < 0:
            yield f"below zero: {where}: {should}"


def _from_ledger() -> dict[Place, Decimal]:
    """What the movements leave at each real place.

    Summed here and not in SQL: SQLite would add decimals as floats.
    """
    totals: dict[Place, Decimal] = {}
    rows = Movement.objects.order_by().values_list(
        "lot", "quantity", "source", "source__kind", "from_container",
        "target", "target__kind", "to_container",
    )  # fmt: skip
    for lot, quantity, source, from_kind, out_of, target, to_kind, into in rows.iterator():
        if from_kind in REAL_KINDS:
            place = (lot, source, out_of)
            totals[place] = totals.get(place, Decimal(0)) - quantity
        if to_kind in REAL_KINDS:
            place = (lot, target, into)
            totals[place] = totals.get(place, Decimal(0)) + quantity
    return totals


def _claims() -> Iterator[str]:
    """Reserved + bound never exceed the balance, even if a constraint was dropped."""
    wrong = Q(quantity__lt=0) | Q(reserved__lt=0) | Q(bound__lt=0)
    wrong |= Q(quantity__lt=F("reserved") + F("bound"))
    for row in Balance.objects.filter(wrong).select_related("lot", "location"):
        yield f"claims: {row}: reserved {row.reserved}, bound {row.bound}"


def _serials() -> Iterator[str]:
    """A serial is one piece in one place."""
    rows = (
        Balance.objects.filter(lot__material__tracking=Tracking.SERIAL, quantity__gt=0)
        .values("lot__code")
        .annotate(pieces=Sum("quantity"), places=Count("pk"))
    )
    for row in rows.filter(Q(pieces__gt=1) | Q(places__gt=1)):
        yield f"serial: {row['lot__code']} is {row['pieces']} in {row['places']} places"


def _containers() -> Iterator[str]:
    """A container's contents, and the containers in it, are where the container is."""
    astray = Balance.objects.filter(quantity__gt=0, container__isnull=False).exclude(
        location=F("container__location")
    )
    for balance in astray.select_related("lot", "location", "container__location"):
        yield f"container: {balance} is not where {balance.container} is"
    nested = Container.objects.filter(parent__isnull=False)
    for container in nested.exclude(location=F("parent__location")).select_related("parent"):
        yield f"container: {container} is not where {container.parent} is"


def _reversals() -> Iterator[str]:
    """A reversal is the exact opposite of what it reverses."""
    rows = Movement.objects.filter(kind=MovementKind.REVERSE).select_related("reverses")
    for row in rows.iterator():
        original = row.reverses
        way = (row.lot_id, row.quantity, row.source_id, row.target_id)
        if original is None or way != (
            original.lot_id,
            original.quantity,
            original.target_id,
            original.source_id,
        ):
            yield f"reversal: movement {row.pk} is not the opposite of {row.reverses_id}"
