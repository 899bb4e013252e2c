"""A webhook sends what its owner may view, of the sites that it is for, and no more."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core import mail

from integration.access.tokens import issue_token
from integration.feed import rights
from integration.feed.kinds import NAMES
from integration.models import Parcel, Subscription
from integration.webhooks import actions, ending
from inventory.models import AuditEntry, RefusedAttempt
from tests.admin.conftest import SignIn, enter, page_of
from tests.api.conftest import Api, api, api_as
from tests.api.two_sites import token_for
from tests.contract import hooks
from tests.factories import ClientFactory, SiteFactory, UserFactory
from tests.plant import Plant
from tests.webhooks.conftest import Hook
from tests.webhooks.receiver import Receiver, answers
from tests.webhooks.test_api import do
from tests.webhooks.test_terms import code, patch

__all__ = ["api", "api_as", "enter"]

pytestmark = pytest.mark.django_db

MANAGES = ("view_subscription", "add_subscription", "change_subscription")
BODY = {"name": "MES", "url": hooks.URL}


def somebody(*views: str) -> User:
    """Who may set webhooks up, and view these kinds of things."""
    user: User = UserFactory()
    names = (*MANAGES, *(f"view_{name}" for name in views))
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    return user


def lose(user: User, *names: str) -> None:
    """The role is taken away."""
    user.groups.clear()
    user.user_permissions.remove(*Permission.objects.filter(codename__in=names))


# --- setting up and changing --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("types", "lacking"),
    [
        (["forestage.movement.*"], []),
        (["forestage.hold.placed"], ["quality.view_hold"]),
        (["forestage.movement.*", "forestage.demand.*"], ["staging.view_demand"]),
        ([], sorted(set(rights.VIEWS.values()) - {"inventory.view_movement"})),
    ],
)
def test_nobody_has_sent_what_he_may_not_view(
    api_as: Any, types: list[str], lacking: list[str]
) -> None:
    answer = do(api_as(somebody("movement")), "webhooks", **BODY, types=types)
    assert Subscription.objects.exists() == (not lacking)
    if lacking:
        assert code(answer) == (403, "webhook_rights")
        [error] = answer.json()["errors"]
        assert (error["field"], error["facts"]) == ("types", {"permissions": lacking})
        assert RefusedAttempt.objects.get().code == "webhook_rights"


def test_every_kind_of_event_asks_for_something() -> None:
    assert {name.split(".")[0] for name in NAMES} == set(rights.VIEWS)
    assert rights.in_words(sorted(rights.VIEWS.values())).count(",") == len(rights.VIEWS) - 1


def test_nor_turns_what_others_get_to_himself(api_as: Any, hook: Hook) -> None:
    api = api_as(somebody("movement"))
    assert code(patch(api, hook, {"url": "https://mine.invalid/"})) == (403, "webhook_rights")
    assert patch(api, hook, {"name": "theirs"}).status_code == 200
    # What is left is what both may view.
    mine = {"url": "https://mine.invalid/", "types": ["forestage.movement.*"]}
    assert patch(api, hook, mine).status_code == 200


def test_nor_gives_another_what_that_one_may_not_view(api: Api, api_as: Any) -> None:
    made = do(api_as(somebody("hold")), "webhooks", **BODY, types=["forestage.hold.*"]).json()
    own = f"/api/v1/webhooks/{made['id']}/"
    answer = api.patch(own, {"types": ["forestage.movement.*"]}, format="json")
    assert code(answer) == (403, "webhook_rights")
    assert api.patch(own, {"types": ["forestage.hold.placed"]}, format="json").status_code == 200


def test_a_token_that_is_not_for_reading_follows_nothing(plant: Plant) -> None:
    client = ClientFactory(user=UserFactory(role="integrator"))
    api = Api()
    for scopes, said in ((["integration.add_subscription"], 403), (["integration.*", "read"], 200)):
        values = {"client": client, "expires_at": None, "scopes": scopes}
        _token, secret = issue_token(**values, by=plant.operator, at=plant.now)
        api.credentials(HTTP_AUTHORIZATION=f"Token {secret}")
        answer = do(api, "webhooks", **BODY)
        assert answer.status_code == said, answer.json()
        assert said == 200 or answer.json()["code"] == "scope_missing"


# --- rights that are lost -----------------------------------------------------------------------


def test_what_its_owner_may_not_view_any_more_is_not_sent(
    hook: Hook, receiver: Receiver, api: Api, enter: SignIn
) -> None:
    expected = hook.happen()
    lose(hook.by.user)
    hook.beat()
    assert (receiver.taken, hook.row.ended) == ([], "rights_lost")
    entry = AuditEntry.objects.get(action="webhooks.give_up")
    assert "movements" in entry.reason
    assert "decisions" in entry.reason
    ending.tell_due(hook.row.tell_after)  # type: ignore[arg-type]  # it is
    [sent] = mail.outbox
    assert (sent.to, "movements" in sent.body) == (["mes@example.com"], True)
    page = enter("admin").get(page_of(hook.row)).content.decode()
    assert "may not view: " in page
    assert api.read(f"webhooks/{hook.pk}/").json()["ended"] == "rights_lost"
    # Nobody enables it who may not view it either; who may, answers for it from then on.
    again = Api()
    again.force_authenticate(somebody("movement"))
    answer = do(again, f"webhooks/{hook.pk}/enable", reason="go on")
    assert code(answer) == (403, "webhook_rights")
    answer = do(api, f"webhooks/{hook.pk}/enable", reason="I do")
    assert answer.json()["owner"] == hook.row.owner.username != hook.by.user.username
    assert AuditEntry.objects.get(action="webhooks.enable").facts["owner"] == [
        str(hook.by.user), hook.row.owner.username,
    ]  # fmt: skip
    hook.beat()
    assert receiver.ids == expected


def test_it_goes_on_where_nothing_of_what_is_sent_is_lost(hook: Hook, receiver: Receiver) -> None:
    hook.do(actions.change, types=["forestage.movement.*"])
    lose(hook.by.user)
    hook.by.user.user_permissions.set(Permission.objects.filter(codename="view_movement"))
    hook.happen()
    hook.beat()
    assert [event["type"] for event in receiver.taken] == ["forestage.movement.receive"]


def test_an_account_that_is_closed_answers_for_nothing(hook: Hook, receiver: Receiver) -> None:
    hook.happen()
    User.objects.filter(pk=hook.by.user.pk).update(is_active=False)
    hook.beat()
    assert (receiver.taken, hook.row.ended) == ([], "rights_lost")


@pytest.mark.parametrize("why", ["rights_lost", "secret_lost"])
def test_what_is_asked_for_beside_the_feed_is_left_too_and_it_ends_once(
    hook: Hook, receiver: Receiver, settings: Any, why: str
) -> None:
    hook.happen()
    receiver.next = [answers(400)]
    hook.beat()
    letter = hook.do(actions.set_aside, reason="not theirs")
    if why == "rights_lost":
        lose(hook.by.user)
    else:
        settings.SECRET_KEY = "another installation's"
    actions.send_again(letter=letter, by=hook.by, at=hook.row.created_at)
    hook.do(actions.send_test)
    for _ in range(3):
        hook.beat()
    assert (hook.row.ended, len(receiver.attempts)) == (why, 1)
    assert AuditEntry.objects.filter(action="webhooks.give_up").count() == 1
    assert not Parcel.objects.waiting().exists()
    assert Parcel.objects.get(pk=letter.pk).error


# --- sites --------------------------------------------------------------------------------------


@pytest.fixture
def elsewhere(db: None) -> Plant:
    return Plant(SiteFactory(code="ELSE"))


def test_a_token_for_some_sites_is_sent_what_happens_there_alone(
    hook: Hook, receiver: Receiver, elsewhere: Plant, plant: Plant
) -> None:
    hook.do(actions.disable, reason="not this one")
    api = token_for(plant)
    beyond = do(api, "webhooks", **BODY, sites=[elsewhere.site.code])
    assert code(beyond) == (403, "site_not_in_scope")
    made = do(api, "webhooks", name="Mine", url=receiver.url)
    assert made.status_code == 200, made.json()
    assert made.json()["limited_to"] == [plant.site.code]
    receiver.secrets = [made.json()["secret"]]
    lots = [place.lot(1).code for place in (elsewhere, plant)]
    elsewhere.hold(material=elsewhere.material())  # may stop stock anywhere
    hook.beat()
    told = str(receiver.taken)
    assert (lots[0] in told, lots[1] in told, "hold" in told) == (False, True, False)
    # Its sites never become more, whoever changes it.
    own = f"/api/v1/webhooks/{made.json()['id']}/"
    everywhere = Api()
    everywhere.force_authenticate(UserFactory(role="integrator"))
    wider = everywhere.patch(own, {"sites": [elsewhere.site.code]}, format="json")
    assert code(wider) == (403, "site_not_in_scope")
    assert api.patch(own, {"sites": [plant.site.code]}, format="json").status_code == 200


def test_it_sees_the_webhooks_of_its_sites_alone(
    hook: Hook, receiver: Receiver, elsewhere: Plant, plant: Plant
) -> None:
    hook.happen()
    hook.beat()
    mine, theirs = (token_for(place) for place in (plant, elsewhere))
    own = do(mine, "webhooks", name="Mine", url=receiver.url).json()["id"]
    assert [row["id"] for row in mine.read("webhooks/").json()["results"]] == [own]
    assert theirs.read("webhooks/").json()["results"] == []
    assert theirs.read("webhook-deliveries/").json()["results"] == []
    for token, pk in ((theirs, own), (theirs, hook.pk), (mine, hook.pk)):
        assert token.read(f"webhooks/{pk}/").status_code == 404
        assert do(token, f"webhooks/{pk}/rotate-secret").status_code == 404
    assert do(mine, f"webhooks/{own}/test").status_code == 200
    hook.beat()
    [sent] = mine.read("webhook-deliveries/").json()["results"]
    assert sent["webhook"] == own
