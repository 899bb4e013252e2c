"""Telling people of alerts, run by Celery on beat.

No message of the broker is needed for it to be right: what was lost, the next beat finds again, and
what comes twice finds nothing to do.
"""

from django.utils import timezone

from integration.notices import keeping, packing, sending, telling
from inventory.background import MINUTE, notify_task


@notify_task()
def tell_people() -> dict[str, int]:
    """Tell what has happened to alerts, and make the e-mails that are due; how many of each."""
    steps = count = telling.tell(timezone.now())
    while count >= telling.MOST:
        count = telling.tell(timezone.now())
        steps += count
    return {"steps": steps, "people": packing.pack_wholly(timezone.now())}


@notify_task()
def send_notices() -> int:
    """Send e-mails about alerts; how many. What a server does not take, it tries again later."""
    return sending.send_due()


@notify_task(seconds=20 * MINUTE)
def trim_notices() -> int:
    """Take away notices that were kept for so many days; how many."""
    return keeping.trim(timezone.now())
