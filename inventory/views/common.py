"""What every browser page shares: who may open it, and who is acting."""

from django.contrib.auth.mixins import LoginRequiredMixin, PermissionRequiredMixin
from django.contrib.auth.models import User
from django.http import HttpRequest

from inventory.audit import Actor
from inventory.models import Surface


class FloorView(LoginRequiredMixin, PermissionRequiredMixin):
    """A page for people: asks for `use_floor`, and for what the page names in `reads`.

    Strangers are sent to sign in; who is signed in and may not, gets a plain no.
    """

    reads: tuple[str, ...] = ()

    def get_permission_required(self) -> tuple[str, ...]:
        return ("inventory.use_floor", *self.reads)


def actor(request: HttpRequest) -> Actor:
    """The person at the browser."""
    assert isinstance(request.user, User)  # noqa: S101 - pages ask for a login
    return Actor(request.user, Surface.BROWSER)
