"""Statements do not grow with the lines of a request."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inventory import actions as stock
from inventory.models import Container, Lot
from quality import actions as quality
from quality.models import Hold, Meaning
from staging import actions as staging
from staging import clock
from staging.models import Demand
from tests.plant import Plant

D = Decimal
AROUND = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT")


def statements(act: Callable[[], Any]) -> int:
    """How many SQL statements it takes, the transaction's own beginning and end left out."""
    with CaptureQueriesContext(connection) as caught:
        act()
    return sum(not query["sql"].startswith(AROUND) for query in caught.captured_queries)


def lots_of(plant: Plant, count: int, **kwargs: Any) -> list[Lot]:
    material = kwargs.pop("material", None) or plant.material(**kwargs)
    start = Lot.objects.count()
    receipts = [
        stock.Receipt(material=material, number=f"N{start + n}", quantity=D(10), location=plant.a1)
        for n in range(count)
    ]
    plant.do(stock.receive, *receipts)
    return list(Lot.objects.filter(material=material))


def prepared(plant: Plant, count: int) -> tuple[list[Lot], Demand]:
    lots = lots_of(plant, count, initial_status="released")
    return lots, plant.shipment((lots[0].material, 10 * count))


def stagings(plant: Plant, lots: list[Lot], demand: Demand) -> list[staging.Staging]:
    return [staging.Staging(demand=demand, lot=lot, lane=plant.dock) for lot in lots]


def count_stage(plant: Plant, count: int) -> int:
    lots, demand = prepared(plant, count)
    lines = stagings(plant, lots, demand)
    return statements(lambda: plant.do(staging.stage, *lines))


def count_stage_containers(plant: Plant, count: int) -> int:
    """Whole containers of restricted lots, reserved before: all that a staging can meet."""
    lots = lots_of(plant, count)
    demand = plant.shipment((lots[0].material, 10 * count))
    names = [f"C-{lot.pk}" for lot in lots]
    plant.do(stock.new_container, *[stock.NewContainer(code=n, location=plant.a1) for n in names])
    containers = Container.objects.filter(code__in=names).order_by("pk")
    packs = [stock.Pack(lot=x, container=c) for x, c in zip(lots, containers, strict=True)]
    plant.do(stock.pack, *packs)
    restrictions = [
        quality.Restriction(
            lot=lot, references=(demand.reference,), meaning=Meaning.APPROVAL, reason="ok",
            password="secret",
        )
        for lot in lots
    ]  # fmt: skip
    plant.do(quality.restrict, *restrictions, by=plant.qa)
    lines = stagings(plant, lots, demand)
    cost = statements(lambda: plant.do(staging.stage, *lines))
    assert Container.objects.filter(code__in=names, location=plant.dock).count() == count
    return cost


def count_after_staging(verb: str, line: Callable[[Plant, Lot, Demand], Any]) -> Any:
    def count_verb(plant: Plant, count: int) -> int:
        lots, demand = prepared(plant, count)
        if verb == "issue":
            demand = plant.order((lots[0].material, 10 * count))
        plant.do(staging.stage, *stagings(plant, lots, demand))
        lines = [line(plant, lot, demand) for lot in lots]
        return statements(lambda: plant.do(getattr(staging, verb), *lines))

    return count_verb


def count_receive(plant: Plant, count: int) -> int:
    material = plant.material()
    lines = [
        stock.Receipt(material=material, number=f"R{n}", quantity=D(1), location=plant.a1)
        for n in range(count)
    ]
    return statements(lambda: plant.do(stock.receive, *lines))


def count_put_away(plant: Plant, count: int) -> int:
    lines = [stock.Move(lot=lot, target=plant.a2) for lot in lots_of(plant, count)]
    return statements(lambda: plant.do(stock.put_away, *lines))


def count_hold_on_lane(plant: Plant, count: int) -> int:
    """A hold on a lane with many lots in it."""
    lots, demand = prepared(plant, count)
    plant.do(staging.stage, *stagings(plant, lots, demand))
    cost = statements(lambda: plant.hold(location=plant.dock))
    Hold.objects.update(lifted_at=plant.now, lifted_by=plant.qa.user)
    return cost


def count_sweep(plant: Plant, count: int) -> int:
    lots, demand = prepared(plant, count)
    plant.do(staging.stage, *stagings(plant, lots, demand))
    plant.hold(material=lots[0].material)
    return statements(lambda: clock.sweep(by=plant.operator, at=timezone.now()))


COSTS: dict[str, tuple[Callable[[Plant, int], int], int]] = {
    "stage": (count_stage, 12),
    "stage containers": (count_stage_containers, 12),
    "unstage": (
        count_after_staging(
            "unstage", lambda plant, lot, demand: staging.Unstaging(lot=lot, target=plant.a1)
        ),
        12,
    ),
    "transfer": (
        count_after_staging(
            "transfer", lambda plant, lot, demand: staging.Transfer(lot=lot, target=plant.l1)
        ),
        12,
    ),
    "issue": (count_after_staging("issue", lambda plant, lot, d: staging.Issue(lot=lot)), 12),
    "load": (
        count_after_staging(
            "load", lambda plant, lot, demand: staging.Loading(lot=lot, vehicle=plant.truck)
        ),
        12,
    ),
    "ship": (
        count_after_staging(
            "ship", lambda plant, lot, demand: staging.Shipping(lot=lot, demand=demand)
        ),
        12,
    ),
    "receive": (count_receive, 10),
    "put_away": (count_put_away, 8),
    "hold on a lane": (count_hold_on_lane, 8),
    "sweep": (count_sweep, 12),
}


@pytest.mark.parametrize("name", COSTS)
def test_costs_the_same_for_one_line_and_for_fifty(plant: Plant, name: str) -> None:
    count, budget = COSTS[name]
    count(plant, 1)  # what a process reads once, such as the rules in force
    one, fifty = count(plant, 1), count(plant, 50)
    # SQLite takes so many values in a statement; a long insert may need a second one there.
    assert one <= fifty <= one + (connection.vendor == "sqlite")
    assert fifty <= budget


@pytest.mark.postgres
def test_staging_two_hundred_lines_costs_no_more(plant: Plant) -> None:
    count_stage(plant, 1)
    assert count_stage(plant, 200) <= 12
