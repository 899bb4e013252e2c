"""Which lanes overflow: each rule, and the course of a lane against a walk minute by minute."""

from datetime import timedelta
from random import Random
from typing import Any

from inventory.actions import save_master
from inventory.models import Location
from staging import actions as staging
from staging.ahead.lanes import Crowded, Overfull, Peak, Remedy, Stay, course
from staging.models import Demand
from tests.ahead.conftest import Asking, at
from tests.core.budget.counting import statements
from tests.dwell.conftest import NOON
from tests.plant import Plant

MINUTE = timedelta(minutes=1)


def with_capacity(plant: Plant, *lanes: Location, capacity: int = 1) -> None:
    for lane in lanes:
        lane.capacity = capacity
        lane.capacity_policy = "warn"
        save_master(lane, by=plant.qa, at=plant.now, reason="room")


def standing(plant: Plant, lane: Location, needed: float, number: int = 1) -> None:
    for _n in range(number):
        lot = plant.lot(10)
        plant.stage(plant.order((lot.material, 10), needed_at=at(needed)), lot, lane)


def told(row: Crowded) -> tuple[Any, ...]:
    helps = [one.remedy for one in row.helps]
    return row.lane, row.reason, row.peak.at, row.peak.over, row.references, helps


def test_there_is_room(plant: Plant, ahead: Asking) -> None:
    with_capacity(plant, plant.l1)
    standing(plant, plant.l1, 4)
    assert ahead().lanes().rows == []


def test_too_much_stands_there_already(plant: Plant, ahead: Asking) -> None:
    with_capacity(plant, plant.l1, plant.l2)
    standing(plant, plant.l1, 4)
    standing(plant, plant.l1, -1)
    [row] = ahead().lanes().rows
    assert told(row) == (
        plant.l1, Overfull.NOW, NOON, 1, [], [Remedy.CHASE, Remedy.OTHER_LANE],
    )  # fmt: skip
    assert row.peak.until == at(4)
    assert [(one.positions, one.lane_codes) for one in row.helps] == [
        (1, []), (None, [plant.l2.code]),
    ]  # fmt: skip


def test_what_comes_finds_no_room(plant: Plant, ahead: Asking) -> None:
    """The demand has a part in the lane already, so that the rest is taken to come there."""
    with_capacity(plant, plant.l1, plant.l2)
    lot, more = plant.lot(10), plant.material()
    order = plant.order((lot.material, 10), (more, 5), needed_at=at(6), reference="PO-NEXT")
    plant.stage(order, lot, plant.l1)
    standing(plant, plant.l2, 20)
    [row] = ahead().lanes().rows
    assert told(row) == (plant.l1, Overfull.COMES, at(2), 1, ["PO-NEXT"], [Remedy.LATER])
    assert (row.capacity, row.now, row.highest, row.peak.until) == (1, 1, 2, at(6))
    assert ahead(lead="1").lanes().rows[0].peak.at == at(5)
    until = at(1).isoformat()
    assert ahead(until=until).lanes().rows == []


def test_what_is_there_for_no_demand_can_go(plant: Plant, ahead: Asking) -> None:
    with_capacity(plant, plant.l1)
    standing(plant, plant.l1, 4)
    plant.do(staging.cancel_demand, staging.Cancellation(demand=Demand.objects.get(), reason="r"))
    standing(plant, plant.l1, 4)
    [row] = ahead().lanes().rows
    assert Remedy.UNSTAGE in [one.remedy for one in row.helps]


def test_lanes_are_taken_together_where_it_is_open_which(plant: Plant, ahead: Asking) -> None:
    with_capacity(plant, plant.l1, plant.l2)
    standing(plant, plant.l1, 20)
    for number in range(2):
        plant.order((plant.material(), 5), needed_at=at(5 + number), reference=f"PO-{number}")
    [row] = ahead().lanes().rows
    assert row.lane is None
    assert (row.capacity, row.peak.at, row.references) == (2, at(2), ["PO-1"])


def test_statements_stay_the_same(plant: Plant, ahead: Asking, api_as: Any) -> None:
    with_capacity(plant, plant.l1)
    standing(plant, plant.l1, 4, number=2)
    api = api_as("operator")

    def read() -> int:
        answers: list[Any] = []
        asked = statements(lambda: answers.append(api.read("ahead/", site=plant.site.code)))
        [answer] = answers
        assert answer.status_code == 200
        assert answer.json()["lanes"][0]["lane"] == plant.l1.code
        return len(asked)

    read()
    before = read()
    standing(plant, plant.l1, 5, number=3)
    with_capacity(plant, plant.dock)
    assert read() == before
    assert before <= 14


def walked(stays: list[Stay], capacity: int, minutes: int) -> tuple[int, Peak | None]:
    """Counts what is there in each minute."""
    highest, over = 0, 0
    since = until = None
    by: tuple[Stay, ...] = ()
    for moment in (NOON + number * MINUTE for number in range(minutes + 1)):
        there = [
            stay for stay in stays
            if stay.comes <= moment and (stay.goes is None or moment <= stay.goes)
        ]  # fmt: skip
        level = sum(stay.positions for stay in there)
        highest = max(highest, level)
        if level > capacity and until is None:
            over = max(over, level - capacity)
            if since is None:
                since = moment
        elif since is not None and until is None:
            until = moment
    return highest, Peak(since, until, over, by) if since else None


def test_the_course_of_a_lane_is_what_a_walk_through_it_finds() -> None:
    random = Random(11)
    peaks = 0
    for _n in range(300):
        stays = []
        for _m in range(random.randrange(12)):
            comes = NOON + 2 * random.randrange(-10, 30) * MINUTE
            stay = random.choice([None, 2 * random.randrange(20)])
            goes = None if stay is None else max(comes, NOON) + stay * MINUTE
            stays.append(Stay(comes, goes, random.randrange(1, 4)))
        capacity = random.randrange(1, 12)
        found = course(stays, capacity, NOON, NOON + 50 * MINUTE)
        highest, peak = walked(stays, capacity, 50)
        assert found.highest == highest
        assert bool(found.peak) == bool(peak)
        if found.peak and peak:
            peaks += 1
            assert (found.peak.at, found.peak.over) == (peak.at, peak.over)
            # They come and go in even minutes. What goes still takes its place then: there is
            # room in the minute after.
            ended = peak.until and peak.until - MINUTE
            assert found.peak.until == ended
    assert peaks > 50
