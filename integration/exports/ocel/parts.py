"""Pieces of the document: events, objects, what relates them."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from inventory.units import plain

ALWAYS = "1970-01-01T00:00:00Z"
"""The time of what never changes, and of what was so from the beginning, by the standard."""

Piece = dict[str, Any]


def key(kind: str, code: Any) -> str:
    """How an object is named: `lot:RM-1001/A24`."""
    return f"{kind}:{code}"


def moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def text(value: Any) -> str:
    """A value as the schema wants it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return value.isoformat()
    return plain(value) if isinstance(value, Decimal) else str(value)


def attributes(**values: Any) -> list[Piece]:
    """Of an event; what is empty is left out."""
    return [
        {"name": name, "value": text(value)}
        for name, value in values.items()
        if value not in (None, "")
    ]


def always(**values: Any) -> list[Piece]:
    """Of an object: what it was from the beginning."""
    return [one | {"time": ALWAYS} for one in attributes(**values)]


def since(at: datetime, **values: Any) -> list[Piece]:
    """Of an object: what it became."""
    return [one | {"time": moment(at)} for one in attributes(**values)]


def related(**objects: Any) -> list[Piece]:
    """By qualifier: the names of objects; what is missing is left out."""
    return [
        {"objectId": named, "qualifier": qualifier} for qualifier, named in objects.items() if named
    ]
