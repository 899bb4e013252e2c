"""Who may do what, for the periodic review: accounts, roles, and who granted them when.

What is granted stands in Django's tables; by whom and when, in the audit trail. What no entry
speaks of came with the installation.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Group, User
from django.db import models
from django.db.models import QuerySet
from django.utils import timezone

from integration.models import ApiClient, ApiToken
from integration.models.access import Kind
from inventory.models import Account, AuditEntry, Site

GRANTS = ("people.create", "people.change")
ISSUED = ("people.issue_token", "people.rotate_token")


@dataclass(frozen=True, slots=True)
class Grant:
    """That somebody gave a role or a permission, and when."""

    by: str
    at: datetime


Grants = dict[tuple[str, str], Grant]
"""By the key of the account or role, and the name of what it was given."""


def grants(model: type[models.Model], column: str) -> Grants:
    """The last grant of all that was given by changes of `column`, from the audit trail."""
    found: Grants = {}
    entries = AuditEntry.objects.filter(
        action__in=GRANTS, subject_type=model._meta.label_lower
    ).select_related("actor")
    for entry in entries.order_by("pk").iterator():
        old, new = entry.changes.get(column) or ([], [])
        for name in set(new or ()) - set(old or ()):
            by = entry.actor.get_username()
            found[entry.subject_id, name] = Grant(by, entry.recorded_at)
    return found


def accounts() -> Iterator[dict[str, Any]]:
    """One row an account. Five statements, however many there are."""
    given = grants(User, "groups")
    known = Account.objects.in_bulk()
    tokens: dict[int, list[str]] = {}
    for token in _in_use().order_by("pk"):
        names = tokens.setdefault(token.client.user_id, [])
        names += [token.client.name] if token.client.name not in names else []
    for user in User.objects.prefetch_related("groups").order_by("username"):
        account = known.get(user.pk) or Account(user=user)
        roles = sorted(group.name for group in user.groups.all())
        yield {
            "account": user.get_username(),
            "name": user.get_full_name(),
            "kind": _kind(user, account),
            "active": user.is_active,
            "uses_admin": user.is_staff,
            "roles": [_granted(role, given.get((str(user.pk), role))) for role in roles],
            "last_sign_in": _moment(user.last_login),
            "second_factor_since": _moment(account.totp_confirmed_at),
            "signature_accepted": _moment(account.acknowledged_at),
            "locked_since": _moment(account.locked_at),
            "password_change_due": account.password_change_due,
            "api_tokens": tokens.get(user.pk, []),
        }


def clients() -> Iterator[dict[str, Any]]:
    """One row for each token and secret of an external system, and for each system without one.

    What was given out for a secret lives for minutes and is left out. Four statements.
    """
    issued = {
        entry.subject_id: Grant(entry.actor.get_username(), entry.recorded_at)
        for entry in AuditEntry.objects.filter(
            action__in=ISSUED, subject_type=ApiToken._meta.label_lower
        ).select_related("actor")
    }
    codes = dict(Site.objects.values_list("pk", "code"))
    tokens: dict[int, list[ApiToken]] = {}
    for token in _in_use().exclude(kind=Kind.ACCESS).order_by("pk"):
        tokens.setdefault(token.client_id, []).append(token)
    for client in ApiClient.objects.select_related("user").order_by("name"):
        about = {
            "client": client.name,
            "system": client.system,
            "contact": client.contact,
            "account": client.user.get_username(),
            "active": client.is_active,
            "key_required": client.key_required,
            "match_required": client.match_required,
            "requests_per_minute": client.requests_per_minute or "",
        }
        found_of: list[ApiToken | None] = [*tokens.get(client.pk, [])]
        for found in found_of or [None]:
            yield about | _token(found, codes, issued)


def _token(
    token: ApiToken | None, codes: dict[int, str], issued: dict[str, Grant]
) -> dict[str, Any]:
    grant = issued.get(str(token.pk)) if token else None
    return {
        "token": token.pk if token else "",
        "kind": token.kind if token else "",
        "scopes": list(token.scopes) if token else [],
        "sites": [codes[site] for site in token.sites] if token else [],
        "issued_by": grant.by if grant else "",
        "issued_at": _moment(token.created_at if token else None),
        "expires_at": _moment(token.expires_at if token else None),
        "last_used_at": _moment(token.last_used_at if token else None),
    }


def _in_use() -> QuerySet[ApiToken]:
    return ApiToken.objects.valid(timezone.now()).select_related("client")


def matrix() -> Iterator[dict[str, Any]]:
    """One row for each permission of each role. Three statements."""
    given = grants(Group, "permissions")
    roles = Group.objects.prefetch_related("permissions__content_type").order_by("name")
    for role in roles:
        for permission in role.permissions.all():
            name = f"{permission.content_type.app_label}.{permission.codename}"
            granted = _granted(name, given.get((str(role.pk), name)))
            yield {"role": role.name, "permission": granted.pop("name")} | granted


def _kind(user: User, account: Account) -> str:
    if account.is_service:
        return "service"
    return "administrator" if user.is_superuser else "person"


def _granted(name: str, grant: Grant | None) -> dict[str, str]:
    return {
        "name": name,
        "granted_by": grant.by if grant else "",
        "granted_at": _moment(grant.at) if grant else "",
    }


def _moment(at: datetime | None) -> str:
    return at.isoformat(timespec="seconds") if at else ""
