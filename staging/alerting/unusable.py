"""Staged stock that quality has stopped since."""

from collections.abc import Iterable

from staging.alerting.raising import raise_staged, unalerted
from staging.alerting.sweeping import Family
from staging.models import Alert, AlertReason, StagedStock
from staging.suspects import portions


class Unusable(Family):
    """Raised when the gate would stop it where it stands; closed when it lets it through again."""

    def close(self) -> Iterable[int]:
        look = self.sweep.look
        for portion in portions(sorted(self.sweep.suspects)):
            alerts = Alert.objects.open().of(AlertReason.NOT_USABLE).filter(commitment__in=portion)
            about = dict(alerts.order_by().values_list("pk", "commitment"))
            blocked = StagedStock.objects.filter(pk__in=about.values())
            blocked = blocked.blocked(look.on, at=look.at)
            still = set(blocked.values_list("pk", flat=True))
            yield from (alert for alert, commitment in about.items() if commitment not in still)

    def raise_(self) -> int:
        reason, look = AlertReason.NOT_USABLE, self.sweep.look
        rows = unalerted(reason).filter(pk__among="suspects").blocked(look.on, at=look.at)
        return sum(
            raise_staged(reason, rows, look.at, "stop", suspects=portion)
            for portion in portions(sorted(self.sweep.doubtful))
        )
