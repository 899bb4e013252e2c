"""What has been agreed with a client, for whoever answers its requests."""

from dataclasses import dataclass

from django.conf import settings


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """The stricter of what is agreed and what the installation asks for; `requests_per_minute` is
    None where nobody counts."""

    key_required: bool
    match_required: bool
    requests_per_minute: int | None
    name: str


A_PERSON = ClientSettings(False, False, None, "")
"""Somebody in a browser, of whom nothing is asked that a page does not do by itself."""


def settings_of(auth: object) -> ClientSettings:
    """The settings of the client behind `request.auth`; a browser session has none. No statement:
    they were read with the token."""
    client = getattr(auth, "client", None)
    if client is None:
        return A_PERSON
    return ClientSettings(
        client.key_required or settings.API_KEY_REQUIRED,
        client.match_required or settings.API_MATCH_REQUIRED,
        client.requests_per_minute or settings.API_REQUESTS_PER_MINUTE or None,
        client.name,
    )
