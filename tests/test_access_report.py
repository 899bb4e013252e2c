"""The report for the periodic review of access: what it says, and by whom it was granted."""

import csv
import io
import json
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from integration.access.tokens import issue_token, revoke_token
from inventory import accounts, audit_people
from inventory.audit import Actor
from inventory.models import AuditEntry, Surface
from tests.factories import ClientFactory, SiteFactory, UserFactory

pytestmark = pytest.mark.django_db

REPORT_QUERIES = 8
"""Five to know it, and three to record that it was printed."""


def printed(*args: str) -> str:
    out = io.StringIO()
    call_command("access_report", *args, stdout=out)
    return out.getvalue()


def read(*args: str) -> list[dict[str, Any]]:
    return list(json.loads(printed(*args, "--format", "json")))


def of(user: User, *args: str) -> dict[str, Any]:
    [row] = [row for row in read("accounts", *args) if row["account"] == user.username]
    return row


@pytest.fixture
def boss() -> Actor:
    return Actor(UserFactory(username="boss", is_superuser=True, is_staff=True), Surface.ADMIN)


def change_roles(user: User, boss: Actor, *roles: str) -> AuditEntry:
    """As the admin does it."""
    before = audit_people.snapshot(user)
    user.groups.set(Group.objects.filter(name__in=roles))
    entry = audit_people.record_change(user, before, by=boss, at=timezone.now())
    assert entry
    return entry


def test_it_says_who_granted_a_role_and_when(boss: Actor) -> None:
    user = UserFactory(role="operator", first_name="Ada", last_name="Example")
    entry = change_roles(user, boss, "operator", "qa")
    row = of(user)
    assert (row["name"], row["kind"], row["active"]) == ("Ada Example", "person", True)
    at = entry.recorded_at.isoformat(timespec="seconds")
    assert row["roles"] == [
        {"name": "operator", "granted_by": "", "granted_at": ""},  # came with the account
        {"name": "qa", "granted_by": "boss", "granted_at": at},
    ]


def test_a_role_taken_away_and_given_again_has_the_last_grant(boss: Actor) -> None:
    user = UserFactory()
    change_roles(user, boss, "qa")
    change_roles(user, boss)
    assert of(user)["roles"] == []
    last = change_roles(user, boss, "qa")
    [role] = of(user)["roles"]
    assert role["granted_at"] == last.recorded_at.isoformat(timespec="seconds")


def test_it_says_how_an_account_stands(boss: Actor) -> None:
    user, at = UserFactory(last_login=timezone.now()), timezone.now()
    secret_before = of(user)
    assert not secret_before["second_factor_since"]
    accounts.begin_second_factor(user)
    account = accounts.of(user)
    account.totp_confirmed_at = account.locked_at = at
    account.save()
    accounts.set_service(user, True, reason="A scale", by=boss, at=at)
    row = of(user)
    assert row["kind"] == "service"
    assert row["last_sign_in"] == user.last_login.isoformat(timespec="seconds")
    assert row["second_factor_since"] == row["locked_since"] == at.isoformat(timespec="seconds")
    assert account.totp_secret not in printed("accounts")
    assert of(boss.user)["kind"] == "administrator"


def test_the_matrix_has_every_permission_of_every_role(boss: Actor) -> None:
    rows = read("roles")
    for role in Group.objects.all():
        has = {f"{app}.{name}" for app, name in
               role.permissions.values_list("content_type__app_label", "codename")}  # fmt: skip
        assert {row["permission"] for row in rows if row["role"] == role.name} == has
    assert not any(row["permission"] == "quality.release" for row in rows if row["role"] != "qa")


def test_the_matrix_says_who_changed_a_role(boss: Actor) -> None:
    auditor = Group.objects.get(name="auditor")
    before = audit_people.snapshot(auditor)
    auditor.permissions.add(Group.objects.get(name="qa").permissions.get(codename="release"))
    audit_people.record_change(auditor, before, by=boss, at=timezone.now())
    granted = {row["permission"]: row["granted_by"] for row in read("roles")
               if row["role"] == "auditor"}  # fmt: skip
    assert granted["quality.release"] == "boss"
    assert granted["inventory.view_lot"] == ""


def test_it_says_what_each_programs_token_is_for(boss: Actor) -> None:
    client, site = ClientFactory(name="MES", contact="it@example.com"), SiteFactory()
    ClientFactory(name="ERP", is_active=False)
    token, secret = issue_token(
        client=client, scopes=["read", "staging.stage"], sites=[site], expires_at=None, by=boss,
        at=timezone.now(),
    )  # fmt: skip
    gone, _secret = issue_token(client=client, expires_at=None, by=boss, at=timezone.now())
    revoke_token(token=gone, by=boss, at=timezone.now())
    without, row = read("clients")
    assert (without["client"], without["active"], without["token"]) == ("ERP", False, "")
    assert (row["client"], row["account"], row["token"]) == ("MES", client.user.username, token.pk)
    assert (row["scopes"], row["sites"]) == (["read", "staging.stage"], [site.code])
    assert (row["issued_by"], row["contact"]) == ("boss", "it@example.com")
    text = printed("clients")
    assert secret not in text
    assert token.digest not in text
    assert of(client.user)["api_tokens"] == ["MES"]


def test_in_csv_a_cell_holds_what_is_a_list_and_no_formula(boss: Actor) -> None:
    user = UserFactory(first_name="=1+1")
    entry = change_roles(user, boss, "auditor", "qa")
    rows = {row["account"]: row for row in csv.DictReader(io.StringIO(printed("accounts")))}
    at = entry.recorded_at.isoformat(timespec="seconds")
    row = rows[user.username]
    assert row["roles"] == f"auditor (by boss, {at}); qa (by boss, {at})"
    assert row["name"].startswith("'=")
    assert (row["active"], row["uses_admin"]) == ("true", "false")


def test_printing_is_recorded(boss: Actor) -> None:
    lines = printed("accounts").splitlines()
    entry = AuditEntry.objects.get(action="audit.exported")
    assert entry.facts["report"] == "access: accounts"
    assert entry.facts["rows"] == len(lines) - 1 == User.objects.count()


def test_it_costs_the_same_however_many_accounts(
    boss: Actor, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _n in range(5):
        change_roles(UserFactory(role="operator"), boss, "qa")
        issue_token(client=ClientFactory(), expires_at=None, by=boss, at=timezone.now())
    for report in ("accounts", "clients"):
        with django_assert_max_num_queries(REPORT_QUERIES):
            printed(report)
