"""What has been agreed with a client, for whoever answers its requests."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """`requests_per_minute` is None where the installation's own limit counts."""

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
        client.key_required, client.match_required, client.requests_per_minute, client.name
    )
