"""What a seal says, and how each is bound to the one before."""

from hashlib import sha256
from typing import Any

from inventory.models import Seal
from inventory.seals.content import FORMAT, dumps, moment

BEGINNING = "0" * 64
"""What the first seal follows."""

LINK = b"\x02"


def body(seal: Seal) -> str:
    """Everything a seal says but for the hash of the seal before, as canonical JSON."""
    said: dict[str, Any] = {
        "format": FORMAT,
        "sequence": seal.sequence,
        "table": seal.table,
        "columns": seal.columns,
        "first": seal.first,
        "last": seal.last,
        "count": seal.count,
        "root": seal.root,
        "sealed_at": moment(seal.sealed_at),
    }
    return dumps(said)


def digest(seal: Seal) -> str:
    """The SHA-256 of the body: all that a proof needs of a seal that it only passes through."""
    return sha256(body(seal).encode()).hexdigest()


def link(previous: str, digested: str) -> str:
    """The hash of a seal with that digest after the one with that hash."""
    return sha256(LINK + bytes.fromhex(previous) + bytes.fromhex(digested)).hexdigest()
