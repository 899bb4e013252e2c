"""Somebody who was told something, for tests that look at everything there is."""

from django.contrib.auth.models import User

from integration.models import Handling, Notice
from staging.models import AlertStep, Severity

MOST = 5


def tell(who: User) -> None:
    """Of what happened to alerts, as far as anything has: everybody reads their own alone."""
    for step in AlertStep.objects.select_related("alert").order_by("pk")[:MOST]:
        alert = step.alert
        Notice.objects.create(
            user=who, step=step, alert=alert, site=alert.site, reason=alert.reason, at=step.at,
            severity=Severity.WARNING, handling=Handling.IN_APP,
        )  # fmt: skip
