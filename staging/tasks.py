"""Work for the clock, run by Celery on beat."""

from functools import partial

from celery import shared_task
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from inventory import audit
from staging import clock

clock_task = partial(
    shared_task,
    acks_late=True,
    autoretry_for=(OperationalError, InterfaceError),
    retry_backoff=True,
    max_retries=5,
)


@clock_task()
def flag_stale() -> dict[str, int]:
    """Raise the alerts that have come due. Running it twice raises them once."""
    return clock.sweep(by=audit.system(), at=timezone.now())


@clock_task()
def flag_missed() -> dict[str, int]:
    """Look through everything that is staged, whether anything is known to have changed or not.

    Run nightly, so that what the other sweeps could ever miss is found within a day.
    """
    return clock.sweep(by=audit.system(), at=timezone.now(), thorough=True)
