"""Work for the clock, run by Celery on beat."""

from celery import shared_task
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from inventory import audit
from staging import clock


@shared_task(
    acks_late=True,
    autoretry_for=(OperationalError, InterfaceError),
    retry_backoff=True,
    max_retries=5,
)
def flag_stale() -> dict[str, int]:
    """Raise the alerts that have come due. Running it twice raises them once."""
    return clock.sweep(by=audit.system(), at=timezone.now())
