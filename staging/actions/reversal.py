"""Reverse movements that served a demand, and keep the demand right."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inventory import audit, ledger
from inventory.actions.common import each, lock_containers, lock_lots
from inventory.actions.reversal import (
    TOGETHER,
    Reversal,
    containers_of,
    lock_movements,
    opposite,
    with_partners,
)
from inventory.actions.reversal import reverse as reverse_stock
from inventory.audit import Actor
from inventory.errors import Refusals, Refused
from inventory.ledger import Claim
from inventory.models import LocationKind, Movement, MovementKind
from quality.models import GatedAction, Hold
from staging.actions.common import lock_requirements, require_live, reserved_for
from staging.bindings import Bindings
from staging.flow import CLAIM, Outcome, Step, ask_gate, follow, settle
from staging.models import Commitment, Demand, Requirement, State

STATE_AT = {
    LocationKind.STAGING: State.STAGED,
    LocationKind.WORK_CENTER: State.ISSUED,
    LocationKind.TRANSIT: State.ISSUED,
    LocationKind.PRODUCTION: State.USED,
    LocationKind.CUSTOMER: State.USED,
}
"""What a quantity that serves a demand is where it stands; in storage it is free."""

ASKED_AGAIN = {
    MovementKind.UNSTAGE: GatedAction.STAGE,
    MovementKind.RETURN: GatedAction.ISSUE,
    MovementKind.UNLOAD: GatedAction.LOAD,
}
"""Reversals that bring stock closer to its use ask the gate; the others take it further away."""

WAS_FREE = (MovementKind.STAGE, MovementKind.PRODUCE)
"""Kinds whose stock was nobody's before, wherever it stood."""


@transaction.atomic
def reverse(*, lines: Sequence[Reversal], by: Actor, at: datetime) -> Outcome:
    """Post the opposite of each movement, whether it served a demand or not.

    Refuses `reason_needed`, `already_reversed`, `reversal_of_reversal`, `demand_closed`,
    `not_enough` or `container_elsewhere` when the stock or its container has moved on since,
    `not_committed` when its claim has, `more_than_required` when the demand has got other stock
    instead, `lots_differ` and `lot_on_hold` when a split or merge would carry stock past quality,
    and the gate's codes when an unstaging, a return or an unloading is undone.
    """
    each(lines, lambda line, index: audit.require_reason(line.reason))
    tasks = {line.movement.task for line in lines} - {None}
    demands = list(Demand.objects.filter(requirements__in=tasks).distinct()) if tasks else []
    reserved = reserved_for(demands) if demands else []
    _lock_all([line.movement for line in lines], reserved)
    numbered = list(enumerate(lines))
    free = [(number, line) for number, line in numbered if line.movement.task is None]
    bound = [(number, line) for number, line in numbered if line.movement.task is not None]
    movements = _numbered(_reverse_free, free, by, at)
    reverse_bound = partial(_reverse_bound, demands=demands, reserved=reserved)
    return Outcome(movements + _numbered(reverse_bound, bound, by, at))


def _lock_all(movements: Sequence[Movement], reserved: Iterable[int]) -> None:
    """Lock every lot and container that either part will need, at once: who holds one lot and
    comes back for another waits for somebody who waits for him."""
    touched = with_partners(movements)
    lots = lock_lots([], also={row.lot_id for row in touched} | set(reserved))
    if len({row.task is None for row in movements}) > 1:  # one part alone locks its containers
        lock_containers(containers_of(touched), lots.values())


def _numbered(
    act: Callable[..., list[Movement]],
    numbered: Sequence[tuple[int, Reversal]],
    by: Actor,
    at: datetime,
) -> list[Movement]:
    """Do a part of the lines. Its refusals and movements name the lines of the whole request."""
    if not numbered:
        return []
    try:
        movements = act([line for _number, line in numbered], by, at)
    except Refused as refusal:
        for found in refusal.all:
            found.line = None if found.line is None else numbered[found.line][0]
        raise
    for movement in movements:
        movement.line = numbered[movement.line or 0][0]
    return movements


def _reverse_free(lines: Sequence[Reversal], by: Actor, at: datetime) -> list[Movement]:
    _check_holds(lines)
    return reverse_stock(lines=lines, by=by, at=at)


def _check_holds(lines: Sequence[Reversal]) -> None:
    """A hold on the one lot of a split or merge must not be left behind by undoing it."""
    together = [(n, line) for n, line in enumerate(lines) if line.movement.kind in TOGETHER]
    if not together:
        return
    batches = {line.movement.batch: number for number, line in together}
    pairs = Movement.objects.filter(batch__in=batches, kind__in=TOGETHER)
    lots = lock_lots([], also=Q(pk__in=pairs.values("lot")))
    batch_of = {row.lot_id: row.batch for row in pairs}
    refusals = Refusals()
    for pk, held in Hold.objects.open().by_lot(lots.values()).items():
        refusal = Refused(
            _("%(lot)s is on hold: %(why)s."),
            code="lot_on_hold",
            field="movement",
            hint=_("Have the hold lifted first."),
            lot=lots[pk],
            why=held.reason,
        )
        refusals.add(refusal, line=batches[batch_of[pk]])
    refusals.raise_any()


def _reverse_bound(
    lines: Sequence[Reversal],
    by: Actor,
    at: datetime,
    *,
    demands: Sequence[Demand],
    reserved: Iterable[int],
) -> list[Movement]:
    stamp = audit.stamp(by, at, lines[0].reason)
    for index, line in enumerate(lines):
        line.movement.line = index
    book, movements = lock_movements([line.movement for line in lines], also=reserved)
    requirements = {row.pk: row for rows in lock_requirements(demands).values() for row in rows}
    bindings = Bindings.read(at=at, requirements=requirements.values())
    refusals, steps = Refusals(), list[Step]()
    for movement in movements:
        with refusals.of(movement.line):
            steps.append(_step(movement, requirements[movement.task or 0], bindings))
    refusals.raise_any()
    for kind, asks in ASKED_AGAIN.items():
        pairs = zip(movements, steps, strict=True)
        if again := [step for row, step in pairs if row.kind == kind and step.becomes]:
            ask_gate(again, asks)
    posted = ledger.post(
        [
            opposite(movement, draws=_claim(step.taken), adds=_claim(step.becomes))
            for movement, step in zip(movements, steps, strict=True)
        ],
        book=book,
        stamp=stamp,
    )
    follow(steps, posted, steps, bindings)
    wanting = [step.requirement for step in steps if step.becomes and not step.taken]
    warnings = settle(wanting, book, bindings)
    book.save()
    bindings.save(stamp)
    audit.record(
        "staging.reverse",
        stamp=stamp,
        subject=steps[0].requirement.demand,
        facts={"movements": [movement.pk for movement in movements], "warnings": warnings},
    )
    return posted


def _claim(of: Commitment | State | None) -> Claim:
    state = State(of.state) if isinstance(of, Commitment) else of
    return CLAIM.get(state, Claim.FREE) if state else Claim.FREE


def _step(movement: Movement, requirement: Requirement, bindings: Bindings) -> Step:
    """The way back: from where the movement brought it to where it came from."""
    require_live(requirement.demand, field="movement")
    kind = MovementKind(movement.kind)
    came_from = None if kind in WAS_FREE else STATE_AT.get(LocationKind(movement.source.kind))
    came_to = (
        None
        if kind in (MovementKind.PRODUCE, MovementKind.UNSTAGE, MovementKind.RETURN)
        else STATE_AT.get(LocationKind(movement.target.kind))
    )
    return Step(
        kind=MovementKind.REVERSE,
        requirement=requirement,
        lot=movement.lot,
        quantity=movement.quantity,
        source=movement.target,
        target=movement.source,
        container=movement.to_container,
        taken=_taken(movement, requirement, came_to, bindings) if came_to else None,
        becomes=came_from,
        index=movement.line,
    )


def _taken(
    movement: Movement, requirement: Requirement, state: State, bindings: Bindings
) -> Commitment:
    """The commitment that still holds what the movement brought."""
    # By the lot: a requirement may be covered by a thousand lots, and each line looks here.
    for row in bindings.find(states=[state], lot=movement.lot, location=movement.target):
        here = state == State.USED or row.container_id == movement.to_container_id
        fits = here and row.requirement_id == requirement.pk
        if fits and bindings.left(row) >= movement.quantity:
            bindings.plan(row, movement.quantity)
            return row
    raise _moved_on(movement)


def _moved_on(movement: Movement) -> Refused:
    return Refused(
        _("What movement %(movement)s brought to %(location)s has gone on since."),
        code="not_committed",
        field="movement",
        hint=_("Reverse the later movement first."),
        movement=movement.pk,
        location=movement.target,
    )
