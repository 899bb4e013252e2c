"""OAuth 2.0 client credentials (RFC 6749, section 4.4): a client secret for an access token.

Written out here, because this one grant is a form, two ways to say who asks, and five errors. The
libraries for servers bring what no client of ours may use (browsers, redirects, refresh), with
their own tables and a cryptography library; docs/access.md has the comparison.
"""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote_plus

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.http import HttpRequest

from integration.access import scopes
from integration.models import ApiClient, ApiToken
from integration.models.access import Kind
from inventory import accounts, audit
from inventory.audit import Actor
from inventory.audit_people import place_of
from inventory.errors import Refused
from inventory.models import Site, Surface

GRANT = "client_credentials"
KEPT_FOR = timedelta(days=1)
"""How long an access token that has ended is still there, to look into what went wrong."""


class OAuthError(Exception):
    """An error as RFC 6749, section 5.2 names it; `wait` seconds where it is too many of them."""

    def __init__(self, error: str, words: str, *, status: int = 400, wait: int = 0) -> None:
        super().__init__(words)
        self.error, self.words, self.status, self.wait = error, words, status, wait


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who says they ask."""

    client_id: str
    secret: str


@dataclass(frozen=True, slots=True)
class Granted:
    secret: str
    seconds: int
    scope: str


def grant(request: HttpRequest, at: datetime) -> Granted:
    """A new access token for the client that asks. Raises OAuthError."""
    form = request.POST
    if repeated := sorted(name for name, values in form.lists() if len(values) > 1):
        raise OAuthError("invalid_request", f"{repeated[0]} is there more than once.")
    given = credentials(request)
    wanted = form.get("grant_type", "")
    if not wanted:
        raise OAuthError("invalid_request", "grant_type is missing.")
    secret = _known(given, request, at)
    if wanted != GRANT:
        raise OAuthError("unsupported_grant_type", f"There is {GRANT} only.")
    return _give_out(secret, form.get("scope", ""), request, at)


def credentials(request: HttpRequest) -> Credentials:
    """From the header, by HTTP Basic, or from the body; not from both."""
    header = request.headers.get("Authorization", "")
    body = Credentials(request.POST.get("client_id", ""), request.POST.get("client_secret", ""))
    if not header:
        return body
    if body.secret:
        raise OAuthError("invalid_request", "Send the client secret once, in header or body.")
    word, _blank, coded = header.partition(" ")
    try:
        client_id, colon, secret = base64.b64decode(coded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        colon = ""
    if word.lower() != "basic" or not colon:
        raise _nobody()
    return Credentials(unquote_plus(client_id), unquote_plus(secret))


def _nobody() -> OAuthError:
    return OAuthError(
        "invalid_client", "The client is unknown, or its secret is wrong.", status=401
    )


# --- wrong secrets --------------------------------------------------------------------------------


def _known(given: Credentials, request: HttpRequest, at: datetime) -> ApiToken:
    """The secret that was sent, if it is one of that client. Too many wrong ones from an address,
    for one client or for any, are not looked at any more for a while."""
    keys = _counted(given.client_id, request)
    if any(cache.get(key, 0) >= most for key, most in keys.items()):
        words = "Too many wrong secrets came from there."
        raise OAuthError("invalid_client", words, status=429, wait=accounts.lock_seconds())
    valid = ApiToken.objects.valid(at).select_related("client__user")
    found = valid.filter(
        kind=Kind.SECRET,
        digest=ApiToken.digest_of(given.secret),
        client__client_id=given.client_id.replace("\x00", "\ufffd"),
    ).first()
    if found is None:
        for key in keys:
            accounts.count_up(key, accounts.lock_seconds())
        _note_refused(given, request, at)
        raise _nobody()
    return found


def _counted(client_id: str, request: HttpRequest) -> dict[str, int]:
    address = place_of(request).get("address", "")
    most = settings.LOCKOUT_FAILURES
    name = ApiToken.digest_of(client_id)  # whatever was sent, it makes a key
    return {
        f"wrong-secrets:{address}:{name}": most,
        f"wrong-secrets:{address}": most * settings.LOCKOUT_ADDRESS_FACTOR,
    }


def _note_refused(given: Credentials, request: HttpRequest, at: datetime) -> None:
    """As a failed sign-in is: nobody is known to be behind it. The secret is never kept."""
    tried = given.client_id.replace("\x00", "\ufffd")[:40]
    client = ApiClient.objects.filter(client_id=tried).first()
    facts: dict[str, Any] = {"client_id": tried}
    facts |= {"known": client is not None} | place_of(request)
    stamp = audit.stamp(audit.system(Surface.API), at)
    audit.record("people.client_refused", stamp=stamp, subject=client, facts=facts)


# --- access tokens --------------------------------------------------------------------------------


@transaction.atomic
def _give_out(secret: ApiToken, asked: str, request: HttpRequest, at: datetime) -> Granted:
    try:
        words, limit = scopes.narrowed(asked, scopes=secret.scopes, sites=secret.sites)
    except Refused as refusal:
        raise OAuthError("invalid_scope", refusal.text) from refusal
    ends_at = at + timedelta(seconds=settings.ACCESS_TOKEN_SECONDS)
    ends_at = min(ends_at, secret.expires_at) if secret.expires_at else ends_at
    text = ApiToken.new_secret()
    token = ApiToken.objects.create(
        client=secret.client,
        kind=Kind.ACCESS,
        digest=ApiToken.digest_of(text),
        scopes=words,
        sites=limit,
        expires_at=ends_at,
        under=secret,
    )
    secret.given_out.filter(expires_at__lt=at - KEPT_FOR).delete()
    ApiToken.objects.filter(pk=secret.pk).update(last_used_at=at)
    codes = list(Site.objects.filter(pk__in=limit).order_by("code").values_list("code", flat=True))
    scope = scopes.spelled(words, codes)
    by = Actor(secret.client.user, Surface.API)
    facts = {"secret": secret.pk, "scope": scope} | place_of(request)
    audit.record("people.client_sign_in", stamp=audit.stamp(by, at), subject=token, facts=facts)
    return Granted(text, int((ends_at - at).total_seconds()), scope)
