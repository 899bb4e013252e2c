"""What the operations that write dwell policies and calendars are sent."""

from collections.abc import Callable
from typing import Any

from staging import actions as staging
from tests.plant import Plant


def _drafted(plant: Plant) -> dict[str, Any]:
    """A draft that somebody has written, to be put into force by somebody else."""
    policy = staging.PolicyLine(note="Line-side", lane=plant.l1)
    line = staging.DwellDraft(policies=(policy,), reason="Agreed with production")
    [draft] = plant.do(staging.write_dwell, line)
    return {"draft": draft.pk, "reason": "Read and agreed"}


BODIES: dict[str, Callable[[Plant], Any]] = {
    "draft_dwell": lambda plant: {
        "reason": "Agreed with production",
        "policies": [
            {"note": "Line-side", "lane": plant.l1.code, "warn_after": "06:00:00",
             "critical_after": "08:00:00", "counted": "working"},
        ],
    },
    "activate_dwell": _drafted,
    "put_calendar": lambda plant: {
        "site": plant.site.code, "valid_from": "2026-01-05", "note": "Two shifts",
        "reason": "New rota",
        "shifts": [
            {"name": "Early", "days": "12345", "starts": "06:00", "ends": "14:00",
             "breaks": "09:00-09:15"},
        ],
    },
    "put_special_day": lambda plant: {
        "site": plant.site.code, "day": "2026-12-25", "name": "Christmas", "reason": "2026",
    },
}  # fmt: skip
