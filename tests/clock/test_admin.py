"""The clock's page in the admin, and running a task at once."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from config.clock import beat, queues
from config.models import Kind, Process, TaskHour, TaskRun
from inventory.models import AuditEntry
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

SWEEP, NIGHTLY = "staging.tasks.flag_stale", "staging.tasks.flag_missed"
HOURLY = "staging.tasks.count_days"
LIST = "admin:forestage_taskrun_changelist"


@pytest.fixture(autouse=True)
def _clock(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.CELERY_BEAT_SCHEDULE = {
        name: settings.CELERY_BEAT_SCHEDULE[name]
        for name in ("flag-stale", "flag-missed", "count-days")
    }
    monkeypatch.setattr(queues, "depths", lambda: {"clock": 3, "notify": 0, "integration": 0})
    long_ago = timezone.now() - timedelta(days=3)
    monkeypatch.setattr(beat, "set_up_at", lambda: long_ago)
    for name in (SWEEP, NIGHTLY, HOURLY):
        TaskRun.objects.note_start(name)
        TaskRun.objects.note_end(name, outcome="SUCCESS", seconds=0.012)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr(beat, "send", lambda entry, valid: found.append(entry.task))
    return found


def page(client: Client) -> str:
    return client.get(reverse(LIST)).content.decode()


def test_it_shows_each_task_queue_and_process(admin_client: Client) -> None:
    Process.objects.seen(Kind.BEAT, "beat@here", 1, [])
    Process.objects.seen(Kind.WORKER, "clock@here", 2, ["clock"])
    TaskHour.objects.add(SWEEP, timezone.now(), "skipped")
    TaskHour.objects.add(SWEEP, timezone.now() - timedelta(hours=30), "failed")
    shown = page(admin_client)
    for word in (
        "flag-stale", "every minute", "daily at 03:00", "every hour at :12",
        "12 ms", "1 ran, 1 skipped", "On time", "beat@here", "clock@here",
        "No worker takes the queue notify",
    ):  # fmt: skip
        assert word in shown
    assert "1 failed" not in shown
    assert "No worker takes the queue clock" not in shown


def test_a_late_and_a_failed_one_stand_out(admin_client: Client) -> None:
    ago = timezone.now() - timedelta(minutes=10)
    TaskRun.objects.filter(name=SWEEP).update(last_started_at=ago)
    TaskRun.objects.note_end(NIGHTLY, outcome="LOST")
    shown = page(admin_client)
    for word in ("Late", "Failed", "Broken off", "Beat is not running"):
        assert word in shown


def test_run_now_sends_it_and_is_kept(admin_client: Client, sent: list[str]) -> None:
    answer = admin_client.post(reverse("admin:forestage_taskrun_run"), {"task": SWEEP}, follow=True)
    assert sent == [SWEEP]
    assert "Sent: flag-stale." in answer.content.decode()
    [entry] = AuditEntry.objects.filter(action="clock.run_now")
    assert entry.facts == {"task": "flag-stale", "queue": "clock"}
    assert entry.actor == User.objects.get(username="admin")


def test_what_could_not_be_sent_is_not_kept(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(entry: Any, valid: Any) -> None:
        raise OSError("no route")

    monkeypatch.setattr(beat, "send", gone)
    answer = admin_client.post(reverse("admin:forestage_taskrun_run"), {"task": SWEEP}, follow=True)
    assert "The broker does not answer" in answer.content.decode()
    assert not AuditEntry.objects.filter(action="clock.run_now").exists()


def test_only_tasks_of_the_schedule_and_only_by_post(admin_client: Client, sent: Any) -> None:
    url = reverse("admin:forestage_taskrun_run")
    assert admin_client.post(url, {"task": "config.tasks.ping"}).status_code == 404
    assert admin_client.get(url).status_code == 405
    assert sent == []


def test_whoever_may_only_look_is_offered_no_button(client: Client, sent: Any) -> None:
    user: Any = UserFactory(is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_taskrun"))
    client.force_login(user)
    assert "Run now" not in page(client)
    assert client.post(reverse("admin:forestage_taskrun_run"), {"task": SWEEP}).status_code == 403
    user.user_permissions.add(Permission.objects.get(codename="run_task"))
    assert "Run now" in page(client)
    assert client.post(reverse("admin:forestage_taskrun_run"), {"task": SWEEP}).status_code == 302
    assert sent == [SWEEP]


def test_a_tasks_own_page(admin_client: Client) -> None:
    row = TaskRun.objects.get(name=SWEEP)
    shown = admin_client.get(reverse("admin:forestage_taskrun_change", args=[row.pk]))
    assert "every minute" in shown.content.decode()
