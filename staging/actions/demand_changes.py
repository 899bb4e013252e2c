"""Change demands: their time, their way and their quantities."""

from collections.abc import Mapping, Sequence
from copy import copy
from datetime import datetime
from decimal import Decimal
from itertools import chain

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from inventory import audit, preconditions, sites
from inventory.actions.common import each, require_kind
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.ledger import Book
from inventory.models import LocationKind, Lot
from inventory.units import plain, to_base
from inventory.wording import spelled
from staging.actions.common import lock_requirements, require_live
from staging.actions.demands import (
    DemandChange,
    Demands,
    Need,
    announce,
    check_needs,
    lock_committed,
    read_units,
    save_quantities,
    stamp_of,
)
from staging.bindings import Bindings
from staging.flags import Flags
from staging.models import Demand, LeftBy, Requirement, State
from staging.surplus import Surplus


@transaction.atomic
def change_demand(*, lines: Sequence[DemandChange], by: Actor, at: datetime) -> Demands:
    """Change time, route, carrier, work centre or quantities.

    With `reconcile`, what becomes too much is given up: reservations are freed, the last to expire
    first, and staged stock stays in its lane, on the unstage list. Where something is staged, a
    new time or way raises an alert. Refuses `reason_needed`, `demand_closed`, `material_twice`,
    `other_material`, `below_committed` (less than is reserved, staged or beyond, where it is not
    to be reconciled), `wrong_location_kind`, `location_closed`, `demand_busy` (others work on it)
    and the quantity codes.
    """
    stamp = stamp_of(lines, by, at)
    read_units(lines)
    lots: Mapping[int, Lot] = {}
    if any(line.reconcile for line in lines):
        lots, requirements, bindings = lock_committed([line.demand for line in lines], at)
    else:
        requirements = lock_requirements(line.demand for line in lines)
        needed = list(chain.from_iterable(requirements.values()))
        bindings = Bindings.read(at=at, requirements=needed)
    rows = Demand.objects.filter(pk__in={line.demand.pk for line in lines}).order_by("pk")
    demands = {row.pk: row for row in rows.select_for_update(no_key=True, of=("self",))}
    sites.require(by.user, ((n, [demands[line.demand.pk]]) for n, line in enumerate(lines)))
    preconditions.locked(demands.values())
    surplus = Surplus(Book.read(lots.values()) if lots else Book([]), bindings, stamp)
    changes = _Changes(demands, requirements, surplus)
    entries = each(lines, lambda line, index: changes.make(line))
    changes.save()
    announce("changed", audit.record_many("staging.change_demand", entries, stamp=stamp))
    return Demands([demands[line.demand.pk] for line in lines], surplus.told)


class _Changes:
    """Changes of (locked) demands, made line by line and saved together."""

    def __init__(
        self,
        demands: dict[int, Demand],
        requirements: Mapping[int, Sequence[Requirement]],
        surplus: Surplus,
    ) -> None:
        self.demands = demands
        self.bindings = surplus.bindings
        self.surplus = surplus
        self.flags = Flags(surplus, requirements)
        self._rows = {
            (row.demand_id, row.material_id, row.lot_id): row
            for row in chain.from_iterable(requirements.values())
        }
        self._last = {pk: max(row.line for row in rows) for pk, rows in requirements.items()}
        self._moved: dict[int, Demand] = {}
        self._columns: set[str] = set()
        self._resized: dict[int, Requirement] = {}
        self._added: list[Requirement] = []

    def make(self, line: DemandChange) -> audit.Entry:
        """Change one demand; what the audit trail says of it."""
        demand = self.demands[line.demand.pk]
        require_live(demand)
        check_needs(line.requirements, hint=_("Give one new quantity for each."))
        if line.work_center:
            require_kind(line.work_center, LocationKind.WORK_CENTER, field="work_center")
        before = copy(demand)
        for column in ("needed_at", "route", "carrier", "work_center"):
            if (value := getattr(line, column)) is not None:
                setattr(demand, column, value)
                self._moved[demand.pk] = demand
                self._columns.add(column)
        moved = [self._require(need, demand, line.reconcile) for need in line.requirements]
        self.flags.raise_for(before, demand)
        told = self.surplus.told.get(demand.pk)
        return audit.Entry(
            subject=demand,
            changes=audit.differences(before, demand) | {k: v for k, v in moved if v[0] != v[1]},
            facts=told.facts() if told else {},
            reason=line.reason,
        )

    def _require(self, need: Need, demand: Demand, reconcile: bool) -> tuple[str, list[str | None]]:
        """Set one line's quantity; what it is of, and its old and new quantity."""
        name = str(need.lot or need.material)  # each is a line of its own
        quantity = to_base(need.material, need.quantity, need.unit, zero=True)
        row = self._rows.get((demand.pk, need.material.pk, need.lot.pk if need.lot else None))
        if row is None:
            self._add(need, demand, quantity)
            return name, [None, plain(quantity)]
        missing = self.bindings.missing(row) if row.pk else row.quantity
        reserved = self.bindings.total(row, State.RESERVED) if row.pk else Decimal(0)
        committed = row.quantity - missing + reserved
        if quantity < committed and not reconcile:
            raise _below_committed(need, committed)
        if quantity < committed:
            self.surplus.hold_to(row, quantity, LeftBy.CHANGED)
        old, row.quantity = row.quantity, quantity
        if row.pk:
            self._resized[row.pk] = row
        return name, [plain(old), plain(quantity)]

    def _add(self, need: Need, demand: Demand, quantity: Decimal) -> None:
        number = self._last[demand.pk] = self._last.get(demand.pk, 0) + 1
        row = Requirement(
            demand=demand, line=number, material=need.material, quantity=quantity, lot=need.lot
        )
        self._rows[(demand.pk, row.material_id, row.lot_id)] = row
        self._added.append(row)

    def save(self) -> None:
        """Write what changed: a statement for the demands, one for old lines, one for new ones."""
        if self._columns:
            Demand.objects.bulk_update(self._moved.values(), sorted(self._columns))
        save_quantities(self._resized.values())
        Requirement.objects.bulk_create(self._added)
        self.surplus.save()
        self.flags.save()


def _below_committed(need: Need, committed: Decimal) -> Refused:
    return Refused(
        _("%(committed)s of %(material)s is reserved, staged or used for it already."),
        code="below_committed",
        field="requirements",
        hint=_("Deallocate or unstage the difference first, or have it given up."),
        facts={"committed": plain(committed)},
        committed=spelled(committed),
        material=need.material,
    )
