"""The document itself, written while it is read."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

from integration.exports.ocel.choice import Choice
from integration.exports.ocel.events import events
from integration.exports.ocel.kinds import EVENTS, OBJECTS, declared
from integration.exports.ocel.objects import objects
from inventory import audit
from inventory.audit import Actor
from inventory.one_moment import as_it_was
from inventory.sheets.answers import named
from inventory.sheets.bounds import within_bounds
from inventory.sheets.cells import dumps
from inventory.sheets.columns import BATCH
from inventory.sheets.csv import Part
from inventory.sheets.recorded import accounted


def export_ocel(
    choice: Choice, *, by: Actor, at: datetime, bounded: bool = True
) -> tuple[str, Iterator[bytes]]:
    """The file's name, and its content as it is read. That it leaves is recorded.

    `bounded` is for requests. Refuses `export_too_large`, `range_backwards`.
    """
    choice.span.checked()
    if bounded:
        within_bounds(choice.movements())
    stamp = audit.stamp(by, at)
    name = named("flow", "ocel.json", stamp.recorded_at)
    facts = {"file": name, "records": "ocel", "format": "json", **choice.facts()}
    return name, accounted(document(choice), stamp, facts)


def document(choice: Choice) -> Iterator[Part]:
    """OCEL 2.0, with the number of events and objects written so far."""
    with as_it_was(), timezone.override(UTC):
        head = {"objectTypes": declared(OBJECTS), "eventTypes": declared(EVENTS)}
        yield f"{dumps(head)[:-1]},\n".encode(), 0
        count = 0
        for name, pieces, end in (
            ("events", events(choice), "],\n"),
            ("objects", objects(choice), "]}\n"),
        ):
            yield f'"{name}": ['.encode(), count
            for text, seen in _joined(pieces):
                yield text, count + seen
            count += seen
            yield end.encode(), count


def _joined(pieces: Iterator[dict[str, Any]]) -> Iterator[Part]:
    """Elements of an array, some at a time."""
    waiting: list[str] = []
    seen = 0
    for seen, piece in enumerate(pieces, start=1):
        waiting.append(f"{',' if seen > 1 else ''}\n{dumps(piece)}")
        if seen % BATCH == 0:
            yield "".join(waiting).encode(), seen
            waiting.clear()
    yield "".join(waiting).encode(), seen
