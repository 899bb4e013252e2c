"""Sealing, publishing seals and forgetting old keys, run by Celery on beat."""

from celery import shared_task
from django.db import InterfaceError, OperationalError

from inventory import idempotency
from inventory.seals import publishing, sealing

SECONDS = 120
"""How long one run seals: a plant that begins with millions of records needs several."""


@shared_task(
    acks_late=True,
    autoretry_for=(OperationalError, InterfaceError),
    retry_backoff=True,
    max_retries=5,
)
def seal_records() -> int:
    """Seal what has been recorded since. Running it twice, or on two workers, seals once."""
    return len(sealing.seal(seconds=SECONDS))


@shared_task(
    acks_late=True,
    autoretry_for=(OperationalError, InterfaceError),
    retry_backoff=True,
    max_retries=5,
)
def publish_seals() -> int:
    """Send the newest seal out when that is due, and what could not be sent before."""
    return publishing.publish()


@shared_task(
    acks_late=True,
    autoretry_for=(OperationalError, InterfaceError),
    retry_backoff=True,
    max_retries=5,
)
def forget_keys() -> int:
    """Remove idempotency keys older than `IDEMPOTENCY_DAYS`. Running it twice removes them once."""
    return idempotency.forget()
