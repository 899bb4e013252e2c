"""Steps of material for a demand: the one path of every staging verb.

A step takes a quantity of a lot from one state and place to another for a requirement. Carrying
steps out means: the gate answers, the ledger posts, the commitments follow, lanes are held to
their capacity, and the audit trail gets its entry. Statements do not grow with the steps.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

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
from inventory.wording import spelled
from quality import gate
from quality.models import GatedAction
from staging.bindings import Bindings
from staging.models import ClaimChange, Commitment, Requirement, State

CLAIM = {State.RESERVED: Claim.RESERVED, State.STAGED: Claim.BOUND, State.ISSUED: Claim.BOUND}


@dataclass(slots=True, kw_only=True)
class Step:
    """A quantity of a lot on its way for a requirement. Never changed once made, like `Line`.

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
    """Do the steps, all or none. `asks` is what the gate is asked for, if it is asked; what only
    becomes free again is not asked about, because what may not be used must be able to leave.

    Refuses with the gate's codes, the ledger's, `more_than_required` and `lane_full`.
    """
    asked = [step for step in steps if step.becomes]
    version = ask_gate(asked, asks) if asks and asked else None
    moving = [step for step in steps if step.kind]
    movements = ledger.post([_line(step, version) for step in moving], book=book, stamp=stamp)
    for step in steps:
        if not step.kind:
            _change_claim(step, book)
    follow(moving, movements, steps, bindings)
    warnings = settle([step.requirement for step in steps if _adds_to(step)], book, bindings)
    book.save()
    bindings.save(stamp)
    _keep_claims([step for step in steps if not step.kind], stamp)
    warnings += hold_to_capacity(steps, book, lanes)
    audit.record(
        action,
        stamp=stamp,
        subject=steps[0].requirement.demand,
        facts=_facts(steps) | ({"warnings": warnings} if warnings else {}),
    )
    return Outcome(movements, warnings)


def _adds_to(step: Step) -> bool:
    """Whether the requirement has more staged or beyond by this step, or more reserved."""
    if step.becomes is None:
        return False
    same = step.taken is not None and step.taken.requirement_id == step.requirement.id
    return not same or step.taken is None or step.taken.state == State.RESERVED


def _facts(steps: Sequence[Step]) -> dict[str, Any]:
    """What the audit entry says of the steps. Claims that change hands leave no movement, so it
    is the only place that tells of them."""
    facts: dict[str, Any] = {"lines": len(steps)}
    demands = {step.requirement.demand.reference for step in steps}
    if len(demands) > 1:
        facts["demands"] = sorted(demands)
    claims = [_in_words(step) for step in steps if not step.kind]
    return facts | ({"claims": claims} if claims else {})


def _keep_claims(steps: Sequence[Step], stamp: Stamp) -> None:
    """Record what was assigned, lent or freed in its lane: the ledger does not see it."""
    columns = stamp.columns()
    rows = [
        ClaimChange(requirement=requirement, quantity=quantity, **columns)
        for step in steps
        for requirement, quantity in _changed_hands(step)
    ]
    if rows:
        ClaimChange.objects.bulk_create(rows)


def _changed_hands(step: Step) -> Iterator[tuple[Requirement, Decimal]]:
    if step.taken and step.taken.state == State.STAGED:
        yield step.taken.requirement, -step.quantity
    if step.becomes == State.STAGED:
        yield step.requirement, step.quantity


def _in_words(step: Step) -> str:
    """`2500 of RM-1/A7 @ LANE-1: staged for PO-1 → staged for PO-2`."""
    before = f"{step.taken.state} for {step.taken.requirement.demand}" if step.taken else "free"
    after = f"{step.becomes} for {step.requirement.demand}" if step.becomes else "free"
    place = step.container or step.source
    why = f" ({step.reason})" if step.reason else ""
    return f"{plain(step.quantity)} of {step.lot} @ {place}: {before} → {after}{why}"


def settle(requirements: Iterable[Requirement], book: Book, bindings: Bindings) -> list[str]:
    """Hold requirements to their quantity once the commitments have followed.

    Reservations that became needless are given up, the youngest first; each is warned of.
    Refuses `more_than_required` when what is staged and beyond exceeds what is needed.
    """
    given_up = []
    for requirement in {row.id: row for row in requirements}.values():
        over = -bindings.missing(requirement)
        if over > 0:
            raise _over(requirement, over)
        surplus = bindings.total(requirement, State.RESERVED) + over
        if surplus <= 0:
            continue
        reserved = bindings.find(states=[State.RESERVED], requirement=requirement)
        for row in reversed(reserved):
            part = min(row.quantity, surplus)
            balance = book.at(row.lot, row.location, row.container)
            if part <= 0:
                break
            if balance is None or balance.reserved < part:
                raise _over(requirement, part)
            book.claim(balance, part, draws=Claim.RESERVED, adds=Claim.FREE)
            bindings.take(row, part)
            surplus -= part
            words = _("%(quantity)s of %(lot)s no longer reserved for %(demand)s.")
            given_up.append(
                str(words)
                % {"quantity": spelled(part), "lot": row.lot, "demand": requirement.demand}
            )
    return given_up


def _over(requirement: Requirement, over: Decimal) -> Refused:
    return Refused(
        _("%(demand)s does not need that much of %(material)s: %(over)s too much."),
        code="more_than_required",
        field="quantity",
        hint=_("Take less, deallocate what is reserved, or change the demand first."),
        facts={"over": plain(over)},
        demand=requirement.demand,
        material=requirement.material,
        over=spelled(over),
    )


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
            reason=step.reason,
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
    demand = step.requirement.demand
    others = gate.alternatives(
        step.lot,
        timezone.localdate(),
        reference=demand.reference,
        customer=demand.customer_id,
        site=demand.site_id,
    )
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
            "free": spelled(best.free),
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
        task=step.requirement.id,
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
            available=spelled(available),
            lot=step.lot,
            location=step.source,
        )
    book.claim(balance, step.quantity, draws=draws, adds=_adds(step))


def follow(
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


def hold_to_capacity(steps: Iterable[Any], book: Book, lanes: Iterable[Location]) -> list[str]:
    """Refuse `lane_full`, or warn where the lane says so. `lanes` are locked and in the book.

    `steps` (or ledger lines) say what arrived; a lane that nothing came to is left alone. The
    last lines that came are refused, as many as there are positions too many.
    """
    warnings, refusals = [], Refusals()
    arrived: dict[int, dict[int | None, None]] = {}
    for step in steps:
        if step.kind:
            arrived.setdefault(step.target.id, {})[step.index] = None
    for lane in lanes:
        if lane.capacity is None or lane.id not in arrived:
            continue
        taken = positions(book.standing_at(lane))
        if taken <= lane.capacity:
            continue
        if lane.capacity_policy == CapacityPolicy.WARN:
            facts = {"lane": lane, "capacity": lane.capacity, "taken": taken}
            warnings.append(str(LANE_FULL % facts))
            continue
        for line in list(arrived[lane.id])[lane.capacity - taken :]:
            refusals.add(_full(lane, lane.capacity, taken), line=line)
    refusals.raise_any()
    return warnings


LANE_FULL = _("%(lane)s holds %(capacity)s positions; this would make %(taken)s.")


def _full(lane: Location, capacity: int, taken: int) -> Refused:
    return Refused(
        LANE_FULL,
        code="lane_full",
        field="lane",
        hint=_("Stage to another lane, or clear this one first."),
        facts={"capacity": capacity, "taken": taken},
        lane=lane,
        capacity=capacity,
        taken=taken,
    )


def outermost(container: Container) -> Container:
    """The container that takes the position: the one that all others are packed in."""
    while container.parent is not None:
        container = container.parent
    return container


def positions(standing: Sequence[Balance]) -> int:
    """Handling positions taken: each outermost container, and each loose lot."""
    containers = {outermost(balance.container).id for balance in standing if balance.container}
    loose = {balance.lot_id for balance in standing if not balance.container_id}
    return len(containers) + len(loose)
