"""A plant that has been at work, the same for every test of a module."""

from collections.abc import Iterator

import pytest
from django.db import transaction
from pytest_django import DjangoDbBlocker

from tests.api.conftest import api, api_as
from tests.numbers.work import Work
from tests.plant import Plant

__all__ = ["api", "api_as"]


@pytest.fixture(scope="module", params=[3])
def work(
    request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[Work]:
    with django_db_blocker.unblock(), transaction.atomic():
        yield Work(Plant(), seed=request.param, steps=90).play()
        transaction.set_rollback(True)
