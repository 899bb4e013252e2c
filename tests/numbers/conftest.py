"""A plant that has been at work, the same for every test."""

from datetime import UTC, datetime

import time_machine

from tests.api.conftest import api, api_as
from tests.numbers.work import Work
from tests.plant import Plant
from tests.standing import built_once

__all__ = ["api", "api_as"]

NOW = datetime(2026, 6, 10, 14, 20, 30, tzinfo=UTC)


@built_once
def work() -> Work:
    with time_machine.travel(NOW):  # else the hour decides what falls into a day
        return Work(Plant(), seed=3, steps=90).play()
