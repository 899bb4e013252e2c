"""Correct by reversing: the opposite line, linked; the original never changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from inventory import audit, ledger
from inventory.actions.common import lock_lots
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.fields import About
from inventory.ledger import Book, Claim, Line
from inventory.models import Container, Movement, MovementKind

TOGETHER = frozenset({MovementKind.SPLIT, MovementKind.MERGE})
"""Kinds whose lines only make sense as a pair: reversed together."""

MovementField = Annotated[Movement, About(_("Movement"), _("Number of the movement."))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversal:
    """A movement to undo, and why."""

    movement: MovementField
    reason: Annotated[str, About(_("Reason"), _("Kept in the audit trail."), multiline=True)]


@transaction.atomic
def reverse(*, lines: Sequence[Reversal], by: Actor, at: datetime) -> list[Movement]:
    """Post the opposite of each movement that served no demand.

    Refuses `reason_needed`, `already_reversed`, `reversal_of_reversal`, `bound_movement` (use
    `staging.actions.reverse`), and `not_enough` when the stock has moved on since.
    """
    for index, line in enumerate(lines):
        audit.require_reason(line.reason)
        if line.movement.task is not None:
            raise Refused(
                _("Movement %(movement)s served a demand."),
                code="bound_movement",
                field="movement",
                line=index,
                hint=_("Reverse it from the demand, so that the demand is kept right."),
                movement=line.movement.pk,
            )
    movements = with_partners([line.movement for line in lines])
    stamp = audit.stamp(by, at, lines[0].reason)
    book, movements = lock_movements(movements)
    entries = [opposite(movement) for movement in movements]
    posted = ledger.post(entries, book=book, stamp=stamp)
    audit.record(
        "inventory.reverse",
        stamp=stamp,
        subject=movements[0],
        facts={"movements": [movement.pk for movement in movements]},
    )
    return posted


def with_partners(movements: Sequence[Movement]) -> list[Movement]:
    """The movements, with the other half of every split and merge."""
    batches = {movement.batch for movement in movements if movement.kind in TOGETHER}
    pks = {movement.pk for movement in movements}
    pairs = Movement.objects.filter(batch__in=batches, kind__in=TOGETHER)
    return list(Movement.objects.filter(pk__in=pks | set(pairs.values_list("pk", flat=True))))


def lock_movements(movements: Sequence[Movement]) -> tuple[Book, list[Movement]]:
    """Lock the lots of the movements; their balances, and the movements read afresh.

    Refuses `already_reversed` and `reversal_of_reversal`.
    """
    lots = lock_lots(movement.lot for movement in movements)
    pks = [movement.pk for movement in movements]
    containers = {
        pk
        for movement in movements
        for pk in (movement.from_container_id, movement.to_container_id)
        if pk
    }
    locked = {row.pk: row for row in Container.objects.filter(pk__in=containers).locked()}
    rows = Movement.objects.filter(pk__in=pks).select_related("source", "target", "reversed_by")
    fresh = list(rows.order_by("-pk"))
    for movement in fresh:
        movement.lot = lots[movement.lot_id]
        movement.from_container = locked.get(movement.from_container_id or 0)
        movement.to_container = locked.get(movement.to_container_id or 0)
        _check(movement)
    return Book.read(lots.values(), containers=locked.values()), fresh


def opposite(movement: Movement, *, draws: Claim = Claim.FREE, adds: Claim = Claim.FREE) -> Line:
    """The line that undoes a movement. What went along in its container goes back in it."""
    went_along = movement.from_container_id == movement.to_container_id
    return Line(
        kind=MovementKind.REVERSE,
        lot=movement.lot,
        quantity=movement.quantity,
        source=movement.target,
        target=movement.source,
        from_container=movement.to_container,
        to_container=None if went_along else movement.from_container,
        draws=draws,
        adds=adds,
        task=movement.task,
        reference=movement.reference,
        reverses=movement,
    )


def _check(movement: Movement) -> None:
    if movement.kind == MovementKind.REVERSE:
        raise Refused(
            _("Movement %(movement)s is a reversal itself."),
            code="reversal_of_reversal",
            field="movement",
            hint=_("Carry the original action out again instead."),
            movement=movement.pk,
        )
    if hasattr(movement, "reversed_by"):
        raise Refused(
            _("Movement %(movement)s has been reversed already."),
            code="already_reversed",
            field="movement",
            hint=_("Look at the lot's timeline for what happened since."),
            movement=movement.pk,
        )
