"""Sending what was packed: each e-mail claimed in the database before, and marked after.

At least once: a worker that is killed between the server's answer and the mark sends it again, when
its claim has run out, under the same Message-ID. The other way round, an e-mail could be lost.
"""

import logging
from collections.abc import Collection
from datetime import datetime, timedelta
from smtplib import (
    SMTPDataError,
    SMTPException,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)
from time import monotonic
from typing import Any, NamedTuple
from uuid import UUID

from django.core import mail as outgoing
from django.db.models import Count, Min, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from integration.models import Handling, MailState, Notice, NoticeMail
from integration.notices import writing
from integration.notices.people import People, Wish
from inventory.wording import recorded

LEASE = timedelta(seconds=90)
"""Longer than one attempt can take: connecting, and each answer of the server."""

RUN_SECONDS = 60
"""How long one run sends; the next one goes on."""

DELAYS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60, 120))
"""Between one attempt and the next; the last one until it is given up."""

PERMANENT = 500
"""What an SMTP server answers for good (RFC 5321, 4.2.1)."""

BROKEN = (SMTPException, OSError)

logger = logging.getLogger(__name__)


class Refusal(Exception):  # noqa: N818 - the server's
    """This e-mail will not be taken, however often it is tried."""


def send_due(*, seconds: float = RUN_SECONDS) -> int:
    """Send what is due, over one connection; how many were sent. A second worker sends others."""
    sent, until = 0, monotonic() + seconds
    connection = outgoing.get_connection()
    try:
        while monotonic() < until and (mail := _claim(timezone.now())):
            try:
                sent += _deliver(mail, connection)
            except BROKEN as failure:
                _put_off(mail, failure)
                return sent  # the others would fare no better: the next run tries one of them
    finally:
        try:
            connection.close()
        except BROKEN as failure:
            logger.info("The mail server was gone before goodbye: %s", failure)
    return sent


def _claim(at: datetime) -> NoticeMail | None:
    """The next one, for us alone for as long as the lease lasts."""
    for pk in NoticeMail.objects.due(at).values_list("pk", flat=True)[:20]:
        lease = uuid7()
        mine = NoticeMail.objects.due(at).filter(pk=pk).order_by()
        if mine.update(lease=lease, leased_until=at + LEASE):
            return NoticeMail.objects.select_related("user").get(pk=pk)
    return None


def _deliver(mail: NoticeMail, connection: Any) -> int:
    """Send it, if there is anything left to tell."""
    notices, why_not = left_to_tell(mail)
    if not notices:
        return _settle(mail, MailState.NEEDLESS, error=why_not)
    try:
        _send(mail, notices, connection)
    except Refusal as refusal:
        _settle(mail, MailState.GIVEN_UP, attempts=mail.attempts + 1, error=str(refusal)[:300])
        return 0
    told = len({notice.alert_id for notice in notices})
    _settle(
        mail, MailState.SENT, attempts=mail.attempts + 1, error="", told=told,
        address=mail.user.email,
    )  # fmt: skip
    return 1


def left_to_tell(mail: NoticeMail) -> tuple[list[Notice], str]:
    """What is still open of what its person may and wants to see; and if nothing is, why."""
    wishes = People(only=[mail.user_id], also=[mail.user_id]).wishes()
    if not wishes:
        return [], recorded(_("The person may not view alerts any more."))
    wish = wishes[0]
    if not wish.address:
        return [], recorded(_("The person has no e-mail address any more."))
    rows = mail.notices.filter(alert__closed_at=None).select_related(
        "alert__site", "alert__location", "alert__lot__material", "alert__demand"
    )
    return [row for row in rows if _is_wanted(row, wish)], ""


def _is_wanted(row: Notice, wish: Wish) -> bool:
    """Whether its person still wants e-mail about it."""
    return wish.is_of(row.site_id) and wish.handling(row.severity) >= Handling.DIGEST


def _send(mail: NoticeMail, notices: Collection[Notice], connection: Any) -> None:
    """Raises `Refusal` for what is refused for good, and what smtplib does for the rest."""
    message = writing.message(mail, notices)
    message.connection = connection
    try:
        message.send()
    except SMTPRecipientsRefused as failure:
        if all(code >= PERMANENT for code, _text in failure.recipients.values()):
            raise Refusal(in_words(failure)) from failure
        raise
    except SMTPDataError as failure:
        if failure.smtp_code >= PERMANENT:
            raise Refusal(in_words(failure)) from failure
        raise
    except ValueError as failure:  # an address that no header can hold
        raise Refusal(str(failure)) from failure


def in_words(failure: Exception) -> str:
    """What the server said, as short as it can be."""
    if isinstance(failure, SMTPRecipientsRefused):
        said = next(iter(failure.recipients.values()), (0, b""))
        return _said(*said)
    if isinstance(failure, SMTPSenderRefused | SMTPResponseException):
        return _said(failure.smtp_code, failure.smtp_error)
    return f"{type(failure).__name__}: {failure}"


def _said(code: int, text: Any) -> str:
    return f"{code} {text.decode(errors='replace') if isinstance(text, bytes) else text}"


def _put_off(mail: NoticeMail, failure: Exception) -> None:
    """Try again later, each time later than before; or give it up, when that has gone on for too
    long."""
    now, said = timezone.now(), in_words(failure)[:300]
    logger.warning("E-mail %s could not be sent: %s", mail.number, said)
    following = now + DELAYS[min(mail.attempts, len(DELAYS) - 1)]
    if following > mail.give_up_after:
        _settle(mail, MailState.GIVEN_UP, attempts=mail.attempts + 1, error=said)
        return
    _mine(mail, mail.lease).update(
        attempts=mail.attempts + 1, next_attempt_at=following, error=said,
        lease=None, leased_until=None,
    )  # fmt: skip


def _mine(mail: NoticeMail, lease: UUID | None) -> Any:
    """The row, if nobody has taken it over since."""
    return NoticeMail.objects.filter(pk=mail.pk, lease=lease)


def _settle(mail: NoticeMail, state: MailState, **values: Any) -> int:
    """Mark what became of it. 0, so that it counts as nothing sent."""
    _mine(mail, mail.lease).update(
        state=state, settled_at=timezone.now(), lease=None, leased_until=None, **values
    )
    return 0


class Standing(NamedTuple):
    """Since when the oldest e-mail that was tried in vain has been due, None where none is; and how
    many were given up within the last day."""

    failing_since: datetime | None
    given_up: int


def standing(at: datetime) -> Standing:
    """How e-mail gets through. One statement."""
    failing = Q(state=MailState.WAITING) & ~Q(error="")
    lately = Q(state=MailState.GIVEN_UP, settled_at__gt=at - timedelta(hours=24))
    found = NoticeMail.objects.filter(failing | lately).aggregate(
        since=Min("packed_at", filter=failing), given_up=Count("pk", filter=lately)
    )
    return Standing(found["since"], found["given_up"])
