"""How long the log of deliveries, and what was sent beside the feed, are kept."""

from datetime import datetime, timedelta

from django.conf import settings

from integration.models import Delivery, Parcel

AT_A_TIME = 5000


def trim(at: datetime) -> int:
    """Take away what is older than the log is kept; how many attempts. Dead letters stay until
    they are taken."""
    before = at - timedelta(days=settings.WEBHOOK_LOG_DAYS)
    Parcel.objects.settled().filter(created_at__lt=before).delete()
    gone = 0
    while found := list(Delivery.objects.before(before).values_list("pk", flat=True)[:AT_A_TIME]):
        gone += Delivery.objects.filter(pk__in=found).delete()[0]
    return gone
