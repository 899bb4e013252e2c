"""The demand board: what must be ready by when, and why it is not."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inventory import actions as stock
from inventory.models import Lot
from staging import actions as staging
from staging import ready
from staging.models import Demand
from staging.ready import Entry
from tests.plant import Plant

DAY = timedelta(days=1)


def board(plant: Plant, size: int = 30) -> list[Entry]:
    rows = Demand.objects.live()
    return ready.ready(rows, QueryDict(), at=plant.now, size=size)[1]


def why(plant: Plant, demand: Demand) -> dict[str, Decimal]:
    """The causes of the demand's first gap."""
    entry = next(entry for entry in board(plant) if entry.demand == demand)
    return {cause.code: cause.quantity for cause in entry.gaps[0].causes}


def test_by_when() -> None:
    at = timezone.now().replace(hour=8, minute=0)
    for hours, group in ((-1, "overdue"), (0, "overdue"), (3, "soon"), (9, "today"), (30, "later")):
        assert ready.due(at + timedelta(hours=hours), at) == group


def test_groups_in_the_order_of_time(plant: Plant) -> None:
    later = plant.order((plant.material(), 1), needed_at=plant.now + timedelta(days=3))
    late = plant.order((plant.material(), 1), needed_at=plant.now - timedelta(hours=1))
    soon = plant.order((plant.material(), 1), needed_at=plant.now + timedelta(hours=1))
    found = [(name, [e.demand for e in entries]) for name, _words, entries in
             ready.grouped(board(plant))]  # fmt: skip
    assert found == [("overdue", [late]), ("soon", [soon]), ("later", [later])]


def test_how_far_it_is(plant: Plant) -> None:
    lot = plant.lot(30)
    order = plant.order((lot.material, 20), (plant.material(), 5))
    plant.stage(order, lot, quantity=10)
    [entry] = board(plant)
    assert (entry.kit.percent, entry.is_ready) == (25, False)
    assert [gap.missing for gap in entry.gaps] == [10, 5]
    plant.stage(order, lot, quantity=10)
    [entry] = board(plant)
    assert [gap.missing for gap in entry.gaps] == [5]


def test_what_is_staged_whole_is_ready_and_leaves_when_it_has_started(plant: Plant) -> None:
    lot = plant.lot(5)
    order = plant.order((lot.material, 5))
    plant.stage(order, lot)
    [entry] = board(plant)
    assert entry.is_ready
    plant.do(staging.issue, staging.Issue(lot=lot, demand=order))
    assert board(plant) == []


def test_where_what_it_lacks_is(plant: Plant) -> None:
    material = plant.material()
    lots: dict[str, Any] = {
        "free": plant.lot(3, material=material),
        "held": plant.lot(4, material=material),
        "waiting": plant.lot(5, material=material, released=False),
        "expired": plant.lot(6, material=material, expires_in=9),
        "elsewhere": Plant().lot(50, material=material),
    }
    plant.hold(lot=lots["held"])
    Lot.objects.filter(pk=lots["expired"].pk).update(expires_on=timezone.localdate() - DAY)
    order = plant.order((material, 100))
    assert why(plant, order) == {
        "free": 3, "lot_quarantine": 5, "lot_on_hold": 4, "lot_expired": 6, "not_on_hand": 82,
    }  # fmt: skip


def test_reserved_for_it_is_to_be_fetched_and_for_others_is_not_free(plant: Plant) -> None:
    lot = plant.lot(10)
    first = plant.order((lot.material, 4), needed_at=plant.now + timedelta(hours=1))
    second = plant.order((lot.material, 20), needed_at=plant.now + timedelta(hours=2))
    plant.do(staging.allocate, staging.AllocationLine(demand=first))
    assert why(plant, first) == {"reserved": 4}
    assert why(plant, second) == {"free": 6, "for_others": 4, "not_on_hand": 10}


def test_what_is_free_goes_to_whom_needs_it_first(plant: Plant) -> None:
    lot = plant.lot(10)
    first = plant.order((lot.material, 8), needed_at=plant.now + timedelta(hours=1))
    second = plant.order((lot.material, 8), needed_at=plant.now + timedelta(hours=2))
    assert why(plant, first) == {"free": 8}
    assert why(plant, second) == {"free": 2, "for_others": 6}


def test_in_a_lane_in_transit_and_in_a_cage(plant: Plant) -> None:
    material = plant.material()
    for place in (plant.truck, plant.cage):
        lot = plant.lot(2, material=material)
        plant.do(stock.move, stock.Move(lot=lot, source=plant.a1, target=place))
    lot = plant.lot(2, material=material)
    plant.stage(plant.order((material, 2), needed_at=plant.now + DAY), lot)
    plant.do(staging.unstage, staging.Unstaging(lot=lot, target=plant.l1))
    order = plant.order((material, 6))
    assert why(plant, order) == {"in_lane": 2, "in_transit": 2, "in_quarantine_area": 2}


def test_only_the_lot_that_a_line_names_counts(plant: Plant) -> None:
    named = plant.lot(5, released=False)
    plant.lot(50, material=named.material)
    order = plant.order((named.material, 5))
    order.requirements.update(lot=named)
    assert why(plant, order) == {"lot_quarantine": 5}


def test_what_is_staged_and_stopped_since_is_a_gap(plant: Plant) -> None:
    lot = plant.lot(5)
    order = plant.order((lot.material, 5))
    plant.stage(order, lot)
    plant.hold(lot=lot)
    [entry] = board(plant)
    assert entry.is_blocked
    assert not entry.is_ready
    assert (entry.gaps[0].missing, entry.gaps[0].blocked) == (0, 5)


@pytest.mark.parametrize("orders", [1, 8])
def test_it_costs_the_same_however_many(plant: Plant, orders: int) -> None:
    for _number in range(orders):
        lot = plant.lot(5)
        plant.stage(plant.order((lot.material, 10), (plant.material(), 1)), lot)
    board(plant)
    with CaptureQueriesContext(connection) as caught:
        board(plant)
    assert len(caught) == 8


def test_the_page_leads_on(plant: Plant, client: Client) -> None:
    client.force_login(plant.operator.user)
    order = plant.order((plant.material(), 5), reference="PO-7")
    other = plant.shipment((plant.material(), 5), reference="SO-8", route="North")
    plant._place("SIDE", parent=plant.wc, kind="staging", purpose="line_side")
    text = client.get("/ready/").content.decode()
    assert "Pick list" in text
    assert f"/demands/{order.reference}/" in text
    for asked, found in (
        ({"route": "north"}, [other]), ({"kind": "production"}, [order]), ({"q": "PO-7"}, [order]),
        ({"site": plant.site.code}, [order, other]), ({"q": "none"}, []),
        ({"area": plant.wc.code}, [order]),
    ):  # fmt: skip
        groups = client.get("/ready/", asked).context["groups"]
        assert [entry.demand for _n, _w, entries in groups for entry in entries] == found, asked


def test_an_empty_board_says_so(plant: Plant, client: Client) -> None:
    client.force_login(plant.operator.user)
    assert "Nothing is due" in client.get("/ready/").content.decode()
