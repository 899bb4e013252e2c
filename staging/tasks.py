"""Work for the clock, run by Celery on beat."""

from django.utils import timezone

from inventory import audit
from inventory.background import LONGEST_SECONDS, MINUTE, clock_task, notify_task
from staging.alerting import clock
from staging.numbers.daily import keeping
from staging.report import sending


@clock_task()
def flag_stale() -> dict[str, int]:
    """Raise the alerts that have come due. Running it twice raises them once."""
    return clock.sweep(by=audit.system(), at=timezone.now())


@clock_task(seconds=LONGEST_SECONDS - MINUTE)
def flag_missed() -> dict[str, int]:
    """Look through everything that is staged, whether anything is known to have changed or not.

    Run nightly, so that what the other sweeps could ever miss is found within a day.
    """
    return clock.sweep(by=audit.system(), at=timezone.now(), thorough=True)


@clock_task(seconds=20 * MINUTE)
def count_days() -> dict[str, int]:
    """Keep the numbers of the days that are over, and of those that have changed since. Running it
    twice keeps the same."""
    return keeping.keep(timezone.now(), seconds=15 * MINUTE)


@notify_task(seconds=20 * MINUTE)
def send_reports() -> dict[str, int]:
    """Send the weekly report to who is to have it. Running it twice sends each once."""
    return sending.send_due(timezone.now(), seconds=15 * MINUTE)
