"""What the feed says of what happened, in order."""

from pathlib import Path
from typing import Any

from integration.feed import reading
from integration.feed.reading import Event, Filters
from inventory.models import OutboxRow
from staging import actions as staging
from staging import clock
from staging.models import Alert
from tests.plant import Plant

SCHEMA = Path(__file__).parents[2].parent / "shared/standards/cloudevents/cloudevents.json"


def read(position: int = 0, **where: Any) -> list[Event]:
    return reading.after(position, where=Filters(**where), most=500)


def types(events: list[Event]) -> list[str]:
    return [event.type.removeprefix("forestage.") for event in events]


def a_day(plant: Plant) -> Any:
    """One of everything; the lot, its demand and the hold."""
    lot = plant.lot(10)
    demand = plant.shipment((lot.material, 4), reference="SHIP-1")
    plant.do(
        staging.change_demand, staging.DemandChange(demand=demand, reason="late", carrier="DHL")
    )
    plant.stage(demand, lot, plant.dock, quantity=4)
    hold = plant.hold(lot=lot)
    clock.sweep(by=plant.operator, at=plant.now)
    alert = Alert.objects.get()
    plant.do(staging.acknowledge, staging.Acknowledgement(alert=alert, reason="known"))
    plant.lift(hold)
    clock.sweep(by=plant.operator, at=plant.now)
    plant.do(staging.load, staging.Loading(lot=lot, vehicle=plant.truck))
    plant.do(staging.ship, staging.Shipping(demand=demand, lot=lot))
    return lot, demand, hold


def test_everything_comes_once_in_the_order_in_which_it_happened(plant: Plant) -> None:
    a_day(plant)
    events = read()
    assert types(events) == [
        "movement.receive", "decision.release", "demand.created", "demand.changed",
        "movement.stage", "hold.placed", "alert.raised", "alert.acknowledged", "hold.lifted",
        "alert.closed", "movement.load", "movement.ship", "demand.shipped",
    ]  # fmt: skip
    assert [event.position for event in events] == list(range(1, 14))
    assert len({event.id for event in events}) == 13
    assert not OutboxRow.objects.exists()
    assert read(13) == []
    assert [event.id for event in read(11)] == [event.id for event in events[11:]]
