"""What one sweep works with, and what a family of reasons has to say for itself."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

from staging.alerting.terms import Terms
from staging.suspects import Look


@dataclass(frozen=True, slots=True)
class Sweep:
    """`suspects` is staged stock of which the gate may say something else than it did, `fresh` what
    may have been unusable when it came."""

    look: Look
    at: datetime
    suspects: set[UUID]
    fresh: set[UUID]

    @classmethod
    def begin(cls, at: datetime, *, thorough: bool) -> Self:
        """Wait for a sweep that is under way."""
        look = Look.begin(at, thorough=thorough)
        return cls(look, at, look.suspects(), look.new_suspects())

    @property
    def doubtful(self) -> set[UUID]:
        return self.suspects | self.fresh

    @property
    def terms(self) -> Terms:
        return self.look.terms


class Family:
    """Reasons that belong together, in one sweep. All families close before the first raises."""

    def __init__(self, sweep: Sweep) -> None:
        self.sweep = sweep

    def close(self) -> Iterable[int]:
        """The open alerts whose cause is gone, by their numbers."""
        return ()

    def raise_(self) -> int:
        """Raise what has come due; how many."""
        return 0
