"""Work of quality's for the clock, run by Celery on beat."""

from celery import shared_task
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from quality.actions.due import raise_retests


@shared_task(
    acks_late=True,
    autoretry_for=(OperationalError, InterfaceError),
    retry_backoff=True,
    max_retries=5,
)
def raise_due_retests() -> int:
    """Put the inspections on the list that a retest date has made due. Twice does it once."""
    return raise_retests(timezone.now())
