"""Which demands will be short or late: where what is missing is, and whether there is time."""

from decimal import Decimal
from typing import Any

import pytest
from django.http import QueryDict
from django.utils import timezone

from inventory import actions as stock
from inventory import sites
from inventory.models import Lot, Material
from staging import actions as staging
from staging.ahead import pace as pacing
from staging.ahead.asked import Ahead
from staging.ahead.demands import Cover, InTime, Outlook, Short
from staging.ahead.pace import Pace, done_at, timeline
from staging.dwell.calendars import rules_of
from staging.models import Demand
from tests.ahead.conftest import Asking, at
from tests.core.budget.counting import statements
from tests.dwell.conftest import HOUR, NOON, calendar
from tests.factories import UserFactory
from tests.plant import Plant


def shorts(ahead: Ahead, pace: Pace | None = None) -> list[Short]:
    page = ahead.demands.page(QueryDict(), size=50)
    return ahead.demands.outlooks(page.rows, pace)


def order(plant: Plant, material: Material, needed: float = 4, quantity: int = 10) -> Demand:
    return plant.order((material, quantity), needed_at=at(needed))


class TestCover:
    """What stands in the way of the one line of a demand, each alone."""

    def one(self, ahead: Asking) -> tuple[Cover, Outlook, list[tuple[str, Decimal]]]:
        [short] = shorts(ahead())
        [gap] = short.entry.gaps
        return short.cover, short.outlook, [(c.code, c.quantity) for c in gap.causes]

    def test_it_is_here_and_usable(self, plant: Plant, ahead: Asking) -> None:
        order(plant, plant.lot(10).material)
        assert self.one(ahead) == (Cover.STAGEABLE, Outlook.OPEN, [("free", 10)])

    def test_reserved_counts_as_here(self, plant: Plant, ahead: Asking) -> None:
        demand = order(plant, plant.lot(10).material)
        plant.do(staging.allocate, staging.AllocationLine(demand=demand))
        assert self.one(ahead) == (Cover.STAGEABLE, Outlook.OPEN, [("reserved", 10)])

    def test_it_awaits_release(self, plant: Plant, ahead: Asking) -> None:
        order(plant, plant.lot(10, released=False).material)
        found = (Cover.AWAITS_RELEASE, Outlook.SHORT, [("lot_quarantine", 10)])
        assert self.one(ahead) == found

    def test_it_is_on_hold(self, plant: Plant, ahead: Asking) -> None:
        lot = plant.lot(10)
        order(plant, lot.material)
        plant.hold(lot=lot)
        assert self.one(ahead) == (Cover.STOPPED, Outlook.SHORT, [("lot_on_hold", 10)])

    def test_what_is_staged_is_on_hold(self, plant: Plant, ahead: Asking) -> None:
        lot = plant.lot(10)
        plant.stage(order(plant, lot.material), lot)
        assert shorts(ahead()) == []
        plant.hold(lot=lot)
        [short] = shorts(ahead())
        assert (short.cover, short.outlook) == (Cover.STOPPED, Outlook.SHORT)

    def test_it_is_in_transit(self, plant: Plant, ahead: Asking) -> None:
        lot = plant.lot(10)
        order(plant, lot.material)
        plant.do(stock.move, stock.Move(lot=lot, target=plant.truck, quantity=Decimal(10)))
        assert self.one(ahead) == (Cover.IN_TRANSIT, Outlook.SHORT, [("in_transit", 10)])

    def test_it_is_for_others(self, plant: Plant, ahead: Asking) -> None:
        lot = plant.lot(10)
        other = order(plant, lot.material, needed=100)
        plant.do(staging.allocate, staging.AllocationLine(demand=other))
        order(plant, lot.material)
        assert self.one(ahead) == (Cover.CLAIMED, Outlook.SHORT, [("for_others", 10)])

    def test_it_is_at_another_site(self, plant: Plant, ahead: Asking) -> None:
        lot = Plant().lot(6)
        order(plant, lot.material)
        found = [("at_other_site", Decimal(6)), ("not_on_hand", Decimal(4))]
        assert self.one(ahead) == (Cover.NOT_ON_HAND, Outlook.SHORT, found)
        Demand.objects.get().requirements.update(quantity=6)
        assert self.one(ahead)[:2] == (Cover.OTHER_SITE, Outlook.SHORT)

    def test_it_is_nowhere(self, plant: Plant, ahead: Asking) -> None:
        order(plant, plant.material())
        assert self.one(ahead) == (Cover.NOT_ON_HAND, Outlook.SHORT, [("not_on_hand", 10)])

    def test_the_worst_of_its_lines_counts(self, plant: Plant, ahead: Asking) -> None:
        here, waits = plant.lot(10), plant.lot(10, released=False)
        plant.order((here.material, 10), (waits.material, 10), needed_at=at(4))
        assert shorts(ahead())[0].cover == Cover.AWAITS_RELEASE


def test_what_is_needed_later_or_complete_is_not_listed(plant: Plant, ahead: Asking) -> None:
    lot = plant.lot(30)
    plant.stage(order(plant, lot.material, needed=2), lot)
    order(plant, lot.material, needed=8.1)
    on_time = order(plant, lot.material, needed=8)
    late = order(plant, lot.material, needed=-1)
    assert [short.demand for short in shorts(ahead())] == [late, on_time]


class TestInTime:
    PACE = Pace(lines=20, worked=40 * HOUR)
    """Two hours a line."""

    def found(self, ahead: Asking, pace: Pace | None) -> list[tuple[InTime, Outlook]]:
        return [(short.in_time, short.outlook) for short in shorts(ahead(), pace)]

    def test_line_after_line_in_the_order_in_which_they_are_needed(
        self, plant: Plant, ahead: Asking
    ) -> None:
        lot = plant.lot(100)
        for needed in (-1, 4, 5, 8):
            order(plant, lot.material, needed=needed)
        assert self.found(ahead, self.PACE) == [
            (InTime.OVERDUE, Outlook.LATE), (InTime.IN_TIME, Outlook.FEASIBLE),
            (InTime.TOO_SLOW, Outlook.LATE), (InTime.IN_TIME, Outlook.FEASIBLE),
        ]  # fmt: skip
        assert self.found(ahead, None)[1:] == [(InTime.NO_PACE, Outlook.OPEN)] * 3
        looking = ahead().demands
        [last] = looking.outlooks([Demand.objects.latest("needed_at")], self.PACE)
        assert last.done_at == at(8)  # also where the others are on a page before

    def test_it_is_counted_in_working_time(self, plant: Plant, ahead: Asking) -> None:
        calendar(plant, ("1234567", "06:00", "14:00"))  # the site's clock is UTC
        lot = plant.lot(100)
        for needed in (4, 20):
            order(plant, lot.material, needed=needed)
        asked = ahead(until=at(24).isoformat())
        assert [short.done_at for short in shorts(asked, self.PACE)] == [at(2), at(20)]

    def test_the_pace_is_that_of_the_last_days(self, plant: Plant, ahead: Asking) -> None:
        working = timeline(rules_of(plant.site), NOON)
        lot = plant.lot(1000)
        for _n in range(pacing.LEAST_LINES - 1):
            plant.stage(order(plant, lot.material, quantity=1), lot, quantity=1)
        later = NOON + HOUR
        assert pacing.measured(plant.site, working, later) is None
        plant.stage(order(plant, lot.material, quantity=1), lot, quantity=1)
        found = pacing.measured(plant.site, working, later)
        assert found == Pace(20, 7 * 24 * HOUR)
        assert pacing.measured(Plant().site, working, later) is None
        assert pacing.measured(plant.site, working, NOON + 8 * 24 * HOUR) is None

    def test_without_working_time_there_is_no_pace(self, plant: Plant) -> None:
        calendar(plant)  # without a shift
        working = timeline(rules_of(plant.site), NOON)
        assert pacing.measured(plant.site, working, NOON) is None
        assert done_at(self.PACE, working, NOON, [0, 1]) == [NOON, None]


def test_statements_stay_the_same_and_pages_follow_each_other(
    plant: Plant, ahead: Asking, api_as: Any
) -> None:
    api = api_as("operator")

    def read() -> tuple[list[str], int]:
        answers: list[Any] = []
        asked = statements(lambda: answers.append(api.read("ahead/demands/", site=plant.site.code)))
        [answer] = answers
        assert answer.status_code == 200, answer.json()
        return [row["demand"] for row in answer.json()["results"]], len(asked)

    lot: Lot = plant.lot(10)
    order(plant, lot.material, needed=1)
    read()
    _one, before = read()
    for number in range(2, 6):
        order(plant, plant.lot(10).material, needed=number)
    listed, after = read()
    assert (len(listed), after) == (5, before)
    assert before <= 16
    page = api.read("ahead/demands/", site=plant.site.code, page_size=2).json()
    seen = [row["demand"] for row in page["results"]]
    while page["next"]:
        page = api.get(page["next"]).json()
        seen += [row["demand"] for row in page["results"]]
    assert seen == listed


def test_who_may_see_some_sites_learns_nothing_of_others(
    plant: Plant, ahead: Asking, api_as: Any
) -> None:
    other = Plant()
    order(plant, other.lot(10).material)
    person = UserFactory(role="integrator")
    sites.limit(person, frozenset({plant.site.pk}))
    api = api_as(person)
    [row] = api.read("ahead/demands/", site=plant.site.code).json()["results"]
    assert [cause["code"] for cause in row["lines"][0]["causes"]] == ["not_on_hand"]
    [row] = api_as("integrator").read("ahead/demands/", site=plant.site.code).json()["results"]
    assert [cause["code"] for cause in row["lines"][0]["causes"]] == ["at_other_site"]
    for path in ("ahead/", "ahead/demands/", "ahead/positions/"):
        answer = api.read(path, site=other.site.code)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "site")


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({}, ("site", "required")),
        ({"site": "NONE"}, ("site", "invalid_choice")),
        ({"horizon": "time"}, ("until", "required")),
        ({"horizon": "this_shift", "until": "2026-05-20T13:00:00Z"}, ("until", "invalid")),
        ({"horizon": "year"}, ("horizon", "invalid_choice")),
        ({"until": "2026-05-20T11:00:00Z"}, ("until", "beyond_horizon")),
        ({"until": "2026-06-20T11:00:00Z"}, ("until", "beyond_horizon")),
    ],
)
def test_what_makes_no_sense_is_refused(
    asked: dict[str, str], error: tuple[str, str], plant: Plant, ahead: Asking, api_as: Any
) -> None:
    given = {"site": plant.site.code} | asked if asked else {}
    answer = api_as("operator").read("ahead/", **given)
    assert answer.status_code == 400
    [found] = answer.json()["errors"]
    assert (found["field"], found["code"]) == error


def test_it_says_how_far_it_looks(plant: Plant, ahead: Asking, api_as: Any) -> None:
    api = api_as("auditor")
    found = api.read("ahead/", site=plant.site.code).json()
    assert (found["basis"], found["shift"], found["pace"]) == ("no_calendar", "", None)
    calendar(plant, ("1234567", "06:00", "14:00"))
    found = api.read("ahead/", site=plant.site.code).json()
    assert (found["basis"], found["shift"], found["until"]) == (
        "shift", "S", "2026-05-20T14:00:00Z",
    )  # fmt: skip
    assert timezone.now() == NOON
