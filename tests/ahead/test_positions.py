"""What will go stale: each rule, and all of them against a plain simulation."""

from datetime import timedelta
from random import Random
from typing import Any

from django.utils import timezone

from staging.ahead.asked import Ahead
from staging.ahead.positions import Stale
from staging.models import StagedStock
from tests.ahead.conftest import Asking, at
from tests.core.budget.counting import statements
from tests.dwell.conftest import HOUR, Policies
from tests.plant import Plant

HORIZON = 8


def staged(plant: Plant, needed: float, **times: float | None) -> StagedStock:
    """A position with these moments, in hours from now; the demand that it is for among them."""
    lot = plant.lot(10)
    plant.stage(plant.order((lot.material, 10), needed_at=at(needed)), lot)
    row = StagedStock.objects.get(lot=lot)
    for name, hours in times.items():
        setattr(row, name, None if hours is None else at(hours))
    row.rings_at = min(filter(None, (row.warn_at, row.due_at)), default=None)
    row.save()
    return row


def found(ahead: Ahead) -> list[tuple[Any, str, float]]:
    rows = ahead.positions().order_by("rings_at", "pk")
    return [(row.pk, row.reason, (row.at - timezone.now()) / HOUR) for row in rows]


def test_each_rule(plant: Plant, ahead: Asking) -> None:
    expected = [
        (staged(plant, 20, warn_at=1, due_at=9).pk, Stale.WARNS_FIRST, 1),
        (staged(plant, 20, warn_at=2, due_at=6).pk, Stale.CRITICAL_FIRST, 6),
        (staged(plant, 5, warn_at=3, due_at=6).pk, Stale.WARNS_FIRST, 3),  # then it is taken
        (staged(plant, -1, warn_at=4).pk, Stale.WARNS_OVERDUE, 4),
        (staged(plant, -1, due_at=5).pk, Stale.CRITICAL_OVERDUE, 5),
        (staged(plant, 6, due_at=6).pk, Stale.CRITICAL_FIRST, 6),  # at the same moment
        (staged(plant, 9, due_at=8).pk, Stale.CRITICAL_FIRST, 8),
    ]
    for taken, times in (
        (2, {"warn_at": 3, "due_at": 4}), (20, {"due_at": 8.01}), (20, {"warn_at": -2}),
        (20, {"warn_at": None, "due_at": None}), (20, {"due_at": 0}),
    ):  # fmt: skip
        staged(plant, taken, **times)
    assert found(ahead()) == expected


def test_what_has_warned_already_and_the_clock_has_seen(plant: Plant, ahead: Asking) -> None:
    row = staged(plant, 20, warn_at=-1, due_at=2)
    seen = staged(plant, 20, warn_at=-1, due_at=3)
    StagedStock.objects.filter(pk=seen.pk).update(rings_at=at(3))  # as the sweep leaves it
    assert [(pk, hours) for pk, _reason, hours in found(ahead())] == [(row.pk, 2), (seen.pk, 3)]


def test_by_policy_it_is_what_the_clock_then_flags(
    plant: Plant, ahead: Asking, in_force: Policies
) -> None:
    in_force({"note": "Line", "warn_after": 2, "critical_after": 4})
    lot = plant.lot(10)
    plant.stage(plant.order((lot.material, 10), needed_at=at(3)), lot)
    [(_pk, reason, hours)] = found(ahead())
    assert (reason, hours) == (Stale.WARNS_FIRST, 2)


def test_against_a_simulation_minute_by_minute(plant: Plant, ahead: Asking) -> None:
    """Walks through the horizon: what is there rings, unless its demand has taken it before."""
    random = Random(8)
    rows: dict[Any, tuple[float, float, float]] = {}
    for _n in range(40):
        needed, warn = random.uniform(-4, 12), random.uniform(-4, 12)
        due = warn + random.uniform(0.1, 6)
        needed, warn, due = (round(hours * 60) / 60 for hours in (needed, warn, due))
        rows[staged(plant, needed, warn_at=warn, due_at=due).pk] = (needed, warn, due)
    simulated: dict[Any, str] = {}
    for minute in range(1, HORIZON * 60 + 1):
        for pk, moments in rows.items():
            needed, warn, due = (round(hours * 60) for hours in moments)
            if 0 < needed < minute:
                continue  # taken
            late = needed <= 0
            if minute == due:
                simulated[pk] = Stale.CRITICAL_OVERDUE if late else Stale.CRITICAL_FIRST
            elif minute == warn:
                simulated[pk] = Stale.WARNS_OVERDUE if late else Stale.WARNS_FIRST
    assert len(simulated) > 10
    assert {pk: reason for pk, reason, _hours in found(ahead())} == simulated


def test_other_sites_are_not_told_and_statements_stay_the_same(
    plant: Plant, ahead: Asking, api_as: Any
) -> None:
    other = Plant()
    staged(other, 20, due_at=1)
    api = api_as("operator")

    def read() -> tuple[int, int]:
        answers: list[Any] = []
        asked = statements(
            lambda: answers.append(api.read("ahead/positions/", site=plant.site.code))
        )
        [answer] = answers
        assert answer.status_code == 200, answer.json()
        return len(answer.json()["results"]), len(asked)

    staged(plant, 20, due_at=1)
    read()
    first = read()
    for hours in range(2, 6):
        staged(plant, 20, due_at=hours)
    assert first[0] == 1
    listed, asked = read()
    assert listed == 5
    assert asked <= first[1]  # no more than for one
    assert first[1] <= 7
    page = api.read("ahead/positions/", site=plant.site.code, page_size=2).json()
    seen = [row["at"] for row in page["results"]]
    while page["next"]:
        page = api.get(page["next"]).json()
        seen += [row["at"] for row in page["results"]]
    assert seen == sorted(seen)
    assert len(seen) == 5
    assert timedelta(hours=1) == at(1) - timezone.now()
