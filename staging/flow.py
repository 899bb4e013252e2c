"""Steps of material for a demand: the one path of every staging verb.

A step takes a quantity of a lot from one state and place to another for a requirement. Carrying
steps out means: the gate answers, the ledger posts, the commitments follow, lanes are held to
their capacity, and the audit trail gets its entry. Statements do not grow with the steps.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inventory import audit, ledger
from inventory.audit import Stamp
from inventory.errors import Refusals, Refused
from inventory.ledger import Book, Claim, Line
from inventory.models import (
    Balance,
    CapacityPolicy,
    Container,
    Location,
    Lot,
    Movement,
    MovementKind,
)
from inventory.units import plain
from quality import gate
from quality.models import GatedAction
from staging.bindings import Bindings
from staging.models import Commitment, Requirement, State

CLAIM = {State.RESERVED: Claim.RESERVED, State.STAGED: Claim.BOUND, State.ISSUED: Claim.BOUND}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A quantity of a lot on its way for a requirement.

    `taken` is the commitment it is taken from (None: free stock), `becomes` the state it reaches
    (None: free again). Without a `kind` nothing moves: only the claim changes hands.
    """

    kind: MovementKind | None
    requirement: Requirement
    lot: Lot
    quantity: Decimal
    source: Location
    target: Location
    container: Container | None = None
    taken: Commitment | None = None
    becomes: State | None = None
    reason: str = ""
    index: int | None = None


@dataclass(slots=True)
class Outcome:
    """What an action did: its movements, and what the person should know all the same."""

    movements: list[Movement] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def carry_out(
    steps: Sequence[Step],
    *,
    action: str,
    asks: GatedAction | None,
    book: Book,
    bindings: Bindings,
    stamp: Stamp,
    lanes: Iterable[Location] = (),
) -> Outcome:
    """Do the steps, all or none. `asks` is what the gate is asked for, if it is asked.

    Refuses with the gate's codes, the ledger's, and `lane_full`.
    """
    version = ask_gate(steps, asks) if asks else None
    moving = [step for step in steps if step.kind]
    movements = ledger.post([_line(step, version) for step in moving], book=book, stamp=stamp)
    for step in steps:
        if not step.kind:
            _change_claim(step, book)
    book.save()
    _follow(moving, movements, steps, bindings)
    bindings.save()
    warnings = _hold_to_capacity(steps, book, lanes)
    audit.record(
        action,
        stamp=stamp,
        subject=steps[0].requirement.demand,
        facts={"lines": len(steps)} | ({"warnings": warnings} if warnings else {}),
    )
    return Outcome(movements, warnings)


def ask_gate(steps: Sequence[Step], asks: GatedAction) -> int:
    """The version of the rules that allow the steps. Refuses with the gate's codes."""
    on = timezone.localdate()
    uses = [
        gate.Use(
            action=asks,
            lot=step.lot,
            source=step.source,
            target=step.target,
            container=step.container,
            reference=step.requirement.demand.reference,
            customer_id=step.requirement.demand.customer_id,
        )
        for step in steps
    ]
    verdicts = gate.examine(uses, on)
    refusals = Refusals()
    for step, verdict in zip(steps, verdicts, strict=True):
        if verdict.refusal:
            refusals.add(_with_alternatives(verdict.refusal, step), line=step.index)
    refusals.raise_any()
    return verdicts[0].rule_version if verdicts else 0


def _with_alternatives(refusal: Refused, step: Step) -> Refused:
    """Say which other lots would do; only a refused request pays for the look-up."""
    reference = step.requirement.demand.reference
    others = gate.alternatives(step.lot, timezone.localdate(), reference=reference)
    refusal.facts["alternatives"] = [
        {
            "lot": other.lot.code,
            "location": other.location.code,
            "free": plain(other.free),
            "expires_on": other.lot.expires_on.isoformat() if other.lot.expires_on else None,
        }
        for other in others
    ]
    if others:
        best = others[0]
        refusal.hint = _("%(remedy)s Next best: %(lot)s at %(location)s (%(free)s free).") % {
            "remedy": refusal.hint,
            "lot": best.lot,
            "location": best.container or best.location,
            "free": plain(best.free),
        }
    return refusal


def _line(step: Step, version: int | None) -> Line:
    assert step.kind is not None  # noqa: S101 - only moving steps come here
    return Line(
        kind=step.kind,
        lot=step.lot,
        quantity=step.quantity,
        source=step.source,
        target=step.target,
        from_container=step.container,
        draws=CLAIM.get(State(step.taken.state), Claim.FREE) if step.taken else Claim.FREE,
        adds=_adds(step),
        task=step.requirement.pk,
        reference=step.requirement.demand.reference,
        rule_version=version,
        reason=step.reason,
        index=step.index,
    )


def _adds(step: Step) -> Claim:
    return CLAIM.get(step.becomes, Claim.FREE) if step.becomes else Claim.FREE


def _change_claim(step: Step, book: Book) -> None:
    balance = book.at(step.lot, step.source, step.container)
    draws = CLAIM.get(State(step.taken.state), Claim.FREE) if step.taken else Claim.FREE
    if balance is None or getattr(balance, draws) < step.quantity:
        available = getattr(balance, draws) if balance else Decimal(0)
        raise Refused(
            _("Only %(available)s of %(lot)s is free at %(location)s."),
            code="not_enough",
            field="quantity",
            line=step.index,
            hint=_("Choose another lot or a smaller quantity."),
            facts={"available": plain(available)},
            available=plain(available),
            lot=step.lot,
            location=step.source,
        )
    book.claim(balance, step.quantity, draws=draws, adds=_adds(step))


def _follow(
    moving: Sequence[Step],
    movements: Sequence[Movement],
    steps: Sequence[Step],
    bindings: Bindings,
) -> None:
    """Let the commitments follow: off where it came from, onto where it arrived."""
    arrived = {
        id(step): movement.to_container for step, movement in zip(moving, movements, strict=True)
    }
    for step in steps:
        if step.taken:
            bindings.take(step.taken, step.quantity)
        if step.becomes:
            in_lane = step.becomes == State.STAGED and step.taken is not None
            keeps_clock = in_lane and step.taken.state == State.STAGED  # type: ignore[union-attr]
            bindings.add(
                step.requirement,
                step.becomes,
                lot=step.lot,
                location=step.target,
                container=arrived.get(id(step), step.container),
                quantity=step.quantity,
                since=step.taken.since if keeps_clock and step.taken else None,
            )


def _hold_to_capacity(steps: Sequence[Step], book: Book, lanes: Iterable[Location]) -> list[str]:
    """Refuse `lane_full`, or warn where the lane says so. `lanes` are locked and in the book."""
    warnings = []
    for lane in lanes:
        if lane.capacity is None:
            continue
        taken = positions(book.standing_at(lane))
        if taken <= lane.capacity:
            continue
        words = _("%(lane)s holds %(capacity)s positions; this would make %(taken)s.")
        if lane.capacity_policy == CapacityPolicy.WARN:
            warnings.append(str(words % {"lane": lane, "capacity": lane.capacity, "taken": taken}))
            continue
        raise Refused(
            words,
            code="lane_full",
            field="lane",
            line=next((step.index for step in steps if step.target.pk == lane.pk), None),
            hint=_("Stage to another lane, or clear this one first."),
            facts={"capacity": lane.capacity, "taken": taken},
            lane=lane,
            capacity=lane.capacity,
            taken=taken,
        )
    return warnings


def positions(standing: Sequence[Balance]) -> int:
    """Handling positions taken: each outermost container, and each loose lot."""
    containers = {
        balance.container.parent_id or balance.container.pk
        for balance in standing
        if balance.container
    }
    loose = {balance.lot_id for balance in standing if not balance.container_id}
    return len(containers) + len(loose)
