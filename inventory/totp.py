"""Time-based one-time codes (RFC 6238): six digits, SHA-1, steps of 30 seconds."""

import base64
import hmac
import secrets
from datetime import datetime
from urllib.parse import quote, urlencode

STEP_SECONDS = 30
DRIFT = 1
"""Steps that the clock of a phone may be off, to either side."""


def new_secret() -> str:
    """160 random bits in base32, as authenticator apps take them."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def code_at(secret: str, step: int) -> str:
    """The code of one time step (RFC 4226, section 5.3)."""
    digest = hmac.digest(base64.b32decode(secret), step.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 15
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**6:06}"


def step_at(at: datetime) -> int:
    return int(at.timestamp()) // STEP_SECONDS


def matching_step(secret: str, code: str, at: datetime, *, after: int) -> int | None:
    """The time step whose code this is, if it is a later one than `after`: none counts twice."""
    digits = "".join(code.split())
    if not digits.isascii():
        return None
    steps = range(step_at(at) - DRIFT, step_at(at) + DRIFT + 1)
    found = [step for step in steps if hmac.compare_digest(code_at(secret, step), digits)]
    return next((step for step in found if step > after), None)


def address(secret: str, username: str, issuer: str) -> str:
    """What the QR code says (the key URI format of authenticator apps)."""
    label = quote(f"{issuer}:{username}")
    return f"otpauth://totp/{label}?{urlencode({'secret': secret, 'issuer': issuer})}"
