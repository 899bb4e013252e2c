"""The open commitments an action decides on, read once and written once."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from decimal import Decimal
from typing import Self

from django.db.models import Q, QuerySet
from uuid_utils.compat import uuid7

from inventory import sites
from inventory.audit import Stamp
from inventory.models import Container, Location, Lot
from inventory.statements import Insert, Select, new
from staging.dwell import terms
from staging.models import Commitment, Requirement, State

Key = tuple[int, str, int, int, int | None]


def _commitments() -> QuerySet[Commitment]:
    rows = Commitment.objects.open().filter(Q(requirement__among="lines") | Q(lot__among="lots"))
    rows = rows.select_related(
        "lot__material__base_unit",
        "location",
        "container__parent__parent__parent",
        "requirement__demand__customer",
        "requirement__demand__work_center",
    )
    return rows.order_by("since", "pk")


_COMMITMENTS = Select(_commitments)
_SAVE = Insert(
    Commitment,
    update=[
        "quantity", "since", "dwell_policy", "warn_at", "due_at", "rings_at", "closed_at",
        "occurred_at", "recorded_at",
    ],
)  # fmt: skip


class Bindings:
    """Commitments by requirement, state, lot, location and container.

    The caller has locked the lots and the requirements.
    """

    def __init__(self, rows: Iterable[Commitment], at: datetime) -> None:
        self.at = at
        self._rows: dict[Key, Commitment] = {}
        self._of_lot: dict[int, list[Commitment]] = defaultdict(list)
        self._of_line: dict[int, list[Commitment]] = defaultdict(list)
        self._changed: dict[Key, Commitment] = {}
        self._staged: dict[Key, Commitment] = {}
        self._planned: dict[Key, Decimal] = {}
        self._totals: dict[tuple[int, str], Decimal] = defaultdict(Decimal)
        for row in rows:
            self._keep(_key(row), row)
            self._totals[row.requirement_id, row.state] += row.quantity

    def _keep(self, key: Key, row: Commitment) -> None:
        requirement, _state, lot, _location, _container = key
        self._rows[key] = row
        self._of_lot[lot].append(row)
        self._of_line[requirement].append(row)

    @classmethod
    def read(
        cls,
        *,
        at: datetime,
        requirements: Iterable[Requirement] = (),
        lots: Iterable[Lot] = (),
    ) -> Self:
        """All that is open for the requirements, and all that is open of the lots."""
        lines = [requirement.id for requirement in requirements]
        return cls(_COMMITMENTS(lines=lines, lots=[lot.id for lot in lots]), at)

    def find(
        self,
        *,
        states: Iterable[State],
        requirement: Requirement | None = None,
        lot: Lot | None = None,
        location: Location | None = None,
        container: Container | None = None,
    ) -> list[Commitment]:
        """Open commitments that match, the oldest first."""
        states = set(states)
        return [
            row
            for row in self._narrowest(requirement, lot)
            if row.state in states
            and row.quantity > 0
            and (requirement is None or row.requirement_id == requirement.id)
            and (lot is None or row.lot_id == lot.id)
            and (location is None or row.location_id == location.id)
            and (container is None or row.container_id == container.id)
        ]

    def _narrowest(self, requirement: Requirement | None, lot: Lot | None) -> Iterable[Commitment]:
        """The fewest rows to look through: a thousand lines must not look at a million."""
        ways: list[Collection[Commitment]] = [self._rows.values()]
        if requirement is not None:
            ways.append(self._of_line[requirement.id])
        if lot is not None:
            ways.append(self._of_lot[lot.id])
        return min(ways, key=len)

    def left(self, row: Commitment) -> Decimal:
        """What of a commitment no earlier line of the request has planned to take."""
        return row.quantity - self._planned.get(_key(row), Decimal(0))

    def plan(self, row: Commitment, quantity: Decimal) -> None:
        """Keep count of what a line is going to take."""
        self._planned[_key(row)] = self._planned.get(_key(row), Decimal(0)) + quantity

    def total(self, requirement: Requirement, *states: State) -> Decimal:
        """How much of the requirement is in one of these states."""
        found = Decimal(0)
        for state in states:
            found += self._totals[requirement.id, state]
        return found

    def missing(self, requirement: Requirement) -> Decimal:
        """How much of the requirement is not yet staged or beyond."""
        return requirement.quantity - self.total(
            requirement, State.STAGED, State.ISSUED, State.USED
        )

    def add(
        self,
        requirement: Requirement,
        state: State,
        *,
        lot: Lot,
        location: Location,
        container: Container | None,
        quantity: Decimal,
        since: datetime | None = None,
    ) -> Commitment:
        """Commit a quantity. Stock that joins what is there already keeps the older clock."""
        container_id = container.id if container else None
        key = (requirement.id, state, lot.id, location.id, container_id)
        row = self._rows.get(key)
        if row is None:
            row = self._open(requirement, state, lot, location, container, since or self.at)
            self._keep(key, row)
        row.quantity += quantity
        self._totals[requirement.id, state] += quantity
        if row.quantity:
            row.closed_at = None
        row.since = min(row.since, since or self.at)
        if state == State.STAGED:
            self._staged[key] = row
        self._changed[key] = row
        return row

    def _open(
        self,
        requirement: Requirement,
        state: State,
        lot: Lot,
        location: Location,
        container: Container | None,
        since: datetime,
    ) -> Commitment:
        columns = {
            "id": uuid7(),
            "requirement_id": requirement.id,
            "state": state,
            "lot_id": lot.id,
            "location_id": location.id,
            "container_id": container.id if container else None,
            "quantity": Decimal(0),
            "since": since,
            "dwell_policy_id": None,
            "warn_at": None,
            "due_at": None,
            "rings_at": None,
            "closed_at": None,
            "occurred_at": None,
            "recorded_at": None,
        }
        related = {
            "requirement": requirement, "lot": lot, "location": location, "container": container,
        }  # fmt: skip
        return new(Commitment, columns, **related)

    def take(self, row: Commitment, quantity: Decimal) -> None:
        """Take a quantity off a commitment, and close it when nothing is left."""
        row.quantity -= quantity
        self._totals[row.requirement_id, row.state] -= quantity
        if not row.quantity:
            row.closed_at = self.at
        self._changed[_key(row)] = row

    def save(self, stamp: Stamp) -> None:
        """Write what changed, in one statement, and one more to read the dwell terms where
        something was staged. Refuses `site_not_in_scope`."""
        if self._staged:
            terms.count(self._staged.values())
            self._staged.clear()
        if self._changed:
            rows = list(self._changed.values())
            places = ((None, (row.location, row.requirement.demand)) for row in rows)
            sites.require(stamp.actor, places)
            for row in rows:
                row.occurred_at, row.recorded_at = stamp.occurred_at, stamp.recorded_at
            _SAVE(rows)
            self._changed.clear()


def _key(row: Commitment) -> Key:
    return (row.requirement_id, row.state, row.lot_id, row.location_id, row.container_id)
