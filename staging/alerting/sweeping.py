"""What one sweep works with, and what a family of reasons has to say for itself."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self
from uuid import UUID

from staging.alerting.at_hand import AtHand
from staging.alerting.terms import Terms
from staging.models import Alert, AlertReason
from staging.models.alerts import AlertQuerySet
from staging.suspects import Look


@dataclass(frozen=True, slots=True)
class Sweep:
    """`suspects` is staged stock of which the gate may say something else than it did, `fresh` what
    may have been unusable when it came, `alerts` the open ones that may be closed."""

    look: Look
    at: datetime
    suspects: set[UUID]
    fresh: set[UUID]
    alerts: AlertQuerySet = field(default_factory=lambda: Alert.objects.open())

    @classmethod
    def begin(cls, at: datetime, *, thorough: bool) -> Self:
        """Wait for a sweep that is under way."""
        look = Look.begin(at, thorough=thorough)
        return cls(look, at, look.suspects(), look.new_suspects())

    @classmethod
    def narrow(cls, alerts: Mapping[int, str], demands: Collection[int], at: datetime) -> Self:
        """A look at some alerts, with their reasons, and demands alone. Takes no turn, and nothing
        from the next one."""
        look = Look.at_demands(demands, alerts.values(), at)
        return cls(look, at, set(), set(), Alert.objects.open().filter(pk__in=alerts))

    @property
    def doubtful(self) -> set[UUID]:
        return self.suspects | self.fresh

    @property
    def at_hand(self) -> AtHand:
        return self.look.at_hand

    def has(self, *reasons: AlertReason) -> bool:
        """Whether any alert of these reasons is open."""
        return not self.at_hand.reasons.isdisjoint(reasons)

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
