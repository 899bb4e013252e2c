"""What a verb did, as plain data: kept with the idempotency key, and sent."""

from collections.abc import Sequence
from typing import Any

from inventory.models import Movement
from inventory.partial import Tried, Unread
from inventory.units import plain


def answer_of(result: Any) -> dict[str, Any]:
    """What an action did: movements, other objects, warnings."""
    movements, objects = _parted(result)
    return {
        "movements": [_movement(movement) for movement in movements],
        "objects": [_object(row) for row in objects],
        "warnings": _warnings(result),
    }


def answer_by_line(tried: Tried, lines: Sequence[Any]) -> dict[str, Any]:
    """A result for each line of a request in its order: done, or refused and why."""
    movements, objects = _parted(tried.result)
    done: dict[int, dict[str, Any]] = {
        number: {"line": number, "status": "done", "movements": [], "objects": []}
        for number in tried.done
    }
    for movement in movements:
        done[tried.done[movement.line or 0]]["movements"].append(_movement(movement))
    for number, row in _by_line(objects, tried.done, lines):
        done[number]["objects"].append(_object(row))
    results = [done.get(n) or _refused(n, line, tried) for n, line in enumerate(lines)]
    return {"results": results, "warnings": _warnings(tried.result)}


def _by_line(
    objects: Sequence[Any], done: Sequence[int], lines: Sequence[Any]
) -> list[tuple[int, Any]]:
    """Actions give one object for each line in their order, or one for all lines of a lot."""
    if len(objects) == len(done):
        return list(zip(done, objects, strict=True))
    return [
        (number, row)
        for number in done
        for row in objects
        if getattr(lines[number], "lot", None) == getattr(row, "lot", None)
    ]


def _refused(number: int, line: Any, tried: Tried) -> dict[str, Any]:
    errors = (
        line.errors
        if isinstance(line, Unread)
        else [refusal.plain() for refusal in tried.refused[number]]
    )
    return {"line": number, "status": "refused", "errors": errors}


def _parted(result: Any) -> tuple[list[Movement], list[Any]]:
    """The movements of an action's result, and what else it made or changed."""
    rows = list(getattr(result, "movements", result or ()))
    movements = [row for row in rows if isinstance(row, Movement)]
    return movements, [row for row in rows if not isinstance(row, Movement)]


def _warnings(result: Any) -> list[str]:
    return list(getattr(result, "warnings", ()))


def _object(row: Any) -> dict[str, Any]:
    told = getattr(row, "told", None)  # particulars for programs, where an action has any
    shown = {"type": row._meta.model_name, "id": str(row.pk), "label": str(row)}
    return shown | ({"facts": told} if told else {})


def _movement(movement: Movement) -> dict[str, Any]:
    lot, left, joined = movement.lot, movement.from_container, movement.to_container
    return {
        "id": movement.pk,
        "kind": str(movement.kind),
        "lot": lot.code,
        "quantity": plain(movement.quantity),
        "unit": lot.material.base_unit_id,
        "source": movement.source.code,
        "target": movement.target.code,
        "from_container": left.code if left else None,
        "to_container": joined.code if joined else None,
        "reference": movement.reference,
        "batch": str(movement.batch),
    }
