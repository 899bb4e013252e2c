"""How long a sign-in lasts while nobody is there, and what must be done before anything else."""

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import SESSION_KEY, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from inventory import accounts

NOTED_EVERY = 60
"""Seconds between two notes of somebody being there: reading stays reading."""


class AttendedSessions:
    """Signs out who has been away, and sends who must choose a password to where it is chosen.

    A page that keeps itself fresh is nobody being there. Requests without a session's cookie,
    those with a token above all, pass untouched.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME in request.COOKIES and SESSION_KEY in request.session:
            if _is_away(request):
                logout(request)
            elif request.session.get(accounts.PASSWORD_CHANGE_DUE) and not _may_wait(request):
                return HttpResponseRedirect(reverse("password"))
        return self.get_response(request)


def _is_away(request: HttpRequest) -> bool:
    now = int(timezone.now().timestamp())
    seen = request.session.get(accounts.SEEN_AT, now)
    if now - seen > settings.IDLE_SECONDS:
        return True
    by_itself = request.method == "GET" and "HX-Request" in request.headers
    if accounts.SEEN_AT not in request.session or (now - seen > NOTED_EVERY and not by_itself):
        request.session[accounts.SEEN_AT] = now
    return False


def _may_wait(request: HttpRequest) -> bool:
    """What leads to the new password, or out."""
    return request.path in (reverse("password"), reverse("logout"))
