"""Sealing, publishing seals and forgetting old keys, run by Celery on beat."""

from inventory import idempotency
from inventory.background import MINUTE, clock_task, notify_task
from inventory.seals import publishing, sealing

SECONDS = 120
"""How long one run seals: a plant that begins with millions of records needs several."""


@clock_task()
def seal_records() -> int:
    """Seal what has been recorded since. Running it twice, or on two workers, seals once."""
    return len(sealing.seal(seconds=SECONDS))


@notify_task()
def publish_seals() -> int:
    """Send the newest seal out when that is due, and what could not be sent before."""
    return publishing.publish()


@clock_task(seconds=20 * MINUTE)
def forget_keys() -> int:
    """Remove idempotency keys older than `IDEMPOTENCY_DAYS`. Running it twice removes them once."""
    return idempotency.forget()
