"""A clock that stands still, and an alert about a lane that is too full."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from staging.alerting import life
from staging.models import Alert, AlertRule
from tests.api.conftest import api_as
from tests.plant import Plant

__all__ = ["api_as"]

NOON = datetime.fromisoformat("2026-05-20T12:00:00+00:00")
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)

REASON = "lane_over_capacity"

Raised = Callable[..., Alert]


@pytest.fixture(autouse=True)
def travel() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def rule(plant: Plant) -> AlertRule:
    """An hour for the operator, two more for the supervisor."""
    AlertRule.objects.filter(reason=REASON).update(
        severity="warning", escalate_after=HOUR, escalate_again_after=2 * HOUR,
        acknowledged_for=4 * HOUR, snooze_at_most=8 * HOUR, reopen_within=HOUR,
    )  # fmt: skip
    return AlertRule.objects.get(reason=REASON, site=None)


@pytest.fixture
def raised(plant: Plant, rule: AlertRule) -> Raised:
    """Raise an alert about a lane, as any door does; the one there is then."""

    def put(lane: Any = None, **columns: Any) -> Alert:
        lane = lane or plant.l1
        about = {"reason": REASON, "site": lane.site, "location": lane} | columns
        Alert.objects.bulk_create([Alert(raised_at=timezone.now(), **about)], ignore_conflicts=True)
        return Alert.objects.open().get(**about)

    return put


def pass_by() -> dict[str, int]:
    """What the clock does about alerts now; a second time, it does nothing."""
    before = life.newest()
    done, more = life.go_by(timezone.now())
    assert not more
    assert life.go_by(timezone.now()) == ({}, False)
    return done | life.raised_again(before)


def close(alert: Alert) -> None:
    Alert.objects.filter(pk=alert.pk).update(closed_at=timezone.now())


def kinds(alert: Alert) -> list[str]:
    return [f"{step.kind} {step.level}" for step in alert.steps.order_by("pk")]
