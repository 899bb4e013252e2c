"""Secrets that whoever holds them may use: shown once, kept as a digest."""

import hashlib
import secrets


def new_secret() -> str:
    """A secret that nobody guesses, fit for addresses and headers."""
    return secrets.token_urlsafe(32)


def digest_of(secret: str) -> str:
    """Secrets are long and random, so one round of SHA-256 keeps them safe at rest."""
    return hashlib.sha256(secret.encode()).hexdigest()
