"""The board shows what stands in the lanes, what is wrong with it, at a fixed price."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from staging import actions as staging
from staging.board import SHOWN, Lane
from staging.board import board as page_of
from tests.plant import Plant


def board(**asked: Any) -> list[Lane]:
    asked = {"site": "", "purpose": "", "text": "", "at": timezone.now()} | asked
    return page_of(**asked).lanes


def lane(place: Any, **asked: Any) -> Lane:
    return next(found for found in board(**asked) if found.location == place)


def test_a_lane_shows_its_stock_by_demand(plant: Plant) -> None:
    lot = plant.lot(30)
    sooner = plant.order((lot.material, 10), needed_at=plant.now + timedelta(hours=1))
    later = plant.order((lot.material, 10), needed_at=plant.now + timedelta(hours=9))
    plant.stage(later, lot)
    plant.stage(sooner, lot)
    found = lane(plant.l1)
    assert [group.demand for group in found.demands] == [sooner, later]
    assert found.occupied == 1  # one loose lot takes one position, whoever it is for
    assert found.next_needed_at == sooner.needed_at
    assert not found.in_trouble
    assert lane(plant.l2).is_empty


def test_blocked_stock_comes_first_and_says_why(plant: Plant) -> None:
    fine, held = plant.lot(5), plant.lot(5)
    order = plant.order((fine.material, 5), (held.material, 5))
    plant.stage(order, fine)
    plant.stage(order, held)
    plant.hold(lot=held)
    found = lane(plant.l1)
    assert [staged.row.lot for staged in found.demands[0].staged] == [held, fine]
    assert found.demands[0].staged[0].why == "on hold"
    assert found.blocked == 1


def test_a_troubled_lane_comes_first_in_its_area(plant: Plant) -> None:
    held = plant.lot(5)
    plant.stage(plant.order((held.material, 5)), held, plant.l2)
    line_side = [found.location for found in board(purpose="line_side")]
    assert line_side == [plant.l1, plant.l2]
    plant.hold(lot=held)
    line_side = [found.location for found in board(purpose="line_side")]
    assert line_side == [plant.l2, plant.l1]


def test_stale_is_past_the_dwell_limit_or_the_time_it_was_needed(plant: Plant) -> None:
    plant.l1.dwell_limit = timedelta(hours=1)
    plant.l1.save()
    lot = plant.lot(5)
    order = plant.order((lot.material, 5), needed_at=plant.now + timedelta(hours=3))
    plant.stage(order, lot)
    assert lane(plant.l1).stale == 0
    staged = lane(plant.l1, at=plant.now + timedelta(hours=2)).demands[0].staged[0]
    assert (staged.overstayed, staged.overdue) == (True, False)
    staged = lane(plant.l1, at=plant.now + timedelta(hours=4)).demands[0].staged[0]
    assert (staged.overstayed, staged.overdue) == (True, True)


def test_stock_without_a_demand_stands_apart(plant: Plant) -> None:
    lot = plant.lot(5)
    order = plant.order((lot.material, 5))
    plant.stage(order, lot, quantity=3)
    plant.do(staging.unstage, staging.Unstaging(lot=lot, target=plant.l1))
    found = lane(plant.l1)
    assert found.demands == []
    assert [entry.row.lot for entry in found.unbound] == [lot]
    assert found.unbound[0].row.free == 3
    assert found.in_trouble


def test_filters(plant: Plant) -> None:
    other = Plant()
    lot = plant.lot(5, number="FIND-ME")
    order = plant.order((lot.material, 5))
    plant.stage(order, lot)
    assert {found.location.site for found in board(site=other.site.code)} == {other.site}
    assert {found.location.purpose for found in board(purpose="wip_buffer")} == {"wip_buffer"}
    for text in ("find-me", lot.material.code, order.reference):
        assert [found.location for found in board(text=text)] == [plant.l1]
    assert board(text="no such thing") == []


def test_the_page_and_its_refresh(plant: Plant, client: Client) -> None:
    client.force_login(plant.operator.user)
    lot = plant.lot(5)
    order = plant.order((lot.material, 5))
    plant.stage(order, lot)
    page = client.get("/").content.decode()
    assert "<html" in page
    seen = re.search(r'data-seen="([^"]+)"', page)
    assert seen
    assert order.reference in page
    part = client.get("/", headers={"Board-Seen": "0.-.0"}).content.decode()
    assert "<html" not in part
    assert order.reference in part
    quiet = client.get("/?show=trouble").content.decode()
    assert "No lane matches" in quiet
    assert client.get("/?site=NONE&purpose=odd&show=odd").status_code == 200


def test_an_empty_board_says_what_to_do(db: None, client: Client) -> None:
    from tests.factories import UserFactory

    client.force_login(UserFactory(role="operator"))
    assert "No staging locations yet" in client.get("/").content.decode()


@pytest.mark.parametrize("lots", [1, 12])
def test_the_board_costs_the_same_however_full(
    plant: Plant, client: Client, lots: int, django_assert_num_queries: Any
) -> None:
    for number in range(lots):
        lot = plant.lot(5)
        order = plant.order((lot.material, 3))
        plant.stage(order, lot, [plant.l1, plant.l2, plant.buf][number % 3])
    client.force_login(plant.operator.user)
    client.get("/")
    with django_assert_num_queries(10):
        board()
    with CaptureQueriesContext(connection) as caught:
        client.get("/")
    assert len(caught) == 19


def test_a_full_lane_shows_its_worst_and_counts_the_rest(plant: Plant) -> None:
    lots = [plant.lot(5) for _number in range(SHOWN + 3)]
    for lot in lots:
        plant.stage(plant.order((lot.material, 5)), lot)
    plant.hold(lot=lots[-1])
    found = lane(plant.l1)
    shown = [staged for group in found.demands for staged in group.staged]
    assert (len(shown), found.left_out, found.standing) == (SHOWN, 3, SHOWN + 3)
    assert shown[0].row.lot == lots[-1]
    assert (found.blocked, found.occupied) == (1, SHOWN + 3)


def test_pages_of_lanes(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    everything = [found.location for found in board()]
    monkeypatch.setattr("staging.board.LANES", 2)
    asked = {"site": "", "purpose": "", "text": "", "at": timezone.now()}
    page = page_of(**asked)
    seen, back = list(page.lanes), [page.previous]
    while page.next:
        page = page_of(**asked, after=page.next)
        seen += page.lanes
        back.append(page.previous)
    assert [found.location for found in seen] == everything
    assert back[0] == ""
    first = page_of(**asked, before=back[-1])
    assert first.next
    assert {found.location for found in first.lanes} < set(everything)
