"""Token authentication: `Authorization: Token …`, one query a request and a second at most.

An access token comes as `Bearer`, as RFC 6750 has it; either word will do for either.
"""

from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import DateTimeField
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from integration.access import refusing
from integration.models import ApiToken
from integration.models.access import EVERYTHING, Kind
from inventory import sites
from inventory.statements import Given, Select

KEYWORD = "Token"
KEYWORDS = ("token", "bearer")
TOUCH_EVERY = timedelta(minutes=1)
"""`last_used_at` is written at most this often, so that reading stays reading."""

_TOKENS = Select(
    lambda: (
        ApiToken.objects.valid(Given("now", DateTimeField()))
        .filter(digest__among="digests", kind__in=(Kind.TOKEN, Kind.ACCESS))
        .select_related("client__user")
        .order_by()
    )
)

_KEPT: dict[str, tuple[float, ApiToken]] = {}
MOST_KEPT = 1000


def _valid(digest: str, now: datetime) -> ApiToken | None:
    """The token that has this digest, unless it is revoked or expired, or its client or
    user is no longer in use.

    A process keeps what it found for `TOKEN_SECONDS`, with the permissions that its user has been
    asked for: a system that sends many requests then costs two statements a second and not for
    each. So a token that is revoked, and a role that is taken away, count everywhere that long
    after at the latest; an expiry counts at once.
    """
    until, token = _KEPT.get(digest, (0.0, None))
    if token and until > monotonic() and (token.expires_at is None or token.expires_at > now):
        return token
    found = next(iter(_TOKENS(now=now, digests=[digest])), None)
    if found is not None:
        sites.limit(found.client.user, found.limit())
    if len(_KEPT) >= MOST_KEPT:
        _KEPT.clear()
    if found is not None and settings.TOKEN_SECONDS:
        _KEPT[digest] = (monotonic() + settings.TOKEN_SECONDS, found)
    return found


class TokenAuthentication(BaseAuthentication):
    """Looks a token up by its digest. Refuses unknown, expired and revoked ones alike, and holds
    the others to what they are for: here, because every view of the API comes by."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        parts = get_authorization_header(request).decode("latin-1").split()
        if not parts or parts[0].lower() not in KEYWORDS:
            return None
        if len(parts) != 2:
            raise AuthenticationFailed(_("Send “Authorization: Token” and the token."))
        now = timezone.now()
        token = _valid(ApiToken.digest_of(parts[1]), now)
        if token is None:
            raise AuthenticationFailed(_("This token is unknown, expired or revoked."))
        if token.last_used_at is None or token.last_used_at < now - TOUCH_EVERY:
            ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
            token.last_used_at = now
        if token.scopes != [EVERYTHING] or token.sites:
            refusing.check(token, request, now)
            request._request.narrowed = bool(token.sites)  # type: ignore[attr-defined]
        return token.client.user, token

    def authenticate_header(self, request: Request) -> str:
        return KEYWORD


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the API's document describes the token."""

    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "“Token” (or “Bearer”), a blank, and a token or access token.",
        }
