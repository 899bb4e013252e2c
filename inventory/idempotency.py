"""A request repeated with the same key has one effect."""

from collections.abc import Callable
from typing import Any

import orjson
from django.contrib.auth.models import User
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, transaction
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from inventory.errors import Refused
from inventory.models import IdempotencyKey
from inventory.statements import Insert, Update

_KEYS = Insert(IdempotencyKey)
_ANSWERS = Update(IdempotencyKey, "status", "answer")

Answer = tuple[int, Any]
"""HTTP status and JSON body."""


def fingerprint(*parts: Any) -> str:
    """A digest of what was asked, so that a key cannot stand for two different requests.

    Keyed with the installation's secret: a request may hold a signer's password, and the stored
    digest must not help anyone to guess it.
    """
    text = orjson.dumps(parts, default=DjangoJSONEncoder().default, option=orjson.OPT_SORT_KEYS)
    return salted_hmac("forestage.idempotency", text, algorithm="sha256").hexdigest()


def stored(user: User, key: str, asked: str) -> Any:
    """The body of the answer that this user's key got for the same request before, if it did."""
    found = IdempotencyKey.objects.filter(user=user, key=key, fingerprint=asked) if key else None
    return found.values_list("answer", flat=True).first() if found is not None else None


def once(user: User, key: str, asked: str, act: Callable[[], Answer]) -> tuple[Answer, bool]:
    """Run `act` in a transaction, once for this user's key; later calls get its answer and `True`.

    The key's row is inserted in the transaction of the effect, so a second request with the same
    key waits for the first to commit and then replays it. A refusal rolls both back, and may be
    tried again. Refuses `idempotency_key_reused` when the key stood for another request.
    """
    if not key:
        with transaction.atomic():
            return act(), False
    try:
        with transaction.atomic():
            row = IdempotencyKey(user=user, key=key, fingerprint=asked)
            _KEYS([row])
            row.status, row.answer = answer = act()
            _ANSWERS(row)
            return answer, False
    except IntegrityError:
        stored = IdempotencyKey.objects.filter(user=user, key=key).first()
        if stored is None:  # the breach was the action's own, not the key's
            raise
    if stored.fingerprint != asked:
        raise Refused(
            _("This Idempotency-Key was used for a different request."),
            code="idempotency_key_reused",
            hint=_("Use a new key for every new request."),
        )
    return (stored.status, stored.answer), True
