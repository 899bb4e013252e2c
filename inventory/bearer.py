"""Secrets that whoever holds them may use: shown once, kept as a digest."""

import hashlib
import secrets
from datetime import datetime
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Model, Q

from inventory import audit
from inventory.audit import Actor

M = TypeVar("M", bound=Model)

PREFIX = "fst_"


def new_secret() -> str:
    """A secret that nobody guesses, fit for addresses, headers and command lines.

    The prefix lets scanners of code and logs find one that leaked, and keeps a leading dash away,
    which programs take for an option.
    """
    return f"{PREFIX}{secrets.token_urlsafe(32)}"


def digest_of(secret: str) -> str:
    """Secrets are long and random, so one round of SHA-256 keeps them safe at rest."""
    return hashlib.sha256(secret.encode()).hexdigest()


def valid(at: object) -> Q:
    """Neither revoked nor expired."""
    return Q(Q(expires_at=None) | Q(expires_at__gt=at), revoked_at=None)


@transaction.atomic
def revoke(row: M, *, action: str, by: Actor, at: datetime) -> M:
    """End what a secret opens, now. Nothing happens to one that is revoked already."""
    stamp = audit.stamp(by, at)
    locked: Any = type(row)._default_manager.select_for_update().get(pk=row.pk)
    if locked.revoked_at is None:
        locked.revoked_at = stamp.recorded_at
        locked.save(update_fields=["revoked_at"])
        audit.record(action, stamp=stamp, subject=locked)
    found: M = locked
    return found
