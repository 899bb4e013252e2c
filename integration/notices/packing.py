"""What is due by e-mail becomes e-mails: one for each person, whatever is due at that moment.

So what waited through quiet hours is sent as one, and a digest is nothing else than many that are
due at the same time. Of one kind that keeps coming, the first are told at once, and the others
together, once so many minutes have passed.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Case, Count, DateTimeField, Max, OuterRef, Q, Subquery, Value, When

from integration.models import Handling, Notice, NoticeMail
from integration.models.notices import NoticeQuerySet
from integration.notices.telling import turn
from inventory.post import sending

MOST = 200
"""People whose e-mails are made at a time."""

Kind = tuple[int, str]
"""A person and the reason of alerts."""


def pack(at: datetime, *, most: int = MOST) -> int:
    """Make the e-mails that are due, for so many people; how many people were looked at. Harmless
    when done twice: what is in an e-mail is in no other."""
    with transaction.atomic():
        if turn() is None:
            return 0
        waiting = Notice.objects.wanting_mail().filter(due_at__lte=at)
        users = list(waiting.order_by("user").values_list("user", flat=True).distinct()[:most])
        if users:
            _hold_back(users, at)
            _pack(users, at)
        return len(users)


def pack_wholly(at: datetime) -> int:
    """All that is due; how many e-mails' worth of people."""
    total = count = pack(at)
    while count >= MOST:
        count = pack(at)
        total += count
    return total


def _due(users: Collection[int], at: datetime) -> NoticeQuerySet:
    return Notice.objects.wanting_mail().filter(user__in=users, due_at__lte=at)


def _hold_back(users: Collection[int], at: datetime) -> None:
    """Leave for later what somebody has been told so much of already."""
    until = _storms(users, at)
    if not until:
        return
    whens = [
        When(user=user, reason=reason, then=Value(later, output_field=DateTimeField()))
        for (user, reason), later in until.items()
    ]
    which = Q()
    for user, reason in until:
        which |= Q(user=user, reason=reason)
    rows = _due(users, at).filter(which, handling=Handling.IMMEDIATE)
    rows.update(due_at=Case(*whens, output_field=DateTimeField()))


def _storms(users: Collection[int], at: datetime) -> Mapping[Kind, datetime]:
    """Of which kinds, by person, more would be told than may be; and until when they wait."""
    window = timedelta(minutes=settings.NOTICE_STORM_MINUTES)
    told = Notice.objects.filter(
        user__in=users, handling=Handling.IMMEDIATE, mail__packed_at__gt=at - window
    )
    before = {
        (user, reason): (count, last)
        for user, reason, count, last in told.order_by()
        .values_list("user", "reason")
        .annotate(count=Count("pk"), last=Max("mail__packed_at"))
    }
    waiting = _due(users, at).filter(handling=Handling.IMMEDIATE).order_by()
    counts = waiting.values_list("user", "reason").annotate(count=Count("pk"))
    return {
        (user, reason): before[user, reason][1] + window
        for user, reason, count in counts
        if (user, reason) in before and before[user, reason][0] + count > settings.NOTICE_STORM
    }


def _pack(users: Collection[int], at: datetime) -> None:
    due = _due(users, at)
    NoticeMail.objects.bulk_create(
        NoticeMail(user_id=user, **sending.fresh(at))
        for user in due.order_by().values_list("user", flat=True).distinct()
    )
    mine = NoticeMail.objects.filter(user=OuterRef("user"), packed_at=at)
    due.update(mail=Subquery(mine.values("pk")[:1]))
