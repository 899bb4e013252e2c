"""Sending webhooks, run by Celery: beat finds what is due, and each receiver gets a task.

No message of the broker is needed for it to be right: what was lost, the next beat finds again, and
what comes twice finds nothing to do.
"""

from django.utils import timezone

from integration.webhooks import delivering, ending, keeping
from inventory.background import MINUTE, notify_task

EXPIRES = 10 * MINUTE
"""By then beat has found the same again: no heap of messages waits for a worker."""


@notify_task()
def send_webhooks() -> int:
    """Start the deliveries that are due, and tell whose receivers were given up; how many."""
    now = timezone.now()
    waiting = delivering.due(now)
    for pk in waiting:
        deliver.delay(pk)
    ending.tell_due(now)
    return len(waiting)


@notify_task(expires=EXPIRES)
def deliver(pk: int) -> bool:
    """Send what is due to one receiver. Where it takes long, others come in between."""
    more = delivering.deliver(pk)
    if more:
        deliver.delay(pk)
    return more


@notify_task()
def trim_webhook_log() -> int:
    """Take away what the log kept for so many days; how many attempts."""
    return keeping.trim(timezone.now())
