"""Who waits for lots that are not released: needs that nothing usable is there to serve."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Case, DateTimeField, F, OrderBy, QuerySet, Value, When
from django.db.models.functions import Cast

from inventory.models import Lot, LotStatus, Material
from quality.admin.filters import awaiting
from staging.models import Demand, Requirement
from staging.picture import usable

MOST_LINES = 1000
"""Lines that are looked at, the most urgent first: nobody decides on more at once."""


@dataclass
class Needs:
    """`lines` of live demands that are not used up, the most urgent first; and which of them is
    the first to go short, by material, and by the very lot where a line names one."""

    lines: list[Requirement]
    of_material: dict[int, Requirement] = field(default_factory=dict)
    of_lot: dict[int, Requirement] = field(default_factory=dict)

    def waiting(self, lot: Lot) -> list[Demand]:
        """Demands that want this lot's material, and do not have all of it staged yet."""
        return [
            line.demand
            for line in self.lines
            if line.material_id == lot.material_id
            and line.lot_id in (None, lot.pk)
            and line.progressed < line.quantity  # type: ignore[attr-defined]
        ]

    def first(self, lot: Lot) -> Requirement | None:
        """The most urgent line that waits for this lot to be released."""
        if lot.status != LotStatus.QUARANTINE:
            return None
        lines = (self.of_lot.get(lot.pk), self.of_material.get(lot.material_id))
        found = [line for line in lines if line]
        return min(found, key=lambda line: line.demand.needed_at, default=None)


def _lines(materials: Collection[int]) -> QuerySet[Requirement]:
    lines: Any = Requirement.objects.with_progress()
    lines = lines.filter(demand__closed_at=None, material__in=materials, used__lt=F("quantity"))
    rows: QuerySet[Requirement] = lines.select_related("demand", "lot")
    return rows.order_by("demand__needed_at", "pk")


def unserved(materials: Collection[int], on: date) -> Needs:
    """What the stock that may be used will not serve, if the most urgent line is served first.

    A line that names a lot in quarantine waits for that lot alone. The same statements, however
    many materials.
    """
    needs = Needs(list(_lines(materials)[:MOST_LINES]))
    left = defaultdict(Decimal, usable([Material(pk=pk) for pk in materials], on))
    for line in needs.lines:
        if line.lot is not None and line.lot.status == LotStatus.QUARANTINE:
            needs.of_lot.setdefault(line.lot.pk, line)
            continue
        left[line.material_id] -= line.quantity - line.used  # type: ignore[attr-defined]
        if left[line.material_id] < 0:
            needs.of_material.setdefault(line.material_id, line)
    return needs


FIRST_WANTED: tuple[str | OrderBy, ...] = (
    F("wanted_at").asc(nulls_last=True), "created_at", "pk",
)  # fmt: skip
"""Who is waited for soonest first, and then the oldest."""


def with_wanted_at(lots: QuerySet[Lot], on: date) -> QuerySet[Lot]:
    """Annotate `wanted_at`: when the first need is due that waits for a lot to be released.

    The same statements to know it, whatever is then read.
    """
    waiting = awaiting(Lot.objects.order_by()).values_list("material", flat=True)
    needs = unserved(set(waiting.distinct()[:MOST_LINES]), on)
    found = [(line, When(pk=pk, then=_needed(line))) for pk, line in needs.of_lot.items()]
    found += [
        (line, When(material=pk, then=_needed(line))) for pk, line in needs.of_material.items()
    ]
    found.sort(key=lambda pair: pair[0].demand.needed_at)  # the first that applies counts
    # Cast, because PostgreSQL sorts by no bare constant, which this is when nobody waits.
    never = Cast(Value(None), DateTimeField())
    times = Case(*(when for _line, when in found), default=never, output_field=DateTimeField())
    return lots.annotate(wanted_at=times)


def _needed(line: Requirement) -> Value:
    return Value(line.demand.needed_at, DateTimeField())
