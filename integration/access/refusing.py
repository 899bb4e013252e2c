"""What is said, and kept, of requests that a token is not for."""

from collections.abc import Sequence
from datetime import datetime
from time import monotonic
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from integration.access import scopes
from integration.models import ApiToken
from integration.models.access import EVERYTHING
from inventory import attempts, audit
from inventory.api.permissions import HasVerbOrViewPermission, keeps_to_sites, needed
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.models import Surface
from inventory.sites import across_sites

READING = ("GET", "HEAD", "OPTIONS")
NOTED_EVERY = 60.0
"""Seconds: a program that reads what it may not goes on doing so, and is noted only so often."""

_noted: dict[tuple[int, str], float] = {}
MOST_NOTED = 1000


class OutOfScope(PermissionDenied):
    """403 that says which scope is missing, for programs in the manner of RFC 6750 too."""

    def __init__(self, refusal: Refused, scope: str = "") -> None:
        super().__init__(refusal.text, code=str(refusal.code))
        self.hint = refusal.hint
        self.errors = [refusal.plain()]
        wanted = f', scope="{scope}"' if scope else ""
        self.auth_header = f'Bearer error="insufficient_scope"{wanted}'


def check(token: ApiToken, request: Request, at: datetime) -> None:
    """Hold a request to what its token is for. What a view does not say of itself is refused.

    Raises OutOfScope: `scope_missing`, `site_not_in_scope`. Of a change the attempt is kept.
    """
    view = request.parser_context["view"]
    if not _asks_for_permission(view):
        return
    permissions = _permissions(view)
    scope = EVERYTHING if permissions is None else scopes.missing(token.scopes, permissions)
    if scope and EVERYTHING not in token.scopes:
        raise _kept(_scope_missing(scope), scope, permissions or (), token, request, at)
    if token.limit() and not keeps_to_sites(view):
        raise _kept(across_sites(), "", permissions or (), token, request, at)


def require(request: Request, permission: str) -> None:
    """Hold a request to what it turns out to need once it is read. Raises OutOfScope."""
    token = request.auth
    if isinstance(token, ApiToken) and (scope := scopes.missing(token.scopes, [permission])):
        refusal, at = _scope_missing(scope), timezone.now()
        raise _kept(refusal, scope, [permission], token, request, at)


def _asks_for_permission(view: Any) -> bool:
    """The API's own description, for one, is open to anybody."""
    return any(permission.__name__ != "AllowAny" for permission in view.permission_classes)


def _permissions(view: Any) -> tuple[str, ...] | None:
    """What a view asks for; None where it does not say."""
    ours = any(issubclass(one, HasVerbOrViewPermission) for one in view.permission_classes)
    return needed(view) if ours or getattr(view, "permission_needed", None) is not None else None


def _scope_missing(scope: str) -> Refused:
    return Refused(
        _("The token is not for this: the scope “%(scope)s” is missing."),
        code=attempts.OUT_OF_SCOPE,
        hint=_("Use a token that has it, or have one issued."),
        facts={"scope": scope},
        scope=scope,
    )


def _kept(
    refusal: Refused,
    scope: str,
    permissions: Sequence[str],
    token: ApiToken,
    request: Request,
    at: datetime,
) -> OutOfScope:
    """The answer, once it is on record."""
    by = Actor(token.client.user, Surface.API)
    if request.method not in READING:
        asked_for = getattr(request.parser_context["view"], "asked_for", None)
        asked = asked_for(request) if asked_for else {}
        what = permissions[0] if permissions else request.path[:60]
        attempts.record(what, [(asked, refusal)], by=by, at=at)
    elif _is_news(token, scope):
        facts = {"code": refusal.code, "scope": scope, "path": request.path[:200]}
        audit.record("people.client_refused", stamp=audit.stamp(by, at), subject=token, facts=facts)
    return OutOfScope(refusal, scope)


def _is_news(token: ApiToken, scope: str) -> bool:
    now = monotonic()
    if _noted.get((token.pk, scope), 0.0) > now:
        return False
    if len(_noted) >= MOST_NOTED:
        _noted.clear()
    _noted[token.pk, scope] = now + NOTED_EVERY
    return True
