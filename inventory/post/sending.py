"""Sending e-mails that are rows: each claimed in the database before, and marked after.

At least once: a worker that is killed between the server's answer and the mark sends it again, when
its claim has run out, under the same Message-ID. The other way round, an e-mail could be lost.
"""

import logging
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from smtplib import (
    SMTPDataError,
    SMTPException,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)
from time import monotonic
from typing import Any, NamedTuple, TypeVar, cast

from django.conf import settings
from django.core import mail as outgoing
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Count, Min, Q
from django.utils import timezone
from uuid_utils.compat import uuid7

from inventory import audit
from inventory.audit import Actor
from inventory.models.mail import MailState, OutgoingMail

LEASE = timedelta(minutes=5)
"""Longer than one attempt can take: writing it, connecting, and each answer of the server."""

RUN_SECONDS = 60
"""How long one run sends; the next one goes on."""

DELAYS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60, 120))
"""Between one attempt and the next; the last one until it is given up."""

PERMANENT = 500
"""What an SMTP server answers for good (RFC 5321, 4.2.1)."""

BROKEN = (SMTPException, OSError)
OF_ONE = (SMTPRecipientsRefused, SMTPDataError)
"""What a server says of one e-mail and not of all."""

logger = logging.getLogger(__name__)

M = TypeVar("M", bound=OutgoingMail)


class Needless(Exception):  # noqa: N818 - nothing is wrong
    """Nothing is left to tell; says why, in the language of records."""


class Refusal(Exception):  # noqa: N818 - the server's
    """This e-mail will not be taken, however often it is tried."""


class Letter(NamedTuple):
    """What an e-mail says now, and what is kept of that in its row once it is sent."""

    message: EmailMessage
    kept: Mapping[str, Any] = {}


Write = Callable[[M], Letter]
"""Writes an e-mail when it is sent, not before. Raises `Needless`."""


def fresh(at: datetime) -> dict[str, Any]:
    """What a new e-mail begins with, due at once."""
    return {
        "number": uuid7(),
        "packed_at": at,
        "next_attempt_at": at,
        "give_up_after": at + timedelta(hours=settings.MAIL_HOURS),
    }


def send_due(model: type[M], write: Write[M], *, seconds: float = RUN_SECONDS) -> int:
    """Send what is due, over one connection; how many were sent. A second worker sends others."""
    sent, until = 0, monotonic() + seconds
    connection = outgoing.get_connection()
    try:
        while monotonic() < until and (mail := claim(model, timezone.now())):
            try:
                sent += _deliver(mail, write, connection)
            except BROKEN as failure:
                put_off(mail, failure)
                break  # the others would fare no better: the next run tries one of them
    finally:
        try:
            connection.close()
        except BROKEN as failure:
            logger.info("The mail server was gone before goodbye: %s", failure)
    return sent


def claim(model: type[M], at: datetime) -> M | None:
    """The next one, for us alone for as long as the lease lasts."""
    for pk in model.objects.due(at).values_list("pk", flat=True)[:20]:
        mine = model.objects.due(at).filter(pk=pk).order_by()
        if mine.update(lease=uuid7(), leased_until=at + LEASE):
            return cast("M", model.objects.select_related("user").get(pk=pk))
    return None


def _deliver(mail: M, write: Write[M], connection: Any) -> bool:
    """Send it, if there is anything left to tell; whether it went."""
    letter = _written(mail, write)
    if letter is None:
        return False
    try:
        _send(letter.message, connection)
    except Refusal as refusal:
        _settle(mail, MailState.GIVEN_UP, tried=1, error=str(refusal)[:300])
        return False
    except OF_ONE as failure:
        put_off(mail, failure)
        return False
    address = ", ".join(letter.message.to)
    _settle(mail, MailState.SENT, tried=1, error="", address=address, **letter.kept)
    return True


def _written(mail: M, write: Write[M]) -> Letter | None:
    """None where it is needless, or can't be written: that holds up no other."""
    try:
        return write(mail)
    except Needless as why:
        _settle(mail, MailState.NEEDLESS, error=str(why)[:300])
    except Exception as failure:
        logger.exception("E-mail %s could not be written", mail.number)
        put_off(mail, failure)
    return None


def _send(message: EmailMessage, connection: Any) -> None:
    """Raises `Refusal` for what is refused for good, and what smtplib does for the rest."""
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


def put_off(mail: OutgoingMail, failure: Exception) -> None:
    """Try again later, each time later than before; or give it up, when that has gone on for too
    long."""
    now, said = timezone.now(), in_words(failure)[:300]
    logger.warning("E-mail %s could not be sent: %s", mail.number, said)
    following = now + DELAYS[min(mail.attempts, len(DELAYS) - 1)]
    if following > mail.give_up_after:
        _settle(mail, MailState.GIVEN_UP, tried=1, error=said)
    else:
        _mark(mail, tried=1, next_attempt_at=following, error=said)


def _settle(mail: OutgoingMail, state: MailState, **values: Any) -> None:
    """Mark what became of it."""
    _mark(mail, state=state, settled_at=timezone.now(), **values)


def _mark(mail: OutgoingMail, *, tried: int = 0, **values: Any) -> None:
    """End the claim, if nobody has taken it over since."""
    type(mail).objects.filter(pk=mail.pk, lease=mail.lease).update(
        attempts=mail.attempts + tried, lease=None, leased_until=None, **values
    )


@transaction.atomic
def try_again(
    model: type[OutgoingMail], *, mails: Collection[int], action: str, by: Actor, at: datetime
) -> int:
    """Have e-mails tried at once, in the states of the model's `AGAIN`; how many. What a worker is
    at is left to it. One that was sent goes out as another one, under a number of its own.

    `action` is what the audit trail calls it.
    """
    stamp = audit.stamp(by, at)
    free = model.objects.free(stamp.recorded_at).filter(pk__in=mails, state__in=model.AGAIN)
    rows = list(free.order_by("pk").select_for_update(no_key=True, of=("self",)))
    audit.record_many(action, [audit.Entry(subject=row) for row in rows], stamp=stamp)
    for row in rows:
        begun = fresh(stamp.recorded_at)
        row.next_attempt_at, row.give_up_after = begun["next_attempt_at"], begun["give_up_after"]
        if row.state == MailState.SENT:
            row.number, row.attempts = begun["number"], 0
        row.state, row.settled_at = MailState.WAITING, None
    model.objects.bulk_update(
        rows, ["number", "attempts", "next_attempt_at", "give_up_after", "state", "settled_at"]
    )
    return len(rows)


class Standing(NamedTuple):
    """Since when the oldest e-mail that was tried in vain has been due, None where none is; and how
    many were given up within the last day."""

    failing_since: datetime | None
    given_up: int


def standing(models: Collection[type[OutgoingMail]], at: datetime) -> Standing:
    """How e-mail gets through. One statement for each kind."""
    failing = Q(state=MailState.WAITING) & ~Q(error="")
    lately = Q(state=MailState.GIVEN_UP, settled_at__gt=at - timedelta(hours=24))
    found = [
        model.objects.filter(failing | lately).aggregate(
            since=Min("packed_at", filter=failing), given_up=Count("pk", filter=lately)
        )
        for model in models
    ]
    since = [one["since"] for one in found if one["since"]]
    return Standing(min(since, default=None), sum(one["given_up"] for one in found))
