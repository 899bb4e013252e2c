"""What the operations for other systems are sent, and what has to be there before."""

from collections.abc import Callable
from typing import Any

from staging import actions as staging
from staging.models import Demand
from tests.plant import Plant

SOURCE = "ERP"
PUT: dict[str, Callable[[Plant], tuple[str, dict[str, Any]]]] = {
    "put_material": lambda _plant: (
        "4711",
        {"name": "Lactose", "kind": "raw", "base_unit": "KGM", "code": "RM-4711"},
    ),
    "put_location": lambda plant: (
        "BIN-9",
        {"name": "Bin 9", "site": plant.site.code, "kind": "storage", "code": "BIN-9"},
    ),
    "put_lot": lambda plant: ("CH-77", {"material": plant.material().code, "number": "77"}),
    "put_demand": lambda plant: ("PO-7", message(plant)),
}
"""The identifier in the path, and the body."""


def message(plant: Plant) -> dict[str, Any]:
    """A production order as an ERP sends it."""
    need = {"line": "10", "material": plant.material().code, "quantity": "5"}
    return {
        "kind": "production", "site": plant.site.code, "work_center": plant.wc.code,
        "needed_at": "2030-06-01T06:00:00Z", "requirements": [need],
    }  # fmt: skip


def schedule(plant: Plant) -> dict[str, Any]:
    """One as an MES sends it, shaped like B2MML."""
    need = {
        "MaterialDefinitionID": plant.material().code, "MaterialUse": "Consumed",
        "Quantity": {"QuantityString": "5", "UnitOfMeasure": "KGM"},
    }  # fmt: skip
    segment = {
        "ID": "10", "EarliestStartTime": "2030-06-01T06:00:00Z", "MaterialRequirement": [need],
    }  # fmt: skip
    return {
        "OperationsSchedule": {
            "HierarchyScope": {"EquipmentID": plant.site.code},
            "OperationsRequest": [{"ID": "PO-9", "SegmentRequirement": segment}],
        }
    }


def left_in_its_lane(plant: Plant) -> Demand:
    """A cancelled order, of which something still stands staged."""
    lot = plant.lot(20)
    order = plant.order((lot.material, 20))
    plant.stage(order, lot, quantity=20)
    plant.do(staging.cancel_demand, staging.Cancellation(demand=order, reason="called off"))
    return order
