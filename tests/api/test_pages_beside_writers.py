"""Pages beside writers: what was there when the reading began is met once, whatever is written."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from django.db import connection

from inventory.models import Lot, Movement
from tests.api.conftest import Api
from tests.factories import UserFactory
from tests.plant import Plant

WRITERS = 4
MOST_WRITTEN = 12
"""Requests of a writer: who reads upwards would follow for ever."""


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("path", "ordering", "key"),
    [
        ("movements", "id", "id"),
        ("movements", "-id", "id"),
        ("movements", "-recorded_at", "id"),
        ("lots", "code", "code"),
    ],
)
def test_nothing_is_skipped_or_repeated(path: str, ordering: str, key: str) -> None:
    plant = Plant()
    material = plant.material()
    user = UserFactory(role="integrator")
    stop = Event()

    def receive(name: str, count: int) -> None:
        api = _api(user)
        lines = [
            {"material": material.code, "number": f"{n % 10}-{name}-{n}", "quantity": 1,
             "location": plant.a1.code}
            for n in range(count)
        ]  # fmt: skip
        assert api.do("receive", {"lines": lines}).status_code == 200

    def write(name: int) -> int:
        number = 0
        try:
            while not stop.is_set() and number < MOST_WRITTEN:
                receive(f"w{name}.{number}", 3)
                number += 1
            return number
        finally:
            connection.close()

    receive("first", 60)
    model = Movement if path == "movements" else Lot
    there = set(model.objects.values_list(key, flat=True))
    with ThreadPoolExecutor(WRITERS) as pool:
        writers = [pool.submit(write, number) for number in range(WRITERS)]
        try:
            met = _read(user, path, ordering, key)
        finally:
            stop.set()
        assert sum(writer.result() for writer in writers) > WRITERS  # there was something to miss
    assert len(met) == len(set(met))
    assert there <= set(met)


def _read(user: Any, path: str, ordering: str, key: str) -> list[Any]:
    """Page after page, to the last."""
    api = _api(user)
    page = api.read(f"{path}/", ordering=ordering, page_size=4).json()
    met = [row[key] for row in page["results"]]
    while page["next"]:
        page = api.get(page["next"]).json()
        met += [row[key] for row in page["results"]]
    return met


def _api(user: Any) -> Api:
    api = Api()
    api.force_authenticate(user)
    return api
