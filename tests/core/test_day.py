"""Material from the dock to the line and the lane, by the actions alone."""

from decimal import Decimal

from inventory import actions as stock
from inventory.models import Lot
from staging import actions as staging
from staging.checks import breaches
from staging.models import Demand
from tests.plant import Plant


def state(demand: Demand) -> str:
    return str(Demand.objects.with_state().get(pk=demand.pk).state)


def test_a_production_order_from_plan_to_product(plant: Plant) -> None:
    product = plant.pieces(kind="finished", initial_status="released")
    lot = plant.lot(100)
    order = plant.order((lot.material, 60), product=product)
    assert state(order) == "planned"

    plant.do(staging.allocate, staging.AllocationLine(demand=order))
    assert state(order) == "planned"
    plant.stage(order, lot, quantity=25)
    assert state(order) == "staging"
    plant.stage(order, lot)
    assert state(order) == "ready"

    plant.do(staging.issue, staging.Issue(lot=lot))
    assert state(order) == "started"
    plant.do(staging.consume, staging.Consumption(lot=lot, quantity=Decimal(55)))
    plant.do(
        staging.produce,
        staging.Output(demand=order, number="F1", quantity=Decimal(500), location=plant.a2),
    )
    plant.do(staging.return_remainder, staging.Remainder(lot=lot, target=plant.a1))
    plant.do(staging.complete_demand, staging.DemandEnd(demand=order, reason="done"))
    assert state(order) == "completed"

    output = Lot.objects.get(number="F1")
    assert list(output.parent_links.values_list("parent", "quantity")) == [(lot.pk, Decimal(55))]
    assert lot.balances.get(location=plant.a1).quantity == 45
    assert breaches() == []


def test_a_shipment_from_lane_to_customer(plant: Plant) -> None:
    lot = plant.lot(20, material=plant.pieces())
    shipment = plant.shipment((lot.material, 20))
    plant.stage(shipment, lot, plant.dock)
    plant.do(staging.load, staging.Loading(lot=lot, vehicle=plant.truck))
    assert state(shipment) == "started"
    plant.do(staging.ship, staging.Shipping(demand=shipment, lot=lot))
    assert state(shipment) == "completed"
    assert not lot.balances.filter(quantity__gt=0).exists()
    assert breaches() == []


def test_output_of_one_operation_is_staged_for_the_next(plant: Plant) -> None:
    wip = plant.material(kind="wip", initial_status="released")
    raw = plant.lot(10)
    first = plant.order((raw.material, 10), product=wip)
    second = plant.order((wip, 8))
    plant.stage(first, raw)
    plant.do(staging.issue, staging.Issue(lot=raw))
    plant.do(staging.consume, staging.Consumption(lot=raw))
    plant.do(
        staging.produce,
        staging.Output(
            demand=first,
            number="W1",
            quantity=Decimal(8),
            location=plant.buf,
            next_demand=second,
        ),
    )
    assert state(second) == "ready"
    assert breaches() == []


def test_a_kit_with_a_blocked_part_is_not_ready(plant: Plant) -> None:
    lot = plant.lot(10)
    order = plant.order((lot.material, 10))
    plant.stage(order, lot)
    assert state(order) == "ready"
    hold = plant.hold(location=plant.l1)
    assert state(order) == "staging"
    plant.lift(hold)
    assert state(order) == "ready"


def test_every_step_can_be_reversed(plant: Plant) -> None:
    lot = plant.lot(20, material=plant.pieces())
    shipment = plant.shipment((lot.material, 20))
    done = [
        *plant.stage(shipment, lot, plant.dock).movements,
        *plant.do(staging.load, staging.Loading(lot=lot, vehicle=plant.truck)).movements,
        *plant.do(staging.ship, staging.Shipping(demand=shipment, lot=lot)).movements,
    ]
    for movement in reversed(done):
        plant.do(staging.reverse, stock.Reversal(movement=movement, reason="mistake"))
        assert breaches() == []
    assert state(shipment) == "planned"
    assert lot.balances.get(quantity__gt=0).location == plant.a1
