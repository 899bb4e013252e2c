"""How long notices, and what is known of e-mails, are kept."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet

from integration.models import Notice, NoticeMail
from inventory.models import MailState

AT_A_TIME = 5000


def trim(at: datetime) -> int:
    """Take away what is older than so many days; how many notices. What is yet to be sent stays."""
    before = at - timedelta(days=settings.NOTICE_DAYS)
    waits = Q(due_at__isnull=False, mail=None) | Q(mail__state=MailState.WAITING)
    gone = _take_away(Notice.objects.filter(at__lt=before).exclude(waits))
    held = Exists(Notice.objects.filter(mail=OuterRef("pk")))
    _take_away(NoticeMail.objects.filter(~held, packed_at__lt=before, settled_at__isnull=False))
    return gone


def _take_away(rows: QuerySet[Any]) -> int:
    gone = 0
    while found := list(rows.order_by("pk").values_list("pk", flat=True)[:AT_A_TIME]):
        gone += rows.model._default_manager.filter(pk__in=found).delete()[0]
    return gone
