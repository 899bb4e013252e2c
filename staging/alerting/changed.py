"""Demands that came to be needed at another time, or go another way, after something was staged.

They are raised with the change; see `staging.flags`. That somebody has taken note of it does not
close them.
"""

from collections.abc import Iterable

from staging.alerting.sweeping import Family
from staging.models import Alert, AlertReason


class Changed(Family):
    """Closed when the stock has left its place, as all alerts about stock, or when the change is
    taken back; and that of another time when this has come, for then the step is due, or overdue.
    """

    def close(self) -> Iterable[int]:
        if not self.sweep.has(AlertReason.DEMAND_RETIMED):
            return ()
        alerts = Alert.objects.open().of(AlertReason.DEMAND_RETIMED)
        come = alerts.filter(commitment__requirement__demand__needed_at__lte=self.sweep.at)
        return come.order_by().values_list("pk", flat=True)
