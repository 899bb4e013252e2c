"""Lists that stay flat: what no index answers is sifted page by page, the rest goes by index."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory import paging
from inventory.api.resources import Word
from inventory.models import Movement
from tests.plant import Plant

pytestmark = pytest.mark.django_db


def all_pages(api: Any, path: str, **asked: Any) -> tuple[list[Any], int]:
    """Every row that the pages of a list hold, and how many pages there are."""
    answer = api.read(path, **asked)
    rows, pages = answer.json()["results"], 1
    while (url := answer.json()["next"]) is not None:
        answer = api.get(url)
        rows, pages = rows + answer.json()["results"], pages + 1
    return rows, pages


def test_a_derived_state_is_sifted_page_by_page(
    plant: Plant, api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "MOST_SIFTED", 2)
    lot = plant.lot(10)
    orders = [plant.order((lot.material, 1), reference=f"PO-{n}") for n in range(5)]
    plant.stage(orders[3], lot, quantity=1)
    found, pages = all_pages(api, "demands/", state="ready")
    assert [row["reference"] for row in found] == ["PO-3"]
    assert pages == 3, "two demands are looked at on each page"
    waiting, _pages = all_pages(api, "demands/", state="planned", page_size=1)
    assert [row["reference"] for row in waiting] == ["PO-0", "PO-1", "PO-2", "PO-4"]


def test_blocked_and_stale_are_sifted_too(
    plant: Plant, api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "MOST_SIFTED", 1)
    good, held = plant.lot(5), plant.lot(5)
    for lot in (good, held):
        plant.stage(plant.order((lot.material, 5)), lot, quantity=5)
    plant.hold(lot=held)
    for asked, lot in (("true", held), ("false", good)):
        found, _pages = all_pages(api, "staged-stock/", blocked=asked)
        assert [row["lot"] for row in found] == [lot.code]
    assert all_pages(api, "staged-stock/", stale="true")[0] == []
    assert len(all_pages(api, "staged-stock/", stale="false")[0]) == 2


def test_a_place_has_what_came_and_what_went(plant: Plant, api: Any) -> None:
    lot = plant.lot(10)
    order = plant.order((lot.material, 10))
    for _n in range(4):
        plant.stage(order, lot, quantity=1)
    there = Movement.objects.filter(source=plant.a1) | Movement.objects.filter(target=plant.a1)
    expected = list(there.order_by("-pk").values_list("pk", flat=True))
    found, pages = all_pages(api, "movements/", location=plant.a1.code, page_size=2)
    assert [row["id"] for row in found] == expected
    assert pages == (len(expected) + 1) // 2
    costs = []
    for size in (1, 500):
        api.read("movements/", location=plant.a1.code, page_size=size)
        with CaptureQueriesContext(connection) as spent:
            api.read("movements/", location=plant.a1.code, page_size=size)
        costs.append(len(spent))
    assert costs[0] == costs[1]
    assert all_pages(api, "movements/", location="NOWHERE")[0] == []


def test_a_period_is_read_newest_first(plant: Plant, api: Any) -> None:
    lots = [plant.lot(1) for _n in range(3)]
    found, _pages = all_pages(
        api, "movements/", recorded_from="2000-01-01T00:00:00Z", kind="receive", page_size=1
    )
    assert [row["lot"] for row in found] == [lot.code for lot in reversed(lots)]


def test_a_word_stands_in_the_statement_and_nothing_else_can(plant: Plant) -> None:
    plant.lot(1)
    assert Movement.objects.filter(kind=Word("receive")).exists()
    with pytest.raises(ValueError, match="'"):
        Movement.objects.filter(kind=Word("x' OR 'a'='a")).exists()
