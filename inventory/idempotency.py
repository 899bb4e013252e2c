"""A request repeated with the same key has one effect, and one answer."""

from collections.abc import Callable
from datetime import timedelta
from functools import cache
from hashlib import blake2b
from typing import Any

import orjson
from django.conf import settings
from django.contrib.auth.models import User
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from inventory.errors import Refused
from inventory.models import IdempotencyKey
from inventory.statements import Update, values_of, written

_ANSWERS = Update(IdempotencyKey, "status", "answer")

Answer = tuple[int, Any]
"""HTTP status and JSON body."""

FIRST_ERROR = 400
"""From this status on, an answer says that nothing was done."""

IN_USE, REUSED = "idempotency_key_in_use", "idempotency_key_reused"

PASSING = frozenset(
    {
        # Somebody else is at it, or was quicker: the same may be carried out a moment later.
        IN_USE, REUSED, "container_busy", "demand_busy", "precondition_failed",
        # Who signs has not shown to be that person, as with a 401.
        "acknowledgement_needed", "password_change_due", "second_factor_needed", "signature_wrong",
        "signer_cannot_sign", "signer_locked", "wrong_signer",
        # Who asks may not, as with any 403, and may later.
        "site_not_in_scope", "webhook_rights",
    }
)  # fmt: skip
"""Refusals that are no answer to keep: the same request, under the same key, is tried again."""


def fingerprint(*parts: Any) -> str:
    """A digest of what was asked, so that a key cannot stand for two different requests.

    Keyed with the installation's secret: a request may hold a signer's password, and the stored
    digest must not help anyone to guess it.
    """
    text = orjson.dumps(parts, default=DjangoJSONEncoder().default, option=orjson.OPT_SORT_KEYS)
    return salted_hmac("forestage.idempotency", text, algorithm="sha256").hexdigest()


def stored(user: User, key: str, asked: str) -> Any:
    """The body of the answer that this user's key got for the same request before, if it was
    carried out."""
    if not key:
        return None
    found = IdempotencyKey.objects.filter(
        user=user, key=key, fingerprint=asked, status__lt=FIRST_ERROR
    )
    return found.values_list("answer", flat=True).first()


def once(
    user: User, key: str, asked: str, act: Callable[[], Answer], *, waits: bool = True
) -> tuple[Answer, bool]:
    """Run `act` in a transaction, once for this user's key; later calls get its answer and `True`.

    The key's row is inserted in the transaction of the effect. A second request with the same key
    waits for the first to commit, or is refused at once unless it `waits` (on PostgreSQL; SQLite
    has one writer, who is waited for). A refusal rolls both back: see `settle` and `keep`. Refuses
    `idempotency_key_reused` when the key stood for another request, and `idempotency_key_in_use`
    while the first is still under way.
    """
    if not key:
        with transaction.atomic():
            return act(), False
    with transaction.atomic():
        row = IdempotencyKey(user=user, key=key, fingerprint=asked)
        if _claim(row, waits=waits):
            row.status, row.answer = answer = act()
            _ANSWERS(row)
            return answer, False
    return _kept(user, key, asked), True


def settle(
    user: User,
    key: str,
    asked: str,
    act: Callable[[], Answer],
    *,
    refused: Callable[[Refused], None],
    told: Callable[[Refused], Answer],
    keeps: bool = True,
) -> tuple[Answer, bool]:
    """As `once`, without waiting, and a refusal is an answer as well: it is kept under the key.

    `refused` records the attempt and `told` makes the answer of the refusal, both after all else
    was undone. What is `PASSING` is raised, and so is everything where there is no key or nothing
    `keeps`.
    """
    try:
        return once(user, key, asked, act, waits=False)
    except Refused as refusal:
        if refusal.code == IN_USE:
            raise
        refused(refusal)
        if not (key and keeps) or any(found.code in PASSING for found in refusal.all):
            raise
        return _keep(user, key, asked, told(refusal))


def _keep(user: User, key: str, asked: str, answer: Answer) -> tuple[Answer, bool]:
    """Let the answer stand under the key; another one that does already is given instead.

    Somebody may have sent the same meanwhile, and have come to another end: both get one answer.
    """
    status, body = answer
    row = IdempotencyKey(user=user, key=key, fingerprint=asked, status=status, answer=body)
    with transaction.atomic():
        if _claim(row, waits=False):
            return answer, False
    return _kept(user, key, asked), True


def _kept(user: User, key: str, asked: str) -> Answer:
    """The answer under a key that could not be claimed."""
    kept = IdempotencyKey.objects.filter(user=user, key=key).first()
    if kept is None:
        raise Refused(
            _("The first request under this Idempotency-Key is still being carried out."),
            code="idempotency_key_in_use",
            hint=_("Send it again in a moment, under the same key."),
        )
    if kept.fingerprint != asked:
        raise reused()
    return kept.status, kept.answer


def reused() -> Refused:
    """The refusal of a key that stood for something else."""
    return Refused(
        _("This Idempotency-Key was used for a different request."),
        code="idempotency_key_reused",
        hint=_("Use a new key for every new request."),
    )


AT_ONCE = 5000
"""Keys that are removed in one statement, so that nobody waits long for their rows."""


def forget() -> int:
    """Remove the keys that were kept long enough; how many.

    They are numbered as they come, so the oldest are found without an index on their time, which
    every request would pay for.
    """
    before = timezone.now() - timedelta(days=settings.IDEMPOTENCY_DAYS)
    removed = 0
    while True:
        first = IdempotencyKey.objects.order_by("pk").values_list("pk", "created_at")[:AT_ONCE]
        old = [pk for pk, created_at in first if created_at < before]
        if not old:
            return removed
        # By its own condition again: a number may have been given out long before it was used.
        rows = IdempotencyKey.objects.filter(pk__range=(old[0], old[-1]), created_at__lt=before)
        removed += rows.delete()[0]


def _claim(row: IdempotencyKey, *, waits: bool) -> bool:
    """Insert the row in one statement, unless there is one: whether it was.

    Who does not wait takes a lock in the same statement, until the transaction ends. Where somebody
    else has it no row is made, and nobody waits for the unique index to be settled.
    """
    row.created_at = timezone.now()
    locks = not waits and connection.vendor == "postgresql"
    lock = [_lock_of(row)] if locks else []
    found = written(_claiming(locks), [*values_of(row, *_COLUMNS), *lock])
    for (row.pk,) in found:
        row._state.adding = False
    return bool(found)


_COLUMNS = ("user", "key", "fingerprint", "status", "answer", "created_at")


@cache
def _claiming(locks: bool) -> str:
    fields = [IdempotencyKey._meta.get_field(name) for name in _COLUMNS]
    quoted = ", ".join(f'"{field.column}"' for field in fields)  # type: ignore[union-attr]
    is_typed = connection.vendor == "postgresql"
    kinds = [f"::{field.rel_db_type(connection)}" if is_typed else "" for field in fields]  # type: ignore[union-attr]
    values = ", ".join(f"%s{kind.split('(')[0]}" for kind in kinds)
    where = "pg_try_advisory_xact_lock(%s::bigint)" if locks else "1 = 1"  # SQLite wants a WHERE
    return (
        f'INSERT INTO "{IdempotencyKey._meta.db_table}" ({quoted}) SELECT {values} WHERE {where} '
        'ON CONFLICT ("user_id", "key") DO NOTHING RETURNING "id"'
    )


def _lock_of(row: IdempotencyKey) -> int:
    """The same number in every process. Two keys that share it take turns, and nothing worse."""
    digest = blake2b(f"{row.user_id}:{row.key}".encode(), digest_size=8, person=b"idempotency")
    return int.from_bytes(digest.digest(), signed=True)
