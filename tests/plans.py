"""Inspection plans for tests, written by one person and approved by another."""

from decimal import Decimal
from typing import Any

from inventory.models import Lot, Material
from quality import actions as quality
from quality.models import InspectionKind, InspectionPlan, PlanCharacteristic
from tests.plant import Plant

IDENTITY: dict[str, Any] = {"name": "Identity", "kind": "attribute"}
ASSAY: dict[str, Any] = {
    "name": "Assay", "kind": "numeric", "unit": "%", "lower": Decimal(98), "upper": Decimal(102),
    "plausible_from": Decimal(50), "plausible_to": Decimal(150), "decimals": 1, "samples": 2,
}  # fmt: skip


def draft(
    plant: Plant, material: Material, *asked: dict[str, Any], kind: str = "receipt"
) -> InspectionPlan:
    """A draft written by the laboratory."""
    plan = quality.draft_plan(
        material=material, kind=InspectionKind(kind), note="First", by=plant.lab, at=plant.now
    )
    rows = [PlanCharacteristic(**columns) for columns in asked or (IDENTITY, ASSAY)]
    return quality.change_plan(
        draft=plan, characteristics=rows, reason="new", by=plant.lab, at=plant.now
    )


def in_force(
    plant: Plant, material: Material, *asked: dict[str, Any], kind: str = "receipt"
) -> InspectionPlan:
    """A plan in force: identity, and the assay of two samples, unless told otherwise."""
    plan = draft(plant, material, *asked, kind=kind)
    return quality.approve_plan(plan=plan, reason="reviewed", by=plant.qa, at=plant.now)


def results(lot: Lot, *assays: str, identity: str = "pass", **more: Any) -> list[quality.Result]:
    """What the plan above asks for."""
    found = [quality.Result(lot=lot, characteristic="identity", value=identity, **more)]
    return found + [
        quality.Result(lot=lot, characteristic="Assay", value=value, sample=number, **more)
        for number, value in enumerate(assays or ("99.5", "100.1"), 1)
    ]
