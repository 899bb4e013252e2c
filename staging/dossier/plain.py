"""Who recorded what and when, as plain data."""

from typing import Any

from inventory.models import Recorded
from inventory.seals.content import moment


def who(user: Any) -> dict[str, str]:
    return {"user": user.get_username(), "name": user.get_full_name()}


def recorded(row: Recorded) -> dict[str, Any]:
    """The columns that every record of history carries. `actor` must be loaded."""
    return {
        "id": row.pk,
        "recorded_at": moment(row.recorded_at),
        "occurred_at": moment(row.occurred_at),
        "by": who(row.actor),
        "surface": row.surface,
        "reason": row.reason,
        "batch": str(row.batch),
    }
