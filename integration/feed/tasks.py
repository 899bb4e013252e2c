"""Keeping the feed, by Celery on beat."""

from django.utils import timezone

from integration.feed import forgetting, numbering
from inventory.background import MINUTE, integration_task


@integration_task(name="integration.tasks.number_events")
def number_events() -> int:
    """Give positions to what nobody has asked for yet, so that the outbox stays short."""
    return numbering.catch_up_wholly()


@integration_task(name="integration.tasks.forget_events", seconds=20 * MINUTE)
def forget_events() -> int:
    """Forget positions that are older than the feed is kept."""
    return forgetting.forget(timezone.now())
