"""OAuth 2.0 client credentials: RFC 6749 (4.4 and 5), RFC 6750, RFC 8414."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from integration.access.tokens import issue_token, revoke_token
from integration.models import ApiClient, ApiToken
from inventory.models import AuditEntry
from tests.api.conftest import Api
from tests.factories import ClientFactory
from tests.plant import Plant

pytestmark = pytest.mark.django_db

FORM = "application/x-www-form-urlencoded"


@dataclass
class Known:
    """A client and its secret."""

    client: ApiClient
    token: ApiToken
    secret: str

    def basic(self, secret: str = "") -> str:
        text = f"{self.client.client_id}:{secret or self.secret}"
        return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.fixture(autouse=True)
def _nothing_counted() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def known(plant: Plant) -> Known:
    client = ClientFactory()
    token, secret = issue_token(
        client=client, kind="secret", scopes=["read", "staging.stage"], expires_at=None,
        by=plant.operator, at=plant.now,
    )  # fmt: skip
    return Known(client, token, secret)


def ask(body: str = "grant_type=client_credentials", **headers: str) -> Any:
    return Client().post("/oauth/token", body, content_type=FORM, headers=headers)


def read(token: str, path: str = "sites/", word: str = "Bearer") -> int:
    api = Api()
    api.credentials(HTTP_AUTHORIZATION=f"{word} {token}")
    status: int = api.read(path).status_code
    return status


def test_a_secret_is_exchanged_for_an_access_token(known: Known) -> None:
    answer = ask(Authorization=known.basic())
    body = answer.json()
    assert answer.status_code == 200
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 900)
    assert body["scope"] == "read staging.stage"
    assert (answer["Cache-Control"], answer["Pragma"]) == ("no-store", "no-cache")
    assert read(body["access_token"]) == read(body["access_token"], word="Token") == 200
    api = Api()
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {body['access_token']}")
    assert api.do("stage", {}).status_code == 400
    assert api.do("move", {}).json()["code"] == "scope_missing"
    with time_machine.travel(timezone.now() + timedelta(minutes=16)):
        assert read(body["access_token"]) == 401
    entry = AuditEntry.objects.get(action="people.client_sign_in")
    assert entry.actor == known.client.user
    assert body["access_token"] not in str(entry.facts)


def test_the_secret_may_stand_in_the_body(known: Known) -> None:
    text = f"grant_type=client_credentials&client_id={known.client.client_id}"
    assert ask(f"{text}&client_secret={known.secret}").status_code == 200


def test_a_secret_does_not_open_the_api_by_itself(known: Known, plant: Plant) -> None:
    assert read(known.secret) == read(known.secret, word="Token") == 401
    _token, plain = issue_token(
        client=known.client, expires_at=None, by=plant.operator, at=plant.now
    )
    assert ask(Authorization=known.basic(plain)).status_code == 401  # nor a token this door


def test_less_may_be_asked_for_and_not_more(known: Known, plant: Plant) -> None:
    less = ask(
        f"grant_type=client_credentials&scope=read%20site:{plant.site.code}",
        Authorization=known.basic(),
    ).json()
    assert less["scope"] == f"read site:{plant.site.code}"
    assert read(less["access_token"]) == 200
    assert read(less["access_token"], "audit-entries/") == 403
    for beyond in ("inventory.move", "nonsense", "*"):
        body = f"grant_type=client_credentials&scope={beyond}"
        answer = ask(body, Authorization=known.basic())
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


@pytest.mark.parametrize(
    ("body", "header", "status", "error"),
    [
        ("", "right", 400, "invalid_request"),
        ("grant_type=password", "right", 400, "unsupported_grant_type"),
        ("grant_type=a&grant_type=b", "right", 400, "invalid_request"),
        ("grant_type=client_credentials", "wrong", 401, "invalid_client"),
        ("grant_type=client_credentials", "Basic %%%", 401, "invalid_client"),
        ("grant_type=client_credentials", "Basic bm9jb2xvbg==", 401, "invalid_client"),
        ("grant_type=client_credentials", "Bearer x", 401, "invalid_client"),
        ("grant_type=client_credentials", "", 401, "invalid_client"),
        ("grant_type=client_credentials&client_id=%00&client_secret=%00", "", 401,
         "invalid_client"),
        ("grant_type=client_credentials&client_secret=x", "right", 400, "invalid_request"),
    ],
)  # fmt: skip
def test_errors_are_those_of_the_standard(
    body: str, header: str, status: int, error: str, known: Known
) -> None:
    said = {"right": known.basic(), "wrong": known.basic("guess")}.get(header, header)
    answer = ask(body, **({"Authorization": said} if said else {}))
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer["Cache-Control"] == "no-store"
    if status == 401:
        assert answer["WWW-Authenticate"].startswith("Basic")


def test_only_a_form_is_read(known: Known) -> None:
    wrong = Client().post("/oauth/token", {}, content_type="application/json")
    got = Client().get("/oauth/token")
    large = ask("&".join(f"a{n}=1" for n in range(1001)))
    assert {answer.json()["error"] for answer in (wrong, got, large)} == {"invalid_request"}


def test_wrong_secrets_lock_the_address_out_for_a_while(known: Known, settings: Settings) -> None:
    settings.LOCKOUT_FAILURES = 3
    for _n in range(3):
        assert ask(Authorization=known.basic("guess")).status_code == 401
    answer = ask(Authorization=known.basic())
    assert (answer.status_code, answer.json()["error"]) == (429, "invalid_client")
    assert int(answer["Retry-After"]) > 0
    elsewhere = Client(REMOTE_ADDR="192.0.2.7").post(
        "/oauth/token", "grant_type=client_credentials", content_type=FORM,
        headers={"Authorization": known.basic()},
    )  # fmt: skip
    assert elsewhere.status_code == 200  # nobody locks a client out from afar
    entries = AuditEntry.objects.filter(action="people.client_refused")
    assert {entry.subject_id for entry in entries} == {str(known.client.pk)}
    assert not any("guess" in str(entry.facts) for entry in entries)


def test_access_ends_with_the_secret(known: Known, plant: Plant) -> None:
    token = ask(Authorization=known.basic()).json()["access_token"]
    revoke_token(token=known.token, by=plant.operator, at=plant.now)
    assert read(token) == 401
    assert ask(Authorization=known.basic()).status_code == 401


def test_access_never_outlives_its_secret(known: Known, plant: Plant) -> None:
    ApiToken.objects.filter(pk=known.token.pk).update(expires_at=plant.now + timedelta(minutes=5))
    assert ask(Authorization=known.basic()).json()["expires_in"] <= 300


def test_what_has_ended_is_cleared_away(known: Known) -> None:
    ask(Authorization=known.basic())
    with time_machine.travel(timezone.now() + timedelta(days=2)):
        ask(Authorization=known.basic())
    assert known.token.given_out.count() == 1


def test_an_inactive_client_gets_nothing(known: Known) -> None:
    ApiClient.objects.filter(pk=known.client.pk).update(is_active=False)
    assert ask(Authorization=known.basic()).json()["error"] == "invalid_client"


def test_the_metadata_says_where_and_how(known: Known) -> None:
    body = Client().get("/.well-known/oauth-authorization-server").json()
    assert body["issuer"] == "http://testserver"
    assert body["token_endpoint"] == "http://testserver/oauth/token"
    assert body["grant_types_supported"] == ["client_credentials"]
    assert {"*", "read", "staging.stage"} <= set(body["scopes_supported"])
    assert body["response_types_supported"] == []
