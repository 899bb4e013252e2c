"""Time goes by: alerts escalate, wake, wait again, close and come back, by their rules."""

from datetime import timedelta
from itertools import count
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.db.utils import DatabaseError
from django.utils import timezone

from inventory.models import AuditEntry
from staging import actions as staging
from staging.alerting import clock, life
from staging.models import Alert, AlertReason, AlertRule, AlertStep
from staging.tasks import flag_stale
from tests.alerting.conftest import HOUR, MINUTE, NOON, REASON, Raised, close, kinds, pass_by
from tests.alerting.scenes import staged
from tests.core.budget.counting import statements
from tests.plant import Plant

pytestmark = pytest.mark.django_db

Clock = time_machine.Traveller


def acknowledged(plant: Plant, alert: Alert) -> None:
    plant.do(staging.acknowledge, staging.Acknowledgement(alert=alert, reason="on it"))


def snoozed(plant: Plant, alert: Alert, minutes: int) -> None:
    line = staging.Snooze(alert=alert, minutes=minutes, reason="lunch")
    plant.do(staging.snooze, line, by=plant.qa)


# --- escalation ---------------------------------------------------------------------------------


def test_every_reason_has_a_general_rule() -> None:
    found = set(AlertRule.objects.filter(site=None).values_list("reason", flat=True))
    assert found == set(AlertReason.values)


def test_it_goes_up_when_it_is_due_and_not_before(raised: Raised, travel: Clock) -> None:
    alert = raised()
    assert (alert.level, alert.severity, alert.escalates_at) == (1, "warning", NOON + HOUR)
    travel.shift(HOUR - MINUTE)
    assert pass_by() == {}
    travel.shift(MINUTE)
    assert pass_by() == {"escalated": 1}
    alert.refresh_from_db()
    assert (alert.level, alert.escalates_at) == (2, NOON + 3 * HOUR)
    travel.shift(2 * HOUR)
    assert pass_by() == {"escalated": 1}
    alert.refresh_from_db()
    assert (alert.level, alert.escalates_at) == (3, None)
    travel.shift(timedelta(days=30))
    assert pass_by() == {}
    assert kinds(alert) == ["raised 1", "escalated 2", "escalated 3"]


def test_a_site_s_own_rule_counts_before_the_general_one(
    plant: Plant, raised: Raised, rule: AlertRule
) -> None:
    elsewhere = Plant()
    AlertRule.objects.create(
        reason=REASON, site=plant.site, severity="critical", escalate_after=2 * HOUR
    )
    here, there = raised(), raised(elsewhere.l1)
    assert (here.severity, here.escalates_at) == ("critical", NOON + 2 * HOUR)
    assert (there.severity, there.escalates_at) == ("warning", NOON + HOUR)
    assert here.urgency < there.urgency
    assert life.Rules().of(here).site == plant.site
    assert life.Rules().of(there) == rule


def test_a_day_without_the_clock_is_made_up_for_in_one_go(raised: Raised, travel: Clock) -> None:
    alert = raised()
    travel.shift(timedelta(days=1))
    assert pass_by() == {"escalated": 2}
    assert kinds(alert) == ["raised 1", "escalated 2", "escalated 3"]
    times = list(alert.steps.order_by("pk").values_list("at", flat=True))
    assert times == [NOON, NOON + 24 * HOUR, NOON + 24 * HOUR]  # when it was done


def test_a_rule_that_ends_with_the_supervisor(
    raised: Raised, rule: AlertRule, travel: Clock
) -> None:
    AlertRule.objects.update(escalate_again_after=None)
    alert = raised()
    travel.shift(timedelta(days=3))
    assert pass_by() == {"escalated": 1}
    alert.refresh_from_db()
    assert (alert.level, alert.escalates_at) == (2, None)


def test_a_rule_that_changes_counts_from_the_next_level_on(raised: Raised, travel: Clock) -> None:
    alert = raised()
    AlertRule.objects.update(escalate_after=9 * HOUR, escalate_again_after=None)
    travel.shift(HOUR)
    assert pass_by() == {"escalated": 1}
    alert.refresh_from_db()
    assert alert.escalates_at is None


# --- acknowledged, snoozed, assigned ------------------------------------------------------------


def test_an_acknowledged_alert_waits_again_and_goes_up_once_that_lapses(
    plant: Plant, raised: Raised, travel: Clock
) -> None:
    alert = raised()
    acknowledged(plant, alert)
    travel.shift(4 * HOUR - MINUTE)
    assert pass_by() == {}
    travel.shift(MINUTE)
    assert pass_by() == {"woken": 1, "escalated": 1}
    alert.refresh_from_db()
    assert (alert.level, alert.acknowledged_by, alert.acknowledge_reason) == (2, None, "")
    assert alert.escalates_at == NOON + 6 * HOUR
    assert kinds(alert) == ["raised 1", "acknowledged 1", "woken 1", "escalated 2"]


def test_at_the_last_level_a_lapse_only_wakes(plant: Plant, raised: Raised, travel: Clock) -> None:
    alert = raised()
    travel.shift(3 * HOUR)
    pass_by()
    acknowledged(plant, alert)
    travel.shift(4 * HOUR)
    assert pass_by() == {"woken": 1}
    alert.refresh_from_db()
    assert (alert.level, alert.escalates_at, alert.acknowledged_at) == (3, None, None)
    acknowledged(plant, alert)  # it can be taken up again


def test_an_acknowledgement_without_an_end_holds(
    plant: Plant, raised: Raised, travel: Clock
) -> None:
    AlertRule.objects.update(acknowledged_for=None)
    alert = raised()
    acknowledged(plant, alert)
    travel.shift(timedelta(days=300))
    assert pass_by() == {}


def test_a_snoozed_alert_wakes_and_has_the_time_that_was_left(
    plant: Plant, raised: Raised, travel: Clock
) -> None:
    alert = raised()
    travel.shift(40 * MINUTE)
    snoozed(plant, alert, 120)
    assert not Alert.objects.loud().exists()
    travel.shift(120 * MINUTE - MINUTE)
    assert pass_by() == {}
    travel.shift(MINUTE)
    assert pass_by() == {"woken": 1}
    alert.refresh_from_db()
    assert (alert.snoozed_until, alert.escalates_at) == (None, NOON + 180 * MINUTE)
    travel.shift(20 * MINUTE)
    assert pass_by() == {"escalated": 1}


def test_who_wakes_it_early_gives_it_what_was_left(
    plant: Plant, raised: Raised, travel: Clock
) -> None:
    alert = raised()
    travel.shift(50 * MINUTE)
    snoozed(plant, alert, 240)
    travel.shift(30 * MINUTE)
    plant.do(staging.wake, staging.Waking(alert=alert))
    alert.refresh_from_db()
    assert (alert.snoozed_until, alert.escalates_at) == (None, timezone.now() + 10 * MINUTE)


def test_snoozing_what_is_acknowledged_gives_it_back_with_all_its_time(
    plant: Plant, raised: Raised, travel: Clock
) -> None:
    alert = raised()
    acknowledged(plant, alert)
    travel.shift(30 * MINUTE)
    snoozed(plant, alert, 60)
    alert.refresh_from_db()
    assert (alert.acknowledged_at, alert.escalates_at) == (None, NOON + 150 * MINUTE)
    acknowledged(plant, alert)
    alert.refresh_from_db()
    assert (alert.snoozed_until, alert.escalates_at) == (None, timezone.now() + 4 * HOUR)


def test_an_assigned_alert_escalates_still(plant: Plant, raised: Raised, travel: Clock) -> None:
    alert = raised()
    plant.do(staging.assign_alert, staging.Assigning(alert=alert, assignee=str(plant.qa.user)))
    travel.shift(HOUR)
    assert pass_by() == {"escalated": 1}
    alert.refresh_from_db()
    assert alert.assigned_to == plant.qa.user


# --- closed, and back again ---------------------------------------------------------------------


def test_what_closes_is_due_no_more(plant: Plant, raised: Raised, travel: Clock) -> None:
    alert, other = raised(), raised(plant.l2)
    snoozed(plant, other, 60)
    close(alert)
    close(other)
    for one in (alert, other):
        one.refresh_from_db()
        assert (one.escalates_at, one.snoozed_until) == (None, None)
    travel.shift(timedelta(days=2))
    assert pass_by() == {}


def test_what_comes_back_soon_is_the_same_alert_and_begins_anew(
    plant: Plant, raised: Raised, travel: Clock
) -> None:
    alert = raised(detail="first")
    travel.shift(HOUR)
    pass_by()
    acknowledged(plant, alert)
    plant.do(staging.assign_alert, staging.Assigning(alert=alert, assignee=str(plant.qa.user)))
    close(alert)
    travel.shift(HOUR)
    again = raised(detail="second")
    assert again.pk == alert.pk
    assert (again.times, again.level, again.raised_at) == (2, 1, NOON + 2 * HOUR)
    assert (again.acknowledged_at, again.assigned_to) == (None, plant.qa.user)
    assert again.escalates_at == NOON + 3 * HOUR
    assert kinds(again)[-2:] == ["closed 2", "reopened 1"]
    assert [step.detail for step in again.steps.order_by("pk")][::5] == ["first", "second"]


def test_what_comes_back_late_or_elsewhere_is_a_new_one(
    plant: Plant, raised: Raised, travel: Clock
) -> None:
    alert = raised()
    close(alert)
    travel.shift(HOUR + MINUTE)
    late = raised()
    assert late.pk != alert.pk
    close(late)
    assert raised(plant.l2).pk not in (late.pk, alert.pk)
    AlertRule.objects.update(reopen_within=None)
    assert raised().pk not in (late.pk, alert.pk)


def test_raising_what_is_open_changes_nothing(raised: Raised) -> None:
    alert = raised()
    close(alert)
    assert raised() == raised() == alert
    assert kinds(alert) == ["raised 1", "closed 1", "reopened 1"]


def test_a_sweep_raises_again_what_a_hold_stops_again(plant: Plant, travel: Clock) -> None:
    lot = plant.lot(10)
    plant.stage(plant.order((lot.material, 10), needed_at=NOON + 99 * HOUR), lot)
    for again in ({}, {"reopened": 1}):
        hold = plant.hold(lot=lot)
        travel.shift(MINUTE)
        counts = clock.sweep(by=plant.operator, at=timezone.now())
        assert counts == {"raised": 0 if again else 1, "closed": 0} | again
        entry = AuditEntry.objects.filter(action="staging.sweep").latest("pk")
        assert entry.facts["alerts"] == [str(Alert.objects.get())]
        plant.lift(hold)
        travel.shift(MINUTE)
        assert clock.sweep(by=plant.operator, at=timezone.now())["closed"] == 1
    assert Alert.objects.get().times == 2


def test_what_the_clock_does_is_in_the_audit_trail(plant: Plant, travel: Clock) -> None:
    lot = plant.lot(10)
    plant.stage(plant.order((lot.material, 10), needed_at=NOON + 99 * HOUR), lot)
    plant.hold(lot=lot)
    clock.sweep(by=plant.operator, at=timezone.now())
    travel.shift(timedelta(days=1))
    counts = clock.sweep(by=plant.operator, at=timezone.now())
    assert counts["escalated"] == 2
    entry = AuditEntry.objects.filter(action="staging.sweep").latest("pk")
    assert (entry.facts["escalated"], entry.facts["alerts"]) == (2, [str(Alert.objects.get())])


# --- history ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change", ["UPDATE staging_alertstep SET reason = 'x'", "DELETE FROM staging_alertstep"]
)
def test_history_cannot_be_changed(raised: Raised, change: str) -> None:
    raised()
    with pytest.raises(DatabaseError), connection.cursor() as cursor:
        cursor.execute(change)


def test_the_clock_takes_as_many_statements_for_many_as_for_one(
    plant: Plant, raised: Raised, travel: Clock
) -> None:
    assert len(statements(lambda: life.go_by(timezone.now()))) == 1
    raised()
    travel.shift(HOUR)
    one = len(statements(lambda: life.go_by(timezone.now())))
    for lane in (plant.l2, plant.dock, plant.buf):
        raised(lane)
    travel.shift(HOUR)
    assert len(statements(lambda: life.go_by(timezone.now()))) == one == 4
    assert AlertStep.objects.filter(kind="escalated").count() == 4


def test_verbs_take_as_many_statements_for_many_as_for_one(plant: Plant, raised: Raised) -> None:
    alerts = [raised(lane) for lane in (plant.l1, plant.l2, plant.dock)]
    people = [plant.operator.user, plant.qa.user, plant.lab.user]
    acts: list[tuple[Any, Any]] = [
        (staging.acknowledge, lambda n: staging.Acknowledgement(alert=alerts[n], reason="x")),
        (staging.snooze, lambda n: staging.Snooze(alert=alerts[n], minutes=5, reason="x")),
        (staging.wake, lambda n: staging.Waking(alert=alerts[n])),
        (staging.assign_alert,
         lambda n: staging.Assigning(alert=alerts[n], assignee=str(people[n]))),
    ]  # fmt: skip
    for act, line in acts:
        plant.qa.user.has_perm("staging.snooze_critical")
        one = len(statements(lambda: plant.do(act, line(0), by=plant.qa)))  # noqa: B023
        two = len(statements(lambda: plant.do(act, line(1), line(2), by=plant.qa)))  # noqa: B023
        assert one == two <= 7


class Killed(BaseException):
    """What ends a worker in the middle."""


def test_what_is_due_at_once_goes_up_in_short_transactions(
    plant: Plant, travel: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between two and run again, the clock misses nothing and doubles nothing."""
    rules = AlertRule.objects.filter(reason="lot_on_hold")
    rules.update(escalate_after=HOUR, escalate_again_after=None)
    for _n in range(5):
        staged(plant)
    plant.hold(location=plant.l1)
    assert flag_stale() == {"raised": 5, "closed": 0}
    monkeypatch.setattr(life, "MOST", 2)
    travel.shift(HOUR)
    keep, turns = life.keep, count()

    def killed_at_the_second(*args: Any) -> None:
        keep(*args)
        if next(turns) == 1:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(life, "keep", killed_at_the_second)
        with pytest.raises(Killed):
            flag_stale()
    assert AlertStep.objects.filter(kind="escalated").count() == 2
    assert flag_stale() == {"raised": 0, "closed": 0, "escalated": 3}
    assert flag_stale() == {"raised": 0, "closed": 0}
    for alert in Alert.objects.all():
        assert kinds(alert) == ["raised 1", "escalated 2"]
        assert (alert.level, alert.escalates_at) == (2, None)
    facts = AuditEntry.objects.filter(action="staging.sweep").order_by("pk")
    told = [(entry.facts.get("escalated"), len(entry.facts["alerts"])) for entry in facts]
    assert told == [(None, 5), (2, 2), (2, 2), (1, 1)]
