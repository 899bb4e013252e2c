"""What every browser page shares: who may open it, and who is acting."""

from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin, PermissionRequiredMixin
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from inventory.audit import Actor
from inventory.models import Surface


class FloorView(LoginRequiredMixin, PermissionRequiredMixin):
    """A page for people: asks for `use_floor`, and for what the page names in `reads`.

    Strangers are sent to sign in; who is signed in and may not, gets a plain no.
    """

    reads: tuple[str, ...] = ()

    def get_permission_required(self) -> tuple[str, ...]:
        return ("inventory.use_floor", *self.reads)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if any("\x00" in str(value) for value in kwargs.values()):
            raise Http404  # no code has one, and PostgreSQL would not take it
        answer = super().dispatch(request, *args, **kwargs)
        # A part for htmx and its whole page share an address: Back must not show the part.
        patch_vary_headers(answer, ["HX-Request"])
        return answer


def key_of(request: HttpRequest, name: str = "key") -> str:
    """The idempotency key of a form, as it can be kept."""
    return request.POST.get(name, "").replace("\x00", "")[:255]


def actor(request: HttpRequest) -> Actor:
    """The person at the browser."""
    assert isinstance(request.user, User)  # noqa: S101 - pages ask for a login
    return Actor(request.user, Surface.BROWSER)
