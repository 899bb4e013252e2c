"""What happens when a receiver is given up: it is disabled, and whoever set it up is told.

Nothing is lost by it. The position stays where it is, and delivery goes on there once it is enabled
again, as far back as the feed reaches.
"""

import logging
from datetime import datetime, timedelta
from smtplib import SMTPException

from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from integration.models import Ended, Parcel, ParcelKind, Subscription
from integration.webhooks import rights
from integration.webhooks.messages import Message
from integration.webhooks.sending import Answer
from integration.webhooks.turns import Turn
from inventory import audit
from inventory.wording import on_record

AGAIN = timedelta(minutes=5)
"""After a mail server that was down."""

logger = logging.getLogger(__name__)


def words(answer: Answer) -> str:
    """Why it was not taken, as short as it can be said."""
    return answer.error[:200] or _("answered %(status)s") % {"status": answer.status}


@transaction.atomic
def end(turn: Turn, why: Ended, said: str = "") -> None:
    """Disable a subscription by ourselves. Nothing happens where somebody changed it meanwhile."""
    now = timezone.now()
    if not turn.note(disabled_at=now, ended=why, tell_after=now, told_at=None):
        return
    with on_record():
        reason = f"{why.label}: {said}" if said else str(why.label)
    stamp = audit.stamp(audit.system(), now, reason)
    audit.record(
        "webhooks.give_up", stamp=stamp, subject=turn.subscription, facts=_facts(turn.subscription)
    )
    logger.warning("Webhook %s is disabled: %s", turn.subscription, reason)


def _facts(subscription: Subscription) -> dict[str, object]:
    return {
        "position": subscription.position,
        "event": subscription.failing_event,
        "attempts": subscription.attempts,
    }


def give_up(subscription: Subscription, message: Message, *, said: str, at: datetime) -> Parcel:
    """Keep an event that was not taken, so that it can be sent by itself."""
    parcel, _made = Parcel.objects.update_or_create(
        subscription=subscription,
        event=message.event,
        defaults={
            "kind": ParcelKind.DEAD,
            "type": message.type,
            "position": message.position,
            "body": message.body,
            "created_at": at,
            "asked_at": None,
            "taken_at": None,
            "error": said[:200],
        },
    )
    return parcel


def tell_due(at: datetime) -> int:
    """Write to those whose receivers were given up; how many. Tried again until it is sent."""
    due = Subscription.objects.filter(told_at=None, tell_after__lte=at).exclude(contact="")
    return sum(_tell(subscription, at) for subscription in due)


def _tell(subscription: Subscription, at: datetime) -> bool:
    mine = Subscription.objects.filter(pk=subscription.pk, told_at=None)
    if not mine.filter(Q(tell_after__lte=at)).update(tell_after=at + AGAIN):
        return False  # another worker is at it
    try:
        with on_record():
            mail(subscription).send()
    except (SMTPException, OSError) as failure:
        logger.warning("Nobody could be told of webhook %s: %s", subscription, failure)
        return False
    return bool(mine.update(told_at=at))


def mail(subscription: Subscription) -> EmailMessage:
    """What is sent: what happened, what it means and what to do."""
    text = _(
        "Forestage sends no more events to %(name)s:\n\n"
        "    %(url)s\n\n"
        "%(why)s.\n\n"
        "Nothing is lost: what happened since is sent once the webhook is enabled again in the\n"
        "admin, under “Webhooks”, as far back as the change feed reaches.\n"
    ) % {"name": subscription.name, "url": subscription.url, "why": _why(subscription)}
    subject = _("Forestage: webhook %(name)s is disabled") % {"name": subscription.name}
    return EmailMessage(subject, text, to=[subscription.contact])


def _why(subscription: Subscription) -> str:
    ended = Ended(subscription.ended)
    what = rights.in_words(subscription) if ended == Ended.RIGHTS_LOST else ""
    return f"{ended.label}: {what}" if what else str(ended.label)
