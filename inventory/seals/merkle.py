"""Merkle trees as RFC 6962 (2.1) builds them: leaves and nodes are hashed apart."""

from collections.abc import Sequence
from hashlib import sha256

LEAF, NODE = b"\x00", b"\x01"


def leaf(entry: bytes) -> bytes:
    """The hash of one entry."""
    return sha256(LEAF + entry).digest()


def node(left: bytes, right: bytes) -> bytes:
    """The hash over two."""
    return sha256(NODE + left + right).digest()


def root(entries: Sequence[bytes]) -> bytes:
    """The hash over all entries, of which there is at least one."""
    level = [leaf(entry) for entry in entries]
    while len(level) > 1:
        level = _above(level)
    return level[0]


def path(entries: Sequence[bytes], index: int) -> list[tuple[str, bytes]]:
    """What an entry's hash meets on its way up to the root, each with the side it stands on."""
    level, found = [leaf(entry) for entry in entries], []
    while len(level) > 1:
        beside = index ^ 1
        if beside < len(level):
            found.append(("left" if beside < index else "right", level[beside]))
        level, index = _above(level), index // 2
    return found


def _above(level: list[bytes]) -> list[bytes]:
    """The next level; what has no partner goes up as it is."""
    paired = [node(*level[at : at + 2]) for at in range(0, len(level) - 1, 2)]
    return paired + level[len(paired) * 2 :]
