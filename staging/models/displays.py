"""Screens on a wall that show boards without anybody being signed in."""

from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from inventory import bearer
from inventory.models import Location, Site

OPENS_FOR = timedelta(hours=24)
"""How long the link that is shown once may be opened."""


class DisplayQuerySet(models.QuerySet["Display"]):
    def valid(self, at: object) -> Self:
        """Neither revoked nor expired."""
        return self.filter(bearer.valid(at))

    def unopened(self, at: datetime) -> Self:
        """Those whose link may still be opened."""
        return self.valid(at).filter(opened_at=None, created_at__gt=at - OPENS_FOR)


class Display(models.Model):
    """What a wall screen may show: the boards of these sites, and of what lies in these areas.

    `digest` is that of the link until a screen has opened it, and of the screen's own token from
    then on; neither is kept.
    """

    name = models.CharField(_("name"), max_length=80, help_text=_("Where the screen hangs."))
    sites = models.ManyToManyField(
        Site, blank=True, related_name="+", verbose_name=_("sites"),
        help_text=_("Everything of these sites is shown."),
    )  # fmt: skip
    areas = models.ManyToManyField(
        Location, blank=True, related_name="+", verbose_name=_("areas"),
        help_text=_("The lanes within these locations are shown, and the demands they serve."),
    )  # fmt: skip
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(_("created at"), editable=False)
    opened_at = models.DateTimeField(_("opened at"), null=True, editable=False)
    expires_at = models.DateTimeField(
        _("expires at"), null=True, blank=True, help_text=_("Empty: until it is revoked.")
    )
    revoked_at = models.DateTimeField(_("revoked at"), null=True, editable=False)
    last_seen_at = models.DateTimeField(_("last seen at"), null=True, editable=False)

    objects = DisplayQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        verbose_name = _("wall screen")
        verbose_name_plural = _("wall screens")
        default_permissions = ("add", "change", "view")

    def __str__(self) -> str:
        return self.name
