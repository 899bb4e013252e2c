"""Two at once: one effect; and a reader meets nothing out of order."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from integration.epcis import asking, reading
from integration.epcis.capture import running
from integration.epcis.identifiers import Names
from integration.models import CapturedEvent, ErrorBehaviour
from inventory.models import Movement
from tests.epcis import test_capture as sent
from tests.epcis.work import Busy

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def test_the_same_event_from_two_sides(transactional_db: None) -> None:
    plant = Busy()
    plant.begin()
    event = sent.receipt(plant, eventID="urn:x:1")

    def capture(number: int) -> Any:
        body = json.dumps(sent.document(event) | {"sender": str(number)}).encode()
        try:
            job = running.accept(
                body=body, events=[event], behaviour=ErrorBehaviour.ROLLBACK, by=plant.operator,
                at=timezone.now(),
            )  # fmt: skip
            done = running.run(job.pk, at=timezone.now())
            assert done is not None
            return done.captured, done.repeated, done.errors
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(capture, range(4)))
    assert sorted(results) == [(0, 1, [])] * 3 + [(1, 0, [])]
    assert Movement.objects.count() == CapturedEvent.objects.count() == 1


def test_nothing_comes_to_light_among_what_was_read(transactional_db: None) -> None:
    """While a transaction is in flight, what others recorded after its begin is not told yet."""
    plant = Busy()
    plant.begin()

    def told() -> int:
        try:
            return len(reading.page(asking.Query(size=500), Names()).events)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool, transaction.atomic():
        plant.lot(1)
        pool.submit(_receive, plant).result()
        assert Movement.objects.count() == 2
        assert pool.submit(told).result() == 0
    assert told() == 3  # the release of the first one, too


def _receive(plant: Busy) -> None:
    try:
        plant.lot(1, number="OTHER", released=False, material=plant.tablets)
    finally:
        connection.close()
