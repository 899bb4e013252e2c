"""Tokens: issued once, kept as a digest, good until they end."""

from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from integration.access import authentication
from integration.access.tokens import issue_token, revoke_token
from integration.models import ApiToken
from inventory.errors import Refused
from inventory.models import AuditEntry
from tests.api.conftest import Api
from tests.factories import ClientFactory, UserFactory
from tests.plant import Plant

pytestmark = pytest.mark.django_db


def issue(plant: Plant, **kwargs: Any) -> tuple[ApiToken, str]:
    values = {"client": ClientFactory(), "expires_at": None} | kwargs
    return issue_token(**values, by=plant.operator, at=plant.now)


def read(secret: str, keyword: str = "Token") -> int:
    status: int = (
        Api().get("/api/v1/sites/", headers={"Authorization": f"{keyword} {secret}"}).status_code
    )
    return status


def test_a_token_opens_the_api_as_its_user(plant: Plant) -> None:
    token, secret = issue(plant)
    assert read(secret) == 200
    assert read(secret, "token") == 200
    token.refresh_from_db()
    assert token.last_used_at is not None
    assert secret not in token.digest


def test_no_program_takes_a_token_for_an_option(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One in 64 random ones begins with a dash."""
    monkeypatch.setattr("secrets.token_urlsafe", lambda _: "-2NwfE")
    assert issue(plant)[1] == "fst_-2NwfE"


def test_issuing_and_revoking_are_audited(plant: Plant) -> None:
    token, secret = issue(plant)
    revoke_token(token=token, by=plant.operator, at=plant.now)
    trail = AuditEntry.objects.filter(subject_type="integration.apitoken").values_list(
        "action", flat=True
    )
    assert list(trail) == ["people.issue_token", "people.revoke_token"]
    assert not any(secret in str(entry.facts) for entry in AuditEntry.objects.all())


def test_revoked_expired_and_inactive_ones_do_not(plant: Plant) -> None:
    revoked, revoked_secret = issue(plant)
    revoke_token(token=revoked, by=plant.operator, at=plant.now)
    expired, expired_secret = issue(plant, expires_at=plant.now + timedelta(days=1))
    ApiToken.objects.filter(pk=expired.pk).update(expires_at=plant.now - timedelta(seconds=1))
    inactive, inactive_secret = issue(plant)
    inactive.client.user.is_active = False
    inactive.client.user.save()
    for secret in (revoked_secret, expired_secret, inactive_secret, "", "wrong", "a b", "é"):
        assert read(secret) == 401


def test_a_token_that_has_ended_is_not_issued(plant: Plant) -> None:
    with pytest.raises(Refused) as refused:
        issue(plant, expires_at=plant.now - timedelta(days=1))
    assert refused.value.code == "token_expired"


def test_it_costs_one_query_a_request(
    plant: Plant, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    _token, secret = issue(plant)
    read(secret)  # notes that it is used, at most once a minute
    with django_assert_num_queries(3):  # token, permission, the list
        read(secret)


@pytest.fixture
def clock(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """What was read of a token is kept for a second, by a clock that the test sets."""
    settings.TOKEN_SECONDS = 1
    seconds = [1000.0]
    monkeypatch.setattr(authentication, "monotonic", lambda: seconds[0])
    yield seconds
    authentication._KEPT.clear()


def test_within_a_second_it_is_asked_for_once(
    plant: Plant, clock: list[float], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    _token, secret = issue(plant)
    read(secret)
    read(secret)  # reads all permissions of the user
    with django_assert_num_queries(1):  # the list
        assert read(secret) == 200


def test_a_revoked_one_works_a_second_at_most(plant: Plant, clock: list[float]) -> None:
    token, secret = issue(plant)
    assert read(secret) == 200
    revoke_token(token=token, by=plant.operator, at=plant.now)
    clock[0] += 0.9
    read(secret)  # which does not prolong it
    clock[0] += 0.2
    assert read(secret) == 401


def test_a_lost_role_counts_within_a_second(plant: Plant, clock: list[float]) -> None:
    token, secret = issue(plant)
    read(secret)
    assert read(secret) == 200
    token.client.user.groups.clear()
    clock[0] += 1.1
    assert read(secret) == 403


def test_an_expiry_counts_at_once(plant: Plant, clock: list[float]) -> None:
    _token, secret = issue(plant, expires_at=plant.now + timedelta(hours=1))
    assert read(secret) == 200
    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        assert read(secret) == 401


def test_the_command_prints_a_token_that_works(plant: Plant) -> None:
    user = UserFactory(role="integrator")
    said = StringIO()
    call_command("create_api_token", user.username, "--name", "ERP", "--days", "30", stdout=said)
    assert read(said.getvalue().strip()) == 200
    token = ApiToken.objects.get()
    assert token.client.name == "ERP"
    assert timedelta(days=29) < token.expires_at - timezone.now() <= timedelta(days=30)
    assert AuditEntry.objects.get(action="people.issue_token").surface == "command"


def test_the_command_says_what_is_wrong(plant: Plant) -> None:
    with pytest.raises(CommandError, match="no user nobody"):
        call_command("create_api_token", "nobody", "--name", "ERP")
    with pytest.raises(CommandError, match="expired"):
        call_command("create_api_token", UserFactory().username, "--name", "ERP", "--days", "-1")
    with pytest.raises(CommandError):
        call_command("create_api_token", UserFactory().username, "--name", "x" * 161)
