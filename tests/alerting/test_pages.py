"""Alerts in the browser and the admin: what has come to whom, one with its life, and the rules."""

import csv
import io
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from inventory import audit
from inventory.errors import Refused
from inventory.models import AuditEntry, Location, RefusedAttempt
from staging import actions as staging
from staging.alerting.clock import sweep
from staging.models import Alert, AlertRule
from tests.alerting.conftest import HOUR, NOON, REASON, Raised, close, pass_by
from tests.factories import UserFactory
from tests.plant import Plant

pytestmark = pytest.mark.django_db


def signed_in(who: Any) -> Client:
    client = Client()
    client.force_login(UserFactory(role=who) if isinstance(who, str) else who)
    return client


def text(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.content.decode()


def page_of(alert: Alert) -> str:
    return reverse("staging:alert", args=[alert.pk])


def test_a_supervisor_sees_what_has_come_so_far(plant: Plant, raised: Raised, travel: Any) -> None:
    user = UserFactory(role="supervisor")
    operator, supervisor = signed_in("operator"), signed_in(user)
    waiting = raised(plant.l2)
    travel.shift(HOUR / 2)
    mine = raised()
    link, other = page_of(mine), page_of(waiting)
    assert other in text(operator, "/alerts/")
    assert text(operator, "/alerts/count/") == "2"
    assert link not in text(supervisor, "/alerts/")
    assert text(supervisor, "/alerts/count/") == ""
    assert link in text(supervisor, "/alerts/?whose=all")
    plant.do(staging.assign_alert, staging.Assigning(alert=mine, assignee=user.username))
    assert link in text(supervisor, "/alerts/?whose=mine")
    travel.shift(HOUR / 2)
    pass_by()
    found = text(supervisor, "/alerts/")
    assert found.index(other) < found.index(link)  # the higher level first
    assert text(supervisor, "/alerts/count/") == "2"


@pytest.mark.parametrize(
    ("asked", "found"),
    [("", [0, 2]), ("snoozed=yes", [1]), ("snoozed=all", [0, 1, 2]), ("severity=critical", []),
     ("level=1", [0, 2]), ("level=3", []), ("state=closed", [3]), ("state=all", [0, 2, 3]),
     ("reason=not_usable", []), ("area={l1}", [0]), ("area=nowhere", []), ("site={site}", [0, 2]),
     ("acknowledged=yes", [2])],
)  # fmt: skip
def test_the_list_is_narrowed_down(
    plant: Plant, raised: Raised, asked: str, found: list[int]
) -> None:
    alerts = [raised(lane) for lane in (plant.l1, plant.l2, plant.dock, plant.buf)]
    plant.do(staging.snooze, staging.Snooze(alert=alerts[1], minutes=5, reason="x"))
    plant.do(staging.acknowledge, staging.Acknowledgement(alert=alerts[2], reason="x"))
    close(alerts[3])
    asked = asked.format(l1=plant.l1.code.lower(), site=plant.site.code)
    page = text(signed_in("operator"), f"/alerts/?{asked}")
    assert [n for n, alert in enumerate(alerts) if f'"{page_of(alert)}"' in page] == found


def test_an_alert_is_seen_to_on_its_own_page(plant: Plant, raised: Raised) -> None:
    alert = raised(detail="130 %")
    user = UserFactory(role="operator", first_name="Ada", last_name="Okoye")
    client, path = signed_in(user), page_of(alert)
    page = text(client, path)
    for words in ("130 %", plant.l1.code, "Waits for somebody", "It escalates to supervisor"):
        assert words in page
    acts: list[tuple[dict[str, str], str]] = [
        ({"verb": "assign_alert", "assignee": user.username}, "Assigned to Ada Okoye"),
        ({"verb": "snooze", "minutes": "60", "reason": "lunch"}, "Snoozed until"),
        ({"verb": "wake"}, "Woken"),
        ({"verb": "acknowledge", "reason": "fetching it"}, "The acknowledgement holds until"),
    ]
    for given, words in acts:
        answer = client.post(path, given)
        assert (answer.status_code, answer["Location"]) == (302, path)
        assert words in text(client, path)
    assert "fetching it" in text(client, path)
    refused = client.post(path, {"verb": "acknowledge", "reason": "me too"}).content.decode()
    assert "Somebody has acknowledged this alert already." in refused
    assert "Reason: " in client.post(path, {"verb": "snooze", "minutes": "5"}).content.decode()
    assert client.post(path, {"verb": "ship"}).status_code == 404
    file = b"".join(client.get(f"{path}?download=csv").streaming_content)  # type: ignore[attr-defined]
    rows = csv.DictReader(io.StringIO(file.decode("utf-8-sig")))
    assert [row["What"].split(" ")[0] for row in rows] == [
        "Raised", "Assigned", "Snoozed", "Woken", "Acknowledged",
    ]  # fmt: skip
    close(alert)
    page = text(client, path)
    assert "Cause gone" in page
    assert 'name="verb"' not in page


def test_who_only_reads_is_offered_nothing_and_refused(plant: Plant, raised: Raised) -> None:
    alert, auditor = raised(), signed_in("auditor")
    assert 'name="verb"' not in text(auditor, page_of(alert))
    assert auditor.post(page_of(alert), {"verb": "wake"}).status_code == 403
    assert RefusedAttempt.objects.get().verb == "staging.wake"


def test_alerts_about_anything_have_a_page(plant: Plant, rule: AlertRule) -> None:
    lot = plant.lot(10)
    demand = plant.order((lot.material, 10))
    about: list[dict[str, Any]] = [
        {"lot": lot, "location": plant.l1}, {"demand": demand}, {"lot": lot},
        {"location": plant.l1}, {"demand": demand, "lot": lot, "location": plant.l1}, {},
    ]  # fmt: skip
    client = signed_in("operator")
    for number, columns in enumerate(about):
        reason = ("over_staged", "demand_short", "release_awaited")[number % 3]
        alert = Alert.objects.create(reason=reason, site=plant.site, raised_at=NOON, **columns)
        page = text(client, page_of(alert))
        for thing in columns.values():
            assert str(getattr(thing, "code", None) or thing.reference) in page
    assert text(client, "/alerts/").count("<tr>") == len(about) + 1


# --- the rules ----------------------------------------------------------------------------------


def test_rules_are_changed_with_a_reason_and_recorded(plant: Plant, rule: AlertRule) -> None:
    user = UserFactory(role="supervisor", is_staff=True)
    client = signed_in(user)
    path = reverse("admin:staging_alertrule_change", args=[rule.pk])
    good = {
        "enabled": "on", "severity": "critical", "escalate_after": "00:45:00",
        "escalate_again_after": "02:00:00", "acknowledged_for": "", "snooze_at_most": "08:00:00",
        "reopen_within": "01:00:00", "lead": "", "why": "agreed with QA",
    }  # fmt: skip
    for wrong in ({"why": ""}, {"escalate_after": ""}, {"escalate_after": "00:00:10"}):
        assert client.post(path, good | wrong).status_code == 200
    assert client.post(path, good).status_code == 302
    rule.refresh_from_db()
    assert (rule.severity, rule.acknowledged_for) == ("critical", None)
    entry = AuditEntry.objects.get(action="master.change")
    assert (entry.actor, entry.reason) == (user, "agreed with QA")
    assert entry.changes == {
        "severity": ["warning", "critical"], "escalate_after": ["1:00:00", "0:45:00"],
        "acknowledged_for": ["4:00:00", None],
    }  # fmt: skip


def test_a_site_gets_a_rule_of_its_own_once(plant: Plant, rule: AlertRule) -> None:
    client = signed_in(UserFactory(role="qa", is_staff=True))
    path = reverse("admin:staging_alertrule_add")
    given = {"reason": REASON, "site": str(plant.site.pk), "enabled": "on", "severity": "notice"}
    assert client.post(path, given).status_code == 302
    own = AlertRule.objects.get(site=plant.site)
    assert (own.severity, own.snooze_at_most) == ("notice", None)
    assert client.post(path, given).status_code == 200
    assert client.post(path, given | {"site": ""}).status_code == 200
    assert AlertRule.objects.filter(reason=REASON).count() == 2
    page = text(client, reverse("admin:staging_alertrule_change", args=[rule.pk]))
    assert f"{plant.site.code}: Notice" in page
    operator = signed_in(UserFactory(role="operator", is_staff=True))
    assert operator.post(path, given).status_code == 403


def test_a_sites_own_rule_ends_and_the_general_one_counts_there_again(
    plant: Plant, rule: AlertRule
) -> None:
    """Where a site had switched a reason off, the next sweep after its rule has ended raises it."""
    lane = plant.l1
    own = AlertRule.objects.create(reason=REASON, site=plant.site, severity="notice", enabled=False)
    for _number in range(2):
        lot = plant.lot(10)
        plant.stage(plant.order((lot.material, 10)), lot, lane)
    Location.objects.filter(pk=lane.pk).update(capacity=1)
    sweep(by=audit.system(), at=timezone.now())
    raised = Alert.objects.open().filter(reason=REASON, location=lane)
    assert not raised.exists()
    user = UserFactory(role="supervisor", is_staff=True)
    client = signed_in(user)
    change = reverse("admin:staging_alertrule_change", args=[own.pk])
    end = reverse("admin:staging_alertrule_end", args=[own.pk])
    assert end in text(client, change)
    page = text(client, end)
    assert "In general" in page
    assert client.post(end, {"reason": " "}).status_code == 409
    assert AlertRule.objects.filter(pk=own.pk).exists()
    assert client.post(end, {"reason": "The trial is over"}).status_code == 302
    assert not AlertRule.objects.filter(pk=own.pk).exists()
    entry = AuditEntry.objects.get(action="master.remove")
    assert (entry.actor, entry.reason, entry.subject_id) == (user, "The trial is over", str(own.pk))
    assert entry.changes["enabled"] == [False, None]
    sweep(by=audit.system(), at=timezone.now())
    assert raised.get().severity == rule.severity
    assert client.post(end, {"reason": "again"}).status_code == 404


def test_the_general_rule_stays(plant: Plant, rule: AlertRule) -> None:
    client = signed_in(UserFactory(role="supervisor", is_staff=True))
    end = reverse("admin:staging_alertrule_end", args=[rule.pk])
    change = reverse("admin:staging_alertrule_change", args=[rule.pk])
    assert end not in text(client, change)
    assert client.post(end, {"reason": "x"}).status_code == 409
    assert RefusedAttempt.objects.get().code == "rule_general"
    with pytest.raises(Refused) as refused:
        staging.end_alert_rule(rule=rule, reason="x", by=plant.qa, at=NOON)
    assert refused.value.code == "rule_general"
    assert AlertRule.objects.filter(pk=rule.pk).exists()
    own = AlertRule.objects.create(reason=REASON, site=plant.site, severity="notice")
    reader = signed_in(UserFactory(role="auditor", is_staff=True))
    end = reverse("admin:staging_alertrule_end", args=[own.pk])
    assert reader.post(end, {"reason": "x"}).status_code == 403
