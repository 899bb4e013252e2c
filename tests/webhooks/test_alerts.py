"""Which alerts a webhook is about: how grave, how far they have come, and why."""

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from integration.feed import reading
from integration.models import Delivery, FeedPosition, Parcel, Subscription
from integration.webhooks import actions, delivering
from inventory.models import AuditEntry
from staging.models import Alert, AlertReason, AlertRule
from tests.admin.conftest import SignIn, enter, list_of, page_of
from tests.alerting.conftest import HOUR, REASON, Raised, close, pass_by, raised, rule
from tests.api.conftest import Api, api, api_as
from tests.webhooks.conftest import Hook
from tests.webhooks.receiver import Receiver
from tests.webhooks.test_api import do
from tests.webhooks.test_terms import code, patch

__all__ = ["api", "api_as", "enter", "raised", "rule"]

pytestmark = pytest.mark.django_db

ALL = {"alert_severity": "notice", "alert_level": 1, "alert_reasons": []}
LANE = [
    ("raised", REASON, "warning", 1),
    ("escalated", REASON, "warning", 2),
    ("escalated", REASON, "warning", 3),
    ("closed", REASON, "warning", 3),
]
STOCK = [("raised", "lot_rejected", "critical", 1)]


def a_day(hook: Hook, raised: Raised) -> None:
    """A lane's alert goes up to QA and is closed; one about a lot is raised."""
    AlertRule.objects.filter(reason="lot_rejected").update(severity="critical")
    alert = raised()
    for hours in (1, 2):
        hook.clock.shift(hours * HOUR)
        pass_by()
    close(alert)
    raised(reason="lot_rejected", lot=hook.plant.lot(1))


def alerts_of(events: list[dict[str, Any]]) -> list[tuple[str, str, str, int]]:
    """What happened to which alerts, and how they stood."""
    said = [
        (event["type"].removeprefix("forestage.alert."), event["data"])
        for event in events
        if event["type"].startswith("forestage.alert.")
    ]
    return [(name, data["reason"], data["severity"], data["level"]) for name, data in said]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, LANE + STOCK),
        ({"alert_severity": "warning"}, LANE + STOCK),
        ({"alert_severity": "critical"}, STOCK),
        ({"alert_level": 2}, LANE[1:]),
        ({"alert_level": 3}, LANE[2:]),
        ({"alert_reasons": [REASON, "over_staged"]}, LANE),
        ({"alert_reasons": ["over_staged"]}, []),
        ({"alert_reasons": [REASON], "alert_level": 3, "alert_severity": "warning"}, LANE[2:]),
        ({"alert_level": 2, "alert_severity": "critical"}, []),
    ],
)
def test_each_step_is_chosen_by_how_the_alert_stood_then(
    hook: Hook,
    receiver: Receiver,
    raised: Raised,
    api: Api,
    asked: dict[str, Any],
    expected: list[tuple[str, str, str, int]],
) -> None:
    """By the end of it, the lane's alert has come to QA and is closed."""
    begin = hook.row.position
    hook.do(actions.change, **asked)
    a_day(hook, raised)
    hook.beat()
    assert alerts_of(receiver.taken) == expected
    # What else happens is sent regardless, and what is not wanted leaves no trace.
    assert len(receiver.taken) == len(expected) + 2
    assert Delivery.objects.filter(outcome="taken").count() == len(receiver.attempts)
    assert len(receiver.attempts) == len(receiver.taken)
    assert not Parcel.objects.exists()
    assert hook.row.position == reading.mark_now().newest
    assert hook.beat() == 0
    # Who follows the feed asks by the same names, and gets the same.
    said = {**asked, "alert_reasons": ",".join(asked.get("alert_reasons", ()))}
    queried = {name: value for name, value in said.items() if value}
    answer = api.read("events/", after=begin, **queried).json()
    assert alerts_of(answer["results"]) == expected
    assert len(answer["results"]) == len(expected) + 2


def test_an_alert_that_comes_back_graver_was_not_so_before(
    hook: Hook, receiver: Receiver, raised: Raised
) -> None:
    hook.do(actions.change, alert_severity="critical")
    begin, alert = hook.row.position, raised()
    close(alert)
    hook.beat()
    AlertRule.objects.filter(reason=REASON).update(severity="critical")
    assert raised() == alert
    hook.beat()
    back = ("reopened", REASON, "critical", 1)
    assert alerts_of(receiver.taken) == [back]
    hook.do(actions.change, alert_severity="warning")
    hook.do(actions.replay, after=begin, reason="lost")
    hook.beat()
    before = [("raised", REASON, "warning", 1), ("closed", REASON, "warning", 1)]
    assert alerts_of(receiver.taken[1:]) == [*before, back]


def test_what_is_passed_over_costs_nothing_by_the_event(
    hook: Hook, receiver: Receiver, raised: Raised
) -> None:
    hook.do(actions.change, alert_severity="critical", alert_level=3, alert_reasons=[REASON])
    spent = []
    for count in (1, 60):
        for _ in range(count):
            close(raised())
            hook.clock.shift(2 * HOUR)  # it does not come back as the same
        hook.left()  # all has its position
        with CaptureQueriesContext(connection) as statements:
            delivering.deliver(hook.pk)
        spent.append(len(statements))
    assert spent[0] == spent[1]
    assert (receiver.attempts, Delivery.objects.exists()) == ([], False)
    assert hook.row.position == reading.mark_now().newest >= 2 * 61


def test_what_had_its_place_before_can_be_chosen_from(hook: Hook, raised: Raised) -> None:
    a_day(hook, raised)
    hook.left()
    columns = ("type", "alert_level", "alert_severity", "alert_reason")
    expected = list(FeedPosition.objects.order_by("position").values_list(*columns))
    FeedPosition.objects.update(alert_level=None, alert_severity="", alert_reason="")
    import_module("integration.migrations.0011_webhooks_choose_alerts").fill(apps, None)
    assert list(FeedPosition.objects.order_by("position").values_list(*columns)) == expected
    assert [level for _type, level, *_more in expected] == [1, 2, 3, 3, None, None, 1]
    assert Alert.objects.count() == 2


# --- setting up and changing --------------------------------------------------------------------


def test_a_system_says_which_and_the_trail_says_what_it_was(api: Api, receiver: Receiver) -> None:
    asked = {"alert_severity": "critical", "alert_level": 2, "alert_reasons": ["lot_rejected"]}
    body = {"name": "Pager", "url": receiver.url, "types": ["forestage.alert.*"]}
    made = do(api, "webhooks", **body).json()
    assert {name: made[name] for name in ALL} == ALL
    own = f"webhooks/{made['id']}/"
    changed = api.patch(f"/api/v1/{own}", asked, format="json")
    assert changed.status_code == 200, changed.json()
    assert {name: api.read(own).json()[name] for name in asked} == asked
    entry = AuditEntry.objects.get(action="webhooks.change")
    assert entry.changes == {name: [ALL[name], asked[name]] for name in asked}
    # What is left out stays; and all of it is taken back by its own name.
    assert api.patch(f"/api/v1/{own}", {"name": "QA"}, format="json").json()["alert_level"] == 2
    again = api.patch(f"/api/v1/{own}", ALL, format="json").json()
    assert {name: again[name] for name in ALL} == ALL
    set_up = do(api, "webhooks", **body, **asked).json()
    assert {name: set_up[name] for name in asked} == asked
    facts = AuditEntry.objects.filter(action="webhooks.subscribe").latest("pk").facts
    assert {name: facts[name] for name in asked} == asked


@pytest.mark.parametrize(
    ("wrong", "status", "said", "field"),
    [
        ({"alert_severity": "grave"}, 400, "invalid_choice", "alert_severity"),
        ({"alert_severity": None}, 400, "null", "alert_severity"),
        ({"alert_level": 4}, 400, "invalid_choice", "alert_level"),
        ({"alert_level": 0}, 400, "invalid_choice", "alert_level"),
        ({"alert_reasons": ["moo"]}, 400, "invalid_choice", "alert_reasons"),
        ({"alert_reasons": "moo"}, 400, "not_a_list", "alert_reasons"),
        ({"alert_level": 2}, 409, "webhook_without_alerts", "alert_level"),
        ({"alert_reasons": ["lot_rejected"]}, 409, "webhook_without_alerts", "alert_reasons"),
        ({"alert_severity": "critical", "alert_level": 3}, 409, "webhook_without_alerts",
         "alert_severity"),
    ],
)  # fmt: skip
def test_what_cannot_be_right_is_refused_by_its_field(
    api: Api, receiver: Receiver, wrong: dict[str, Any], status: int, said: str, field: str
) -> None:
    """To narrow alerts where none are sent is a mistake: they would be waited for in vain."""
    body = {"name": "MES", "url": receiver.url, "types": ["forestage.hold.*"]}
    answer = do(api, "webhooks", **body, **wrong)
    assert answer.status_code == status, answer.json()
    [error] = answer.json()["errors"]
    assert (error["code"], error["field"]) == (said, field)
    assert not Subscription.objects.exists()


def test_nor_are_alerts_taken_away_from_who_narrows_them(api: Api, hook: Hook) -> None:
    assert patch(api, hook, {"alert_level": 3}).status_code == 200  # all kinds: alerts as well
    others = {"types": ["forestage.movement.*"]}
    assert code(patch(api, hook, others)) == (409, "webhook_without_alerts")
    assert hook.row.types == []
    assert patch(api, hook, others | {"alert_level": 1}).status_code == 200


def test_no_action_takes_what_is_no_reason(hook: Hook) -> None:
    with pytest.raises(ValidationError) as refused:
        hook.do(actions.change, alert_reasons=["moo"])
    assert list(refused.value.error_dict) == ["alert_reasons"]


def test_they_are_chosen_in_the_admin(enter: SignIn, receiver: Receiver) -> None:
    administrator: Client = enter("admin")
    entered = {
        "name": "Pager", "url": receiver.url, "types": "forestage.hold.*", "begin": "newest",
        "alert_severity": "warning", "alert_level": "2",
        "alert_reasons": ["lot_rejected", "lot_expired"],
    }  # fmt: skip
    answer = administrator.post(list_of(Subscription, "add"), entered)
    assert list(answer.context["adminform"].form.errors) == ["alert_severity"]
    assert "forestage.alert.raised" in answer.content.decode()  # every kind there is
    administrator.post(list_of(Subscription, "add"), entered | {"types": "forestage.alert.*"})
    row = Subscription.objects.get()
    assert (row.alert_severity, row.alert_level) == ("warning", 2)
    assert row.alert_reasons == ["lot_rejected", "lot_expired"]
    form = administrator.get(page_of(row)).context["adminform"].form
    assert form["alert_reasons"].value() == row.alert_reasons
    assert len(form["alert_reasons"].field.choices) == len(AlertReason)
    fewer = entered | {"types": "forestage.alert.*", "alert_reasons": []}
    assert administrator.post(page_of(row), fewer).status_code == 302
    entry = AuditEntry.objects.get(action="webhooks.change")
    assert entry.changes == {"alert_reasons": [["lot_rejected", "lot_expired"], []]}
