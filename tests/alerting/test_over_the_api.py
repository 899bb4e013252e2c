"""Alerts over the API: what is done about them and refused, their history, rules and events."""

from datetime import timedelta
from typing import Any

import pytest

from inventory.models import AuditEntry
from staging.models import Alert, AlertRule
from tests.alerting.conftest import HOUR, NOON, REASON, Raised, close, pass_by
from tests.factories import UserFactory
from tests.feed.days import names, read
from tests.plant import Plant

pytestmark = pytest.mark.django_db


def refusal(answer: Any) -> str:
    assert answer.status_code == 409, answer.json()
    return str(answer.json()["code"])


def test_snoozing(raised: Raised, rule: AlertRule, api_as: Any) -> None:
    alert, operator = raised(), api_as("operator")
    line = {"alert": alert.pk, "reason": "after the break"}
    for more, code in (
        ({}, "snooze_end_needed"),
        ({"minutes": 5, "until": NOON.isoformat()}, "snooze_end_needed"),
        ({"until": (NOON - HOUR).isoformat()}, "snooze_in_past"),
        ({"minutes": 481}, "snooze_too_long"),
        ({"until": (NOON + timedelta(days=9)).isoformat()}, "snooze_too_long"),
    ):
        assert refusal(operator.do("snooze", line | more)) == code
    until = NOON + 8 * HOUR
    assert operator.do("snooze", line | {"until": until.isoformat()}).status_code == 200
    alert.refresh_from_db()
    assert (alert.snoozed_until, alert.escalates_at) == (until, until + HOUR)
    [shown] = operator.read("alerts/", snoozed=True).json()["results"]
    assert shown["snoozed_until"] == "2026-05-20T20:00:00Z"
    AlertRule.objects.update(snooze_at_most=None)
    assert refusal(operator.do("snooze", line | {"minutes": 5})) == "snooze_not_allowed"


def test_critical_alerts_are_snoozed_by_supervisors_and_qa(raised: Raised, api_as: Any) -> None:
    AlertRule.objects.filter(reason=REASON).update(severity="critical")
    alert = raised()
    line = {"alert": alert.pk, "minutes": 5, "reason": "lab is at it"}
    assert refusal(api_as("operator").do("snooze", line)) == "snooze_of_critical"
    for role in ("supervisor", "qa"):
        assert api_as(role).do("snooze", line).status_code == 200


def test_waking_and_assigning(plant: Plant, raised: Raised, api_as: Any) -> None:
    alert, operator = raised(), api_as("operator")
    stranger = UserFactory(username="stranger")
    assert refusal(operator.do("wake", {"alert": alert.pk})) == "alert_not_snoozed"
    for name, code in (("nobody-here", "assignee_unknown"), (str(stranger), "assignee_not_able"),
                       ("", "alert_assigned")):  # fmt: skip
        line = {"alert": alert.pk, "assignee": name}
        assert refusal(operator.do("assign_alert", line)) == code
    who = plant.qa.user.username
    assert operator.do("assign_alert", {"alert": alert.pk, "assignee": who}).status_code == 200
    assert len(operator.read("alerts/", assigned_to=who).json()["results"]) == 1
    assert operator.do("assign_alert", {"alert": alert.pk}).status_code == 200
    alert.refresh_from_db()
    assert alert.assigned_to is None
    changes = AuditEntry.objects.filter(action="staging.assign_alert").order_by("pk")
    assert [entry.changes["assigned_to"] for entry in changes] == [[None, who], [who, None]]


def test_the_history_the_rules_and_for_whom(
    plant: Plant, raised: Raised, travel: Any, api_as: Any
) -> None:
    alert = raised()
    supervisor, operator = api_as("supervisor"), api_as("operator")
    assert supervisor.read("alerts/", for_me=True).json()["results"] == []
    assert len(operator.read("alerts/", for_me=True).json()["results"]) == 1
    travel.shift(HOUR)
    pass_by()
    [shown] = supervisor.read("alerts/", for_me=True, min_level=2).json()["results"]
    assert (shown["level"], shown["severity"], shown["times"]) == (2, "warning", 1)
    line = {"alert": alert.pk, "reason": "on it"}
    assert supervisor.do("acknowledge", line).status_code == 200
    steps = supervisor.read(f"alerts/{alert.pk}/steps/").json()["results"]
    assert [step["kind"] for step in steps] == ["raised", "escalated", "acknowledged"]
    assert steps[0]["actor"] is None
    assert (steps[2]["reason"], steps[2]["level"]) == ("on it", 2)
    assert AuditEntry.objects.get(batch=steps[2]["batch"]).subject_id == str(alert.pk)
    assert supervisor.read("alerts/999999/steps/").status_code == 404
    general = supervisor.read("alert-rules/", reason=REASON).json()["results"]
    assert [(row["site"], row["escalate_after"]) for row in general] == [(None, "01:00:00")]


def test_each_step_is_told_as_it_stood_then(
    plant: Plant, raised: Raised, travel: Any, api_as: Any
) -> None:
    alert = raised(detail="130 %")
    user = UserFactory(role="qa")
    qa = api_as(user)
    travel.shift(HOUR)
    pass_by()
    name = plant.operator.user.username
    for verb, line in (
        ("assign_alert", {"assignee": name}), ("snooze", {"minutes": 60, "reason": "lunch"}),
        ("wake", {}), ("acknowledge", {"reason": "on it"}),
    ):  # fmt: skip
        assert qa.do(verb, {"alert": alert.pk} | line).status_code == 200
    close(alert)
    travel.shift(HOUR / 2)
    raised(detail="150 %")
    events = read(types=("forestage.alert.*",))
    assert names(events) == [
        "alert.raised", "alert.escalated", "alert.assigned", "alert.snoozed", "alert.woken",
        "alert.acknowledged", "alert.closed", "alert.reopened",
    ]  # fmt: skip
    said = [event.data for event in events]
    assert [data["level"] for data in said] == [1, 2, 2, 2, 2, 2, 2, 1]
    assert [data["detail"] for data in said] == ["130 %"] * 7 + ["150 %"]
    assert [data["times"] for data in said] == [1] * 7 + [2]
    assert [data["assigned_to"] for data in said] == [None] * 2 + [name] * 6
    assert said[3]["snoozed_until"] == "2026-05-20T14:00:00Z"
    assert (said[3]["why"], said[5]["why"]) == ("lunch", "on it")
    assert (said[5]["acknowledge_reason"], said[6]["acknowledge_reason"]) == ("on it", "on it")
    assert {data["actor"] for data in said[2:6]} == {user.username}
    assert "actor" not in said[1]
    steps = list(Alert.objects.get().steps.order_by("pk").values_list("pk", flat=True))
    assert [event.id for event in events] == [f"alert-{pk}" for pk in steps]
    assert {event.subject for event in events} == {f"location:{plant.l1.code}"}
