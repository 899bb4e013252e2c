"""A demand that needs less, or ends, gives up what it has; nothing of it is lost."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from inventory import actions as stock
from inventory.models import AuditEntry
from staging import actions as staging
from staging import unstaging
from staging.alerting import clock
from staging.models import Alert, Commitment, Demand, StagedStock, UnstageTask
from tests.core.refusal import refused
from tests.plant import Plant
from tests.standing import built_once

D = Decimal


def need(demand: Demand, quantity: Any, **more: Any) -> staging.DemandChange:
    material = demand.requirements.get().material
    needs = (staging.Need(material=material, quantity=D(quantity)),)
    given = {"reconcile": True, "reason": "ERP", "requirements": needs} | more
    return staging.DemandChange(demand=demand, **given)


def change(plant: Plant, *lines: staging.DemandChange) -> Any:
    return plant.do(staging.change_demand, *lines)


def sweep(plant: Plant) -> None:
    clock.sweep(by=plant.operator, at=timezone.now())


def left() -> list[tuple[str, str, Decimal]]:
    rows = UnstageTask.objects.open().select_related("requirement__demand", "lot")
    return [(row.requirement.demand.reference, row.lot.code, row.left) for row in rows]


@built_once
def two_lots(plant: Plant) -> Any:
    """An order for 100, with 40 of the sooner and 30 of the later lot staged, 30 reserved."""
    material = plant.material()
    later = plant.lot(60, material=material, expires_in=300)
    sooner = plant.lot(40, material=material, expires_in=100)
    order = plant.order((material, 100))
    plant.stage(order, sooner)
    plant.stage(order, later, quantity=30)
    plant.do(staging.allocate, staging.AllocationLine(demand=order))
    return order, sooner, later


def test_less_frees_reservations_first_then_what_expires_last(plant: Plant, two_lots: Any) -> None:
    order, sooner, later = two_lots
    changed = change(plant, need(order, 50))
    told = changed.told[order.pk]
    assert [(row["lot"], row["quantity"]) for row in told.deallocated] == [(later.code, "30")]
    assert [(row["lot"], row["quantity"]) for row in told.to_unstage] == [(later.code, "20")]
    staged = dict(StagedStock.objects.values_list("lot__code", "quantity"))
    assert staged == {sooner.code: 40, later.code: 10}
    assert left() == [(order.reference, later.code, D(20))]
    assert any(later.code in words for words in changed.warnings)
    entry = AuditEntry.objects.get(action="staging.change_demand")
    assert entry.facts["to_unstage"] == told.to_unstage
    call_command("check_ledger")


def test_without_reconcile_less_than_committed_is_refused(plant: Plant, two_lots: Any) -> None:
    with refused("below_committed"):
        change(plant, need(two_lots[0], 50, reconcile=False))


@pytest.mark.parametrize("door", ["put_away", "assign", "scrap"])
def test_the_list_counts_down_whatever_door_it_leaves_by(
    plant: Plant, two_lots: Any, door: str
) -> None:
    order, _sooner, later = two_lots
    change(plant, need(order, 50))
    other = plant.order((later.material, 20))
    for quantity, remains in ((D(5), [D(15)]), (D(15), [])):
        lines: dict[str, Any] = {
            "put_away": stock.Move(lot=later, source=plant.l1, target=plant.a2, quantity=quantity),
            "assign": staging.Assignment(demand=other, lot=later, lane=plant.l1, quantity=quantity),
            "scrap": stock.Removal(lot=later, source=plant.l1, quantity=quantity, reason="x"),
        }
        plant.do({"assign": staging.assign}.get(door) or getattr(stock, door), lines[door])
        assert [row[2] for row in left()] == remains
        assert [row.unbound for row in unstaging.unstage_list()] == remains  # type: ignore[attr-defined]
    sweep(plant)
    assert UnstageTask.objects.get().done_at
    call_command("check_ledger")


def test_what_comes_to_stand_there_later_is_not_taken_for_it(plant: Plant, two_lots: Any) -> None:
    order, _sooner, later = two_lots
    change(plant, need(order, 50))
    away = stock.Move(lot=later, source=plant.l1, target=plant.a2)
    plant.do(stock.put_away, away)
    sweep(plant)
    plant.do(staging.unstage, staging.Unstaging(lot=later, target=plant.l1))
    assert left() == []
    assert [row.unbound for row in unstaging.unstage_list()] == [10]  # type: ignore[attr-defined]


def test_of_two_demands_the_older_leftover_goes_first(plant: Plant) -> None:
    lot = plant.lot(100)
    first, second = plant.order((lot.material, 40)), plant.order((lot.material, 40))
    for order in (first, second):
        plant.stage(order, lot, quantity=40)
    change(plant, need(first, 10), need(second, 20))
    assert left() == [("D1", lot.code, D(30)), ("D2", lot.code, D(20))]
    plant.do(stock.put_away, stock.Move(lot=lot, source=plant.l1, target=plant.a1, quantity=D(35)))
    assert left() == [("D2", lot.code, D(15))]


@pytest.mark.parametrize("why", ["cancelled", "completed"])
def test_an_end_leaves_a_task_too(plant: Plant, two_lots: Any, why: str) -> None:
    order, sooner, later = two_lots
    verb = staging.cancel_demand if why == "cancelled" else staging.complete_demand
    line = staging.Cancellation if why == "cancelled" else staging.DemandEnd
    plant.do(verb, line(demand=order, reason="ERP"))
    assert {row[1:] for row in left()} == {(sooner.code, D(40)), (later.code, D(30))}
    assert set(UnstageTask.objects.values_list("why", flat=True)) == {why}
    sweep(plant)
    reason = "demand_cancelled" if why == "cancelled" else "demand_reduced"
    assert set(Alert.objects.open().values_list("reason", flat=True)) == {reason}
    call_command("check_ledger")


def issued(plant: Plant) -> tuple[Demand, Any]:
    lot = plant.lot(100)
    order = plant.order((lot.material, 100))
    plant.stage(order, lot, quantity=60)
    plant.do(staging.issue, staging.Issue(lot=lot, quantity=D(50)))
    plant.do(staging.consume, staging.Consumption(lot=lot, quantity=D(20)))
    return order, lot


def test_what_has_gone_on_is_told_and_comes_back(plant: Plant) -> None:
    order, lot = issued(plant)
    told = change(plant, need(order, 30)).told[order.pk]
    assert [row["quantity"] for row in told.to_unstage] == ["10"]
    assert [row["quantity"] for row in told.to_return] == ["20"]
    call_command("check_ledger")
    with refused("more_than_required"):
        plant.stage(order, lot, quantity=1)
    plant.do(staging.return_remainder, staging.Remainder(lot=lot, target=plant.a1, quantity=D(20)))
    assert Commitment.objects.get(state="issued").quantity == 10
    call_command("check_ledger")


def test_a_started_demand_is_cancelled_as_far_as_it_can_be(plant: Plant) -> None:
    order, lot = issued(plant)
    with refused("demand_started"):
        plant.do(staging.cancel_demand, staging.Cancellation(demand=order, reason="ERP"))
    line = staging.Cancellation(demand=order, reason="ERP", reconcile=True)
    told = plant.do(staging.cancel_demand, line).told[order.pk]
    assert [row["quantity"] for row in told.to_return] == ["30"]
    order = Demand.objects.with_state().get()
    assert (order.closed_at, order.state) == (None, "started")  # type: ignore[attr-defined]
    assert order.requirements.get().quantity == 20
    call_command("check_ledger")
    plant.do(staging.return_remainder, staging.Remainder(lot=lot, target=plant.a1))
    plant.do(staging.cancel_demand, line)
    order.refresh_from_db()
    assert (order.closed_at is not None, order.cancelled) == (True, False)
    call_command("check_ledger")


def test_another_time_or_way_is_flagged_where_the_stock_stands(plant: Plant) -> None:
    lot = plant.lot(100)
    truck = plant.shipment((lot.material, 50), route="NORTH")
    plant.stage(truck, lot, lane=plant.dock)
    later = truck.needed_at + timedelta(hours=6)
    line = staging.DemandChange(demand=truck, reason="ERP", needed_at=later, route="SOUTH")
    told = change(plant, line).told[truck.pk]
    assert set(told.flagged) == {"demand_retimed", "demand_rerouted"}
    rerouted = Alert.objects.get(reason="demand_rerouted")
    assert (rerouted.detail, rerouted.location) == ("NORTH → SOUTH", plant.dock)
    again = staging.DemandChange(demand=truck, reason="ERP", route="NORTH", carrier="ACME")
    change(plant, again)
    assert Alert.objects.open().get(reason="demand_rerouted").detail == "NORTH → NORTH · ACME"
    sweep(plant)
    assert Alert.objects.open().filter(reason="demand_rerouted").exists()
    plant.do(staging.unstage, staging.Unstaging(lot=lot, target=plant.a1))
    sweep(plant)
    changes = ("demand_retimed", "demand_rerouted")
    assert not Alert.objects.open().filter(reason__in=changes).exists()


def test_what_is_only_reserved_is_not_flagged(plant: Plant) -> None:
    lot = plant.lot(100)
    order = plant.order((lot.material, 50))
    plant.do(staging.allocate, staging.AllocationLine(demand=order))
    change(plant, staging.DemandChange(demand=order, reason="ERP", needed_at=plant.now))
    assert not Alert.objects.exists()


def test_another_work_centre_is_one(plant: Plant) -> None:
    order = plant.order((plant.material(), 1))
    with refused("wrong_location_kind"):
        change(plant, staging.DemandChange(demand=order, reason="ERP", work_center=plant.l1))
    other = plant._place("WC2", kind="work_center")
    change(plant, staging.DemandChange(demand=order, reason="ERP", work_center=other))
    order.refresh_from_db()
    assert order.work_center == other
