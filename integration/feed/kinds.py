"""What every kind of event is made of."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from inventory.models import MovementKind
from quality.models import DecisionKind

PREFIX = "forestage."

NAMES = (
    *(f"movement.{kind}" for kind in MovementKind.values),
    *(f"decision.{kind}" for kind in DecisionKind.values),
    "hold.placed", "hold.lifted",
    "demand.created", "demand.changed", "demand.cancelled", "demand.closed",
    "demand.shipped", "demand.consumed",
    "alert.raised", "alert.escalated", "alert.acknowledged", "alert.snoozed", "alert.woken",
    "alert.assigned", "alert.closed", "alert.reopened", "alert.regraded",
)  # fmt: skip
"""Types of events, without the prefix that all of them have."""

BY_RECORD = ("movement", "decision")
"""Topics of the outbox of which the record says the type."""


def topic_of(name: str) -> str:
    """The topic under which a type of event is noted and found."""
    family = name.split(".")[0]
    return family if family in BY_RECORD else name


def id_of(name: str, key: int) -> str:
    """The id of an event, from its type and the key of its record. What happens to alerts is
    numbered together, whatever its type; before that it had ids of its own."""
    family = name.split(".")[0]
    return f"{family if family == 'alert' else topic_of(name)}-{key}"


class Facets(NamedTuple):
    """What the feed is filtered by: keys of sites and lot, the reference of the demand; of what
    happens to alerts, level and severity as they are after it, and the reason."""

    name: str
    site: int | None = None
    to_site: int | None = None
    lot: int | None = None
    demand: str = ""
    alert_level: int | None = None
    alert_severity: str = ""
    alert_reason: str = ""


@dataclass(frozen=True, slots=True)
class Content:
    """What an event says; the time is the server's."""

    time: datetime
    subject: str
    data: dict[str, Any]


class Family(Protocol):
    """Movements, decisions, holds, demands or alerts.

    Both functions take a fixed number of statements, however many keys.
    """

    def facets(self, topic: str, keys: Collection[int]) -> Mapping[int, Facets]: ...

    def contents(self, wanted: Mapping[str, Collection[int]]) -> Mapping[tuple[str, int], Content]:
        """By topic and key."""
        ...


Numbers = Callable[[Collection[int]], Mapping[int, Any]]
