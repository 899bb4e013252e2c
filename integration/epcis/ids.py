"""Event IDs: made of what is recorded, so that they are the same for ever, and lead back to it.

A UUID of version 8 (RFC 9562, 5.8): 48 bits tell the installation (of its `EPCIS_URI`), 12 the
stream, 62 hold the number of the record.
"""

from hashlib import sha256
from uuid import UUID

from django.conf import settings

_NUMBER = 62
_STREAM = 12
_SCHEME = "urn:uuid:"


def event_id(stream: int, number: int) -> str:
    return f"{_SCHEME}{UUID(int=_whose() << 80 | 8 << 76 | stream << 64 | 2 << 62 | number)}"


def record_of(text: str) -> tuple[int, int] | None:
    """Stream and number of the record behind an event ID of ours; None for any other."""
    try:
        value = UUID(text.removeprefix(_SCHEME)).int if text.startswith(_SCHEME) else 0
    except ValueError:
        return None
    if value >> 76 != _whose() << 4 | 8 or value >> _NUMBER & 3 != 2:
        return None
    return value >> 64 & (1 << _STREAM) - 1, value & (1 << _NUMBER) - 1


def _whose() -> int:
    return int.from_bytes(sha256(settings.EPCIS_URI.encode()).digest()[:6], "big")
