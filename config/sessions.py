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
    """Signs out who has been away, and sends who must choose a password, or set up the second
    factor that signing in needs here, to where that is done.

    A page that keeps itself fresh is nobody being there. Requests without a session's cookie,
    those with a token above all, pass untouched.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME in request.COOKIES and SESSION_KEY in request.session:
            if _is_away(request):
                logout(request)
            elif (first := _due_first(request)) and request.path not in _always(first):
                return HttpResponseRedirect(first)
        return self.get_response(request)


def _always(first: str) -> tuple[str, ...]:
    """What is open whatever is due: where it is done, in whose language, and the way out."""
    return first, reverse("language"), reverse("logout")


def _is_away(request: HttpRequest) -> bool:
    now = int(timezone.now().timestamp())
    seen = request.session.get(accounts.SEEN_AT, now)
    if now - seen > settings.IDLE_SECONDS:
        return True
    by_itself = request.method == "GET" and "HX-Request" in request.headers
    if accounts.SEEN_AT not in request.session or (now - seen > NOTED_EVERY and not by_itself):
        request.session[accounts.SEEN_AT] = now
    return False


def _due_first(request: HttpRequest) -> str:
    """The page on which something must be done before all others; empty if nothing must."""
    if request.session.get(accounts.PASSWORD_CHANGE_DUE):
        return reverse("password")
    alone = request.session.get(accounts.PASSWORD_ALONE)
    return reverse("second-factor") if alone and settings.SIGN_IN_NEEDS_SECOND_FACTOR else ""
