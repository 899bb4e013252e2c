"""What happens in a plant, reason by reason: each scene is told step by step.

After each step a scene says whether the alert is to be open then. It begins with what is no cause
yet, and the cause goes and comes back, so that each alert is raised, closed and raised again.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import time_machine

from inventory import actions as stock
from inventory.actions import save_master
from inventory.models import Location, Lot
from staging import actions as staging
from staging.models import Alert, AlertRule, Demand
from tests.plant import Plant

NOON = datetime.fromisoformat("2026-05-20T12:00:00+00:00")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LATER = NOON + 30 * DAY
RAISED, NOTHING = True, False

Scene = Callable[[Plant, time_machine.Traveller], Iterator[bool]]


def staged(plant: Plant, **lot: Any) -> Lot:
    """A lot that is staged whole for an order of a month ahead."""
    found = plant.lot(10, **lot)
    plant.stage(plant.order((found.material, 10), needed_at=LATER), found)
    return found


def change(plant: Plant, demand: Demand, **what: Any) -> None:
    demand.refresh_from_db()
    plant.do(staging.change_demand, staging.DemandChange(demand=demand, reason="said so", **what))


def place(plant: Plant, location: Location, **what: Any) -> None:
    location.refresh_from_db()
    for name, value in what.items():
        setattr(location, name, value)
    save_master(location, by=plant.operator, at=plant.now, reason="said so")


def unstage(plant: Plant, lot: Lot, **what: Any) -> None:
    plant.do(staging.unstage, staging.Unstaging(lot=lot, target=plant.a1, **what))


def move_away(plant: Plant, lot: Lot, lane: Location | None = None) -> None:
    source = lane or plant.l1
    plant.do(stock.move, stock.Move(lot=lot, source=source, target=plant.a1))


def find(plant: Plant, lot: Lot, quantity: int = 10, **where: Any) -> None:
    """Somebody counts what nobody has brought there."""
    count = stock.Count(
        lot=lot, location=plant.l1, quantity=Decimal(quantity), reason="found", **where
    )
    plant.do(stock.adjust, count)


def status(lot: Lot, status: str) -> None:
    Lot.objects.filter(pk=lot.pk).update(status=status)


def lot_on_hold(plant: Plant, hand: time_machine.Traveller) -> Iterator[bool]:
    lot = staged(plant)
    yield NOTHING
    hold = plant.hold(lot=lot)
    yield RAISED
    plant.lift(hold)
    yield NOTHING
    plant.hold(lot=lot)
    yield RAISED


def lot_rejected(plant: Plant, hand: time_machine.Traveller) -> Iterator[bool]:
    lot = staged(plant)
    yield NOTHING
    for _round in range(2):
        status(lot, "rejected")
        yield RAISED
        status(lot, "released")
        yield NOTHING


def not_usable(plant: Plant, hand: time_machine.Traveller) -> Iterator[bool]:
    lot = staged(plant)
    yield NOTHING
    for _round in range(2):
        status(lot, "quarantine")
        yield RAISED
        status(lot, "released")
        yield NOTHING


def lot_expired(plant: Plant, hand: time_machine.Traveller) -> Iterator[bool]:
    lot = staged(plant, expires_in=1)
    hand.move_to(datetime.fromisoformat("2026-05-21T23:59:59+00:00"))
    yield NOTHING
    hand.shift(1)
    yield RAISED
    Lot.objects.filter(pk=lot.pk).update(expires_on=NOON + 3 * DAY)
    yield NOTHING
    hand.shift(3 * DAY)
    yield RAISED


def retest_due(plant: Plant, hand: time_machine.Traveller) -> Iterator[bool]:
    lot = staged(plant)
    Lot.objects.filter(pk=lot.pk).update(retest_on=NOON)
    yield NOTHING
    hand.shift(12 * HOUR)
    yield RAISED
    Lot.objects.filter(pk=lot.pk).update(retest_on=NOON + DAY)
    yield NOTHING
    hand.shift(DAY)
    yield RAISED


def shelf_life_short(plant: Plant, hand: time_machine.Traveller) -> Iterator[bool]:
    material = plant.material(min_remaining_days=5)
    lot = plant.lot(10, material=material, expires_in=6)
    plant.stage(plant.shipment((material, 10), needed_at=LATER), lot, plant.dock)
    hand.shift(DAY)
    yield NOTHING
    hand.shift(DAY)
    yield RAISED
    Lot.objects.filter(pk=lot.pk).update(expires_on=NOON + 8 * DAY)
    yield NOTHING
    hand.shift(2 * DAY)
    yield RAISED


def next_step_overdue(plant: Plant, hand: time_machine.Traveller) -> Iterator[bool]:
    lot = plant.lot(10)
    order = plant.order((lot.material, 10), needed_at=NOON + HOUR)
    plant.stage(order, lot)
    hand.shift(HOUR - timedelta(seconds=1))
    yield NOTHING
    hand.shift(1)
    yield RAISED
    change(plant, order, needed_at=NOON + 3 * HOUR)
    yield NOTHING
    hand.shift(2 * HOUR)
    yield RAISED


def demand_cancelled(plant: Plant, hand: time_machine.Traveller) -> Iterator[bool]:
    lot = plant.lot(10)
    for _round in range(2):
        order = plant.order((lot.material, 10), needed_at=LATER)
        plant.stage(order, lot)
        yield NOTHING
        plant.do(staging.cancel_demand, staging.Cancellation(demand=order, reason="gone"))
        yield RAISED
        move_away(plant, lot)
        yield NOTHING


def demand_reduced(plant: Plant, hand: time_machine.Traveller) -> Iterator[bool]:
    lot = plant.lot(10)
    order = plant.order((lot.material, 10), needed_at=LATER)
    plant.stage(order, lot)
    less = (staging.Need(material=lot.material, quantity=Decimal(6)),)
    yield NOTHING
    change(plant, order, requirements=less, reconcile=True)
    yield RAISED
    assignment = staging.Assignment(
        demand=plant.order((lot.material, 4), needed_at=LATER), lot=lot, lane=plant.l1
    )
    plant.do(staging.assign, assignment)
    yield NOTHING
    plant.do(staging.complete_demand, staging.DemandEnd(demand=order, reason="short"))
    yield RAISED
    assert Alert.objects.open().get().detail_in_words == "Completed short of it"


def without_demand(plant: Plant, hand: time_machine.Traveller) -> Iterator[bool]:
    lot = plant.lot(10)
    yield NOTHING
    for _round in range(2):
        find(plant, lot)
        yield RAISED
        move_away(plant, lot)
        yield NOTHING


def over_staged_packed(plant: Plant, hand: time_machine.Traveller) -> Iterator[bool]:
    """A whole pallet was brought, and the order needs a part of it."""
    lot = plant.lot(10)
    [pallet] = plant.do(stock.new_container, stock.NewContainer(code="PALLET", location=plant.l1))
    find(plant, lot, container=pallet)
    yield NOTHING
    for quantity in (6, 3):
        assignment = staging.Assignment(
            demand=plant.order((lot.material, quantity), needed_at=LATER), lot=lot,
            lane=plant.l1, container=pallet,
        )  # fmt: skip
        plant.do(staging.assign, assignment)
        yield RAISED
    last = staging.Assignment(
        demand=plant.order((lot.material, 1), needed_at=LATER), lot=lot, lane=plant.l1,
        container=pallet,
    )  # fmt: skip
    plant.do(staging.assign, last)
    yield NOTHING


def over_staged(plant: Plant, hand: time_machine.Traveller) -> Iterator[bool]:
    """What was issued came back after the order had been cut down to what it used."""
    lot = plant.lot(10)
    order = plant.order((lot.material, 10), needed_at=LATER)
    plant.stage(order, lot)
    [issued] = plant.do(staging.issue, staging.Issue(lot=lot, lane=plant.l1)).movements
    cancellation = staging.Cancellation(demand=order, reason="gone", reconcile=True)
    plant.do(staging.cancel_demand, cancellation)
    yield NOTHING
    plant.do(staging.reverse, stock.Reversal(movement=issued, reason="not used"))
    yield RAISED
    assert Alert.objects.open().get(reason="over_staged").detail == "10 KGM"
    change(plant, order, requirements=(staging.Need(material=lot.material, quantity=Decimal(12)),))
    yield NOTHING
    Demand.objects.get(pk=order.pk).requirements.update(quantity=4)
    yield RAISED


def demand_retimed(plant: Plant, hand: time_machine.Traveller) -> Iterator[bool]:
    lot = plant.lot(10)
    order = plant.order((lot.material, 10), needed_at=NOON + 2 * DAY)
    plant.stage(order, lot)
    yield NOTHING
    change(plant, order, needed_at=NOON + DAY)
    yield RAISED
    plant.do(
        staging.acknowledge,
        staging.Acknowledgement(alert=Alert.objects.open().get(), reason="seen"),
    )
    yield RAISED
    hand.shift(DAY)
    yield NOTHING
    change(plant, order, needed_at=NOON + 3 * DAY)
    yield RAISED
    change(plant, order, needed_at=NOON + 4 * DAY)
    yield RAISED
    assert Alert.objects.open().get().detail == "2026-05-21 12:00 → 2026-05-24 12:00"
    change(plant, order, needed_at=NOON + DAY)
    yield NOTHING


def demand_rerouted(plant: Plant, hand: time_machine.Traveller) -> Iterator[bool]:
    lot = plant.lot(10)
    order = plant.shipment((lot.material, 10), needed_at=LATER, route="NORTH")
    plant.stage(order, lot, plant.dock)
    yield NOTHING
    change(plant, order, route="SOUTH")
    yield RAISED
    change(plant, order, route="NORTH")
    yield NOTHING
    change(plant, order, route="WEST", carrier="DHL")
    yield RAISED
    plant.do(staging.transfer, staging.Transfer(lot=lot, target=plant.l2))
    yield NOTHING


def wrong_lane(plant: Plant, hand: time_machine.Traveller) -> Iterator[bool]:
    place(plant, plant.dock, routes=" North ; South; north", carriers="")
    lot = plant.lot(10)
    order = plant.shipment((lot.material, 10), needed_at=LATER, route="SOUTH", carrier="DHL")
    plant.stage(order, lot, plant.dock)
    yield NOTHING
    change(plant, order, route="SOUTH-EAST")
    yield RAISED
    assert Alert.objects.open().get(reason="wrong_lane").detail == "SOUTH-EAST · DHL"
    place(plant, plant.dock, routes="South-East")
    yield NOTHING
    place(plant, plant.dock, carriers="UPS;FedEx")
    yield RAISED
    unstage(plant, lot)
    yield NOTHING
    plant.stage(order, lot, plant.dock)
    yield RAISED


def demand_short(plant: Plant, hand: time_machine.Traveller) -> Iterator[bool]:
    lot = plant.lot(10)
    order = plant.order((lot.material, 10), needed_at=NOON + 5 * HOUR)
    plant.stage(order, lot, quantity=7)
    hand.shift(HOUR - timedelta(seconds=1))
    yield NOTHING
    hand.shift(1)
    yield RAISED
    assert Alert.objects.open().get().detail == lot.material.code[:40]
    plant.stage(order, lot, quantity=3)
    yield NOTHING
    unstage(plant, lot, quantity=Decimal(1))
    yield RAISED
    change(plant, order, needed_at=NOON + 6 * HOUR)
    yield NOTHING
    change(plant, order, needed_at=NOON + 4 * HOUR)
    yield RAISED
    plant.do(staging.cancel_demand, staging.Cancellation(demand=order, reason="gone"))
    yield NOTHING
    plant.order((lot.material, 3), needed_at=NOON + 3 * HOUR)
    yield RAISED


def lane_over_capacity(plant: Plant, hand: time_machine.Traveller) -> Iterator[bool]:
    place(plant, plant.l1, capacity=1, capacity_policy="warn")
    first, second = staged(plant), plant.lot(10)
    yield NOTHING
    plant.stage(plant.order((second.material, 10), needed_at=LATER), second)
    yield RAISED
    assert Alert.objects.open().get().detail == "2/1"
    unstage(plant, second)
    yield NOTHING
    find(plant, second)  # which nobody needs there
    yield RAISED
    place(plant, plant.l1, capacity=2)
    yield NOTHING
    place(plant, plant.l1, capacity=1)
    yield RAISED
    unstage(plant, first)
    yield NOTHING


def release_awaited(plant: Plant, hand: time_machine.Traveller) -> Iterator[bool]:
    material = plant.material()
    lot = plant.lot(10, material=material, released=False)
    order = plant.order((material, 10), needed_at=LATER)
    hand.shift(DAY - timedelta(seconds=1))
    yield NOTHING
    hand.shift(1)
    yield RAISED
    assert Alert.objects.open().get().detail == order.reference
    plant.do(staging.cancel_demand, staging.Cancellation(demand=order, reason="gone"))
    yield NOTHING
    plant.order((material, 10), needed_at=LATER)
    yield RAISED
    plant.release(lot)
    yield NOTHING


def reservation_lost(plant: Plant, hand: time_machine.Traveller) -> Iterator[bool]:
    lot = plant.lot(10)
    order = plant.order((lot.material, 10), needed_at=LATER)
    for _round in range(2):
        plant.do(staging.allocate, staging.AllocationLine(demand=order))
        yield NOTHING
        hold = plant.hold(lot=lot)
        yield RAISED
        plant.lift(hold)
        yield RAISED


def dwell_warning(plant: Plant, hand: time_machine.Traveller) -> Iterator[bool]:
    Location.objects.filter(pk=plant.l1.pk).update(dwell_limit=10 * HOUR)
    lot = staged(plant)
    hand.shift(8 * HOUR - timedelta(seconds=1))
    yield NOTHING
    hand.shift(1)
    yield RAISED
    Location.objects.filter(pk=plant.l1.pk).update(dwell_limit=20 * HOUR)
    yield NOTHING
    hand.shift(8 * HOUR)
    yield RAISED
    unstage(plant, lot)
    yield NOTHING


def dwell_critical(plant: Plant, hand: time_machine.Traveller) -> Iterator[bool]:
    Location.objects.filter(pk=plant.l1.pk).update(dwell_limit=10 * HOUR)
    staged(plant)
    hand.shift(10 * HOUR - timedelta(seconds=1))
    yield NOTHING
    hand.shift(1)
    yield RAISED
    Location.objects.filter(pk=plant.l1.pk).update(dwell_limit=20 * HOUR)
    yield NOTHING
    hand.shift(10 * HOUR)
    yield RAISED


SCENES: dict[str, Scene] = {
    scene.__name__: scene
    for scene in (
        lot_on_hold, lot_rejected, not_usable, lot_expired, retest_due, shelf_life_short,
        next_step_overdue, demand_cancelled, demand_reduced, without_demand, over_staged_packed,
        over_staged, demand_retimed, demand_rerouted, wrong_lane, demand_short,
        lane_over_capacity, release_awaited, reservation_lost, dwell_warning, dwell_critical,
    )
}  # fmt: skip


def switch(reason: str, *, enabled: bool) -> None:
    AlertRule.objects.filter(reason=reason, site=None).update(enabled=enabled)
