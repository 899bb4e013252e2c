"""What a benchmark found, as a table for people and as JSON for programs."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One line of the table.

    `value` is Forestage's own figure in `unit`; `beside` what `beside_what` reached in the same
    unit, and `ratio` how the two compare, as the section's heading says. `more` holds what else
    was measured, such as percentiles, for the JSON.
    """

    section: str
    name: str
    value: float
    unit: str
    beside: float | None = None
    beside_what: str = ""
    ratio: float | None = None
    more: dict[str, Any] = field(default_factory=dict)
