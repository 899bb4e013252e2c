"""A plant with some of everything, and pages small enough that there are several."""

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from inventory import actions as stock
from inventory import paging
from staging.alerting import clock
from staging.models import StagedStock
from tests.api.conftest import api, api_as
from tests.api.test_resources import one_of_everything, two_of_everything
from tests.factories import UserFactory
from tests.notices.told import tell
from tests.plant import Plant
from tests.standing import built_once

__all__ = ["api", "api_as", "one_of_everything", "two_of_everything"]

SMALL = 3
"""Rows of a page, where the page itself does not say how many it has."""


@pytest.fixture
def several_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    for page_of in (paging.page_of, paging.sifted_page_of):
        monkeypatch.setitem(page_of.__kwdefaults__, "size", SMALL)


@built_once
def some(two_of_everything: Plant) -> Plant:
    """More of everything than a small page holds."""
    plant = two_of_everything
    staged = StagedStock.objects.latest("since")
    plant.hold(lot=staged.lot)
    found = stock.Count(lot=plant.lot(5), location=plant.l2, quantity=Decimal(2), reason="found")
    plant.do(stock.adjust, found)
    clock.sweep(by=plant.operator, at=timezone.now())
    return plant


@pytest.fixture
def everybody(db: None) -> Client:
    """Somebody who may read everything, on the floor and in the admin."""
    user = UserFactory(role="auditor", is_staff=True)
    reading = Permission.objects.filter(codename__startswith="view_")
    user.user_permissions.set(reading)
    tell(user)
    client = Client()
    client.force_login(user)
    return client


def content_of(answer: Any) -> bytes:
    assert answer.status_code == 200, answer
    return b"".join(answer.streaming_content)
