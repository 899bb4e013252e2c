"""The health pages: what a load balancer and a person are told, and when it turns."""

from datetime import timedelta

import pytest
from celery.schedules import crontab
from django.db import OperationalError
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from config import celery, health, tasks
from config.models import PING, TaskRun

SWEEP = {"task": "staging.tasks.flag_stale", "schedule": 60}


@pytest.fixture(autouse=True)
def _one_scheduled_task(settings: Settings) -> None:
    settings.CELERY_BEAT_SCHEDULE = {"sweep": SWEEP}


def ran(seconds_ago: int, *, outcome: str = "SUCCESS") -> TaskRun:
    at = timezone.now() - timedelta(seconds=seconds_ago)
    return TaskRun.objects.create(
        name=SWEEP["task"], last_started_at=at, last_finished_at=at, last_outcome=outcome, runs=1
    )


def test_live_answers_without_a_database(client: Client) -> None:
    response = client.get("/health/live")
    assert response.status_code == 200
    assert response.json() == {"status": "ok"}


@pytest.mark.parametrize("page", ["live", "ready"])
def test_only_reading_is_allowed(client: Client, page: str) -> None:
    assert client.post(f"/health/{page}").status_code == 405


@pytest.mark.parametrize("page", ["live", "ready"])
@pytest.mark.django_db
def test_nobody_caches_health(client: Client, page: str) -> None:
    assert "no-store" in client.get(f"/health/{page}")["Cache-Control"]


@pytest.mark.django_db
def test_probes_are_not_redirected_to_https(client: Client, settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/health/live").status_code == 200


@pytest.mark.django_db
def test_ready_when_everything_works(client: Client, broker: None) -> None:
    ran(10)
    response = client.get("/health/ready")
    assert response.status_code == 200
    report = response.json()
    assert report["status"] == "ok"
    assert report["database"] == "ok"
    assert report["migrations"] == "applied"
    assert report["broker"] == "ok"
    assert report["tasks"]["sweep"]["late"] is False
    assert report["tasks"]["sweep"]["last_outcome"] == "SUCCESS"


@pytest.mark.django_db
def test_ready_costs_two_queries(
    client: Client, broker: None, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    ran(10)
    health.newest_migrations()
    with django_assert_max_num_queries(3):  # the migration table is looked up before it is read
        client.get("/health/ready")


@pytest.mark.parametrize("seconds_ago", [None, 125])
@pytest.mark.django_db
def test_a_late_clock_degrades_but_serves(
    client: Client, broker: None, monkeypatch: pytest.MonkeyPatch, seconds_ago: int | None
) -> None:
    if seconds_ago is not None:
        ran(seconds_ago)
    long_ago = timezone.now() - timedelta(days=2)
    monkeypatch.setattr(health, "set_up_at", lambda: long_ago)
    response = client.get("/health/ready")
    assert response.status_code == 200
    assert response.json()["status"] == "degraded"
    assert response.json()["tasks"]["sweep"]["late"] is True


@pytest.mark.parametrize("schedule", [60, timedelta(seconds=60), crontab()])
@pytest.mark.parametrize(("seconds_ago", "late"), [(40, False), (185, True)])
@pytest.mark.django_db
def test_every_kind_of_schedule_can_be_late(schedule: object, seconds_ago: int, late: bool) -> None:
    assert health.is_late({**SWEEP, "schedule": schedule}, ran(seconds_ago)) is late


@pytest.mark.parametrize(("days_ago", "late"), [(0, False), (2, True)])
@pytest.mark.django_db
def test_a_task_of_which_the_time_has_not_come_is_not_late(days_ago: int, late: bool) -> None:
    now = timezone.localtime()
    entry = {**SWEEP, "schedule": crontab(hour=str((now.hour + 12) % 24), minute="0")}
    MigrationRecorder.Migration.objects.all().delete()
    MigrationRecorder.Migration.objects.create(applied=now - timedelta(days=days_ago))
    assert health.is_late(entry, None) is late


@pytest.mark.django_db
def test_an_unreachable_broker_degrades(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "broker_answers", lambda: False)
    ran(1)
    response = client.get("/health/ready")
    assert response.status_code == 200
    assert response.json()["status"] == "degraded"
    assert response.json()["broker"] == "unreachable"


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
    assert health.broker_answers() is True
    monkeypatch.setattr(celery.app.conf, "broker_write_url", "redis://127.0.0.1:1/0")
    assert health.broker_answers() is False


@pytest.mark.django_db
def test_a_run_is_noted_when_it_starts_and_when_it_ends() -> None:
    for count in (1, 2):
        tasks.ping.apply()
        run = TaskRun.objects.get(name=PING)
        assert run.runs == count
        assert run.last_outcome == "SUCCESS"
        assert run.last_started_at is not None
        assert run.last_finished_at is not None
        assert run.last_started_at <= run.last_finished_at


@pytest.mark.django_db
def test_a_failed_run_is_noted_as_failed() -> None:
    celery.note_start(task=tasks.ping)
    celery.note_end(task=tasks.ping, state="FAILURE")
    assert TaskRun.objects.get().last_outcome == "FAILURE"


@pytest.mark.django_db
def test_tasks_outside_the_schedule_are_not_noted(settings: Settings) -> None:
    @celery.app.task(name="tests.unscheduled")
    def unscheduled() -> None:
        """Run."""

    unscheduled.apply()
    assert not TaskRun.objects.exists()


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that answers, also where the run has none."""
    monkeypatch.setattr(health, "broker_answers", lambda: True)
