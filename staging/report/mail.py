"""The report as an e-mail: HTML that needs no picture, the same as text, and the PDF."""

from typing import Any

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from inventory.post import addressing
from staging.models import ReportMail
from staging.report.content import Report
from staging.report.words import Words, say


def message(report: Report, mail: ReportMail) -> EmailMultiAlternatives:
    """The e-mail of a report, in the language of its reader's account."""
    # Here, because loading reportlab takes a while and few processes ever need it.
    from staging.report.pdf import pdf

    with translation.override(addressing.language_of(mail.user)):
        words = say(report)
        shown = context(words, report)
        made = EmailMultiAlternatives(
            f"Forestage: {words.title}",
            render_to_string("staging/report/mail.txt", shown),
            to=[mail.user.email],
            headers=addressing.headers_of(mail),
        )
        made.attach_alternative(render_to_string("staging/report/mail.html", shown), "text/html")
        made.attach(filename(report, "pdf"), pdf(words), "application/pdf")
    return made


def context(words: Words, report: Report) -> dict[str, Any]:
    """What the templates of the mail show. Without a public address there are no links."""
    page = addressing.absolute(reverse("staging:report"))
    return {
        "words": words,
        "page_url": f"{page}?week={report.week}" if page else "",
        "choice_url": f"{page}#by-mail" if page else "",
        "language": translation.get_language(),
    }


def filename(report: Report, ending: str) -> str:
    return f"forestage-{report.week}.{ending}"
