"""The clock: each alert is raised once, goes when its cause goes, and comes back with it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.utils import timezone

from inventory import actions as stock
from inventory.models import AuditEntry, Location
from staging import actions as staging
from staging.alerting import clock
from staging.models import Alert, StagedStock
from tests.core.budget.counting import statements
from tests.core.refusal import refused
from tests.plant import Plant

D = Decimal
NOON = datetime.fromisoformat("2026-05-20T12:00:00+00:00")
HOUR = timedelta(hours=1)


@pytest.fixture
def travel() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture(autouse=True)
def _at_noon(travel: time_machine.Traveller) -> None:
    """The plant's own clock starts at noon, before the plant is built."""


def sweep(plant: Plant) -> tuple[int, int]:
    counts = clock.sweep(by=plant.operator, at=timezone.now())
    assert clock.sweep(by=plant.operator, at=timezone.now()) == {"raised": 0, "closed": 0}
    return counts["raised"] + counts.get("reopened", 0), counts["closed"]


def open_alerts() -> list[str]:
    return list(Alert.objects.open().order_by("pk").values_list("reason", flat=True))


def limit(place: Location, hours: int) -> None:
    Location.objects.filter(pk=place.pk).update(dwell_limit=hours * HOUR)


@pytest.mark.parametrize(
    ("lane", "material", "due"), [(4, None, 4), (None, 3, 3), (4, 3, 3), (2, 3, 2), (None, None, 0)]
)
def test_the_shorter_dwell_limit_counts(
    plant: Plant, travel: time_machine.Traveller, lane: int | None, material: int | None, due: int
) -> None:
    if lane:
        limit(plant.l1, lane)
    lot = plant.lot(10, material=plant.material(dwell_limit=material * HOUR if material else None))
    plant.stage(plant.order((lot.material, 10), needed_at=NOON + 99 * HOUR), lot)
    travel.move_to(NOON + due * HOUR * 4 / 5 - timedelta(seconds=1))
    assert sweep(plant) == (0, 0)
    travel.move_to(NOON + due * HOUR - timedelta(seconds=1))
    assert sweep(plant) == ((1, 0) if due else (0, 0))
    travel.shift(2)
    assert sweep(plant) == ((1, 1) if due else (0, 0))
    assert open_alerts() == (["dwell_critical"] if due else [])
    travel.shift(HOUR)
    assert sweep(plant) == (0, 0)


def test_a_transfer_keeps_the_clock(plant: Plant, travel: time_machine.Traveller) -> None:
    limit(plant.l1, 4)
    limit(plant.l2, 6)
    lot = plant.lot(10)
    plant.stage(plant.order((lot.material, 10), needed_at=NOON + 99 * HOUR), lot)
    travel.shift(3 * HOUR)
    moved = plant.do(staging.transfer, staging.Transfer(lot=lot, target=plant.l2)).movements[0]
    row = StagedStock.objects.get()
    assert (row.since, row.due_at) == (NOON, NOON + 6 * HOUR)
    travel.shift(2 * HOUR)
    assert sweep(plant) == (1, 0)
    travel.shift(2 * HOUR)
    assert sweep(plant) == (1, 1)
    plant.do(staging.reverse, stock.Reversal(movement=moved, reason="back"))
    assert StagedStock.objects.get().since == NOON
    assert sweep(plant) == (1, 1)


def test_dwell_alert_goes_and_comes_back(plant: Plant, travel: time_machine.Traveller) -> None:
    limit(plant.l1, 4)
    lot = plant.lot(10)
    order = plant.order((lot.material, 10), needed_at=NOON + 99 * HOUR)
    for _round in range(2):
        plant.stage(order, lot)
        travel.shift(5 * HOUR)
        assert sweep(plant) == (1, 0)
        plant.do(staging.unstage, staging.Unstaging(lot=lot, target=plant.a1))
        assert sweep(plant) == (0, 1)
    assert Alert.objects.filter(reason="dwell_critical").count() == 2


def test_overdue_goes_when_the_demand_is_put_off(
    plant: Plant, travel: time_machine.Traveller
) -> None:
    lot = plant.lot(10)
    order = plant.order((lot.material, 10), needed_at=NOON + HOUR)
    plant.stage(order, lot)
    travel.shift(HOUR)
    assert sweep(plant) == (1, 0)
    assert open_alerts() == ["next_step_overdue"]
    later = staging.DemandChange(demand=order, reason="delay", needed_at=NOON + 3 * HOUR)
    plant.do(staging.change_demand, later)
    assert sweep(plant) == (0, 1)
    travel.shift(2 * HOUR)
    assert sweep(plant) == (1, 1)
    plant.do(staging.issue, staging.Issue(lot=lot))
    assert sweep(plant) == (0, 1)
    assert [alert.reason for alert in Alert.objects.order_by("pk")] == [
        "next_step_overdue", "demand_retimed", "next_step_overdue",
    ]  # fmt: skip


def test_what_is_on_hold_is_alerted_of(plant: Plant) -> None:
    lot = plant.lot(10)
    plant.stage(plant.order((lot.material, 10)), lot)
    for _round in range(2):
        hold = plant.hold(lot=lot)
        assert sweep(plant) == (1, 0)
        assert Alert.objects.open().get().detail == "lot_on_hold"
        plant.lift(hold)
        assert sweep(plant) == (0, 1)
    assert Alert.objects.get().times == 2


def test_expiry_counts_from_midnight(plant: Plant, travel: time_machine.Traveller) -> None:
    lot = plant.lot(10, expires_in=1)
    plant.stage(plant.order((lot.material, 10), needed_at=NOON + 99 * HOUR), lot)
    travel.move_to(datetime.fromisoformat("2026-05-21T23:59:59+00:00"))
    assert sweep(plant) == (0, 0)
    travel.shift(1)
    assert sweep(plant) == (1, 0)
    assert Alert.objects.get().detail == "lot_expired"
    with refused("lot_expired"):
        plant.do(staging.issue, staging.Issue(lot=lot))


def test_what_no_demand_wants_any_more(plant: Plant) -> None:
    lot = plant.lot(10)
    order = plant.order((lot.material, 10))
    plant.stage(order, lot)
    plant.do(staging.cancel_demand, staging.DemandEnd(demand=order, reason="gone"))
    assert sweep(plant) == (1, 0)
    assert open_alerts() == ["demand_cancelled"]
    assignment = staging.Assignment(
        demand=plant.order((lot.material, 6)), lot=lot, lane=plant.l1, quantity=D(6)
    )
    plant.do(staging.assign, assignment)
    assert sweep(plant) == (0, 0)
    plant.do(stock.move, stock.Move(lot=lot, target=plant.a1))
    assert sweep(plant) == (0, 1)


def test_an_acknowledged_alert_still_closes_by_itself(plant: Plant) -> None:
    lot = plant.lot(10)
    plant.stage(plant.order((lot.material, 10)), lot)
    hold = plant.hold(lot=lot)
    sweep(plant)
    line = staging.Acknowledgement(alert=Alert.objects.get(), reason="QA is at it")
    plant.do(staging.acknowledge, line)
    with refused("alert_acknowledged"):
        plant.do(staging.acknowledge, line)
    assert sweep(plant) == (0, 0)
    plant.lift(hold)
    assert sweep(plant) == (0, 1)
    with refused("alert_closed"):
        plant.do(staging.acknowledge, line)


def test_a_sweep_writes_only_what_came_due(plant: Plant, travel: time_machine.Traveller) -> None:
    limit(plant.l1, 4)
    lots = [plant.lot(10) for _ in range(6)]
    orders = [plant.order((lot.material, 10), needed_at=NOON + 99 * HOUR) for lot in lots]
    for order, lot in zip(orders[:4], lots[:4], strict=True):
        plant.stage(order, lot)
    travel.shift(4 * HOUR)
    plant.stage(orders[4], lots[4])
    assert sweep(plant) == (4, 0)
    assert StagedStock.objects.filter(rings_at=None).count() == 4
    entries = AuditEntry.objects.filter(action="staging.sweep")
    assert [entry.facts["raised"] for entry in entries] == [4]
    idle = len(statements(lambda: clock.sweep(by=plant.operator, at=timezone.now())))
    plant.stage(orders[5], lots[5])
    assert len(statements(lambda: clock.sweep(by=plant.operator, at=timezone.now()))) == idle
