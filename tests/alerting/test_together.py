"""One thing done about many alerts: ticked on the list, said once, refused one by one."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from inventory.models import AuditEntry, RefusedAttempt
from staging import actions as staging
from staging.models import Alert, AlertRule
from tests.alerting.conftest import MINUTE, Raised, close
from tests.alerting.test_pages import page_of, signed_in, text
from tests.factories import UserFactory
from tests.plant import Plant

pytestmark = pytest.mark.django_db

PATH = "/alerts/together/"
TICKED = re.compile(r'name="alert" value="(\d+)" checked')


def lanes_of(plant: Plant, raised: Raised) -> list[Alert]:
    return [raised(lane) for lane in (plant.l1, plant.l2, plant.dock, plant.buf)]


def post(client: Client, verb: str, alerts: list[Alert], **said: str) -> Any:
    back = "whose=all&severity=warning"
    given = {"verb": verb, "alert": [str(alert.pk) for alert in alerts], "back": back}
    return client.post(PATH, given | said)


def ticked(page: str) -> list[int]:
    return [int(number) for number in TICKED.findall(page)]


def test_the_list_offers_what_can_be_done_about_what_is_ticked(
    plant: Plant, raised: Raised
) -> None:
    alerts = lanes_of(plant, raised)
    client = signed_in("supervisor")
    page = text(client, "/alerts/?whose=all")
    assert page.count('name="alert"') == len(alerts)
    assert ticked(page) == []
    offered = re.findall(r'name="verb" value="(\w+)"', page)
    assert offered == ["acknowledge", "snooze", "assign_alert"]
    assert 'name="back" value="whose=all"' in page
    assert ticked(text(client, "/alerts/?whose=all&ticked=all")) == [row.pk for row in alerts]
    plant.do(staging.snooze, staging.Snooze(alert=alerts[0], minutes=5, reason="x"))
    assert 'value="wake"' in text(client, "/alerts/?whose=all&snoozed=yes")
    close(alerts[1])
    closed = text(client, "/alerts/?whose=all&state=closed")
    assert page_of(alerts[1]) in closed
    assert 'name="alert"' not in closed
    assert 'name="alert"' not in text(signed_in("auditor"), "/alerts/")


@pytest.mark.parametrize(
    ("verb", "said", "words", "columns"),
    [("acknowledge", {"reason": "fetching them"}, "4 alerts acknowledged.",
      {"acknowledge_reason": "fetching them"}),
     ("snooze", {"minutes": "60", "reason": "lunch"}, "4 alerts snoozed.",
      {"acknowledged_at": None}),
     ("assign_alert", {"assignee": "ada"}, "4 alerts assigned.", {"assigned_to__username": "ada"})],
)  # fmt: skip
def test_all_that_is_ticked_is_done_in_one_request(
    plant: Plant, raised: Raised, verb: str, said: dict[str, str], words: str,
    columns: dict[str, Any],
) -> None:  # fmt: skip
    UserFactory(username="ada", role="operator")
    alerts, client = lanes_of(plant, raised), signed_in("supervisor")
    asked = "&".join(f"alert={alert.pk}" for alert in alerts)
    page = text(client, f"{PATH}?verb={verb}&{asked}&back=whose%3Dall")
    assert ticked(page) == [alert.pk for alert in alerts]
    answer = post(client, verb, alerts, **said)
    assert answer["Location"] == "/alerts/?whose=all&severity=warning"
    assert words in text(client, answer["Location"])
    assert Alert.objects.filter(**columns).count() == len(alerts)
    entries = AuditEntry.objects.filter(action=f"staging.{verb}")
    assert entries.count() == len(alerts)
    assert entries.values("batch").distinct().count() == 1
    for alert in alerts:
        assert alert.steps.latest("pk").reason == said.get("reason", "")


def test_what_is_snoozed_is_woken_together(plant: Plant, raised: Raised) -> None:
    alerts, client = lanes_of(plant, raised), signed_in("supervisor")
    post(client, "snooze", alerts[:3], minutes="15", reason="x")
    assert Alert.objects.waiting().count() == 1
    assert post(client, "wake", alerts[:3]).status_code == 302
    assert Alert.objects.waiting().count() == 4


def test_who_cannot_be_done_says_why_and_the_others_are_done(
    plant: Plant, raised: Raised, rule: AlertRule
) -> None:
    """Two of four are settled by others before the supervisor has typed the reason."""
    alerts, client = lanes_of(plant, raised), signed_in("supervisor")
    plant.do(staging.acknowledge, staging.Acknowledgement(alert=alerts[1], reason="mine"))
    close(alerts[2])
    page = post(client, "acknowledge", alerts, reason="They go back").content.decode()
    assert "2 alerts acknowledged." in page
    assert "About 2 alerts nothing was done" in page
    for words in ("Somebody has acknowledged this alert already.", "The cause of this alert"):
        assert words in page
    assert ticked(page) == [alerts[1].pk]  # what has closed is shown, and cannot be ticked
    assert page_of(alerts[2]) in page
    assert ">They go back</textarea>" in page
    done = Alert.objects.filter(acknowledge_reason="They go back")
    assert list(done.order_by("pk")) == [alerts[0], alerts[3]]
    codes = RefusedAttempt.objects.order_by("pk").values_list("code", flat=True)
    assert list(codes) == ["alert_acknowledged", "alert_closed"]


def test_nothing_is_lost_of_what_cannot_be_read(plant: Plant, raised: Raised) -> None:
    alerts, client = lanes_of(plant, raised)[:3], signed_in("supervisor")
    page = post(client, "snooze", alerts, minutes="30", reason="  ").content.decode()
    assert "Nothing has been done." in page
    assert ticked(page) == [alert.pk for alert in alerts]
    assert '<option value="30" selected>' in page
    page = post(client, "assign_alert", alerts, assignee="nobody", reason="r").content.decode()
    assert page.count("There is no user nobody.") == 3
    assert 'value="r"' in page
    assert not AuditEntry.objects.filter(action__startswith="staging.s").exists()


def test_only_what_may_be_snoozed_is(plant: Plant, raised: Raised, rule: AlertRule) -> None:
    """A critical one is not put off by an operator, nor for longer than its rule lets."""
    mild = raised(plant.l2)
    AlertRule.objects.filter(pk=rule.pk).update(severity="critical")
    bad = raised()
    operator = signed_in("operator")
    page = post(operator, "snooze", [bad, mild], minutes="60", reason="x").content.decode()
    assert "An alert that is critical is not put off by everybody." in page
    assert ticked(page) == [bad.pk]
    mild.refresh_from_db()
    assert mild.snoozed_until is not None
    AlertRule.objects.filter(pk=rule.pk).update(snooze_at_most=None)
    page = text(signed_in("supervisor"), f"{PATH}?verb=snooze&alert={bad.pk}")
    assert "None of these can be snoozed" in page
    foot = page.partition('class="form-actions ticks-foot"')[2].partition("</form>")[0]
    assert 'type="submit"' not in foot
    AlertRule.objects.filter(pk=rule.pk).update(snooze_at_most=30 * MINUTE)
    page = text(signed_in("supervisor"), f"{PATH}?verb=snooze&alert={bad.pk}")
    assert [int(n) for n in re.findall(r'<option value="(\d+)"', page)] == [15, 30]


def test_the_same_page_sent_twice_has_one_effect(plant: Plant, raised: Raised) -> None:
    alerts, client = lanes_of(plant, raised), signed_in("supervisor")
    for _time in range(2):
        answer = post(client, "acknowledge", alerts, reason="once", key="k-1")
        assert answer.status_code == 302
    assert AuditEntry.objects.filter(action="staging.acknowledge").count() == len(alerts)


def test_what_makes_no_sense_leads_back(plant: Plant, raised: Raised) -> None:
    alert, client = raised(), signed_in("supervisor")
    for odd in ("", "x", "9" * 30, "\x00"):
        given = {"verb": "acknowledge", "alert": odd, "back": "site=\x00&x=//evil.example"}
        answer = client.post(PATH, given)
        assert answer["Location"].startswith("/alerts/?site=")
    assert client.get(f"{PATH}?verb=wake")["Location"] == "/alerts/"
    assert client.get(f"{PATH}?verb=ship&alert={alert.pk}").status_code == 404
    auditor = signed_in("auditor")
    assert post(auditor, "acknowledge", [alert], reason="x").status_code == 403
    assert RefusedAttempt.objects.get().verb == "staging.acknowledge"


def test_statements_do_not_grow_with_what_is_ticked(plant: Plant, raised: Raised) -> None:
    alerts, client = lanes_of(plant, raised), signed_in("supervisor")

    def cost(some: list[Alert]) -> int:
        with CaptureQueriesContext(connection) as statements:
            assert post(client, "assign_alert", some, assignee=user.username).status_code == 302
        return len(statements)

    user = UserFactory(role="operator")
    assert cost(alerts[:1]) == cost(alerts[1:])
