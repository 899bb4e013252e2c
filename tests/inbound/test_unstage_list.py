"""The unstage list and the flow that works it off, scan by scan, down to nothing."""

from typing import Any

import pytest
from django.test import Client

from inventory.models import Container
from staging import actions as staging
from staging import unstaging
from staging.models import UnstageTask
from tests.plant import Plant
from tests.test_guided import Scanner, pallet

LIST = "/unstage-list/"


@pytest.fixture
def floor(plant: Plant, client: Client) -> Client:
    client.force_login(plant.operator.user)
    return client


@pytest.fixture
def left(plant: Plant) -> Any:
    """A loose lot and a pallet in L1, left by a cancelled order; of the loose one, half is
    still staged for another."""
    loose, boxed = plant.lot(40), plant.lot(10)
    box = pallet(plant, "PAL-1", boxed)
    order = plant.order((loose.material, 20), (boxed.material, 10))
    other = plant.order((loose.material, 20))
    plant.stage(order, loose, quantity=20)
    plant.stage(order, boxed, container=box)
    plant.stage(other, loose, quantity=20)
    plant.do(staging.cancel_demand, staging.Cancellation(demand=order, reason="called off"))
    return order, loose, boxed


def test_it_says_what_stands_where_and_who_left_it(plant: Plant, floor: Client, left: Any) -> None:
    order, loose, boxed = left
    page = floor.get(LIST).content.decode()
    for text in (plant.l1.code, loose.code, boxed.code, "PAL-1", order.reference, "Cancelled"):
        assert text in page
    assert f"/guided/clear/?lot={loose.code.replace('/', '%2F')}" in page
    of_demand = floor.get(f"/demands/{order.reference}/").content.decode()
    assert "no longer needed" in of_demand


def test_it_is_scanned_down_to_nothing(plant: Plant, floor: Client, left: Any) -> None:
    _order, loose, boxed = left
    at = Scanner(floor, "clear")
    assert [row.quantity for row in at.answer.context["positions"]] == [20, 10]
    at.scan(loose.code)
    assert at.scan(plant.a1.code).status_code == 200, at.code
    assert [row.lot for row in at.answer.context["positions"]] == [boxed]
    at.scan("PAL-1")
    assert at.scan(plant.a2.code).status_code == 200, at.code
    assert not at.answer.context["positions"]
    assert Container.objects.get().location == plant.a2
    assert boxed.balances.get(quantity__gt=0).container == Container.objects.get()
    assert not unstaging.lying().exists()
    assert not UnstageTask.objects.open().exists()
    assert "Nothing is to be unstaged" in floor.get(LIST).content.decode()
    assert at.scan(loose.code).status_code == 409
    assert at.code == "nothing_to_clear"


def test_a_tap_moves_the_pallet_and_a_quantity_takes_from_it(
    plant: Plant, floor: Client, left: Any
) -> None:
    _order, _loose, boxed = left
    at = Scanner(floor, "clear", f"?lot={boxed.code}&container=PAL-1&lane={plant.l1.code}")
    at.scan("4")
    assert at.scan(plant.a1.code).status_code == 200, at.code
    assert [row.left for row in UnstageTask.objects.open().filter(lot=boxed)] == [6]
    at = Scanner(floor, "clear", f"?lot={boxed.code}&container=PAL-1&lane={plant.l1.code}")
    assert at.scan(plant.a2.code).status_code == 200, at.code
    assert Container.objects.get().location == plant.a2


def test_of_two_lanes_one_is_asked_for(plant: Plant, floor: Client) -> None:
    lot = plant.lot(40)
    order = plant.order((lot.material, 40))
    plant.stage(order, lot, plant.l1, quantity=20)
    plant.stage(order, lot, plant.l2, quantity=20, source=plant.a1)
    plant.do(staging.cancel_demand, staging.Cancellation(demand=order, reason="called off"))
    at = Scanner(floor, "clear")
    at.scan(lot.code)
    assert at.code == "source_needed"
    at.scan(plant.l2.code)
    assert at.scan(plant.a1.code).status_code == 200, at.code
    assert [row.location for row in unstaging.lying().select_related("location")] == [plant.l1]
