"""What every task has in common."""

from typing import Any

import pytest
from celery.exceptions import Retry
from django.db import OperationalError

from config.celery import app
from config.clock import beat, work
from config.clock.alone import alone
from config.models import TaskRun
from inventory.background import LONGEST_SECONDS, QUEUES
from inventory.errors import Refused

beat.know_tasks()
OURS = {name: task for name, task in app.tasks.items() if not name.startswith("celery.")}


@pytest.fixture
def scheduled(settings: Any) -> Any:
    """A task of the schedule that does what a test tells it to."""

    @app.task(name="tests.scheduled", bind=True)
    def task(self: Any, act: Any = None) -> Any:
        return act() if act else None

    settings.CELERY_BEAT_SCHEDULE = {"it": {"task": "tests.scheduled", "schedule": 60}}
    yield task
    app.tasks.pop("tests.scheduled")


def test_every_task_says_where_it_belongs_and_when_it_is_ended(settings: Any) -> None:
    for name, task in OURS.items():
        if name.startswith("tests."):
            continue
        route = app.amqp.router.route({}, name, task_type=task)
        assert route["queue"].name in QUEUES, name
        assert task.acks_late, name
        assert task.soft_time_limit < task.time_limit <= LONGEST_SECONDS, name
    options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    assert options.get("visibility_timeout", LONGEST_SECONDS + 1) > LONGEST_SECONDS


def test_every_line_of_the_schedule_has_its_task(settings: Any) -> None:
    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} <= set(OURS)


def test_what_is_not_of_the_schedule_expires() -> None:
    """What beat sends it gives a time itself. For the others another task looks."""
    left = set(OURS) - TaskRun.watched()
    assert {name for name in left if not name.startswith("tests.")} == {
        "integration.epcis.capture.tasks.capture", "integration.webhooks.tasks.deliver",
    }  # fmt: skip
    for name in left:
        assert name.startswith("tests.") or OURS[name].expires


@pytest.mark.django_db
def test_a_second_run_at_the_same_time_is_skipped_and_noted(scheduled: Any) -> None:
    with alone("tests.scheduled"):  # by one that has not even noted that it began
        assert scheduled.apply().state == "IGNORED"
    assert scheduled.apply().state == "SUCCESS"
    found = TaskRun.objects.get(name="tests.scheduled")
    assert (found.runs, found.skips) == (1, 1)


@pytest.mark.django_db
def test_what_passes_is_tried_again_and_what_is_refused_is_not(
    scheduled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def database_gone() -> None:
        raise OperationalError("no route")

    def refused() -> None:
        raise Refused("no", code="no", field="")

    asked: list[dict[str, Any]] = []

    def retry(**how: Any) -> Retry:
        asked.append(how)
        return Retry()

    monkeypatch.setattr(scheduled, "retry", retry)
    assert scheduled.apply(args=[database_gone]).state == "RETRY"
    assert 0 <= asked[0]["countdown"] <= work.FIRST_SECONDS
    assert TaskRun.objects.get().last_outcome == "RETRY"
    assert scheduled.apply(args=[refused]).state == "FAILURE"
    assert TaskRun.objects.get().last_outcome == "FAILURE"
    assert len(asked) == 1


def test_it_is_tried_later_and_later_and_not_by_all_at_once() -> None:
    found = [{work.pause(times) for _ in range(60)} for times in (0, 3, 20)]
    assert max(found[0]) <= work.FIRST_SECONDS
    assert all(len(pauses) > 3 for pauses in found[1:])
    assert max(found[1]) <= work.FIRST_SECONDS * 2**3
    assert max(found[2]) <= work.MOST_SECONDS


def test_called_directly_it_is_a_function(scheduled: Any) -> None:
    assert scheduled(lambda: 7) == 7
