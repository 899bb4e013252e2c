"""A clock that stands still at noon, a Wednesday."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from staging.ahead.asked import Ahead, read
from tests.api.conftest import api_as
from tests.dwell.conftest import HOUR, NOON, in_force, travel
from tests.plant import Plant

__all__ = ["HOUR", "NOON", "api_as", "in_force", "travel"]

Asking = Callable[..., Ahead]


@pytest.fixture
def ahead(plant: Plant, travel: time_machine.Traveller) -> Asking:
    """What lies ahead of the plant: eight hours, unless something else is asked."""

    def ask(**asked: Any) -> Ahead:
        form = read({"site": plant.site.code} | asked, timezone.now())
        assert form.is_valid(), form.errors
        return Ahead.of(form)

    return ask


def at(hours: float) -> datetime:
    return NOON + hours * HOUR
