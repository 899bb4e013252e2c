"""How tests say that something is refused."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from inventory.errors import Refused


@contextmanager
def refused(code: str, *, line: int | None = None) -> Iterator[Refused]:
    """What happens inside is refused with this code; yields the refusal once it was."""
    with pytest.raises(Refused) as caught:
        yield caught  # type: ignore[misc]
    refusal = caught.value
    assert refusal.code == code, f"{refusal.code}: {refusal.text}"
    assert refusal.text, "a refusal says why"
    if line is not None:
        assert refusal.line == line
