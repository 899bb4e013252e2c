"""Send the weekly report by e-mail. Who gets it is written down when it is due."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inventory.post import sending
from inventory.post.sending import Letter, Needless
from inventory.wording import recorded
from staging.models import ReportMail
from staging.report import choosing
from staging.report.content import gather, is_counted
from staging.report.mail import message
from staging.report.weeks import Week

WAITS = timedelta(hours=24)
"""So long the report waits for days that have not been counted; then it says which are missing."""


def send_due(at: datetime, *, seconds: float = sending.RUN_SECONDS) -> dict[str, int]:
    """Note who gets the last week's report once that is due, and send what is to be sent."""
    noted = note_due(at)
    return {"noted": noted, "sent": sending.send_due(ReportMail, write, seconds=seconds)}


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
    mails = [ReportMail(user=one.user, week=week.monday, **sending.fresh(at)) for one in found]
    with transaction.atomic():
        before = ReportMail.objects.filter(week=week.monday).count()
        ReportMail.objects.bulk_create(mails, ignore_conflicts=True)
        return ReportMail.objects.filter(week=week.monday).count() - before


def write(mail: ReportMail) -> Letter:
    """The report as it is now. Raises `Needless` for who may not read it any more."""
    if not mail.user.has_perm(choosing.READS):
        raise Needless(recorded(_("The person may not read the numbers any more.")))
    if not mail.user.email:
        raise Needless(recorded(_("The person has no e-mail address any more.")))
    report = gather(Week(mail.week), choosing.sites_for(mail.user), at=timezone.now())
    return Letter(message(report, mail))
