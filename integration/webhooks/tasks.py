"""Sending webhooks, run by Celery: beat finds what is due, and each receiver gets a task.

No message of the broker is needed for it to be right: what was lost, the next beat finds again, and
what comes twice finds nothing to do.
"""

from functools import partial

from celery import shared_task
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from integration.webhooks import delivering, ending, keeping

webhook_task = partial(
    shared_task,
    acks_late=True,
    autoretry_for=(OperationalError, InterfaceError),
    retry_backoff=True,
    max_retries=5,
)


@webhook_task()
def send_webhooks() -> int:
    """Start the deliveries that are due, and tell whose receivers were given up; how many."""
    now = timezone.now()
    waiting = delivering.due(now)
    for pk in waiting:
        deliver.delay(pk)
    ending.tell_due(now)
    return len(waiting)


@webhook_task()
def deliver(pk: int) -> bool:
    """Send what is due to one receiver. Where it takes long, others come in between."""
    more = delivering.deliver(pk)
    if more:
        deliver.delay(pk)
    return more


@webhook_task()
def trim_webhook_log() -> int:
    """Take away what the log kept for so many days; how many attempts."""
    return keeping.trim(timezone.now())
