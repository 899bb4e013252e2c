"""The report as an e-mail: HTML that needs no picture, the same as text, and the PDF."""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from inventory import accounts
from staging.report.content import Report
from staging.report.words import Words, say


def message(report: Report, *, user: User, address: str) -> EmailMultiAlternatives:
    """What is sent to one person, in the language of their account."""
    # Here, because loading reportlab takes a while and few processes ever need it.
    from staging.report.pdf import pdf

    with translation.override(language_of(user)):
        words = say(report)
        shown = context(words, report)
        mail = EmailMultiAlternatives(
            f"Forestage: {words.title}",
            render_to_string("staging/report/mail.txt", shown),
            to=[address],
            headers={"Auto-Submitted": "auto-generated"},
        )
        mail.attach_alternative(render_to_string("staging/report/mail.html", shown), "text/html")
        mail.attach(filename(report, "pdf"), pdf(words), "application/pdf")
    return mail


def context(words: Words, report: Report) -> dict[str, Any]:
    """What the templates of the mail show. Without a public address there are no links."""
    page = f"{settings.PUBLIC_URL}{reverse('staging:report')}" if settings.PUBLIC_URL else ""
    return {
        "words": words,
        "page_url": f"{page}?week={report.week}" if page else "",
        "choice_url": f"{page}#by-mail" if page else "",
        "language": translation.get_language(),
    }


def language_of(user: User) -> str:
    """The language that a person has chosen; the installation's for who has not."""
    chosen = accounts.of(user).language
    return chosen if chosen in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


def filename(report: Report, ending: str) -> str:
    return f"forestage-{report.week}.{ending}"
