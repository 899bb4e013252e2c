"""What is known of an account beyond Django's: how it signs, and whether it may."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Account(models.Model):
    """Written by `inventory.accounts` alone, which records every change in the audit trail.

    A user without a row has all defaults. The second factor's secret is shown to nobody but its
    owner, once; `totp_step` is the last time step whose code was used, so that none counts twice.
    Without a `language`, pages are in the one that the browser asks for.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, primary_key=True, related_name="account"
    )
    is_service = models.BooleanField(_("service account"), default=False)
    password_change_due = models.BooleanField(_("must choose a password"), default=False)
    acknowledged_at = models.DateTimeField(_("signature acknowledged at"), null=True)
    failures = models.PositiveIntegerField(_("failed attempts in a row"), default=0)
    locked_at = models.DateTimeField(_("locked at"), null=True)
    totp_secret = models.CharField(max_length=32, blank=True, editable=False)
    totp_confirmed_at = models.DateTimeField(_("second factor since"), null=True)
    totp_step = models.BigIntegerField(default=0, editable=False)

    language = models.CharField(_("language"), max_length=10, blank=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.user)
