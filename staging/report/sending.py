"""Send the weekly report by e-mail: once to each, tried again where it failed.

Who gets it is written down when it is due, and each mail is claimed in the database before it goes
out. A second message of the task, a second worker or a second beat finds it claimed. What a worker
had claimed when it was killed is left alone: it may have gone out.
"""

import logging
from datetime import datetime, timedelta
from smtplib import SMTPException

from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inventory import audit
from inventory.audit import Actor
from inventory.errors import Refused
from staging.models import ReportMail
from staging.report import choosing
from staging.report.content import gather, is_counted
from staging.report.mail import message
from staging.report.weeks import Week

WAITS = timedelta(hours=24)
"""So long the report waits for days that have not been counted; then it says which are missing."""

FIRST_WAIT, MOST_TRIES = timedelta(minutes=5), 8
"""After a failure: 5 minutes, 10, 20 … up to over ten hours in all."""

LOST = timedelta(hours=1)
"""What was claimed so long ago has no worker any more."""

logger = logging.getLogger(__name__)


def send_due(at: datetime) -> dict[str, int]:
    """Note who gets the last week's report once that is due, and send what is to be sent."""
    noted = note_due(at)
    sent = failed = 0
    for mail in ReportMail.objects.filter(_open(at)).select_related("user").order_by("pk"):
        if _claim(mail, at):
            gone = _send(mail)
            sent, failed = sent + gone, failed + (not gone)
    return {"noted": noted, "sent": sent, "failed": failed}


def note_due(at: datetime) -> int:
    """Write down who gets the report of the last week; how many were new. Whoever chose it after it
    was due gets the next."""
    week = Week.last(at)
    if at < week.due_at or ReportMail.objects.filter(week=week.monday).exists():
        return 0
    found = choosing.recipients(week.due_at)
    everywhere = {site.pk: site for one in found for site in one.sites}
    if at < week.due_at + WAITS and not is_counted(week, everywhere.values(), at):
        return 0
    mails = [
        ReportMail(user=one.user, week=week.monday, address=one.user.email, due_at=at)
        for one in found
    ]
    with transaction.atomic():
        before = ReportMail.objects.filter(week=week.monday).count()
        ReportMail.objects.bulk_create(mails, ignore_conflicts=True)
        return ReportMail.objects.filter(week=week.monday).count() - before


def _open(at: datetime) -> Q:
    """What is to be sent now: never tried, or failed and waited for."""
    return Q(sent_at=None, due_at__lte=at, attempts__lt=MOST_TRIES) & (
        Q(claimed_at=None) | Q(failed_at__gte=F("claimed_at"))
    )


def _claim(mail: ReportMail, at: datetime) -> bool:
    """Take it, unless another has."""
    mine = ReportMail.objects.filter(_open(at), pk=mail.pk)
    return bool(mine.update(claimed_at=at, failed_at=None, attempts=F("attempts") + 1))


def _send(mail: ReportMail) -> bool:
    """Send one that is claimed; whether it went."""
    mine = ReportMail.objects.filter(pk=mail.pk)
    try:
        written = _written(mail)
    except Exception as failure:
        logger.exception("Report %s could not be written", mail)
        return _failed(mail, failure)
    try:
        written.send()
    except (SMTPException, OSError) as failure:
        logger.warning("Report %s could not be sent: %s", mail, failure)
        return _failed(mail, failure)
    mine.update(sent_at=timezone.now(), error="")
    return True


def _written(mail: ReportMail) -> EmailMultiAlternatives:
    sites = choosing.sites_for(mail.user)
    report = gather(Week(mail.week), sites, at=timezone.now())
    return message(report, user=mail.user, address=mail.address)


def _failed(mail: ReportMail, failure: Exception) -> bool:
    """Try again after 5 minutes, 10, 20 … or not any more."""
    now = timezone.now()
    ReportMail.objects.filter(pk=mail.pk).update(
        failed_at=now, error=str(failure)[:200], due_at=now + FIRST_WAIT * 2**mail.attempts
    )
    return False


def state_of(mail: ReportMail, at: datetime) -> str:
    """`sent`, `waits`, `failed` (tried again), `given_up`, `sending`, or `unknown`."""
    if mail.sent_at:
        return "sent"
    if mail.failed_at:
        return "given_up" if mail.attempts >= MOST_TRIES else "failed"
    if mail.claimed_at is None:
        return "waits"
    return "sending" if mail.claimed_at > at - LOST else "unknown"


@transaction.atomic
def send_again(*, mail: ReportMail, by: Actor, at: datetime) -> ReportMail:
    """Have a report sent that was given up, may not have gone out, or got lost on its way.

    Refuses `report_under_way` while it waits or is being sent.
    """
    stamp = audit.stamp(by, at)
    row = ReportMail.objects.select_for_update(of=("self",)).select_related("user").get(pk=mail.pk)
    if state_of(row, stamp.recorded_at) in ("waits", "sending"):
        raise Refused(
            _("It is being sent."),
            code="report_under_way",
            hint=_("Look again in a few minutes."),
        )
    row.address = row.user.email or row.address
    row.due_at, row.attempts, row.error = stamp.recorded_at, 0, ""
    row.claimed_at = row.failed_at = row.sent_at = None
    row.save()
    audit.record("staging.send_report_again", stamp=stamp, subject=row)
    return row
