"""What a token is for: each scope and each verb, rotation with overlap, and what is on record."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.urls import URLResolver, get_resolver
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from rest_framework.permissions import IsAuthenticated

from integration import access
from integration.access import refusing, scopes
from integration.access.clients import client_of, save_client
from integration.access.tokens import issue_token, revoke_token, rotate_token
from integration.models import ApiClient, ApiToken
from inventory.api.views import SiteViewSet
from inventory.errors import Refused
from inventory.models import AuditEntry, RefusedAttempt
from inventory.verbs import REGISTRY, Verb
from tests.api.conftest import Api
from tests.api.test_resources import LISTS
from tests.factories import ClientFactory, SiteFactory, UserFactory
from tests.plant import Plant

pytestmark = pytest.mark.django_db


def issue(plant: Plant, *names: str, **kwargs: Any) -> tuple[ApiToken, Api]:
    """A token of a client whose user may do everything that anybody may."""
    values = {"client": ClientFactory(), "expires_at": None, "scopes": names} | kwargs
    token, secret = issue_token(**values, by=plant.operator, at=plant.now)
    token.client.user.groups.add(*Group.objects.all())
    return token, using(secret)


def using(secret: str, word: str = "Token") -> Api:
    api = Api()
    api.credentials(HTTP_AUTHORIZATION=f"{word} {secret}")
    return api


# --- each scope and each verb ---------------------------------------------------------------------

OF_STAGING = {name for name, verb in REGISTRY.items() if verb.app == "staging"}
TABLE: list[tuple[list[str], set[str]]] = [
    (["*"], set(REGISTRY)),
    (["read"], set()),
    (["staging.stage"], {"stage"}),
    (["read", "inventory.receive", "quality.place_hold"], {"receive", "place_hold"}),
    (["staging.*"], OF_STAGING),
    (["inventory.move", "staging.*"], OF_STAGING | {"move"}),
]


@pytest.mark.parametrize(("names", "allowed"), TABLE, ids=lambda cell: " ".join(sorted(cell)[:2]))
def test_scopes_by_verb(names: list[str], allowed: set[str], plant: Plant) -> None:
    """An empty body shows who gets past the door: 400 is inside."""
    _token, api = issue(plant, *names)
    for verb in REGISTRY.values():
        answer = api.do(verb.name, {})
        if verb.name in allowed:
            assert answer.status_code == 400, verb.name
        else:
            assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
            assert answer.json()["errors"][0]["facts"] == {"scope": verb.permission}
            assert f'scope="{verb.permission}"' in answer["WWW-Authenticate"]


def test_each_verb_is_a_scope_of_its_own(plant: Plant) -> None:
    client = ClientFactory()
    client.user.groups.add(*Group.objects.all())
    for verb in REGISTRY.values():
        _token, secret = issue_token(
            client=client, scopes=[verb.permission], expires_at=None, by=plant.operator,
            at=plant.now,
        )  # fmt: skip
        assert using(secret).do(verb.name, {}).status_code == 400


@pytest.mark.parametrize(("names", "status"), [(["read"], 200), (["staging.*"], 403)])
def test_reading_is_one_scope(names: list[str], status: int, plant: Plant) -> None:
    _token, api = issue(plant, *names)
    for path in (*LISTS, "on-hand", "numbers/dwell"):
        assert api.read(f"{path}/").status_code == status, path


def test_scopes_narrow_the_roles_and_never_widen_them(plant: Plant) -> None:
    token, api = issue(plant, "*")
    token.client.user.groups.set(Group.objects.filter(name="auditor"))
    assert api.do("stage", {}).json()["code"] == "permission_denied"


def test_how_the_api_works_is_open_to_any_token(plant: Plant) -> None:
    _token, api = issue(plant, "staging.stage")
    assert api.read("schema/", format="json").status_code == 200


def test_a_view_that_does_not_say_what_it_needs_is_refused(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever its own permission class would let in."""
    monkeypatch.setattr(SiteViewSet, "permission_classes", (IsAuthenticated,))
    _token, api = issue(plant, "read")
    answer = api.read("sites/")
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
    monkeypatch.setattr(SiteViewSet, "permission_needed", "inventory.view_site")
    assert api.read("sites/").status_code == 200


def test_what_is_refused_is_kept(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusing, "_noted", {})
    token, api = issue(plant, "read")
    lot = plant.lot()
    api.do("scrap", {"lot": lot.code, "quantity": "1", "reason": "torn"})
    attempt = RefusedAttempt.objects.get()
    assert (attempt.verb, attempt.code, attempt.lot) == ("inventory.scrap", "scope_missing", lot)
    assert (attempt.actor, attempt.surface) == (token.client.user, "api")
    other, api = issue(plant, "staging.stage")
    for _n in range(3):  # a program goes on asking: that it does is noted once a minute
        assert api.read("lots/").status_code == 403
    entry = AuditEntry.objects.get(action="people.client_refused")
    assert (entry.subject_id, entry.facts["scope"]) == (str(other.pk), "read")
    assert entry.facts["path"] == "/api/v1/lots/"


def test_a_narrow_token_costs_no_more(
    plant: Plant, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    _token, api = issue(plant, "read")
    api.read("sites/")
    with django_assert_num_queries(3):  # token, permission, the list
        api.read("sites/")


def test_scopes_that_there_are_not_are_not_given(plant: Plant) -> None:
    for wrong, code in ((["write"], "unknown_scope"), ([], "scope_needed")):
        with pytest.raises(Refused) as refused:
            issue(plant, *wrong)
        assert refused.value.code == code
    assert issue(plant, "read", "*", "read")[0].scopes == ["*"]


def test_every_change_of_the_api_comes_under_a_scope() -> None:
    """What a view asks for when something is changed is a scope that can be given."""
    known, asked = scopes.doing(), set()
    patterns = list(get_resolver().url_patterns)
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            patterns += pattern.url_patterns
            continue
        given = getattr(pattern.callback, "view_initkwargs", None) or {}
        verb = given.get("verb") or getattr(getattr(pattern.callback, "cls", None), "verb", None)
        asked |= {verb.permission} if isinstance(verb, Verb) else set()
    assert asked >= {verb.permission for verb in REGISTRY.values()}
    assert asked <= set(known)
    assert {"quality.attach_file", "staging.print_labels"} <= set(known)


# --- rotation -------------------------------------------------------------------------------------


def test_both_are_good_until_the_old_one_ends(plant: Plant) -> None:
    old, api = issue(plant, "read")
    new, secret = rotate_token(
        token=old, ends_at=plant.now + timedelta(days=7), expires_at=None, by=plant.operator,
        at=plant.now,
    )  # fmt: skip
    assert (new.client, new.scopes, new.replaces) == (old.client, ["read"], old)
    assert [one.read("sites/").status_code for one in (api, using(secret))] == [200, 200]
    with time_machine.travel(timezone.now() + timedelta(days=7, minutes=1)):
        assert [one.read("sites/").status_code for one in (api, using(secret))] == [401, 200]
    entry = AuditEntry.objects.get(action="people.rotate_token")
    assert entry.facts["replaces"] == old.pk
    assert secret not in str(entry.facts)


def test_rotation_never_prolongs_the_old_one(plant: Plant) -> None:
    ends_at = plant.now + timedelta(days=1)
    old, _api = issue(plant, "*", expires_at=ends_at)
    rotate_token(
        token=old, ends_at=plant.now + timedelta(days=7), expires_at=None, by=plant.operator,
        at=plant.now,
    )  # fmt: skip
    assert ApiToken.objects.get(pk=old.pk).expires_at == ends_at


def test_what_has_ended_is_not_rotated(plant: Plant) -> None:
    def rotate(token: ApiToken, hours: int = 1) -> str:
        with pytest.raises(Refused) as refused:
            rotate_token(
                token=token, ends_at=plant.now + timedelta(hours=hours), expires_at=None,
                by=plant.operator, at=plant.now,
            )  # fmt: skip
        return str(refused.value.code)

    token, _api = issue(plant, "*")
    assert rotate(token, hours=-1) == "token_expired"
    rotate_token(
        token=token, ends_at=plant.now + timedelta(hours=1), expires_at=None, by=plant.operator,
        at=plant.now,
    )  # fmt: skip
    assert rotate(token) == "token_replaced"
    revoked, _api = issue(plant, "*")
    revoke_token(token=revoked, by=plant.operator, at=plant.now)
    assert rotate(revoked) == "token_ended"


# --- clients --------------------------------------------------------------------------------------


def test_an_inactive_client_is_let_in_no_more(plant: Plant) -> None:
    token, api = issue(plant, "*")
    assert api.read("sites/").status_code == 200
    token.client.is_active = False
    save_client(token.client, by=plant.operator, at=plant.now, reason="replaced")
    assert api.read("sites/").status_code == 401
    entry = AuditEntry.objects.get(action="people.change_client")
    assert (entry.changes, entry.reason) == ({"is_active": [True, False]}, "replaced")


def test_a_change_needs_a_reason_and_the_user_is_no_administrator(plant: Plant) -> None:
    client, boss = ClientFactory(), UserFactory(is_superuser=True)
    with pytest.raises(Refused) as refused:
        save_client(client, by=plant.operator, at=plant.now)
    assert refused.value.code == "reason_needed"
    with pytest.raises(Refused) as refused:
        client_of(user=boss, name="SAP", by=plant.operator, at=plant.now)
    assert refused.value.code == "client_is_administrator"


def test_its_settings_are_known_without_a_statement(
    plant: Plant, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = ClientFactory(name="SAP", key_required=True, requests_per_minute=60)
    token, _api = issue(plant, "*", client=client)
    with django_assert_num_queries(0):
        found = access.settings_of(token)
    assert found == access.ClientSettings(True, False, 60, "SAP")
    assert access.settings_of(None) == access.ClientSettings(False, False, None, "")


def test_the_command_gives_scopes_and_sites(plant: Plant) -> None:
    user, said = UserFactory(role="integrator"), StringIO()
    more = ("--scope", "read", "--scope", "staging.stage", "--site", plant.site.code)
    call_command("create_api_token", user.username, "--name", "ERP", *more, stdout=said)
    token = ApiToken.objects.get(digest=ApiToken.digest_of(said.getvalue().strip()))
    assert (token.scopes, token.sites) == (["read", "staging.stage"], [plant.site.pk])
    assert token.client == ApiClient.objects.get(name="ERP", user=user)
    call_command("create_api_token", user.username, "--name", "ERP", stdout=said)
    assert token.client.tokens.count() == 2
    wrong = (["--scope", "write"], ["--site", "NOWHERE"])
    for options in wrong:
        with pytest.raises(CommandError):
            call_command("create_api_token", user.username, "--name", "ERP", *options)
    with pytest.raises(CommandError, match="acts as"):
        call_command("create_api_token", UserFactory().username, "--name", "ERP")
    assert not ApiClient.objects.exclude(name="ERP").exists()


def test_what_is_asked_for_by_text_is_never_more_than_there_is(plant: Plant) -> None:
    other = SiteFactory().code
    here = plant.site

    def narrowed(text: str, *names: str, sites: Any = ()) -> tuple[list[str], list[int]]:
        return scopes.narrowed(text, scopes=names or ["*"], sites=[site.pk for site in sites])

    assert narrowed("") == (["*"], [])
    assert narrowed("read", "read", "staging.*", sites=[here]) == (["read"], [here.pk])
    assert narrowed("staging.stage", "staging.*") == (["staging.stage"], [])
    assert narrowed(f"read site:{here.code}") == (["read"], [here.pk])
    for beyond in ("*", "inventory.move", f"site:{other}", "site:NOWHERE", "nonsense", "staging.*"):
        with pytest.raises(Refused) as refused:
            narrowed(beyond, "read", "staging.stage", sites=[here])
        assert refused.value.code == "unknown_scope"
