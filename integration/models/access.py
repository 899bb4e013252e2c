"""Access of external systems."""

from typing import Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from inventory import bearer


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def valid(self, at: object) -> Self:
        """Neither revoked nor expired, of an account that is in use."""
        return self.filter(bearer.valid(at), user__is_active=True)


class ApiToken(models.Model):
    """A token of a user. Only its digest is kept; the token itself is shown once."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="api_tokens")
    name = models.CharField(_("name"), max_length=80, help_text=_("Which system uses it."))
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, editable=False)
    last_used_at = models.DateTimeField(_("last used at"), null=True, editable=False)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")

    def __str__(self) -> str:
        return f"{self.name} ({self.user})"

    digest_of = staticmethod(bearer.digest_of)
    new_secret = staticmethod(bearer.new_secret)
