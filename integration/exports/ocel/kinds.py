"""The types of objects and events, with their attributes. Stable: process models name them."""

from typing import Any

from inventory.models import MovementKind
from quality.models import DecisionKind

Attributes = dict[str, str]
"""Name → type, one of OCEL's: string, time, integer, float, boolean."""

OBJECTS: dict[str, Attributes] = {
    "lot": {
        "number": "string", "supplier_lot": "string", "made_on": "string", "expires_on": "string",
        "quality_status": "string", "on_hold": "boolean",
    },
    "material": {"name": "string", "kind": "string", "unit": "string"},
    "container": {"kind": "string", "sscc": "string", "on_hold": "boolean"},
    "location": {
        "name": "string", "kind": "string", "purpose": "string", "site": "string",
        "on_hold": "boolean",
    },
    "demand": {
        "kind": "string", "needed_at": "time", "work_center": "string", "customer": "string",
        "route": "string", "carrier": "string", "closed": "boolean", "cancelled": "boolean",
    },
}  # fmt: skip

OF_EVERY_EVENT: Attributes = {"recorded_at": "time", "surface": "string", "number": "integer"}

OF_MOVEMENTS: Attributes = {
    "quantity": "float", "unit": "string", "reference": "string", "reverses": "string",
}  # fmt: skip

OF_DECISIONS: Attributes = {"from_status": "string", "to_status": "string", "meaning": "string"}

OF_HOLDS: Attributes = {"reason": "string"}

EVENTS: dict[str, Attributes] = (
    {str(kind): OF_EVERY_EVENT | OF_MOVEMENTS for kind in MovementKind}
    | {f"decide_{kind}": OF_EVERY_EVENT | OF_DECISIONS for kind in DecisionKind}
    | dict.fromkeys(("place_hold", "lift_hold"), OF_EVERY_EVENT | OF_HOLDS)
)


def declared(kinds: dict[str, Attributes]) -> list[dict[str, Any]]:
    """As the document says it."""
    return [
        {
            "name": name,
            "attributes": [{"name": one, "type": kind} for one, kind in attributes.items()],
        }
        for name, attributes in kinds.items()
    ]
