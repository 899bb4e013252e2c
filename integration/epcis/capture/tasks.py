"""Capture jobs that are left to Celery, and those that nobody finished."""

from uuid import UUID

from django.utils import timezone

from integration.epcis.capture import running
from integration.models import CaptureJob
from inventory.background import MINUTE, integration_task

MOST = 10
"""Jobs of one sweep; the rest waits for the next."""

EXPIRES = 10 * MINUTE
"""After that, a sweep has found the job."""


@integration_task(seconds=10 * MINUTE, expires=EXPIRES)
def capture(job: str) -> None:
    """Run one job. Running it twice does it once."""
    running.run(UUID(job), at=timezone.now())


@integration_task(seconds=20 * MINUTE)
def capture_waiting() -> int:
    """Run what waits: a message may be lost, and a process that was at a job killed."""
    waiting = CaptureJob.objects.waiting(timezone.now()).values_list("pk", flat=True)[:MOST]
    return sum(running.run(pk, at=timezone.now()) is not None for pk in list(waiting))
