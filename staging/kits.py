"""How complete a demand's kit is: per line, and as a whole."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from inventory.statements import Select
from staging.models import Demand, Requirement, StagedStock
from staging.stops import TODAY

WHOLE = Decimal(1)

_LINES: Select[Requirement] = Select(
    lambda: (
        Requirement.objects.with_progress()
        .filter(demand__among="demands")
        .order_by("demand_id", "line")  # sums are grouped, and groups have no order of their own
    )
)


def _blocked() -> QuerySet[Any, Any]:
    rows: Any = StagedStock.objects.filter(requirement__demand__among="demands")
    staged: QuerySet[Any, Any] = rows.blocked(TODAY)
    return staged.values_list("requirement", "quantity")


_BLOCKED: Select[Any] = Select(_blocked)


@dataclass(slots=True)
class Kit:
    """The lines of a demand, from `Requirement.objects.with_progress()`."""

    lines: list[Requirement] = field(default_factory=list)

    @property
    def complete_lines(self) -> int:
        """Lines of which all is staged or beyond."""
        return sum(share(line) == WHOLE for line in self.lines)

    @property
    def percent(self) -> int:
        """The mean of the lines' shares, rounded down: 100 only when nothing is missing."""
        if not self.lines:
            return 0
        return int(sum(share(line) for line in self.lines) * 100 / len(self.lines))

    @property
    def is_complete(self) -> bool:
        return bool(self.lines) and self.complete_lines == len(self.lines)


def share(line: Requirement) -> Decimal:
    """How much of the line is staged or beyond, from 0 to 1."""
    if not line.quantity:
        return WHOLE
    return min(Decimal(line.progressed) / line.quantity, WHOLE)  # type: ignore[attr-defined]


def short(line: Requirement) -> Decimal:
    """What is neither reserved nor staged nor beyond, in the material's base unit."""
    missing = line.quantity - line.progressed - line.reserved  # type: ignore[attr-defined]
    return max(Decimal(missing), Decimal(0))


def blocked(demands: Iterable[Demand], on: date) -> dict[int, Decimal]:
    """How much is staged for each line that may not be used, by the line's id. One statement.

    A line is staged all the same: what quality stopped since is still there, and in the way.
    """
    found: dict[int, Decimal] = defaultdict(Decimal)
    for line, quantity in _BLOCKED.rows(demands=[demand.pk for demand in demands], on=on):
        found[line] += quantity
    return found


def kits(demands: Iterable[Demand]) -> dict[int, Kit]:
    """The kit of each demand, by its id, line by line in their order. One statement."""
    found = {demand.pk: Kit() for demand in demands}
    for row in _LINES(demands=list(found)):
        found[row.demand_id].lines.append(row)
    return found
