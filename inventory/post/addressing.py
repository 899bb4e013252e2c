"""What every e-mail needs: its reader's language, addresses that work from elsewhere, a number."""

from email.utils import parseaddr

from django.conf import settings
from django.contrib.auth.models import User
from django.utils import translation

from inventory import accounts
from inventory.models.mail import OutgoingMail


def language_of(user: User) -> str:
    """The language that a person has chosen; the installation's for who has not."""
    chosen = accounts.of(user).language
    return chosen if chosen in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


def absolute(path: str) -> str:
    """An address that works from elsewhere; '' without `FORESTAGE_URL`."""
    return f"{settings.PUBLIC_URL}{path}" if settings.PUBLIC_URL else ""


def headers_of(mail: OutgoingMail) -> dict[str, str]:
    """The Message-ID is the same at every attempt, so that a repeat can be recognised. Called while
    the language of the reader is active."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    return {
        "Message-ID": f"<{mail.number}@{domain}>",
        "Auto-Submitted": "auto-generated",
        "Content-Language": translation.get_language() or settings.LANGUAGE_CODE,
    }
