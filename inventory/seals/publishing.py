"""Send seals out of the house, where no administrator of ours can change them any more.

By e-mail to people, by a signed POST to other systems. What is to be sent is written down first and
sent afterwards, again and again until it is: a server that is down costs time, but no seal. A crash
in between may send one twice.
"""

import logging
from datetime import datetime, timedelta
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from inventory.models import Seal, SealNotice
from inventory.seals import posting
from inventory.seals.content import moment
from inventory.wording import on_record

AGAIN = timedelta(minutes=5)
"""After a failure, or a worker that vanished, it is tried again."""

logger = logging.getLogger(__name__)


def publish() -> int:
    """Note the newest seal for sending, if that is due; send what has not been sent."""
    now, sent, down = timezone.now(), 0, set[str]()
    note_due(now)
    for notice in SealNotice.objects.filter(sent_at=None).order_by("pk").iterator():
        if notice.address in down:
            continue  # one wait for an answer is enough, however much has heaped up
        if _send(notice, now):
            sent += 1
        else:
            down.add(notice.address)
    return sent


def note_due(now: datetime) -> None:
    """Note the newest seal for every address, unless one was noted within the interval."""
    seal, last = Seal.objects.newest(), SealNotice.objects.order_by("-sequence").first()
    addresses = [*settings.SEAL_EMAILS, *settings.SEAL_URLS]
    if seal is None or not addresses:
        return
    wait = timedelta(hours=settings.SEAL_EMAIL_HOURS)
    if last and (last.sequence >= seal.sequence or last.due_at > now - wait):
        return
    notices = [
        SealNotice(sequence=seal.sequence, hash=seal.hash, address=address, due_at=now)
        for address in addresses
    ]
    SealNotice.objects.bulk_create(notices, ignore_conflicts=True)


def _send(notice: SealNotice, now: datetime) -> bool:
    """Send one, unless another worker is at it, or it failed just now."""
    mine = SealNotice.objects.filter(pk=notice.pk, sent_at=None)
    if not mine.filter(Q(tried_at=None) | Q(tried_at__lte=now - AGAIN)).update(tried_at=now):
        return False
    try:
        if notice.is_posted:
            posting.post(notice, now)
        else:
            with on_record():
                message(notice).send()
    except (SMTPException, OSError) as failure:
        logger.warning("Seal %s could not be sent: %s", notice.sequence, failure)
        mine.update(error=str(failure)[:200])
        return False
    mine.update(sent_at=timezone.now(), error="")
    return True


def message(notice: SealNotice) -> EmailMessage:
    """What is sent: the seal, and what it is good for."""
    text = _(
        "The newest seal over the records of Forestage:\n\n"
        "    %(seal)s\n\n"
        "Keep this message, of %(at)s. Whoever changes, removes or\n"
        "inserts a record that was sealed up to now cannot make this seal again.\n\n"
        "To check the records against it:\n\n"
        "    python manage.py verify_audit --published %(seal)s\n"
    ) % {"seal": notice.published_as, "at": moment(notice.due_at)}
    subject = _("Forestage: seal %(number)s") % {"number": notice.sequence}
    return EmailMessage(subject, text, to=[notice.address])
