"""Forgetting the oldest positions: the feed is for following, the history itself stays."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from integration.feed.numbering import turn
from integration.models import FeedPosition

AT_A_TIME = 5000


def forget(at: datetime) -> int:
    """Forget positions given more than `FEED_DAYS` ago; how many. 0 keeps them all."""
    if not settings.FEED_DAYS:
        return 0
    until, total = at - timedelta(days=settings.FEED_DAYS), 0
    while count := _forget_some(until):
        total += count
    return total


@transaction.atomic
def _forget_some(until: datetime) -> int:
    """From the oldest on, in a short transaction: whoever numbers waits for it."""
    mark = turn()
    if mark is None:
        return 0
    oldest = FeedPosition.objects.order_by("position").values_list("position", "numbered_at")
    old = [position for position, at in oldest[:AT_A_TIME] if at < until]
    if not old:
        return 0
    FeedPosition.objects.filter(position__lte=old[-1]).delete()
    mark.forgotten = old[-1]
    mark.save(update_fields=["forgotten"])
    return len(old)
