"""How grave an alert is: by its rule, kept with each step, the same on page, list, API and feed."""

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.utils import timezone

from inventory import audit
from inventory.models import AuditEntry, Location
from staging import actions as staging
from staging.alerting import clock
from staging.alerting.regrading import regrade
from staging.alerting.terms import Terms
from staging.models import Alert, AlertRule, AlertStep
from tests.alerting.conftest import HOUR, MINUTE, NOON, REASON, Raised, close, pass_by
from tests.alerting.test_pages import signed_in
from tests.alerting.test_upgrade import unprotected
from tests.core.budget.counting import statements
from tests.factories import UserFactory
from tests.feed.days import read
from tests.plant import Plant

pytestmark = pytest.mark.django_db


def graded(severity: str, **rule: Any) -> int:
    """Somebody changes a rule, and the clock looks at all alerts; how many it graded anew."""
    AlertRule.objects.filter(reason=REASON, **rule).update(severity=severity)
    return regrade(Terms.read(), timezone.now())


def severities(alert: Alert) -> list[tuple[str, str]]:
    return list(alert.steps.order_by("pk").values_list("kind", "severity"))


def test_each_step_keeps_what_held(plant: Plant, raised: Raised, travel: Any) -> None:
    alert = raised()
    travel.shift(HOUR)
    pass_by()
    assert graded("critical") == 1
    alert.refresh_from_db()
    plant.do(staging.acknowledge, staging.Acknowledgement(alert=alert, reason="on it"))
    close(alert)
    assert graded("notice") == 0  # it is over
    assert raised() == alert
    assert severities(alert) == [
        ("raised", "warning"), ("escalated", "warning"), ("regraded", "critical"),
        ("acknowledged", "critical"), ("closed", "critical"), ("reopened", "notice"),
    ]  # fmt: skip


def test_an_alert_of_a_site_keeps_to_the_rule_of_the_site(plant: Plant, raised: Raised) -> None:
    own = AlertRule.objects.create(reason=REASON, site=plant.site, severity="notice")
    here, there = raised(), raised(Plant().l1)
    assert graded("critical", site=None) == 1
    assert severities(here) == [("raised", "notice")]
    assert severities(there) == [("raised", "warning"), ("regraded", "critical")]
    staging.end_alert_rule(rule=own, reason="over", by=plant.qa, at=NOON)
    assert regrade(Terms.read(), NOON) == 1
    assert severities(here)[1:] == [("regraded", "critical")]


def test_nothing_else_of_the_alert_changes(plant: Plant, raised: Raised, travel: Any) -> None:
    alert = raised()
    line = staging.Snooze(alert=alert, minutes=30, reason="lunch")
    plant.do(staging.snooze, line, by=plant.qa)
    before = Alert.objects.values().get(pk=alert.pk)
    travel.shift(MINUTE)
    graded("critical")
    after = Alert.objects.values().get(pk=alert.pk)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"severity", "urgency"}
    last = alert.steps.latest("pk")
    assert (last.at, last.level, last.actor) == (NOON + MINUTE, 1, None)


def test_the_sweep_after_a_change_grades_what_is_open(
    plant: Plant, raised: Raised, rule: AlertRule, travel: Any, api_as: Any
) -> None:
    """And the list, the page, the API, the feed and the past all tell the same."""
    for lane in (plant.l1, plant.l2):
        for _number in range(2):
            lot = plant.lot(10)
            plant.stage(plant.order((lot.material, 10)), lot, lane)
        Location.objects.filter(pk=lane.pk).update(capacity=1)
    own = AlertRule.objects.create(reason=REASON, site=plant.site, severity="warning")
    sweep = {"by": audit.system(), "thorough": False}
    clock.sweep(at=timezone.now(), **sweep)
    alert = Alert.objects.open().get(reason=REASON, location=plant.l1)
    travel.shift(HOUR)
    assert "regraded" not in clock.sweep(at=timezone.now(), **sweep)
    own.severity = "critical"
    own.save()
    assert clock.sweep(at=timezone.now(), **sweep)["regraded"] == 2
    entry = AuditEntry.objects.filter(action="staging.sweep").latest("pk")
    assert entry.facts["regraded"] == 2
    assert str(alert) in entry.facts["alerts"]
    supervisor = UserFactory(role="supervisor")
    api, client = api_as(supervisor), signed_in(supervisor)
    assert api.read(f"alerts/{alert.pk}/").json()["severity"] == "critical"
    steps = api.read(f"alerts/{alert.pk}/steps/").json()["results"]
    assert [step["severity"] for step in steps] == ["warning", "critical"]
    urgent = api.read("alerts/", ordering="urgency").json()["results"]
    assert {row["severity"] for row in urgent[:2]} == {"critical"}
    page = client.get(f"/alerts/{alert.pk}/").content.decode()
    assert "Severity now: Critical" in page
    table = client.get(f"/alerts/{alert.pk}/", {"download": "csv"})
    rows = b"".join(table.streaming_content).decode()  # type: ignore[attr-defined]
    assert "Warning" in rows
    assert "Critical" in rows
    told = [event for event in read(types=("forestage.alert.*",)) if event.data["id"] == alert.pk]
    assert [event.data["severity"] for event in told] == ["warning", "critical"]
    for at, was in ((NOON, "warning"), (NOON + HOUR, "critical")):
        lane = api.read(f"as-it-stood/lanes/{plant.l1.code}/", at=at.isoformat()).json()
        assert [row["severity"] for row in lane["lane"]["alerts"]] == [was]
        past = client.get(f"/as-it-stood/lanes/{plant.l1.code}/", {"at": at.isoformat()})
        assert was.capitalize() in past.content.decode()


def test_it_takes_the_same_statements_for_many(raised: Raised) -> None:

    def look() -> int:
        return regrade(Terms.read(), timezone.now())

    taken: list[int] = []
    for more in (1, 9):
        for number in range(more):
            raised(detail=f"{more}-{number}", lane=Plant().l1)
        AlertRule.objects.filter(reason=REASON).update(
            severity="critical" if more > 1 else "notice"
        )
        taken += [len(statements(look)), len(statements(look))]
    assert taken == [4, 2, 4, 2]


def test_older_steps_have_what_is_known(raised: Raised) -> None:
    """An alert had the severity of when it was last raised: what it had before, nobody knows."""
    once, again = raised(), raised(Plant().l1)
    close(again)
    assert graded("notice") == 1
    assert raised(again.location) == again
    Alert.objects.filter(pk=once.pk).update(severity="critical")
    unprotected()
    AlertStep.objects.update(severity="")
    import_module("staging.migrations.0021_severity_of_steps").fill(apps, None)
    assert severities(once) == [("raised", "critical"), ("regraded", "critical")]
    assert severities(again) == [("raised", ""), ("closed", ""), ("reopened", "notice")]
    told = [event.data["severity"] for event in read(types=("forestage.alert.*",))]
    assert set(told) == {"critical", "notice"}  # an event always says one
