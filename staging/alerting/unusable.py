"""Staged stock that quality has stopped since. One position has one of these at a time."""

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from django.db.models import DateTimeField, Value

from inventory.statements import Given, Select
from staging.alerting.raising import raise_staged, unalerted
from staging.alerting.sweeping import Family, Sweep
from staging.models import Alert, AlertReason, Commitment, StagedStock
from staging.stops import TODAY
from staging.suspects import STOPPED, UNUSABLE, portions


class Unusable(Family):
    """Raised when the gate would stop it where it stands, by what the gate says; closed when it
    lets it through again, or says something else."""

    def __init__(self, sweep: Sweep) -> None:
        super().__init__(sweep)
        self._stops: dict[UUID, str] = {}

    def close(self) -> Iterable[int]:
        for portion in portions(sorted(self.sweep.doubtful)):
            self._stops |= self._stopped(portion)
            alerts = Alert.objects.open().filter(reason__in=STOPPED, commitment__in=portion)
            rows = alerts.order_by().values_list("pk", "reason", "commitment", "detail")
            for alert, reason, commitment, detail in rows:
                stop = self._stops.get(commitment, "")
                if (reason, detail) != (_reason(stop), stop):
                    yield alert

    def _stopped(self, keys: list[UUID]) -> dict[UUID, str]:
        look = self.sweep.look
        return dict(_BLOCKED.rows(keys=keys, on=look.on, at=look.at))

    def raise_(self) -> int:
        by_stop: dict[str, list[UUID]] = defaultdict(list)
        for commitment, stop in self._stops.items():
            by_stop[stop].append(commitment)
        return sum(
            self._raise(stop, portion)
            for stop in sorted(by_stop)
            for portion in portions(sorted(by_stop[stop]))
        )

    def _raise(self, stop: str, stopped: list[UUID]) -> int:
        reason = _reason(stop)
        rows = unalerted(reason).filter(self.sweep.terms.raised(reason), pk__among="stopped")
        return raise_staged(reason, rows, self.sweep.at, Value(stop), stopped=stopped)


_BLOCKED: Select[Commitment] = Select(
    lambda: (
        StagedStock.objects.filter(pk__among="keys")
        .blocked(TODAY, at=Given("at", DateTimeField()))
        .order_by()
        .values_list("pk", "stop")
    )
)
"""Compiled once: what the gate says is a long question."""


def _reason(stop: str) -> AlertReason:
    return UNUSABLE.get(stop, AlertReason.NOT_USABLE)
