"""What beat sends, and when: nothing twice, nothing for ever, nothing missed."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from celery.schedules import crontab
from django.db import OperationalError, connections
from django.db.migrations.recorder import MigrationRecorder
from kombu.exceptions import OperationalError as BrokerGone

from config.clock import beat, queues
from config.clock.alone import alone
from config.models import Kind, Process, TaskRun
from inventory.in_flight import in_flight

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 5, 20, 12, tzinfo=UTC)
SWEEP, NIGHTLY = "staging.tasks.flag_stale", "staging.tasks.flag_missed"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def clock(settings: Any) -> Iterator[time_machine.Traveller]:
    settings.CELERY_BEAT_SCHEDULE = {
        "sweep": {"task": SWEEP, "schedule": 60},
        "nightly": {"task": NIGHTLY, "schedule": crontab(hour="2", minute="0")},
    }
    MigrationRecorder.Migration.objects.update(applied=NOON)
    with time_machine.travel(NOON, tick=False) as moved:
        yield moved


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, timedelta]]:
    """What was put into queues, and how long it is good for."""
    found: list[tuple[str, timedelta]] = []
    monkeypatch.setattr(beat, "send", lambda entry, valid: found.append((entry.task, valid)))
    return found


@pytest.fixture(autouse=True)
def depth(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """How much waits in the queues, as far as beat is told."""
    found = {"clock": 1, "notify": 0, "integration": 0}
    monkeypatch.setattr(queues, "depths", lambda: found)
    return found


def scheduler() -> beat.Scheduler:
    from config.celery import app

    return beat.Scheduler(app)


def run(name: str) -> None:
    """A worker takes the message up, and is done."""
    TaskRun.objects.note_start(name)
    TaskRun.objects.note_end(name, outcome="SUCCESS")


def tasks(sent: list[tuple[str, timedelta]]) -> list[str]:
    found = [task for task, _valid in sent]
    sent.clear()
    return found


def test_each_is_sent_when_its_time_comes(sent: Any, clock: Any) -> None:
    one = scheduler()
    assert one.tick() == beat.LONGEST_PAUSE
    assert tasks(sent) == []
    clock.shift(57)
    assert one.tick() == pytest.approx(3)
    clock.shift(3)
    one.tick()
    assert sent == [(SWEEP, timedelta(minutes=5))]
    run(SWEEP)
    sent.clear()
    clock.move_to(NOON.replace(hour=2) + DAY)
    one.tick()
    assert tasks(sent) == [SWEEP, NIGHTLY]


def test_two_beats_send_once(sent: Any, clock: Any) -> None:
    clock.shift(60)
    first, second = scheduler(), scheduler()
    first.tick()
    second.tick()
    assert tasks(sent) == [SWEEP]
    # And when both had looked before either sent.
    stale = TaskRun.objects.get(name=SWEEP)
    assert TaskRun.objects.claim(stale, NOON)
    assert not TaskRun.objects.claim(stale, NOON)


def test_after_a_day_without_beat_each_runs_once(sent: Any, clock: Any) -> None:
    one = scheduler()
    clock.shift(60)
    one.tick()
    run(SWEEP)
    sent.clear()
    clock.move_to(NOON + DAY)
    one = scheduler()
    for _ in range(3):
        one.tick()
        for name, _valid in sent:
            run(name)
    assert tasks(sent) == [SWEEP, NIGHTLY]


def test_a_day_without_a_worker_leaves_few_messages_of_which_one_is_good(
    sent: Any, clock: Any
) -> None:
    one, good = scheduler(), []
    clock.shift(60)
    until = NOON + DAY + timedelta(minutes=1)
    at = NOON + timedelta(minutes=1)
    while at < until:
        before = len(sent)
        one.tick()
        good += [(task, at + valid) for task, valid in sent[before:]]
        at += timedelta(minutes=5)
        clock.move_to(at)
    sweeps = [expires for task, expires in good if task == SWEEP]
    nightly = [expires for task, expires in good if task == NIGHTLY]
    assert 10 < len(sweeps) < 40
    assert [sum(expires >= until for expires in found) for found in (sweeps, nightly)] == [1, 1]


def test_a_message_that_was_lost_is_sent_again(sent: Any, clock: Any, depth: Any) -> None:
    """Redis came back without its data: the queue is empty, and nobody has begun."""
    one = scheduler()
    clock.shift(60)
    one.tick()
    clock.shift(30)
    one.tick()
    assert tasks(sent) == [SWEEP]
    depth["clock"] = 0
    one.tick()
    assert tasks(sent) == [SWEEP]
    one.tick()
    assert tasks(sent) == []


@pytest.mark.parametrize("jump", [DAY, -DAY])
def test_a_clock_that_jumped_holds_nothing_up(sent: Any, clock: Any, jump: timedelta) -> None:
    one = scheduler()
    clock.shift(60)
    one.tick()
    run(SWEEP)
    sent.clear()
    clock.shift(jump)
    one.tick()
    assert SWEEP in tasks(sent)
    run(SWEEP)
    clock.shift(-jump)
    one.tick()
    run(SWEEP)
    sent.clear()
    for _ in range(2):
        clock.shift(61)
        one.tick()
        assert tasks(sent) == [SWEEP]
        run(SWEEP)


def test_a_message_sent_before_the_clock_was_put_back_is_not_waited_for(
    sent: Any, clock: Any
) -> None:
    one = scheduler()
    clock.shift(60)
    one.tick()
    clock.shift(-DAY)
    one.tick()
    assert tasks(sent).count(SWEEP) == 2


def test_a_run_that_died_is_made_up_for(sent: Any, clock: Any) -> None:
    TaskRun.objects.note_start(NIGHTLY, on="clock@here")
    one = scheduler()
    with alone(NIGHTLY) as mine:
        assert mine
        one.tick()
        assert tasks(sent) == []
    one.tick()
    assert tasks(sent) == [NIGHTLY]
    one.tick()
    run(NIGHTLY)
    one.tick()
    assert tasks(sent) == []
    found = TaskRun.objects.get(name=NIGHTLY)
    assert (found.runs, found.failures, found.last_outcome) == (2, 1, "SUCCESS")


def test_what_could_not_be_sent_is_sent_when_the_broker_is_back(
    clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(entry: Any, valid: Any) -> None:
        raise BrokerGone("no route")

    one, sent = scheduler(), []
    clock.shift(60)
    monkeypatch.setattr(beat, "send", gone)
    one.tick()
    monkeypatch.setattr(beat, "send", lambda entry, valid: sent.append(entry.task))
    one.tick()
    assert sent == [SWEEP]


def test_beat_outlives_its_database(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> None:
        raise OperationalError("no route")

    one = scheduler()
    monkeypatch.setattr(beat, "set_up_at", gone)
    assert one.tick() == beat.LONGEST_PAUSE


def test_beat_is_seen_while_it_ticks_and_takes_its_leave(sent: Any) -> None:
    one = scheduler()
    one.tick()
    assert Process.objects.get().kind == Kind.BEAT
    one.close()
    assert not Process.objects.exists()


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
def test_a_night_in_which_the_clocks_are_changed_has_one_run(
    sent: Any, clock: Any, settings: Any, day: str
) -> None:
    """In Berlin 02:30 does not exist in March, and comes twice in October."""
    from config.celery import app

    app.conf.timezone = "Europe/Berlin"
    app.__dict__.pop("timezone", None)
    settings.CELERY_BEAT_SCHEDULE = {
        "nightly": {"task": NIGHTLY, "schedule": crontab(hour="2", minute="30")}
    }
    at = datetime.fromisoformat(f"{day}T12:00:00+00:00") - DAY
    MigrationRecorder.Migration.objects.update(applied=at)
    one, runs = scheduler(), 0
    try:
        for _ in range(24 * 4):
            clock.move_to(at)
            one.tick()
            if tasks(sent):
                runs += 1
                run(NIGHTLY)
            at += timedelta(minutes=15)
    finally:
        app.conf.timezone = settings.TIME_ZONE
        app.__dict__.pop("timezone", None)
    assert runs == 1


def test_nobody_else_has_a_lock_that_is_held() -> None:
    with alone("a") as first, alone("a") as second, alone("b") as other:
        assert (first, second, other) == (True, False, True)
    with alone("a") as again:
        assert again
    assert connections["default"].is_usable()


@pytest.mark.postgres
@pytest.mark.django_db
def test_a_lock_that_is_held_is_nothing_in_flight() -> None:
    """Readers of EPCIS go no further than what is."""
    with alone("tests.lock"):
        now = in_flight()
    assert now
    assert now.began is None
