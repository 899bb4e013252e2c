"""The health pages: what a load balancer and a person are told, and when it turns."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from celery.schedules import crontab
from django.db import OperationalError
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from config import celery, health, tasks
from config.clock import beat, queues
from config.clock.lateness import Clock
from config.models import PING, Kind, Process, TaskHour, TaskRun
from inventory.background import QUEUES

SWEEP = {"task": "staging.tasks.flag_stale", "schedule": 60}
PAGES = ["live", "ready", "clock"]


@pytest.fixture(autouse=True)
def _one_scheduled_task(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.CELERY_BEAT_SCHEDULE = {"sweep": SWEEP}
    long_ago = timezone.now() - timedelta(days=2)
    monkeypatch.setattr(beat, "set_up_at", lambda: long_ago)


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """A broker that answers, also where the run has none."""
    found = dict.fromkeys(QUEUES, 0)
    monkeypatch.setattr(queues, "depths", lambda: found)
    return found


def ran(seconds_ago: int, *, outcome: str = "SUCCESS", **more: Any) -> TaskRun:
    at = timezone.now() - timedelta(seconds=seconds_ago)
    return TaskRun.objects.create(
        name=SWEEP["task"], last_started_at=at, last_finished_at=at, last_outcome=outcome, runs=1,
        **more,
    )  # fmt: skip


def seen(kind: Kind, seconds_ago: int, taking: Sequence[str] = ()) -> None:
    at = timezone.now() - timedelta(seconds=seconds_ago)
    Process.objects.create(
        kind=kind, name=f"{kind}@here", pid=Process.objects.count(), queues=list(taking),
        started_at=at, seen_at=at,
    )  # fmt: skip


@pytest.fixture
def everybody(db: None, broker: dict[str, int]) -> None:
    """Beat and a worker for all queues are there, and the sweep ran."""
    seen(Kind.BEAT, 5)
    seen(Kind.WORKER, 5, QUEUES)


def codes(client: Client) -> list[str]:
    """What is wrong, which both pages say, one of them by its status."""
    calm, loud = client.get("/health/ready"), client.get("/health/clock")
    assert calm.json()["problems"] == loud.json()["problems"]
    found = [one["code"] for one in calm.json()["problems"]]
    assert calm.status_code == 200
    assert loud.status_code == (503 if found else 200)
    assert calm.json()["status"] == ("degraded" if found else "ok")
    return found


def test_live_answers_without_a_database(client: Client) -> None:
    response = client.get("/health/live")
    assert response.status_code == 200
    assert response.json() == {"status": "ok"}


@pytest.mark.parametrize("page", PAGES)
def test_only_reading_is_allowed(client: Client, page: str) -> None:
    assert client.post(f"/health/{page}").status_code == 405


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.django_db
def test_nobody_caches_health(client: Client, page: str, broker: Any) -> None:
    assert "no-store" in client.get(f"/health/{page}")["Cache-Control"]


@pytest.mark.django_db
def test_probes_are_not_redirected_to_https(client: Client, settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/health/live").status_code == 200
    assert client.get("/metrics").status_code == 404


@pytest.mark.usefixtures("everybody")
def test_ready_when_everything_works(client: Client) -> None:
    ran(10)
    assert codes(client) == []
    report = client.get("/health/ready").json()
    assert report["database"] == "ok"
    assert report["migrations"] == "applied"
    assert report["broker"] == "ok"
    assert report["beats"] == 1
    assert report["workers"] == dict.fromkeys(QUEUES, 1)
    assert report["queues"] == dict.fromkeys(QUEUES, 0)
    assert report["tasks"]["sweep"]["late"] is False
    assert report["tasks"]["sweep"]["last_outcome"] == "SUCCESS"


@pytest.mark.usefixtures("everybody")
def test_ready_costs_five_queries(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    ran(10)
    health.newest_migrations()
    with django_assert_max_num_queries(6):  # the migration table is looked up before it is read
        client.get("/health/ready")


@pytest.mark.django_db
def test_a_dead_beat_is_named(client: Client, broker: Any) -> None:
    seen(Kind.BEAT, 120)
    seen(Kind.WORKER, 5, QUEUES)
    ran(300)
    assert codes(client) == ["beat_dead"]
    report = client.get("/health/clock").json()
    assert report["tasks"]["sweep"]["late"] is True
    assert "since" in report["problems"][0]["detail"]


@pytest.mark.django_db
def test_a_dead_worker_is_named_by_its_queue(client: Client, broker: Any) -> None:
    """Another one that takes other queues does not stand in for it."""
    seen(Kind.BEAT, 5)
    seen(Kind.WORKER, 120, QUEUES)
    seen(Kind.WORKER, 5, ["clock", "integration"])
    ran(10)
    assert codes(client) == ["worker_dead"]
    [problem] = client.get("/health/clock").json()["problems"]
    assert problem["about"] == "notify"


@pytest.mark.django_db
def test_a_worker_from_the_future_is_not_believed(client: Client, broker: Any) -> None:
    seen(Kind.BEAT, 5)
    seen(Kind.WORKER, -3600, QUEUES)
    ran(10)
    assert codes(client) == ["worker_dead"] * 3


@pytest.mark.usefixtures("everybody")
def test_a_queue_that_is_not_drained_is_named(client: Client, broker: dict[str, int]) -> None:
    broker["clock"] = 7
    sent = timezone.now() - timedelta(seconds=90)
    run = ran(150, sent_at=sent, waiting=1)
    assert codes(client) == ["queue_waits"]
    [problem] = client.get("/health/clock").json()["problems"]
    assert problem["about"] == "clock"
    assert "7 messages" in problem["detail"]
    TaskRun.objects.filter(pk=run.pk).update(sent_at=timezone.now() - timedelta(seconds=20))
    assert codes(client) == []


@pytest.mark.parametrize("outcome", ["FAILURE", "LOST"])
@pytest.mark.usefixtures("everybody")
def test_a_task_that_failed_is_named(client: Client, outcome: str) -> None:
    ran(10, outcome=outcome)
    assert codes(client) == ["task_failed"]


@pytest.mark.usefixtures("everybody")
def test_a_run_that_takes_long_is_not_late(client: Client) -> None:
    ran(600, running_on="clock@here")
    assert codes(client) == []


@pytest.mark.usefixtures("everybody")
def test_a_task_that_beat_forgets_is_late(client: Client) -> None:
    ran(600)
    assert codes(client) == ["task_late"]


@pytest.mark.django_db
def test_what_was_set_up_just_now_is_given_time(
    client: Client, broker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beat, "set_up_at", timezone.now)
    assert codes(client) == []


def late(schedule: Any) -> bool:
    [state] = Clock.look({}).states
    return state.is_late


@pytest.mark.parametrize("schedule", [60, timedelta(seconds=60), crontab()])
@pytest.mark.parametrize(("seconds_ago", "is_late"), [(40, False), (185, True)])
@pytest.mark.django_db
def test_every_kind_of_schedule_can_be_late(
    settings: Settings, schedule: Any, seconds_ago: int, is_late: bool
) -> None:
    settings.CELERY_BEAT_SCHEDULE = {"sweep": SWEEP | {"schedule": schedule}}
    ran(seconds_ago)
    assert late(schedule) is is_late


@pytest.mark.parametrize(("days_ago", "is_late"), [(0, False), (2, True)])
@pytest.mark.django_db
def test_a_task_of_which_the_time_has_not_come_is_not_late(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, days_ago: int, is_late: bool
) -> None:
    now = timezone.localtime()
    schedule = crontab(hour=str((now.hour + 12) % 24), minute="0")
    monkeypatch.undo()
    MigrationRecorder.Migration.objects.all().delete()
    MigrationRecorder.Migration.objects.create(applied=now - timedelta(days=days_ago))
    settings.CELERY_BEAT_SCHEDULE = {"sweep": SWEEP | {"schedule": schedule}}
    assert late(schedule) is is_late


@pytest.mark.usefixtures("everybody")
def test_an_unreachable_broker_degrades(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "depths", lambda: None)
    ran(1)
    assert codes(client) == ["broker_unreachable"]
    assert client.get("/health/ready").json()["broker"] == "unreachable"


def test_no_database_is_down(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise OperationalError("no route")

    monkeypatch.setattr(health, "pending_migrations", refuse)
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.json()["database"] == "down"


@pytest.mark.django_db
def test_pending_migrations_are_down(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    newest = frozenset({("inventory", "9999_tomorrow")})
    monkeypatch.setattr(health, "newest_migrations", lambda: newest)
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.json()["migrations"] == "pending"


@pytest.mark.redis
def test_redis_is_asked_for_real(monkeypatch: pytest.MonkeyPatch) -> None:
    before = queues.depths()
    assert before is not None
    tasks.ping.delay()
    after = queues.depths()
    assert after == before | {"clock": before["clock"] + 1}
    with celery.app.connection_for_write() as link:
        link.default_channel._purge("clock")
    monkeypatch.setattr(celery.app.conf, "broker_write_url", "redis://127.0.0.1:1/0")
    assert queues.depths() is None


@pytest.mark.django_db
def test_a_run_is_noted_when_it_starts_and_when_it_ends() -> None:
    for count in (1, 2):
        tasks.ping.apply()
        run = TaskRun.objects.get(name=PING)
        assert run.runs == count
        assert run.last_outcome == "SUCCESS"
        assert run.last_success_at == run.last_finished_at
        assert run.last_started_at is not None
        assert run.last_finished_at is not None
        assert run.last_started_at <= run.last_finished_at
        assert run.running_on == ""
    assert TaskHour.objects.lately(timezone.now())[PING] == {"ran": 2, "failed": 0, "skipped": 0}


@pytest.mark.django_db
def test_tasks_outside_the_schedule_are_not_noted(settings: Settings) -> None:
    @celery.app.task(name="tests.unscheduled")
    def unscheduled() -> None:
        """Run."""

    unscheduled.apply()
    assert not TaskRun.objects.exists()
