"""Where things are found, for mail: absolute addresses, or none where nobody said what ours is."""

from django.conf import settings
from django.urls import NoReverseMatch, reverse

from staging.models import Alert


def absolute(path: str) -> str:
    """An address that works from elsewhere; '' without `FORESTAGE_URL`."""
    return f"{settings.PUBLIC_URL}{path}" if settings.PUBLIC_URL else ""


def of_alert(alert: Alert) -> str:
    """The path of an alert's own page, or of the list with those of its reason."""
    try:
        return reverse("staging:alert", args=[alert.pk])
    except NoReverseMatch:
        return f"{reverse('staging:alert_list')}?reason={alert.reason}&state=all"
