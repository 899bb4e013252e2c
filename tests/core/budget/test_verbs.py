"""A verb costs the same SQL statements for a thousand lines as for one."""

import pytest
from django.db import connection
from django.utils import timezone

from inventory.verbs import REGISTRY
from staging.alerting import clock
from tests.core.budget import of_quality, of_staging, of_stock
from tests.core.budget.counting import cost, statements
from tests.core.budget.setting import staged
from tests.plant import Plant

SCENES = of_stock.SCENES | of_quality.SCENES | of_staging.SCENES

STATEMENTS = {
    "receive": 10,
    "receive: units and containers": 11,
    "put_away": 8,
    "put_away: containers": 9,
    "move": 8,
    "adjust": 9,
    "sample": 9,
    "scrap": 9,
    "send_back": 9,
    "new_container": 5,
    "number_container": 12,
    "pack": 9,
    "unpack": 9,
    "move_container": 11,
    "place_hold": 9,
    "place_hold: containers": 11,
    "place_hold: locations": 11,
    "place_hold: materials": 9,
    "place_hold: a full lane": 12,
    "place_hold: reserved": 16,
    "lift_hold": 9,
    "record_inspection": 7,
    "record_inspection: one lot": 7,
    "record_inspection: by plan": 11,
    "record_inspection: lots by plan": 11,
    "dispose_inspection": 8,
    "release": 16,
    "release: inspected by plan": 17,
    "release: parts of inspected lots": 18,
    "restrict": 16,
    "reject": 15,
    "reopen": 15,
    "close_lot": 16,
    "release: by two people": 14,
    "countersign": 18,
    "withdraw_proposal": 6,
    "split_lot": 16,
    "split_lot: on hold and restricted": 18,
    "merge_lots": 13,
    "stage": 15,
    "stage: from the cold": 16,
    "stage: a demand a line": 15,
    "stage: reserved containers": 16,
    "assign": 15,
    "unstage": 11,
    "transfer": 13,
    "borrow": 14,
    "allocate": 10,
    "allocate: first expired first out": 13,
    "allocate: one demand, many lots": 13,
    "deallocate": 9,
    "issue": 11,
    "consume": 13,
    "consume: after output": 14,
    "produce": 14,
    "produce: for the next step": 28,
    "return_remainder": 11,
    "load": 12,
    "unload": 13,
    "ship": 12,
    "create_demand": 8,
    "change_demand": 10,
    "change_demand: reconciled": 20,
    "cancel_demand": 12,
    "complete_demand": 12,
    "acknowledge": 7,
    "snooze": 8,
    "wake": 7,
    "assign_alert": 9,
    "reverse": 12,
    "reverse: splits": 15,
    "reverse: staging": 16,
    "reverse: unstaging": 18,
}
"""What each costs on PostgreSQL, from the idempotency key to the stored answer. One more is a
regression; one fewer belongs into this table."""

MANY = (
    "receive",
    "put_away: containers",
    "place_hold",
    "release: inspected by plan",
    "stage",
    "allocate: first expired first out",
    "produce: for the next step",
    "create_demand",
    "change_demand",
    "reverse: unstaging",
)
"""Verbs of every shape, which are tried with a thousand lines as well."""


def lines_cost(name: str, count: int) -> list[str]:
    plant = Plant()
    return cost(name.split(":")[0], SCENES[name](plant, count), plant.qa)


def test_every_verb_has_a_scene() -> None:
    assert {name.split(":")[0] for name in SCENES} == set(REGISTRY)
    assert set(STATEMENTS) == set(SCENES)


@pytest.mark.parametrize("name", SCENES)
def test_costs_the_same_for_one_line_and_for_fifty(db: None, name: str) -> None:
    lines_cost(name, 1)  # what a process reads once, such as the rules in force
    one, fifty = lines_cost(name, 1), lines_cost(name, 50)
    assert len(fifty) == len(one), "\n".join(fifty)
    if connection.vendor == "postgresql":
        assert len(one) == STATEMENTS[name], "\n".join(one)


@pytest.mark.postgres
@pytest.mark.parametrize("name", MANY)
def test_costs_the_same_for_a_thousand_lines(db: None, name: str) -> None:
    lines_cost(name, 1)
    assert len(lines_cost(name, 1000)) == STATEMENTS[name]


def sweep_cost(count: int) -> int:
    plant = Plant()
    lots, _demand = staged(plant, count)
    plant.hold(material=lots[0].material)
    return len(statements(lambda: clock.sweep(by=plant.operator, at=timezone.now())))


def test_a_sweep_costs_the_same_for_one_position_and_for_fifty(db: None) -> None:
    sweep_cost(1)
    assert sweep_cost(1) == sweep_cost(50)
