"""Check every invariant of the design, from the ledger up."""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from uuid import UUID

from django.db.models import F, Q

from inventory import checks as stock
from inventory.checks import Place
from inventory.models import Balance, LocationKind, Movement, MovementKind
from staging.models import ClaimStep, Commitment, State

KINDS = {
    State.RESERVED: (LocationKind.STORAGE,),
    State.STAGED: (LocationKind.STAGING,),
    State.ISSUED: (LocationKind.WORK_CENTER, LocationKind.TRANSIT),
    State.USED: (LocationKind.PRODUCTION, LocationKind.CUSTOMER),
}
"""Where a committed quantity can stand, by how far it has come."""

GATED = (
    MovementKind.STAGE,
    MovementKind.ISSUE,
    MovementKind.CONSUME,
    MovementKind.LOAD,
    MovementKind.SHIP,
)


def breaches() -> list[str]:
    """Every breach of an invariant, in words; empty when all is sound."""
    return [
        *stock.breaches(),
        *_claims(),
        *_steps(),
        *_places(),
        *_demands(),
        *_used(),
        *_gated(),
    ]


def _claims() -> Iterator[str]:
    """What is reserved and bound on a balance is what its commitments say."""
    reserved: dict[Place, Decimal] = defaultdict(Decimal)
    bound: dict[Place, Decimal] = defaultdict(Decimal)
    rows = Commitment.objects.open().exclude(state=State.USED)
    for row in rows.iterator():
        place = (row.lot_id, row.location_id, row.container_id)
        (reserved if row.state == State.RESERVED else bound)[place] += row.quantity
    for balance in Balance.objects.iterator():
        place = (balance.lot_id, balance.location_id, balance.container_id)
        if balance.reserved != reserved.pop(place, Decimal(0)):
            yield f"reserved: balance {balance.pk} says {balance.reserved}, allocations differ"
        if balance.bound != bound.pop(place, Decimal(0)):
            yield f"bound: balance {balance.pk} says {balance.bound}, commitments differ"
    for place in [*reserved, *bound]:
        yield f"claims: {place} (lot, location, container) is committed but has no balance"


def _steps() -> Iterator[str]:
    """The steps of a commitment, from the first on, add up to what it is."""
    summed: dict[UUID, Decimal] = defaultdict(Decimal)
    opened: set[UUID] = set()
    rows = ClaimStep.objects.order_by().values_list("commitment", "change", "was_since")
    for pk, change, was_since in rows.iterator():
        summed[pk] += change
        if was_since is None:  # of those that are older than their steps, the first is missing
            opened.add(pk)
    known = Commitment.objects.filter(recorded_at__isnull=False)
    for pk, quantity in known.values_list("pk", "quantity").iterator():
        if pk in opened and summed[pk] != quantity:
            yield f"steps: commitment {pk} is {quantity}, its steps add up to {summed[pk]}"


def _places() -> Iterator[str]:
    """Nothing is staged outside a staging location, reserved outside storage, and so on."""
    for state, kinds in KINDS.items():
        astray = Commitment.objects.open().filter(state=state).exclude(location__kind__in=kinds)
        for row in astray.select_related("requirement__demand", "lot", "location"):
            yield f"place: {row} stands in a {row.location.kind} location"


def _demands() -> Iterator[str]:
    """Nothing is reserved, staged or issued without a live demand, nor beyond what it needs."""
    live = Q(requirement__demand__closed_at=None)
    orphans = Commitment.objects.open().exclude(state=State.USED).exclude(live)
    for row in orphans.select_related("requirement__demand", "lot", "location"):
        yield f"demand: {row} is committed to a closed demand"
    waiting: dict[tuple[str, int], Decimal] = defaultdict(Decimal)
    gone_on: dict[tuple[str, int], Decimal] = defaultdict(Decimal)
    needed: dict[tuple[str, int], Decimal] = {}
    rows = Commitment.objects.open().values_list(
        "requirement__demand__reference",
        "requirement__line",
        "requirement__quantity",
        "state",
        "quantity",
    )
    for reference, line, required, state, quantity in rows.iterator():
        started = state in (State.ISSUED, State.USED)
        (gone_on if started else waiting)[(reference, line)] += quantity
        needed[(reference, line)] = required
    # What had gone on before the demand came to need less is beyond recall, but nothing waits.
    for key, total in waiting.items():
        if total > max(needed[key] - gone_on[key], Decimal(0)):
            total += gone_on[key]
            yield f"demand: {key[0]}/{key[1]} needs {needed[key]} and has {total}"


def _used() -> Iterator[str]:
    """What is used is what was consumed and shipped, less what was reversed."""
    moved: dict[int | None, Decimal] = defaultdict(Decimal)
    kinds = (MovementKind.CONSUME, MovementKind.SHIP)
    rows = Movement.objects.filter(Q(kind__in=kinds) | Q(reverses__kind__in=kinds))
    for task, kind, quantity in rows.values_list("task", "kind", "quantity").iterator():
        moved[task] += -quantity if kind == MovementKind.REVERSE else quantity
    used: dict[int | None, Decimal] = defaultdict(Decimal)
    for row in Commitment.objects.open().filter(state=State.USED).iterator():
        used[row.requirement_id] += row.quantity
    for task in moved.keys() | used.keys():
        if moved[task] != used[task]:
            yield f"used: requirement {task} says {used[task]}, the ledger {moved[task]}"


def _gated() -> Iterator[str]:
    """Every stage, issue, consume, load and ship names the version of the rules that allowed it."""
    for row in Movement.objects.filter(kind__in=GATED, rule_version=None):
        yield f"gate: movement {row.pk} names no rules"
    for row in Movement.objects.filter(source=F("target")).exclude(
        kind__in=(MovementKind.PACK, MovementKind.UNPACK, MovementKind.REVERSE)
    ):
        yield f"movement: {row.pk} goes nowhere"
