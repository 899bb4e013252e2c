"""The secrets that messages are signed under: derived when they are needed, kept nowhere."""

import secrets
from datetime import datetime, timedelta

from django.utils.crypto import salted_hmac

from integration.models import Subscription, WebhookSecret
from inventory import bearer
from inventory.standard_webhooks import spelled

SALT = "integration.webhooks.secrets"

SHOWN_FOR = timedelta(days=1)
"""An answer that was lost is asked for again within minutes, or after a night."""


class SecretLost(Exception):  # noqa: N818 - what happened, as `Refused`
    """The installation's secret key is not the one under which this secret was given out."""


def make(subscription: Subscription, at: datetime) -> str:
    """A new secret of a subscription, to be shown this once."""
    seed = secrets.token_hex(32)
    secret = _derived(seed)
    WebhookSecret.objects.create(
        subscription=subscription, seed=seed, digest=bearer.digest_of(secret), created_at=at
    )
    return secret


def again(pk: int, at: datetime) -> str | None:
    """A secret once more, for whoever lost the answer that it stood in: while it signs, and for so
    long."""
    since = at - SHOWN_FOR
    row = WebhookSecret.objects.valid(at).filter(pk=pk, created_at__gte=since).first()
    secret = _derived(row.seed) if row else ""
    return secret if row and bearer.digest_of(secret) == row.digest else None


def valid(subscription: Subscription, at: datetime) -> list[str]:
    """Those to sign under, the newest first. Raises SecretLost where none is ours."""
    rows = WebhookSecret.objects.valid(at).filter(subscription=subscription)
    derived = [(row, _derived(row.seed)) for row in rows]
    found = [secret for row, secret in derived if bearer.digest_of(secret) == row.digest]
    if not found:
        raise SecretLost
    return found


def _derived(seed: str) -> str:
    """32 bytes of HMAC-SHA256 under the installation's secret key."""
    return spelled(salted_hmac(SALT, seed, algorithm="sha256").digest())
