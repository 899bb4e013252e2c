"""Whatever happens to an alert, in whatever order: its history says what it is."""

from collections import Counter
from contextlib import suppress
from datetime import timedelta
from typing import Any

import hypothesis
import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import strategies as st

from inventory.errors import Refused
from staging import actions as staging
from staging.alerting.life import Life, replay
from staging.models import Alert
from tests.alerting.conftest import MINUTE, NOON, Raised, close, pass_by
from tests.plant import Plant

pytestmark = pytest.mark.django_db

MOVES = st.lists(
    st.one_of(
        st.sampled_from(["raise", "acknowledge", "wake", "assign", "unassign", "close"]),
        st.integers(1, 300).map(lambda minutes: ("snooze", minutes)),
        st.integers(1, 400).map(lambda minutes: ("time", minutes)),
    ),
    min_size=3, max_size=14,
)  # fmt: skip


def move(plant: Plant, raised: Raised, travel: Any, what: Any) -> None:
    name, minutes = what if isinstance(what, tuple) else (what, 0)
    alert = Alert.objects.latest("pk")
    match name:
        case "raise":
            raised()
        case "close":
            if alert.closed_at is None:
                close(alert)
        case "time":
            travel.shift(timedelta(minutes=minutes))
            pass_by()
        case "acknowledge":
            plant.do(staging.acknowledge, staging.Acknowledgement(alert=alert, reason="on it"))
        case "snooze":
            line = staging.Snooze(alert=alert, minutes=minutes, reason="later")
            plant.do(staging.snooze, line)
        case "wake":
            plant.do(staging.wake, staging.Waking(alert=alert))
        case _:
            who = plant.qa.user.username if name == "assign" else ""
            plant.do(staging.assign_alert, staging.Assigning(alert=alert, assignee=who))


@hypothesis.given(moves=MOVES)
@hypothesis.settings(
    max_examples=40, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture]
)
def test_the_steps_say_what_the_alert_is(
    plant: Plant, raised: Raised, travel: Any, moves: list[Any]
) -> None:
    travel.move_to(NOON)
    with transaction.atomic():
        raised()
        for what in moves:
            with suppress(Refused), transaction.atomic():
                move(plant, raised, travel, what)
            travel.shift(MINUTE)
            pass_by()
        for alert in Alert.objects.order_by("pk"):
            _holds(alert)
        transaction.set_rollback(True)


def _holds(alert: Alert) -> None:
    steps = list(replay(alert.steps.select_related("actor", "assigned_to").order_by("pk")))
    _last, life = steps[-1]
    for column in Life.__slots__:
        assert getattr(alert, column) == getattr(life, column), column
    gone_up: Counter[tuple[int, int]] = Counter()
    level = 1
    for step, then in steps:
        assert then.level >= level or step.kind == "reopened"
        assert not (then.snoozed_until and then.acknowledged_at)
        if step.kind == "escalated":
            assert then.level == level + 1
            gone_up[then.times, then.level] += 1
        level = then.level
    assert set(gone_up.values()) <= {1}
    if alert.closed_at is None:
        assert alert.escalates_at is None or alert.escalates_at > timezone.now() - MINUTE
        assert alert.escalates_at is None or alert.escalates_at > (alert.snoozed_until or NOON)
    else:
        assert (alert.escalates_at, alert.snoozed_until) == (None, None)
