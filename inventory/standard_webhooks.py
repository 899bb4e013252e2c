"""Messages to other systems, signed as the Standard Webhooks specification 1.0.0 says."""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Iterable
from hashlib import sha256

TIMEOUT = 15
"""Seconds in which whoever gets a message must have answered."""

SECRET_PREFIX = "whsec_"  # noqa: S105 - what every secret begins with
USER_AGENT = "Forestage"


def headers(secrets: Iterable[str], number: str, seconds: int, content: bytes) -> dict[str, str]:
    """The headers of one attempt: signed under each secret, so that one can be exchanged."""
    signatures = [signature(secret, number, seconds, content) for secret in secrets]
    return {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        "webhook-id": number,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(signatures),
    }


def signature(secret: str, number: str, seconds: int, content: bytes) -> str:
    """HMAC-SHA256 over number, time and content, under the secret's bytes."""
    key = b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = f"{number}.{seconds}.".encode() + content
    return f"v1,{b64encode(hmac.digest(key, signed, sha256)).decode()}"


def spelled(key: bytes) -> str:
    """A secret of these bytes, as it is given to whoever verifies."""
    return SECRET_PREFIX + b64encode(key).decode()
