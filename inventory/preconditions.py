"""What a request expects of the one thing that it changes: compared once the thing is locked.

An action says `locked(rows)` when it has its locks and has decided nothing yet. Before that the
thing could still change; afterwards nobody else can change it until the transaction ends.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from inventory.errors import Refused


@dataclass(slots=True)
class Expected:
    """`compare` refuses `precondition_failed` unless the row is as it was expected, and what stands
    `beside` it and is told with it."""

    row: Model
    compare: Callable[[], None]
    beside: tuple[Model, ...] = ()
    compared: bool = False


_EXPECTED: ContextVar[Expected | None] = ContextVar("expected", default=None)


@contextmanager
def expecting(
    row: Model, compare: Callable[[], None], *, beside: Iterable[Model] = ()
) -> Iterator[None]:
    """Within, an action that locks this row, or one `beside` it, compares it before it goes on."""
    before = _EXPECTED.set(Expected(row, compare, tuple(beside)))
    try:
        yield
    finally:
        _EXPECTED.reset(before)


def locked(rows: Iterable[Model]) -> None:
    """These rows are locked, and whatever may change with them. Refuses `precondition_failed`."""
    expected = _EXPECTED.get()
    if expected is not None and any(row in (expected.row, *expected.beside) for row in rows):
        expected.compare()
        expected.compared = True


def require_compared() -> None:
    """Raises RuntimeError if nobody has compared: the action must not have its effect then."""
    expected = _EXPECTED.get()
    if expected is not None and not expected.compared:
        raise RuntimeError(f"Nothing has compared {expected.row!r} with what was expected.")


def refused(row: Any, *, field: str, **facts: Any) -> Refused:
    """The refusal of a request that was made on something older."""
    return Refused(
        _("%(thing)s has changed since it was read."),
        code="precondition_failed",
        field=field,
        hint=_("Read it again, and send the request with the new ETag if it still holds."),
        facts=facts,
        thing=row,
    )
