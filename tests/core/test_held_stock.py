"""A hold breaks reservations and has staged stock pulled, in its own transaction."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from inventory import actions as stock
from inventory.models import AuditEntry, Container
from quality import actions as quality
from quality.models import Hold
from staging import actions as staging
from staging.alerting import clock
from staging.models import Alert, Allocation, Commitment, PullTask, StagedStock
from staging.models.alerts import AlertQuerySet
from tests.core.refusal import refused
from tests.plant import Plant

D = Decimal


def allocated(plant: Plant, lot: Any, quantity: int = 4) -> Any:
    order = plant.order((lot.material, quantity))
    plant.do(staging.allocate, staging.AllocationLine(demand=order, lot=lot))
    return order


def place(plant: Plant, **target: Any) -> Any:
    return plant.do(quality.place_hold, quality.NewHold(reason="suspect", **target), by=plant.qa)


def sweep(plant: Plant, **how: Any) -> None:
    clock.sweep(by=plant.operator, at=timezone.now(), **how)


def boxed(plant: Plant, **receipt: Any) -> tuple[Any, Container]:
    """A lot in a crate on a pallet."""
    lot = plant.lot(10, **receipt)
    plant.do(stock.new_container, *[
        stock.NewContainer(code=code, location=plant.a1) for code in ("PALLET", "CRATE")
    ])  # fmt: skip
    pallet, crate = Container.objects.order_by("pk")
    plant.do(stock.pack, stock.Pack(lot=lot, container=crate))
    Container.objects.filter(pk=crate.pk).update(parent=pallet)
    return lot, pallet


def lost() -> AlertQuerySet:
    """Alerts about reservations: what is short then has one of its own."""
    return Alert.objects.filter(reason="reservation_lost")


def lost_one() -> Alert:
    return lost().get()


TARGETS: dict[str, Any] = {
    "lot": lambda p, lot, box: {"lot": lot},
    "material": lambda p, lot, box: {"material": lot.material},
    "supplier lot": lambda p, lot, box: {"supplier_lot": " SUP-1 "},
    "container": lambda p, lot, box: {"container": box},
    "place": lambda p, lot, box: {"location": p.a1},
}


@pytest.mark.parametrize("target", TARGETS)
def test_reservations_are_broken_and_their_demands_told(plant: Plant, target: str) -> None:
    lot, box = boxed(plant, supplier_lot="SUP-1")
    other = plant.lot(10, at=plant.a2)
    order, untouched = allocated(plant, lot), allocated(plant, other)
    placed = place(plant, **TARGETS[target](plant, lot, box))
    alert = lost_one()
    balance = lot.balances.get(quantity__gt=0)
    assert (balance.reserved, balance.free) == (0, 10)
    assert alert.demand == order
    assert alert.detail == f"4 {lot.material.base_unit_id}, hold {placed[0].pk}"
    assert alert.commitment is not None
    assert alert.commitment.requirement.demand == order
    assert order.reference in placed.warnings[0]
    entry = AuditEntry.objects.get(action="staging.break_reservation")
    assert (entry.subject, entry.batch, entry.reason) == (str(order), placed[0].batch, "suspect")
    assert Allocation.objects.get().requirement.demand == untouched
    call_command("check_ledger")


def test_nothing_is_reserved_again_when_the_hold_is_lifted(plant: Plant) -> None:
    lot = plant.lot(10)
    order = allocated(plant, lot)
    [hold] = place(plant, lot=lot)
    plant.lift(hold)
    sweep(plant)
    assert not Allocation.objects.exists()
    assert lost_one().closed_at is None
    plant.do(staging.allocate, staging.AllocationLine(demand=order))
    sweep(plant)
    assert lost_one().closed_at is not None


def test_the_alert_closes_with_its_demand(plant: Plant) -> None:
    lot = plant.lot(10)
    order = allocated(plant, lot)
    place(plant, lot=lot)
    plant.do(staging.cancel_demand, staging.DemandEnd(demand=order, reason="off"))
    sweep(plant)
    assert not lost().open().exists()


@pytest.mark.parametrize("target", ["lot", "material", "supplier lot", "container", "lane"])
def test_staged_stock_is_asked_to_be_pulled_at_once(plant: Plant, target: str) -> None:
    lot, box = boxed(plant, supplier_lot="SUP-1")
    order = plant.order((lot.material, 10))
    plant.stage(order, lot)
    named = {"location": plant.l1} if target == "lane" else TARGETS[target](plant, lot, box)
    if target == "container":  # it was taken off its pallet
        named = {"container": StagedStock.objects.get().container}
    [hold] = place(plant, **named)
    task = PullTask.objects.open().get()
    assert (task.hold, task.quantity) == (hold, D(10))
    assert task.commitment.requirement.demand == order
    unstaging = staging.Unstaging(lot=lot, target=plant.cage, lane=plant.l1, quantity=D(4))
    plant.do(staging.unstage, unstaging)
    assert PullTask.objects.open().get().commitment.quantity == 6
    plant.do(staging.unstage, staging.Unstaging(lot=lot, target=plant.cage, lane=plant.l1))
    assert not PullTask.objects.open().exists()
    assert PullTask.objects.done().get() == task


def test_each_hold_has_its_own_task_and_lifting_it_ends_it(plant: Plant) -> None:
    lot = plant.lot(10)
    plant.stage(plant.order((lot.material, 10)), lot)
    first, second = place(plant, lot=lot)[0], place(plant, material=lot.material)[0]
    assert PullTask.objects.open().count() == 2
    plant.lift(first)
    assert PullTask.objects.open().get().hold == second
    sweep(plant, thorough=True)
    assert PullTask.objects.count() == 2


def test_one_request_with_several_holds(plant: Plant) -> None:
    lots = [plant.lot(10, supplier_lot="SUP-9") for _ in range(3)]
    for lot in lots:
        plant.stage(plant.order((lot.material, 4)), lot)
    lines = [quality.NewHold(reason=f"because {lot}", lot=lot) for lot in lots]
    lines.append(quality.NewHold(reason="all of it", supplier_lot="SUP-9"))
    holds = plant.do(quality.place_hold, *lines, by=plant.qa)
    tasks = {(task.hold_id, task.commitment.lot_id) for task in PullTask.objects.all()}
    own = {(hold.pk, lot.pk) for hold, lot in zip(holds, lots, strict=False)}
    assert tasks == own | {(holds[3].pk, lot.pk) for lot in lots}


def test_the_sweep_finds_what_comes_back_under_a_hold(plant: Plant) -> None:
    lot = plant.lot(10)
    order = plant.order((lot.material, 10))
    plant.stage(order, lot)
    [issued] = plant.do(staging.issue, staging.Issue(lot=lot, demand=order)).movements
    place(plant, lot=lot)
    assert not PullTask.objects.exists()
    plant.do(staging.reverse, stock.Reversal(movement=issued, reason="not started"))
    sweep(plant)
    assert PullTask.objects.open().get().commitment.lot == lot
    sweep(plant, thorough=True)
    assert PullTask.objects.count() == 1


@pytest.mark.parametrize("thorough", [False, True])
def test_the_sweep_breaks_what_a_hold_has_missed(plant: Plant, thorough: bool) -> None:
    """Reserved of a lot that came under the hold while it was being placed."""
    lot = plant.lot(10)
    order = allocated(plant, lot)
    sweep(plant)
    Hold.objects.create(
        lot=lot, actor=plant.qa.user, surface="api", reason="late", occurred_at=timezone.now(),
        recorded_at=timezone.now(), batch=Commitment.objects.get().pk,
    )  # fmt: skip
    sweep(plant, thorough=thorough)
    assert not Allocation.objects.exists()
    assert lost_one().commitment.requirement.demand == order  # type: ignore[union-attr]
    call_command("check_ledger")


# --- supplier lots --------------------------------------------------------------------------------


def test_a_supplier_lot_stops_what_comes_later_as_well(plant: Plant) -> None:
    first = plant.lot(10, supplier_lot="SUP-1")
    place(plant, supplier_lot="SUP-1")
    later = plant.lot(10, supplier_lot="SUP-1")
    fine = plant.lot(10, supplier_lot="SUP-2")
    for lot in (first, later):
        with refused("lot_on_hold"):
            plant.stage(plant.order((lot.material, 5)), lot)
    plant.stage(plant.order((fine.material, 5)), fine)
    assert StagedStock.objects.get().lot == fine


def test_a_lot_with_a_held_supplier_lot_is_not_merged_away(plant: Plant) -> None:
    material = plant.material()
    held = plant.lot(10, material=material, supplier_lot="SUP-1")
    other = plant.lot(10, material=material)
    place(plant, supplier_lot="SUP-1")
    with refused("lot_on_hold"):
        plant.do(quality.merge_lots, stock.Merge(lot=held, into=other))


@pytest.mark.parametrize("named", [{}, {"supplier_lot": "  "}, {"supplier_lot": "A", "lot": True}])
def test_one_thing_is_named(plant: Plant, named: dict[str, Any]) -> None:
    if "lot" in named:
        named = named | {"lot": plant.lot(1)}
    with refused("hold_target"):
        place(plant, **named)


def test_a_hold_on_a_supplier_lot_is_its_own_subject(plant: Plant) -> None:
    [hold] = place(plant, supplier_lot="SUP-1")
    plant.lift(hold)
    entries = AuditEntry.objects.filter(action__startswith="quality.").order_by("pk")
    assert {(entry.subject_type, entry.subject_id) for entry in entries} == {
        ("quality.hold", str(hold.pk))
    }
    assert str(hold).endswith("SUP-1")
    assert hold.occurred_at < timezone.now() + timedelta(minutes=1)
