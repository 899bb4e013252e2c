"""Access of external systems: clients, and the secrets that open the API for them."""

import secrets
from typing import Self

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from inventory import bearer

EVERYTHING = "*"
"""The scope that narrows nothing: all that the roles of the client's user allow."""


def new_client_id() -> str:
    """What a client calls itself by when it asks for an access token."""
    return secrets.token_hex(12)


def unlimited() -> list[str]:
    return [EVERYTHING]


class ApiClient(models.Model):
    """An external system that uses the API, and what has been agreed with it.

    It acts as its user, with that user's roles; the scopes of its tokens only narrow that.
    """

    name = models.CharField(
        _("name"), max_length=160, unique=True, help_text=_("Which system uses it: “MES, line 3”.")
    )
    system = models.CharField(
        _("system"), max_length=160, blank=True, help_text=_("Product and version.")
    )
    contact = models.CharField(
        _("contact"), max_length=200, blank=True, help_text=_("Whom to ask when it misbehaves.")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="api_clients",
        verbose_name=_("acts as"),
        help_text=_("Its roles are the client's; its name is on record."),
    )  # fmt: skip
    client_id = models.CharField(
        _("client ID"), max_length=40, unique=True, default=new_client_id, editable=False
    )
    key_required = models.BooleanField(
        _("Idempotency-Key required"), default=False,
        help_text=_("Changes without one are refused."),
    )  # fmt: skip
    match_required = models.BooleanField(
        _("If-Match required"), default=False,
        help_text=_("Changes of a thing that has versions are refused without one."),
    )  # fmt: skip
    requests_per_minute = models.PositiveIntegerField(
        _("requests per minute"), null=True, blank=True, validators=[MinValueValidator(1)],
        help_text=_("Empty: as many as the installation allows."),
    )  # fmt: skip
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("Without it, none of its tokens is good.")
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        ordering = ("name",)
        verbose_name = _("API client")
        verbose_name_plural = _("API clients")

    def __str__(self) -> str:
        return self.name


class Kind(models.TextChoices):
    """What a secret is good for. Only the first and the last open the API by themselves."""

    TOKEN = "token", _("Token")
    SECRET = "secret", _("Client secret")
    ACCESS = "access", _("Access token")


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def valid(self, at: object) -> Self:
        """Neither revoked nor expired, of a client and an account that are in use."""
        in_use = {"client__is_active": True, "client__user__is_active": True}
        return self.filter(bearer.valid(at), **in_use)


class ApiToken(models.Model):
    """A secret of a client. Only its digest is kept; the secret itself is shown once.

    `scopes` and `sites` (by id; none: all of them) say what it is for. An access token was given
    out `under` a client secret, and ends with it.
    """

    client = models.ForeignKey(
        ApiClient, models.PROTECT, related_name="tokens", verbose_name=_("client")
    )
    kind = models.CharField(
        _("kind"), max_length=6, choices=Kind.choices, default=Kind.TOKEN,
        help_text=_("A client secret is exchanged for access tokens that live for minutes."),
    )  # fmt: skip
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(_("scopes"), default=unlimited)
    sites = models.JSONField(_("sites"), default=list, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, editable=False)
    last_used_at = models.DateTimeField(_("last used at"), null=True, editable=False)
    replaces = models.ForeignKey(
        "self", models.PROTECT, null=True, editable=False, related_name="replaced_by",
        verbose_name=_("replaces"),
    )  # fmt: skip
    under = models.ForeignKey(
        "self", models.CASCADE, null=True, editable=False, related_name="given_out",
        verbose_name=_("given out under"),
    )  # fmt: skip

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")

    def __str__(self) -> str:
        return f"{self.client} #{self.pk}"

    digest_of = staticmethod(bearer.digest_of)
    new_secret = staticmethod(bearer.new_secret)

    def limit(self) -> frozenset[int] | None:
        """The sites it is for, by id; None where it is for all."""
        return frozenset(self.sites) or None
