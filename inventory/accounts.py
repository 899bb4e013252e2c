"""What an account may do beside its permissions: lockout, second factor, acknowledgement.

Failed attempts to sign in and to sign are counted together, by account and by network address.
Every change made here is recorded in the audit trail.
"""

from collections.abc import Iterable, Set
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone

from inventory import audit, totp
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.models import Account

COUNTED = frozenset({"signature_wrong"})
"""Refusals that count towards lockout."""

PASSWORD_CHANGE_DUE = "password_change_due"  # noqa: S105 - a key of the session
PASSWORD_ALONE = "password_alone"  # noqa: S105 - signed in without a second factor
SEEN_AT = "seen_at"
LANGUAGE = "language"


def of(user: User) -> Account:
    """The account of a user; one with all defaults, not saved, if nothing is known yet."""
    return Account.objects.filter(user=user).first() or Account(user=user)


def locked_row(user: User) -> Account:
    """The same, locked: attempts on one account take turns. Needs a transaction."""
    rows = Account.objects.filter(user=user).select_for_update(no_key=True)
    return rows.first() or Account(user=user)


def is_locked(account: Account, at: datetime) -> bool:
    """Locked by too many failed attempts, and the time has not unlocked it."""
    if account.locked_at is None:
        return False
    minutes = settings.LOCKOUT_MINUTES
    return not minutes or at < account.locked_at + timedelta(minutes=minutes)


@transaction.atomic
def count_failure(user: User, by: Actor) -> None:
    """One more failed attempt on an account; the last one that is allowed locks it."""
    Account.objects.get_or_create(user=user)
    account, now = locked_row(user), timezone.now()
    if account.locked_at and not is_locked(account, now):
        account.failures, account.locked_at = 0, None
    account.failures += 1
    if account.locked_at is None and account.failures >= settings.LOCKOUT_FAILURES:
        account.locked_at = now
        facts = {"failures": account.failures}
        audit.record("people.lock", stamp=audit.stamp(by, now), subject=user, facts=facts)
    account.save(update_fields=["failures", "locked_at"])


def count_failures(refusals: Iterable[Refused], by: Actor) -> None:
    """Count a refused signing: once, however many lines it was for."""
    count_failed({str(refusal.code) for refusal in refusals}, by)


def count_failed(codes: Set[str], by: Actor) -> None:
    """The same, where only the codes of the refusals are left."""
    if codes & COUNTED:
        count_failure(by.user, by)


def forget_failures(account: Account) -> None:
    """An attempt has succeeded."""
    if account.failures or account.locked_at:
        account.failures, account.locked_at = 0, None
        account.save(update_fields=["failures", "locked_at"])


# --- network addresses --------------------------------------------------------------------------


def address_failed(address: str) -> None:
    """Count a failed sign-in of a network address, for as long as it would be locked."""
    count_up(_key(address), lock_seconds())


def count_up(key: str, seconds: int) -> None:
    """One more in the cache, which forgets it so many seconds after the first."""
    cache.add(key, 0, seconds)
    try:
        cache.incr(key)
    except ValueError:  # it ran out in between
        cache.set(key, 1, seconds)


def address_is_locked(address: str) -> bool:
    """Many people share an address, so it takes more to lock one; time alone unlocks it."""
    failures: int = cache.get(_key(address), 0)
    most: int = settings.LOCKOUT_FAILURES * settings.LOCKOUT_ADDRESS_FACTOR
    return failures >= most


def _key(address: str) -> str:
    return f"sign-in-failures:{address}"


def lock_seconds() -> int:
    """How long an address is locked."""
    return int(settings.LOCKOUT_MINUTES or 15) * 60


# --- second factor ------------------------------------------------------------------------------


def has_second_factor(account: Account) -> bool:
    return account.totp_confirmed_at is not None


def use_code(account: Account, code: str, at: datetime) -> bool:
    """Whether the code is the second factor's now. It is used up by that."""
    step = totp.matching_step(account.totp_secret, code, at, after=account.totp_step)
    if step is None:
        return False
    account.totp_step = step
    account.save(update_fields=["totp_step"])
    return True


@transaction.atomic
def begin_second_factor(user: User) -> str:
    """The secret to be put into an authenticator, not in force before a code confirms it."""
    Account.objects.get_or_create(user=user)
    account = locked_row(user)
    if not account.totp_secret:
        account.totp_secret = totp.new_secret()
        account.save(update_fields=["totp_secret"])
    return account.totp_secret


@transaction.atomic
def confirm_second_factor(user: User, code: str, *, by: Actor, at: datetime) -> bool:
    """Put the second factor in force, if the code shows that it works."""
    account = locked_row(user)
    if has_second_factor(account) or not account.totp_secret or not use_code(account, code, at):
        return False
    _change(account, "people.second_factor", by, at, totp_confirmed_at=at)
    return True


# --- what the person, and what an administrator does ---------------------------------------------


@transaction.atomic
def acknowledge_signature(user: User, *, by: Actor, at: datetime) -> None:
    """The person accepts that the electronic signature binds as a handwritten one does."""
    Account.objects.get_or_create(user=user)
    _change(locked_row(user), "people.acknowledge_signature", by, at, acknowledged_at=at)


@transaction.atomic
def unlock(user: User, *, reason: str, by: Actor, at: datetime) -> None:
    """Let an account try again. Refuses `reason_needed`."""
    _administer(user, "people.unlock", reason, by, at, locked_at=None, failures=0)


@transaction.atomic
def reset_second_factor(user: User, *, reason: str, by: Actor, at: datetime) -> None:
    """Take a lost second factor away, so that the person can set up another one.

    Refuses `reason_needed`.
    """
    _administer(
        user, "people.reset_second_factor", reason, by, at,
        totp_secret="", totp_confirmed_at=None, totp_step=0,
    )  # fmt: skip


@transaction.atomic
def set_service(user: User, is_service: bool, *, reason: str, by: Actor, at: datetime) -> None:
    """Say whether a program is behind the account: then it can neither sign in nor sign.

    Refuses `reason_needed`.
    """
    _administer(user, "people.service_account", reason, by, at, is_service=is_service)


@transaction.atomic
def choose_language(user: User, language: str, *, by: Actor, at: datetime) -> None:
    """The language of the person's pages; an empty one leaves it to the browser."""
    Account.objects.get_or_create(user=user)
    account = locked_row(user)
    if account.language != language:
        _change(account, "people.language", by, at, language=language)


def password_set(user: User, *, by: Actor) -> None:
    """A password that somebody else has set must be changed by its owner, who alone knows it then.

    Called in the transaction of the change, which records it.
    """
    row, _made = Account.objects.get_or_create(user=user)
    Account.objects.filter(pk=row.pk).update(password_change_due=by.user.pk != user.pk)


def _administer(
    user: User, action: str, reason: str, by: Actor, at: datetime, **values: Any
) -> None:
    why = audit.require_reason(reason)
    Account.objects.get_or_create(user=user)
    _change(locked_row(user), action, by, at, why, **values)


def _change(
    account: Account, action: str, by: Actor, at: datetime, reason: str = "", **values: Any
) -> None:
    """Write the columns and record them; secrets stay out of the trail."""
    changes = {
        name: [_plain(getattr(account, name)), _plain(value)]
        for name, value in values.items()
        if name not in ("totp_secret", "totp_step") and getattr(account, name) != value
    }
    for name, value in values.items():
        setattr(account, name, value)
    account.save(update_fields=list(values))
    stamp = audit.stamp(by, at, reason)
    audit.record(action, stamp=stamp, subject=account.user, changes=changes)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
