"""The unstage list: what stands in lanes for nobody, and which demands left it there."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import F, QuerySet

from inventory.models import Balance, LocationKind
from inventory.units import plain
from staging.models import Commitment, Demand, Requirement, State, UnstageTask


def lying() -> QuerySet[Balance]:
    """What stands in a lane without a demand, in whole or in part: the part is `unbound`."""
    return Balance.objects.filter(location__kind=LocationKind.STAGING, quantity__gt=F("bound"))


def unstage_list() -> QuerySet[Balance]:
    """The same for people, with the `walk` by which a page orders it."""
    rows: Any = lying().select_related("lot__material__base_unit", "location", "container")
    listed: QuerySet[Balance] = rows.annotate(
        unbound=F("quantity") - F("bound"), walk=F("location__walk_order")
    )
    return listed


def left_by(rows: Sequence[Balance]) -> dict[Any, list[UnstageTask]]:
    """The open tasks that say who left it there, by balance; the oldest first. One statement."""
    tasks = UnstageTask.objects.filter(
        done_at=None,
        location__in={row.location_id for row in rows},
        lot__in={row.lot_id for row in rows},
    )
    found: dict[tuple[int, int], list[UnstageTask]] = defaultdict(list)
    for task in tasks.select_related("requirement__demand").order_by("pk"):
        found[task.lot_id, task.location_id].append(task)
    return {row.pk: found.get((row.lot_id, row.location_id), []) for row in rows}


def as_codes(row: Commitment | UnstageTask, quantity: Decimal) -> dict[str, Any]:
    """What stands where, by codes, as answers and the audit trail have it."""
    return {
        "lot": row.lot.code,
        "quantity": plain(quantity),
        "unit": row.lot.material.base_unit_id,
        "location": row.location.code,
        "container": row.container.code if row.container else None,
    }


def to_return(demand: Demand) -> list[tuple[Commitment, Decimal]]:
    """What was issued or loaded beyond what the demand needs by now, and has to come back."""
    rows: Any = Requirement.objects.with_progress().filter(demand=demand)
    over = {
        row.pk: min(row.issued, row.handed_over - row.quantity)
        for row in rows
        if row.issued and row.handed_over > row.quantity
    }
    issued = Commitment.objects.open().filter(state=State.ISSUED, requirement__in=over)
    found = []
    for row in issued.select_related("lot__material", "location", "container").order_by("pk"):
        part = min(row.quantity, over[row.requirement_id])
        if part > 0:
            found.append((row, part))
            over[row.requirement_id] -= part
    return found


def close_done(at: datetime) -> None:
    """Tasks of which nothing is left are over, whatever comes to stand there later."""
    rows: Any = UnstageTask.objects.filter(done_at=None).with_left()
    rows = rows.filter(left=0)
    if found := list(rows.order_by().values_list("pk", flat=True)):
        UnstageTask.objects.filter(pk__in=found).update(done_at=at)
