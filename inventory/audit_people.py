"""Audit of people: signing in and out, accounts, roles and permissions.

Django's own signals are the one place that sees every sign-in, whatever page or client it came
through. Changes of accounts and roles are recorded by whoever saves them: `snapshot` before,
`record_change` after, when the many-to-many rows are written too.
"""

from datetime import datetime
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group, Permission, User
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from inventory import accounts, audit
from inventory.audit import Actor
from inventory.models import AuditEntry, Surface

Snapshot = dict[str, Any]

_SECRET = "password"  # noqa: S105 - the name of a column
_NOT_KEPT = ("id", "last_login", "date_joined")


def connect() -> None:
    """Listen to sign-ins and sign-outs; called once, when the app is ready."""
    user_logged_in.connect(signed_in, dispatch_uid="people-sign-in")
    user_logged_out.connect(signed_out, dispatch_uid="people-sign-out")
    user_login_failed.connect(sign_in_failed, dispatch_uid="people-sign-in-failed")


def signed_in(*, request: HttpRequest | None, user: User, **_kwargs: Any) -> None:
    """Record that somebody signed in."""
    _record("people.sign_in", Actor(user, surface_of(request)), user, place_of(request))
    account = accounts.of(user)
    accounts.forget_failures(account)
    if request is not None and hasattr(request, "session"):
        request.session[accounts.SEEN_AT] = int(timezone.now().timestamp())
        request.session[accounts.PASSWORD_CHANGE_DUE] = account.password_change_due
        request.session[accounts.PASSWORD_ALONE] = not accounts.has_second_factor(account)
        request.session[accounts.LANGUAGE] = account.language


def signed_out(*, request: HttpRequest | None, user: User | None, **_kwargs: Any) -> None:
    """Record that somebody signed out; a session that had ended already has nobody to name."""
    if user is not None:
        _record("people.sign_out", Actor(user, surface_of(request)), user, place_of(request))


def sign_in_failed(
    *, credentials: dict[str, Any], request: HttpRequest | None = None, **_kwargs: Any
) -> None:
    """Record the name that was tried; the password is never kept.

    Nobody is known to be behind it, so the product itself is the actor. It counts towards
    lockout, of the account as of the address.
    """
    tried = str(credentials.get("username", "")).replace("\x00", "\ufffd")[:150]
    known = User.objects.filter(username=tried).first()
    place, system = place_of(request), audit.system(surface_of(request))
    facts = {"username": tried, "known": known is not None} | place
    _record("people.sign_in_failed", system, known, facts)
    if known is not None:
        accounts.count_failure(known, system)
    if address := place.get("address"):
        accounts.address_failed(address)


def _record(action: str, by: Actor, subject: User | None, facts: dict[str, Any]) -> None:
    audit.record(action, stamp=audit.stamp(by, timezone.now()), subject=subject, facts=facts)


def surface_of(request: HttpRequest | None) -> Surface:
    """The door a request came through, by its path."""
    if request is None:
        return Surface.COMMAND
    if request.path.startswith("/admin/"):
        return Surface.ADMIN
    return Surface.API if request.path.startswith("/api/") else Surface.BROWSER


def place_of(request: HttpRequest | None) -> dict[str, str]:
    """The network address it came from. Behind our proxy, the one that the proxy vouches for."""
    if request is None:
        return {}
    address = request.META.get("REMOTE_ADDR", "")
    if settings.SECURE_PROXY_SSL_HEADER:
        forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
        address = forwarded.rpartition(",")[2].strip()[:45] or address
    return {"address": address} if address else {}


# --- accounts and roles -------------------------------------------------------------------------


def snapshot(row: User | Group) -> Snapshot:
    """An account or role as it is in the database now, with its roles and permissions.

    Of a password only a digest is taken, to tell whether it changed; it is not kept. Empty for a
    row that is not saved yet.
    """
    stored = type(row)._default_manager.filter(pk=row.pk).first() if row.pk else None
    if stored is None:
        return {}
    found: Snapshot = {
        column.name: _plain(column.value_from_object(stored))
        for column in stored._meta.concrete_fields
        if column.name not in _NOT_KEPT
    }
    if _SECRET in found:
        found[_SECRET] = sha256(str(found[_SECRET]).encode()).hexdigest()
    for relation in stored._meta.many_to_many:
        rows = getattr(stored, relation.name).all()
        if relation.related_model is Permission:
            rows = rows.select_related("content_type")
        found[relation.name] = sorted(_name(row) for row in rows)
    return found


def _plain(value: Any) -> str | bool | None:
    return value if value is None or isinstance(value, bool) else str(value)


def _name(row: Any) -> str:
    """A permission as the code names it, `staging.stage`; a role by its name."""
    if isinstance(row, Permission):
        return f"{row.content_type.app_label}.{row.codename}"
    return str(row)


@transaction.atomic
def record_change(
    row: User | Group, before: Snapshot, *, by: Actor, at: datetime, reason: str = ""
) -> AuditEntry | None:
    """Record what changed since `before` was taken, or that the row is new. None if nothing did.

    Call it in the transaction of the change, after roles and permissions are written.
    """
    after = snapshot(row)
    changes = {
        name: [before.get(name), value]
        for name, value in after.items()
        if before.get(name) != value and name != _SECRET
    }
    secret_changed = before.get(_SECRET) != after.get(_SECRET)
    if not changes and not secret_changed:
        return None
    if secret_changed:
        changes[_SECRET] = [_("(kept secret)") if before else None, _("(kept secret)")]
    action = "people.change" if before else "people.create"
    if before and set(changes) == {_SECRET}:
        action = "people.password"
    stamp = audit.stamp(by, at, reason)
    return audit.record(action, stamp=stamp, subject=row, changes=changes)
