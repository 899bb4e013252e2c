"""Change demands: their time, route, carrier and quantities."""

from collections.abc import Mapping, Sequence
from copy import copy
from datetime import datetime
from decimal import Decimal
from itertools import chain

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from inventory import audit
from inventory.actions.common import each
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.units import plain, to_base
from inventory.wording import spelled
from staging.actions.common import lock_requirements, require_live
from staging.actions.demands import DemandChange, Need, announce, check_needs, read_units, stamp_of
from staging.bindings import Bindings
from staging.models import Demand, Requirement, State


@transaction.atomic
def change_demand(*, lines: Sequence[DemandChange], by: Actor, at: datetime) -> list[Demand]:
    """Change time, route, carrier or quantities.

    Refuses `reason_needed`, `demand_closed`, `material_twice`, `other_material`,
    `below_committed` (less than is reserved, staged or beyond; unstage first) and the quantity
    codes.
    """
    stamp = stamp_of(lines, by, at)
    read_units(lines)
    requirements = lock_requirements(line.demand for line in lines)
    bindings = Bindings.read(at=at, requirements=list(chain.from_iterable(requirements.values())))
    rows = Demand.objects.filter(pk__in={line.demand.pk for line in lines}).order_by("pk")
    demands = {row.pk: row for row in rows.select_for_update(no_key=True)}
    changes = _Changes(demands, requirements, bindings)
    entries = each(lines, lambda line, index: changes.make(line))
    changes.save()
    announce("changed", audit.record_many("staging.change_demand", entries, stamp=stamp))
    return [demands[line.demand.pk] for line in lines]


class _Changes:
    """Changes of (locked) demands, made line by line and saved together."""

    def __init__(
        self,
        demands: dict[int, Demand],
        requirements: Mapping[int, Sequence[Requirement]],
        bindings: Bindings,
    ) -> None:
        self.demands = demands
        self.bindings = bindings
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
        before = copy(demand)
        for column in ("needed_at", "route", "carrier"):
            if (value := getattr(line, column)) is not None:
                setattr(demand, column, value)
                self._moved[demand.pk] = demand
                self._columns.add(column)
        moved = [self._require(need, demand) for need in line.requirements]
        return audit.Entry(
            subject=demand,
            changes=audit.differences(before, demand) | {k: v for k, v in moved if v[0] != v[1]},
            reason=line.reason,
        )

    def _require(self, need: Need, demand: Demand) -> tuple[str, list[str | None]]:
        """Set one line's quantity; the material and its old and new quantity."""
        quantity = to_base(need.material, need.quantity, need.unit, zero=True)
        row = self._rows.get((demand.pk, need.material.pk, need.lot.pk if need.lot else None))
        if row is None:
            self._add(need, demand, quantity)
            return need.material.code, [None, plain(quantity)]
        missing = self.bindings.missing(row) if row.pk else row.quantity
        reserved = self.bindings.total(row, State.RESERVED) if row.pk else Decimal(0)
        committed = row.quantity - missing + reserved
        if quantity < committed:
            raise _below_committed(need, committed)
        old, row.quantity = row.quantity, quantity
        if row.pk:
            self._resized[row.pk] = row
        return need.material.code, [plain(old), plain(quantity)]

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
        Requirement.objects.bulk_create(
            self._resized.values(),
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=["quantity"],
        )
        Requirement.objects.bulk_create(self._added)


def _below_committed(need: Need, committed: Decimal) -> Refused:
    return Refused(
        _("%(committed)s of %(material)s is reserved, staged or used for it already."),
        code="below_committed",
        field="requirements",
        hint=_("Deallocate or unstage the difference first."),
        facts={"committed": plain(committed)},
        committed=spelled(committed),
        material=need.material,
    )
