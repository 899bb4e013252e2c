"""What is agreed with the client that sends a request. The settings name who knows it."""

from functools import cache
from typing import Any, Protocol

from django.conf import settings
from django.utils.module_loading import import_string
from rest_framework.request import Request


class ClientSettings(Protocol):
    """Whether it must send an Idempotency-Key, and an If-Match where one is taken."""

    @property
    def key_required(self) -> bool: ...

    @property
    def match_required(self) -> bool: ...


def client_of(request: Request) -> ClientSettings:
    """The settings of whoever sent this."""
    found: ClientSettings = _settings_of()(request.auth)
    return found


@cache
def _settings_of() -> Any:
    return import_string(settings.API_CLIENT_SETTINGS)
