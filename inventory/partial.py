"""What can be done of a request is done: the lines that are refused step back, the rest goes on.

The lines are tried all together, with the action's own few statements. Those that a refusal names
step back, and the rest is tried again within the same transaction. Most requests need one pass,
and a few bad lines a second one; trying line by line would cost a thousand.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from inventory.errors import Refused

MOST_PASSES = 20
"""A refusal that names one line at a time must not keep the locks for a thousand passes."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A line that could not be understood, and why: `errors` as `Refused.plain` gives them."""

    errors: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of it: the action's result on the lines `done`, and the others' refusals."""

    result: Any
    done: list[int]
    refused: dict[int, list[Refused]]


def try_lines(run: Callable[[list[Any]], Any], lines: Mapping[int, Any]) -> Tried:
    """Run an action on the lines that it does not refuse. They keep their numbers and order.

    A line comes after those before it: if one of these is refused as well, it gets a second
    chance, because what that one would have taken is there for it now. Refuses `not_tried` what
    is left after `MOST_PASSES`.
    """
    refused: dict[int, list[Refused]] = {}
    waiting, had_a_second = set(lines), set[int]()
    for _number in range(MOST_PASSES):
        if not waiting:
            break
        order = sorted(waiting)
        try:
            with transaction.atomic():  # its savepoint undoes this pass only
                return Tried(run([lines[number] for number in order]), order, refused)
        except Refused as refusal:
            found = _by_line(refusal, order)
        refused |= found
        again = {number for number in refused if number > min(found)} - had_a_second
        had_a_second |= again
        waiting = (waiting | again) - (found.keys() - again)
        refused = {number: why for number, why in refused.items() if number not in again}
    left_out = {number: [_not_tried(number)] for number in waiting}
    return Tried(None, [], refused | left_out)


def _by_line(refusal: Refused, order: Sequence[int]) -> dict[int, list[Refused]]:
    """The refusals of each line, by its number in the request; one that names none is for all."""
    found: dict[int, list[Refused]] = {}
    for one in refusal.all:
        if one.line is not None:
            one.line = order[one.line]
            found.setdefault(one.line, []).append(one)
    return found or {number: [_repeated(refusal, number)] for number in order}


def _repeated(refusal: Refused, line: int) -> Refused:
    """The same refusal, for one of the lines that it is about."""
    return Refused(
        refusal.message,
        code=str(refusal.code),
        field=refusal.field,
        line=line,
        hint=refusal.hint,
        facts=refusal.facts,
        **(refusal.params or {}),
    )


def _not_tried(line: int) -> Refused:
    return Refused(
        _("So many other lines were refused, one after another, that this one was left out."),
        code="not_tried",
        line=line,
        hint=_("Send it again without them."),
    )
