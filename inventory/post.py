"""What every e-mail needs: the language of its reader, and addresses that work from elsewhere."""

from django.conf import settings
from django.contrib.auth.models import User

from inventory import accounts


def language_of(user: User) -> str:
    """The language that a person has chosen; the installation's for who has not."""
    chosen = accounts.of(user).language
    return chosen if chosen in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


def absolute(path: str) -> str:
    """An address that works from elsewhere; '' without `FORESTAGE_URL`."""
    return f"{settings.PUBLIC_URL}{path}" if settings.PUBLIC_URL else ""
