"""The report as an e-mail: HTML that needs no picture, the same as text, and the PDF."""

from typing import Any

from django.contrib.auth.models import User
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from inventory import post
from staging.report.content import Report
from staging.report.words import Words, say


def message(report: Report, *, user: User, address: str) -> EmailMultiAlternatives:
    """What is sent to one person, in the language of their account."""
    # Here, because loading reportlab takes a while and few processes ever need it.
    from staging.report.pdf import pdf

    with translation.override(post.language_of(user)):
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
    page = post.absolute(reverse("staging:report"))
    return {
        "words": words,
        "page_url": f"{page}?week={report.week}" if page else "",
        "choice_url": f"{page}#by-mail" if page else "",
        "language": translation.get_language(),
    }


def filename(report: Report, ending: str) -> str:
    return f"forestage-{report.week}.{ending}"
