"""Time out of storage: how long a lot has stood outside the condition that its material needs.

A lot has one clock. It runs while any of the lot is on hand where the condition is another one, or
none is stated; so no part of it has been out for longer (docs/decisions/0011). What counts are the
movements that were not reversed, in the order of the ledger, at the times that were claimed for
them. `follow` keeps the clocks as movements are posted; `replay` computes them from the beginning:
for a reversal, for changed master data, and for `check_ledger`. Materials without a budget have no
clocks and cost nothing.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING, Any, Self

from django.db.models import F, Q, QuerySet

from inventory.models import (
    REAL_KINDS,
    InheritedTimeOut,
    Lot,
    Material,
    Movement,
    MovementKind,
    ZoneChange,
)
from inventory.models.lots import LotQuerySet
from inventory.statements import Insert

if TYPE_CHECKING:
    from inventory.audit import Stamp
    from inventory.ledger import Book, Line

NONE = timedelta(0)

PORTION = 200
"""Lots whose movements are read at once."""

_SAVE = Insert(Lot, update=["out_used", "out_since", "out_ends_at"])
_INHERIT = Insert(InheritedTimeOut)


@dataclass(slots=True)
class Clock:
    """What a lot has used of its budget, since when it is out, and when the budget ends or did."""

    used: timedelta = NONE
    since: datetime | None = None
    ends_at: datetime | None = None

    @classmethod
    def of(cls, lot: Lot) -> Self:
        return cls(lot.out_used or NONE, lot.out_since, lot.out_ends_at)

    def at(self, at: datetime) -> timedelta:
        """What is used by then."""
        return self.used + (max(at - self.since, NONE) if self.since else NONE)

    def tick(
        self, at: datetime, *, out: bool, budget: timedelta, inherited: timedelta = NONE
    ) -> None:
        """Something happened: from now on the lot is out, or it is not. `inherited` is what stock
        brought along that has become part of it; the worse counts."""
        by_now = self.at(at)
        if not out or inherited > by_now:
            self.used, self.since = max(by_now, inherited), None
        if out and self.since is None:
            self.since = at
        if self.used > budget:
            self.ends_at = min(self.ends_at or at, at)
        else:
            self.ends_at = self.since + (budget - self.used) if self.since else None

    def put_on(self, lot: Lot) -> bool:
        """Whether the lot's columns have changed by it."""
        used = self.used if self.used or self.since else None
        columns = (used, self.since, self.ends_at)
        if columns == (lot.out_used, lot.out_since, lot.out_ends_at):
            return False
        lot.out_used, lot.out_since, lot.out_ends_at = columns
        return True


def budget_of(lot: Lot) -> timedelta | None:
    """How long the lot may be out; None where it is not counted."""
    return lot.material.out_of_storage_budget


def used(lot: Lot, at: datetime) -> timedelta:
    """How long the lot has been out of its condition, all times together."""
    return Clock.of(lot).at(at) if budget_of(lot) is not None else NONE


def follow(
    lines: Sequence["Line"], movements: Sequence[Movement], *, book: "Book", stamp: "Stamp"
) -> None:
    """Keep the clocks of the (locked) lots that movements have just been posted of."""
    counted = {line.lot.id: line.lot for line in lines if budget_of(line.lot) is not None}
    if not counted:
        return
    inherited: dict[int, timedelta] = {}
    for line in lines:
        inherited[line.lot.id] = max(inherited.get(line.lot.id, NONE), line.inherits)
    _INHERIT(
        [
            InheritedTimeOut(movement=movement, used=line.inherits)
            for line, movement in zip(lines, movements, strict=True)
            if line.inherits
        ]
    )
    undone = {line.lot.id for line in lines if line.reverses}
    clocks = replay([counted[pk] for pk in undone & counted.keys()])
    for pk in counted.keys() - undone:
        lot, clock = counted[pk], Clock.of(counted[pk])
        places = (balance.location.zone for balance in book.of(lot))
        out = any(zone != lot.material.storage_condition for zone in places)
        budget = budget_of(lot) or NONE
        clock.tick(stamp.occurred_at, out=out, budget=budget, inherited=inherited[pk])
        clocks[pk] = clock
    _SAVE([lot for pk, lot in counted.items() if clocks[pk].put_on(lot)])


# --- from the beginning -------------------------------------------------------------------------


def replay(lots: Collection[Lot]) -> dict[int, Clock]:
    """The clock of each lot, by its number, as the ledger has it. Two statements."""
    found = {lot.pk: Clock() for lot in lots}
    counted = {lot.pk: lot for lot in lots if budget_of(lot) is not None}
    if not counted:
        return found
    rows: QuerySet[Movement, Any] = (
        Movement.objects.filter(lot__in=counted, reversed_by=None)
        .exclude(kind=MovementKind.REVERSE)
        .order_by("lot", "pk")
        .values(
            "lot", "batch", "quantity", "occurred_at", "recorded_at", "source", "target",
            came_from=F("source__kind"), went_to=F("target__kind"), brought=F("inherited__used"),
            zone_left=F("source__zone"), zone_reached=F("target__zone"),
        )
    )  # fmt: skip
    of_lots = {pk: list(some) for pk, some in groupby(rows, lambda row: row["lot"])}
    passed = {row[end] for some in of_lots.values() for row in some for end in ("source", "target")}
    changes = list(ZoneChange.objects.filter(location__in=passed))
    for pk, some in of_lots.items():
        found[pk] = _Replay(counted[pk], changes).of(some)
    return found


class _Replay:
    """One lot's history, told again."""

    def __init__(self, lot: Lot, changes: Iterable[ZoneChange]) -> None:
        self.clock = Clock()
        self.wanted = lot.material.storage_condition
        self.budget = budget_of(lot) or NONE
        self.standing: dict[int, Decimal] = {}
        self.zones: dict[int, str] = {}
        self.changes = sorted(changes, key=lambda change: (change.at, change.pk))
        self.first = {change.location_id: change.was for change in reversed(self.changes)}

    def of(self, rows: Iterable[dict[str, Any]]) -> Clock:
        """What one request moved counts as one event."""
        for _batch, some in groupby(rows, lambda row: row["batch"]):
            moved = list(some)
            self._change(until=moved[0]["recorded_at"])
            for row in moved:
                self._move(row["source"], row["zone_left"], row["came_from"], -row["quantity"])
                self._move(row["target"], row["zone_reached"], row["went_to"], row["quantity"])
            brought = max(row["brought"] or NONE for row in moved)
            self._tick(moved[0]["occurred_at"], brought)
        self._change()
        return self.clock

    def _move(self, place: int, zone: str, kind: str, quantity: Decimal) -> None:
        if kind in REAL_KINDS:
            self.zones.setdefault(place, self.first.get(place, zone))
            self.standing[place] = self.standing.get(place, Decimal(0)) + quantity

    def _change(self, until: datetime | None = None) -> None:
        while self.changes and (until is None or self.changes[0].at < until):
            change = self.changes.pop(0)
            self.first[change.location_id] = self.zones[change.location_id] = change.became
            self._tick(change.at)

    def _tick(self, at: datetime, inherited: timedelta = NONE) -> None:
        out = any(
            quantity > 0 and self.zones[place] != self.wanted
            for place, quantity in self.standing.items()
        )
        self.clock.tick(at, out=out, budget=self.budget, inherited=inherited)


def recount(lots: Q) -> None:
    """Set the clocks of these lots anew, from the ledger. Locks them, a portion at a time."""
    for portion in _portions(lots):
        rows = list(portion.locked())
        clocks = replay(rows)
        _SAVE([lot for lot in rows if clocks[lot.pk].put_on(lot)])


def recount_passing(places: Iterable[int]) -> None:
    """Set the clocks anew of all lots that have ever been at one of the places, by number."""
    places = list(places)
    passed = Movement.objects.filter(Q(source__in=places) | Q(target__in=places))
    recount(Q(material__out_of_storage_budget__isnull=False, pk__in=passed.values("lot")))


def differing() -> Iterator[str]:
    """Clocks that are not what the ledger says, in words."""
    materials = Material.objects.filter(out_of_storage_budget__isnull=False)
    counted = Q(material__in=materials) | Q(out_used__isnull=False) | Q(out_ends_at__isnull=False)
    for portion in _portions(counted):
        clocks = replay(portion)
        for lot in portion:
            stored = Clock.of(lot)
            if clocks[lot.pk].put_on(lot):
                yield f"time out: lot {lot} has {stored}, its movements say {clocks[lot.pk]}"


def _portions(lots: Q) -> Iterator[LotQuerySet]:
    keys = list(Lot.objects.filter(lots).order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(keys), PORTION):
        rows = Lot.objects.filter(pk__in=keys[start : start + PORTION])
        yield rows.select_related("material")
