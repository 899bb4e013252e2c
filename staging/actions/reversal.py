"""Reverse movements that served a demand, and keep the demand right."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from inventory import audit, ledger
from inventory.actions.reversal import Reversal, lock_movements, opposite
from inventory.actions.reversal import reverse as reverse_stock
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.ledger import Claim
from inventory.models import Location, LocationKind, Movement, MovementKind
from quality.models import GatedAction
from staging.actions.common import lock_requirements, require_live
from staging.bindings import Bindings
from staging.flow import CLAIM, Outcome, Step, ask_gate
from staging.models import Demand, Requirement, State

STATE_AT = {
    LocationKind.STAGING: State.STAGED,
    LocationKind.WORK_CENTER: State.ISSUED,
    LocationKind.TRANSIT: State.ISSUED,
    LocationKind.PRODUCTION: State.USED,
    LocationKind.CUSTOMER: State.USED,
}
"""What a quantity that serves a demand is where it stands; in storage it is free."""

ASKED_AGAIN = {MovementKind.UNSTAGE: GatedAction.STAGE, MovementKind.RETURN: GatedAction.ISSUE}
"""Reversals that bring stock closer to its use ask the gate; the others take it further away."""


@transaction.atomic
def reverse(*, lines: Sequence[Reversal], by: Actor, at: datetime) -> Outcome:
    """Post the opposite of each movement, whether it served a demand or not.

    Refuses `reason_needed`, `already_reversed`, `reversal_of_reversal`, `demand_closed`,
    `not_enough` when the stock has moved on since, `not_committed` when its claim has, and the
    gate's codes when an unstaging or a return is undone.
    """
    for line in lines:
        audit.require_reason(line.reason)
    bound = [line for line in lines if line.movement.task is not None]
    free = [line for line in lines if line.movement.task is None]
    movements = reverse_stock(lines=free, by=by, at=at) if free else []
    if bound:
        movements += _reverse_bound(bound, by, at)
    return Outcome(movements)


def _reverse_bound(lines: Sequence[Reversal], by: Actor, at: datetime) -> list[Movement]:
    stamp = audit.stamp(by, at, lines[0].reason)
    book, movements = lock_movements([line.movement for line in lines])
    tasks = [movement.task for movement in movements]
    demands = Demand.objects.filter(requirements__in=tasks).distinct()
    requirements = {row.pk: row for rows in lock_requirements(demands).values() for row in rows}
    bindings = Bindings.read(at=at, requirements=requirements.values())
    steps = [_step(movement, requirements[movement.task or 0], bindings) for movement in movements]
    for movement, step in zip(movements, steps, strict=True):
        asks = ASKED_AGAIN.get(MovementKind(movement.kind))
        if asks:
            ask_gate([step], asks)
    posted = ledger.post(
        [
            opposite(movement, draws=_claim(movement.target), adds=_claim(movement.source))
            if movement.kind != MovementKind.PRODUCE
            else opposite(movement)
            for movement in movements
        ],
        book=book,
        stamp=stamp,
    )
    for step, movement in zip(steps, posted, strict=True):
        if step.taken:
            bindings.take(step.taken, step.quantity)
        if step.becomes:
            bindings.add(
                step.requirement,
                step.becomes,
                lot=step.lot,
                location=step.target,
                container=movement.to_container,
                quantity=step.quantity,
            )
    bindings.save()
    audit.record(
        "staging.reverse",
        stamp=stamp,
        subject=steps[0].requirement.demand,
        facts={"movements": [movement.pk for movement in movements]},
    )
    return posted


def _claim(location: Location) -> Claim:
    state = STATE_AT.get(LocationKind(location.kind))
    return CLAIM.get(state, Claim.FREE) if state else Claim.FREE


def _step(movement: Movement, requirement: Requirement, bindings: Bindings) -> Step:
    """The way back: from where the movement brought it to where it came from."""
    require_live(requirement.demand, field="movement")
    produced = movement.kind == MovementKind.PRODUCE
    came_to = None if produced else STATE_AT.get(LocationKind(movement.target.kind))
    came_from = None if produced else STATE_AT.get(LocationKind(movement.source.kind))
    taken = None
    if came_to:
        found = bindings.find(
            states=[came_to], requirement=requirement, lot=movement.lot, location=movement.target
        )
        fitting = [
            row
            for row in found
            if row.container_id == (movement.to_container_id if CLAIM.get(came_to) else None)
            or came_to == State.USED
        ]
        taken = next((row for row in fitting if row.quantity >= movement.quantity), None)
        if taken is None:
            raise _moved_on(movement)
    return Step(
        kind=MovementKind.REVERSE,
        requirement=requirement,
        lot=movement.lot,
        quantity=movement.quantity,
        source=movement.target,
        target=movement.source,
        container=movement.to_container,
        taken=taken,
        becomes=came_from,
    )


def _moved_on(movement: Movement) -> Refused:
    return Refused(
        _("What movement %(movement)s brought to %(location)s has gone on since."),
        code="not_committed",
        field="movement",
        hint=_("Reverse the later movement first."),
        movement=movement.pk,
        location=movement.target,
    )
