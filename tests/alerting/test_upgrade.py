"""An installation that has alerts, and a feed that tells of them, is brought up."""

from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.utils import timezone

from integration.feed.numbering import catch_up
from integration.models import FeedPosition
from inventory.models import AuditEntry, OutboxRow
from staging import actions as staging
from staging.models import Alert, AlertRule
from tests.alerting.conftest import HOUR, NOON, REASON, Raised, close
from tests.feed.days import names, read
from tests.plant import Plant

pytestmark = pytest.mark.django_db

OF_ALERTS = ("forestage.alert.*",)


def test_the_feed_finds_the_steps_of_what_it_knew_by_alert(plant: Plant, raised: Raised) -> None:
    first, second = raised(), raised(plant.l2)
    for alert in (first, second):
        plant.do(staging.acknowledge, staging.Acknowledgement(alert=alert, reason="on it"))
        close(alert)
    before = read(types=OF_ALERTS)
    entries = AuditEntry.objects.filter(action="staging.acknowledge")
    by_alert = {int(entry.subject_id): entry.pk for entry in entries}
    for row in FeedPosition.objects.filter(type__startswith="alert."):
        alert_id = next(event.data["id"] for event in before if event.position == row.position)
        row.key = by_alert[alert_id] if row.type == "alert.acknowledged" else alert_id
        row.save()
    OutboxRow.objects.create(topic="alert.raised", key=second.pk)
    OutboxRow.objects.create(topic="alert.acknowledged", key=by_alert[first.pk])
    migration = import_module("integration.migrations.0008_alert_steps")
    migration.turn_to_steps(apps, None)
    assert read(types=OF_ALERTS)[: len(before)] == before
    catch_up()
    *_, late, last = read(types=OF_ALERTS)
    assert names([late, last]) == ["alert.raised", "alert.acknowledged"]
    assert (late.data["id"], last.data["id"]) == (second.pk, first.pk)


def test_open_alerts_escalate_as_if_they_were_raised_by_the_upgrade(
    plant: Plant, raised: Raised, travel: Any
) -> None:
    waiting, taken_up, gone = raised(), raised(plant.l2), raised(plant.dock)
    plant.do(staging.acknowledge, staging.Acknowledgement(alert=taken_up, reason="on it"))
    close(gone)
    Alert.objects.update(severity="notice", escalates_at=None)
    AlertRule.objects.filter(reason=REASON).update(acknowledged_for=None, snooze_at_most=None)
    travel.shift(100 * HOUR)
    unprotected()
    migration = import_module("staging.migrations.0015_alert_life")
    migration.fill(apps, SimpleNamespace(connection=connection, execute=lambda _sql: None))
    found = {alert.pk: alert for alert in Alert.objects.all()}
    assert {alert.severity for alert in found.values()} == {"warning"}
    now = timezone.now()
    assert now == NOON + 100 * HOUR
    assert found[waiting.pk].escalates_at == now + HOUR
    assert found[taken_up.pk].escalates_at == now + 8 * HOUR
    assert found[gone.pk].escalates_at is None


def unprotected() -> None:
    """As the table of steps stands while the migration runs."""
    on = "" if connection.vendor == "sqlite" else " ON staging_alertstep"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER staging_alertstep_no_update{on}")
