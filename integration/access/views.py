"""The token endpoint of OAuth 2.0, and what it says of itself (RFC 8414)."""

from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET

from integration.access import exchange, scopes
from integration.access.exchange import OAuthError

FORM = "application/x-www-form-urlencoded"
UNKEPT = {"Cache-Control": "no-store", "Pragma": "no-cache"}


@csrf_exempt  # no cookie is looked at
def token(request: HttpRequest) -> JsonResponse:
    """`POST /oauth/token`: an access token for a client ID and secret."""
    try:
        if request.method != "POST" or request.content_type != FORM:
            raise OAuthError("invalid_request", f"Send a POST with {FORM}.")
        granted = exchange.grant(request, timezone.now())
    except OAuthError as error:
        return _refused(error)
    except SuspiciousOperation:  # too large, or too many fields
        return _refused(OAuthError("invalid_request", "The form cannot be read."))
    body = {
        "access_token": granted.secret,
        "token_type": "Bearer",
        "expires_in": granted.seconds,
        "scope": granted.scope,
    }
    return JsonResponse(body, headers=UNKEPT)


def _refused(error: OAuthError) -> JsonResponse:
    headers = dict(UNKEPT)
    if error.status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="Forestage"'
    if error.wait:
        headers["Retry-After"] = str(error.wait)
    body = {"error": error.error, "error_description": error.words}
    return JsonResponse(body, status=error.status, headers=headers)


@require_GET
@cache_control(public=True, max_age=3600)
def metadata(request: HttpRequest) -> JsonResponse:
    """`/.well-known/oauth-authorization-server`: where tokens are, and what there is to ask for."""
    body: dict[str, Any] = {
        "issuer": request.build_absolute_uri("/").rstrip("/"),
        "token_endpoint": request.build_absolute_uri(reverse("oauth-token")),
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "grant_types_supported": [exchange.GRANT],
        "response_types_supported": [],
        "scopes_supported": scopes.known(),
    }
    return JsonResponse(body)
