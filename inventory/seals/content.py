"""A row as bytes, always the same: what is hashed, and what a proof shows.

JSON with sorted keys and without blanks, in ASCII; moments in UTC to the microsecond; decimals
without trailing zeros. The row's number is not part of it: it stands beside the digest in the
entry, so that two rows which changed places are recognised.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db import models

from inventory.units import plain

FORMAT = 1
"""Stands in every seal. Whoever changes what this module writes raises it, and keeps the old."""

FETCHED = 2000

dumps = json.JSONEncoder(
    ensure_ascii=True, allow_nan=False, sort_keys=True, separators=(",", ":")
).encode

AS_THEY_ARE = frozenset({str, int, bool, list, dict, type(None)})

Row = tuple[int, bytes]
"""A row's number, and its content."""


def rows(
    model: type[models.Model],
    columns: Sequence[str],
    *,
    after: int | None,
    to: int,
    most: int | None = None,
) -> Iterator[Row]:
    """The rows numbered above `after` and up to `to`, in order, without holding them all."""
    found = model._default_manager.order_by("pk").filter(pk__lte=to)
    if after is not None:
        found = found.filter(pk__gt=after)
    picked = found.values_list("pk", *columns)[:most]
    for number, *values in picked.iterator(chunk_size=FETCHED):
        yield number, content(columns, values)


def content(columns: Sequence[str], values: Sequence[Any]) -> bytes:
    """One row's canonical content."""
    named = zip(columns, values, strict=True)
    plain_row = {
        name: value if type(value) in AS_THEY_ARE else _plain(value) for name, value in named
    }
    return dumps(plain_row).encode()


def digest(row: bytes) -> bytes:
    """What of a row's content stands in its entry."""
    return sha256(row).digest()


def entry(number: int, digested: bytes) -> bytes:
    """A row as the batch lists it: `inventory.models.seals.ENTRY_BYTES` of them."""
    return number.to_bytes(8, "big", signed=True) + digested


def moment(value: datetime) -> str:
    """In UTC, to the microsecond: `2026-01-31T06:30:00.000000Z`."""
    return f"{value.astimezone(UTC).isoformat(timespec='microseconds').removesuffix('+00:00')}Z"


def _plain(value: Any) -> Any:
    if isinstance(value, str | int | list | dict):
        return value
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, UUID | date):
        return str(value)
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    raise TypeError(f"no canonical form for {type(value).__name__}")
