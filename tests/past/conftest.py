"""A clock that is moved by hand, so that each moment is one of its own."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import time_machine

from tests.api.conftest import api_as

__all__ = ["api_as"]

NOON = datetime.fromisoformat("2026-05-20T12:00:00+00:00")
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    """It stands at noon until somebody moves it, also while the plant is built."""
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller
