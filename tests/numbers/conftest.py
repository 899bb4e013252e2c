"""A plant that has been at work, the same for every test of a module."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine
from django.db import transaction
from pytest_django import DjangoDbBlocker

from tests.api.conftest import api, api_as
from tests.numbers.work import Work
from tests.plant import Plant

__all__ = ["api", "api_as"]

NOW = datetime(2026, 6, 10, 14, 20, 30, tzinfo=UTC)


@pytest.fixture(scope="module", params=[3])
def work(
    request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[Work]:
    with django_db_blocker.unblock(), transaction.atomic():
        with time_machine.travel(NOW):  # else the hour decides what falls into a day
            work = Work(Plant(), seed=request.param, steps=90).play()
        yield work
        transaction.set_rollback(True)
