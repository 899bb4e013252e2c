"""Correct by reversing: the opposite line, linked; the original never changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inventory import audit, ledger
from inventory.actions.common import lock_containers, lock_lots
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.fields import About
from inventory.ledger import Book, Claim, Line, went_along
from inventory.models import Container, Lot, Movement, MovementKind

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
    `staging.actions.reverse`), `lots_differ` (quality has decided differently on the two lots of
    a split or merge since), and `not_enough` or `container_elsewhere` when the stock or its
    container has moved on since.
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
    _check_pairs(movements)
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


def _check_pairs(movements: Sequence[Movement]) -> None:
    """Undoing a split or merge must not carry stock past a decision on one of the two lots."""
    pairs: dict[object, dict[int, Lot]] = {}
    for movement in movements:
        if movement.kind in TOGETHER:
            key = (movement.batch, *sorted((movement.lot.code, movement.reference)))
            pairs.setdefault(key, {})[movement.lot_id] = movement.lot
    for lots in pairs.values():
        if len({lot.status for lot in lots.values()}) > 1:
            raise Refused(
                _("%(lots)s differ in quality status by now."),
                code="lots_differ",
                field="movement",
                hint=_("Have quality decide on both alike first."),
                lots=", ".join(lot.code for lot in lots.values()),
            )


def lock_movements(
    movements: Sequence[Movement], *, also: Q | None = None
) -> tuple[Book, list[Movement]]:
    """Lock the lots of the movements, and those of a condition; their balances, and the movements
    read afresh.

    Refuses `already_reversed` and `reversal_of_reversal`.
    """
    lots = lock_lots([movement.lot for movement in movements], also=also)
    pks = [movement.pk for movement in movements]
    named = Container.objects.filter(
        pk__in=[
            pk for row in movements for pk in (row.from_container_id, row.to_container_id) if pk
        ]
    )
    locked = lock_containers(named, [movement.lot for movement in movements])
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
    loose = went_along(movement) or movement.from_container_id is None
    return Line(
        kind=MovementKind.REVERSE,
        lot=movement.lot,
        quantity=movement.quantity,
        source=movement.target,
        target=movement.source,
        from_container=movement.to_container,
        to_container=None if loose else movement.from_container,
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
