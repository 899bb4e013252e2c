"""The demo's accounts, and the token of its integrator."""

from pathlib import Path

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.utils import timezone

from config.demo_accounts import DEMO_ACCOUNTS, DEMO_PASSWORD, DemoAccount
from config.roles import IN_ADMIN
from integration.access.clients import client_of
from integration.access.tokens import issue_token
from integration.models import ApiToken
from inventory import accounts, audit, audit_people
from inventory.models import Surface

LABORATORY = DemoAccount("lab", "qa", "Lena Laboratory", "records test results")
"""Records what `qa` then decides on. Has no password: nobody signs in as the laboratory."""

CLIENT_NAME = "demo"


def install() -> None:
    """Make the accounts that are missing, and see to it that the token file holds a valid token."""
    missing = {account.username: account for account in (*DEMO_ACCOUNTS, LABORATORY)}
    for username in User.objects.filter(username__in=missing).values_list("username", flat=True):
        del missing[username]
    if missing:
        # Hashing is slow on purpose; one hash serves all, since they share the password anyway.
        password = make_password(DEMO_PASSWORD)
        for account in missing.values():
            _make(account, "!" if account is LABORATORY else password)
    _provide_token(token_path())


def token_path() -> Path:
    """Where the integrator's token lies, readable by the owner of the demo alone."""
    return Path(settings.VAR_DIR) / "demo-api-token"


@transaction.atomic
def _make(account: DemoAccount, password: str) -> None:
    first, last = account.full_name.split()
    is_admin = account.role == "admin"
    user = User.objects.create(
        username=account.username,
        first_name=first,
        last_name=last,
        email=f"{account.username}@forestage.example",
        password=password,
        is_staff=is_admin or account.role in IN_ADMIN,
        is_superuser=is_admin,
    )
    if not is_admin:
        user.groups.add(Group.objects.get(name=account.role))
    by = audit.system(Surface.COMMAND)
    audit_people.record_change(user, {}, by=by, at=timezone.now(), reason="Account of the demo")
    accounts.acknowledge_signature(user, by=by, at=timezone.now())


@transaction.atomic
def _provide_token(path: Path) -> None:
    """Only a token's digest is in the database, so one whose file is gone is replaced."""
    user = User.objects.get(username="integrator")
    now = timezone.now()
    by = audit.system(Surface.COMMAND)
    client = client_of(user=user, name=CLIENT_NAME, by=by, at=now)
    tokens = client.tokens.all()
    kept = ApiToken.digest_of(path.read_text().strip()) if path.exists() else ""
    if tokens.valid(now).filter(digest=kept).exists():
        return
    tokens.filter(revoked_at=None).update(revoked_at=now)
    _token, secret = issue_token(client=client, expires_at=None, by=by, at=now)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(secret + "\n")
