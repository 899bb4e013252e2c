"""GS1's own test vectors, read where they lie."""

import json
from pathlib import Path
from typing import Any

import pytest

from inventory.errors import Refused
from inventory.scanning import digital_link, element_strings, read

FOLDER = Path(__file__).resolve().parent.parent.parent.parent / "shared" / "standards" / "gs1"

needs_vectors = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="needs GS1's test vectors in ../shared/standards/gs1"
)

Said = dict[str, str]


def vectors(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((FOLDER / "vectors" / f"{name}.json").read_text())
    return found


def raw(text: str) -> Said | None:
    """What the vectors write with `^` for FNC1, of which the first marks GS1 data."""
    if not text.startswith("^"):
        return None
    return _said(lambda: element_strings.raw(text[1:].replace("^", "\x1d")))


def bracketed(text: str) -> Said | None:
    return _said(lambda: element_strings.bracketed(text))


def linked(text: str) -> Said | None:
    return _said(lambda: element_strings.of_pairs(digital_link.pairs(text)))


def _said(find: Any) -> Said | None:
    """What the element strings say; nothing where they are refused."""
    try:
        elements = element_strings.checked(find())
    except Refused:
        return None
    return {identifier: element.value for identifier, element in elements.items()}


def is_read(text: str) -> bool:
    try:
        read(text)
    except Refused:
        return False
    return True
