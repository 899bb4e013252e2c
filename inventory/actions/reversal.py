"""Correct by reversing: the opposite line, linked; the original never changes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from inventory import audit, ledger
from inventory.actions.common import each, lock_containers, lock_lots
from inventory.audit import Actor
from inventory.errors import Refusals, Refused
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
    each(lines, lambda line, index: _check_free(line))
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


def _check_free(line: Reversal) -> None:
    audit.require_reason(line.reason)
    if line.movement.task is not None:
        raise Refused(
            _("Movement %(movement)s served a demand."),
            code="bound_movement",
            field="movement",
            hint=_("Reverse it from the demand, so that the demand is kept right."),
            movement=line.movement.pk,
        )


def with_partners(movements: Sequence[Movement]) -> list[Movement]:
    """The movements, with the other half of every split and merge, and with their `line`."""
    pks = {movement.pk: index for index, movement in reversed(list(enumerate(movements)))}
    pairs = {row.batch: pks[row.pk] for row in movements if row.kind in TOGETHER}
    wanted = Q(pk__in=pks) | Q(batch__in=pairs, kind__in=TOGETHER)
    found = list(Movement.objects.filter(wanted))
    for movement in found:
        movement.line = pks.get(movement.pk, pairs.get(movement.batch))
    return found


def _check_pairs(movements: Sequence[Movement]) -> None:
    """Undoing a split or merge must not carry stock past a decision on one of the two lots."""
    pairs: dict[tuple[object, ...], dict[int, Lot]] = {}
    lines: dict[tuple[object, ...], int | None] = {}
    for movement in movements:
        if movement.kind in TOGETHER:
            key = (movement.batch, *sorted((movement.lot.code, movement.reference)))
            pairs.setdefault(key, {})[movement.lot_id] = movement.lot
            lines[key] = movement.line
    for key, lots in pairs.items():
        if len({lot.status for lot in lots.values()}) > 1:
            raise Refused(
                _("%(lots)s differ in quality status by now."),
                code="lots_differ",
                field="movement",
                line=lines[key],
                hint=_("Have quality decide on both alike first."),
                lots=", ".join(lot.code for lot in lots.values()),
            )


def lock_movements(
    movements: Sequence[Movement], *, also: Iterable[int] = ()
) -> tuple[Book, list[Movement]]:
    """Lock the lots of the movements, and further ones by key; their balances, and the movements
    read afresh, each with the `line` that it had.

    Refuses `already_reversed` and `reversal_of_reversal`.
    """
    moved = {movement.lot_id for movement in movements}
    lots = lock_lots([], also=moved.union(also))
    lines = {movement.pk: movement.line for movement in movements}
    locked = lock_containers(containers_of(movements), [lots[pk] for pk in moved])
    rows = Movement.objects.filter(pk__in=lines).select_related("source", "target", "reversed_by")
    refusals, fresh = Refusals(), list(rows.order_by("-pk"))
    for movement in fresh:
        movement.line = lines[movement.pk]
        movement.lot = lots[movement.lot_id]
        movement.from_container = locked.get(movement.from_container_id or 0)
        movement.to_container = locked.get(movement.to_container_id or 0)
        with refusals.of(movement.line):
            _check(movement)
    refusals.raise_any()
    return Book.read(lots.values(), containers=locked.values()), fresh


def containers_of(movements: Iterable[Movement]) -> QuerySet[Container]:
    """The containers that the movements went out of and into."""
    pairs = ((row.from_container_id, row.to_container_id) for row in movements)
    return Container.objects.filter(pk__in={pk for pair in pairs for pk in pair if pk})


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
        index=movement.line,
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
