"""Keeping the feed, by Celery on beat."""

from celery import shared_task
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from integration.feed import forgetting, numbering

RETRIED = (OperationalError, InterfaceError)


@shared_task(
    name="integration.tasks.number_events", acks_late=True, autoretry_for=RETRIED,
    retry_backoff=True, max_retries=5,
)  # fmt: skip
def number_events() -> int:
    """Give positions to what nobody has asked for yet, so that the outbox stays short."""
    return numbering.catch_up_wholly()


@shared_task(
    name="integration.tasks.forget_events", acks_late=True, autoretry_for=RETRIED,
    retry_backoff=True, max_retries=5,
)  # fmt: skip
def forget_events() -> int:
    """Forget positions that are older than the feed is kept."""
    return forgetting.forget(timezone.now())
