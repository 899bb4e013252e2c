"""Something of everything that the feed tells of."""

from typing import Any

from integration.feed import reading
from integration.feed.reading import Event, Filters
from inventory.models import Lot
from quality.models import Hold
from staging import actions as staging
from staging.alerting import clock
from staging.models import Alert, Demand
from tests.plant import Plant

TYPES = [
    "movement.receive", "decision.release", "demand.created", "demand.changed", "movement.stage",
    "hold.placed", "alert.raised", "alert.acknowledged", "hold.lifted", "alert.closed",
    "movement.load", "movement.ship", "demand.shipped",
]  # fmt: skip


def a_day(plant: Plant) -> tuple[Lot, Demand, Hold]:
    """A lot comes, is staged, stopped, let go and shipped: what `TYPES` says."""
    lot = plant.lot(10)
    demand = plant.shipment((lot.material, 4))
    change = staging.DemandChange(demand=demand, reason="late", carrier="DHL", needed_at=plant.now)
    plant.do(staging.change_demand, change)
    plant.stage(demand, lot, plant.dock, quantity=4)
    hold = plant.hold(lot=lot)
    clock.sweep(by=plant.operator, at=plant.now.replace(year=2020))  # nothing is overdue yet
    alert = Alert.objects.latest("pk")
    plant.do(staging.acknowledge, staging.Acknowledgement(alert=alert, reason="known"))
    plant.lift(hold)
    clock.sweep(by=plant.operator, at=plant.now.replace(year=2020))
    plant.do(staging.load, staging.Loading(lot=lot, vehicle=plant.truck))
    plant.do(staging.ship, staging.Shipping(demand=demand, lot=lot))
    return lot, demand, hold


def read(position: int = 0, **where: Any) -> list[Event]:
    return reading.after(position, where=Filters(**where), most=500)


def names(events: list[Event]) -> list[str]:
    return [event.type.removeprefix("forestage.") for event in events]
