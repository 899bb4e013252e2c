"""Capture jobs that are left to Celery, and those that nobody finished."""

from uuid import UUID

from celery import shared_task
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from integration.epcis.capture import running
from integration.models import CaptureJob

MOST = 10
"""Jobs of one sweep; the rest waits for the next."""


@shared_task(
    acks_late=True,
    autoretry_for=(OperationalError, InterfaceError),
    retry_backoff=True,
    max_retries=5,
)
def capture(job: str) -> None:
    """Run one job. Running it twice does it once."""
    running.run(UUID(job), at=timezone.now())


@shared_task(
    acks_late=True,
    autoretry_for=(OperationalError, InterfaceError),
    retry_backoff=True,
    max_retries=5,
)
def capture_waiting() -> int:
    """Run what waits: a message may be lost, and a process that was at a job killed."""
    waiting = CaptureJob.objects.waiting(timezone.now()).values_list("pk", flat=True)[:MOST]
    return sum(running.run(pk, at=timezone.now()) is not None for pk in list(waiting))
