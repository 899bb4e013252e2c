"""`/metrics`: who may read it, and that it tells the truth in the format of Prometheus."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from config import checked, metrics
from config.clock import beat, queues
from config.models import Kind, Process, TaskRun
from integration.models import Subscription
from inventory.background import QUEUES
from inventory.models import OutboxRow
from staging.alerting import clock
from tests.factories import UserFactory
from tests.plant import Plant

pytestmark = pytest.mark.django_db

LINE = re.compile(r'forestage_[a-z_]+(\{([a-z]+="([^"\\\n]|\\.)*",?)*\})? -?[0-9.e+]+')


@pytest.fixture(autouse=True)
def _broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "depths", lambda: dict.fromkeys(QUEUES, 2))
    long_ago = timezone.now() - timedelta(days=1)
    monkeypatch.setattr(beat, "set_up_at", lambda: long_ago)


def status(client: Client, token: str = "", address: str = "127.0.0.1") -> int:
    head = {"HTTP_AUTHORIZATION": token} if token else {}
    return client.get("/metrics", REMOTE_ADDR=address, **head).status_code  # type: ignore[arg-type]


def test_nobody_may_unless_somebody_is_told(client: Client) -> None:
    assert status(client) == 404


def test_a_token_opens_it(client: Client, settings: Any) -> None:
    settings.METRICS_TOKEN = "secret"
    assert [status(client, given) for given in ("", "Bearer", "Bearer wrong", "Token secret")] == [
        401
    ] * 4
    assert status(client, "Bearer secret") == 200


def test_a_network_opens_it_by_the_connection_alone(client: Client, settings: Any) -> None:
    settings.METRICS_NETWORKS = checked.networks(["10.0.0.0/8", "::1"], "HERE")
    assert [status(client, address=one) for one in ("10.1.2.3", "::1")] == [200, 200]
    assert [status(client, address=one) for one in ("192.0.2.1", "")] == [403, 403]
    there = client.get("/metrics", REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR="10.1.2.3")
    assert there.status_code == 403


def test_where_both_are_set_both_are_needed(client: Client, settings: Any) -> None:
    settings.METRICS_NETWORKS = checked.networks(["10.0.0.0/8"], "HERE")
    settings.METRICS_TOKEN = "secret"
    assert status(client, "Bearer secret", "192.0.2.1") == 403
    assert status(client, "", "10.1.2.3") == 401
    assert status(client, "Bearer secret", "10.1.2.3") == 200


def test_it_can_only_be_read(client: Client) -> None:
    assert client.post("/metrics").status_code == 405


def read(client: Client) -> dict[str, float]:
    page = client.get("/metrics", headers={"Authorization": "Bearer secret"})
    assert page["Content-Type"].startswith("text/plain; version=0.0.4")
    samples = [line for line in page.content.decode().splitlines() if not line.startswith("#")]
    assert [line for line in samples if not LINE.fullmatch(line)] == []
    return {name: float(value) for name, _blank, value in (one.rpartition(" ") for one in samples)}


def test_it_tells_how_things_stand(client: Client, settings: Any, plant: Plant) -> None:
    settings.METRICS_TOKEN = "secret"
    settings.CELERY_BEAT_SCHEDULE = {"sweep": {"task": "staging.tasks.flag_stale", "schedule": 60}}
    now = timezone.now()
    Process.objects.seen(Kind.WORKER, "w", 1, ["clock", "notify"])
    TaskRun.objects.create(
        name="staging.tasks.flag_stale", last_success_at=now - timedelta(seconds=50), runs=7,
        failures=2, skips=1, seconds=3.5, last_seconds=0.25, last_outcome="FAILURE", waiting=1,
        sent_at=now - timedelta(seconds=90),
    )  # fmt: skip
    lot = plant.lot(10)
    plant.stage(plant.order((lot.material, 10), needed_at=now - timedelta(hours=1)), lot)
    clock.sweep(by=plant.operator, at=now)
    Subscription.objects.create(
        name="MES", url="https://example.com", owner=UserFactory(), created_at=now, position=0
    )
    found = read(client)
    assert found["forestage_beats"] == 0
    assert found['forestage_workers{queue="clock"}'] == 1
    assert found['forestage_workers{queue="integration"}'] == 0
    assert found['forestage_queue_messages{queue="notify"}'] == 2
    assert 90 <= found['forestage_queue_wait_seconds{queue="clock"}'] < 100
    assert 50 <= found['forestage_task_last_success_age_seconds{task="sweep"}'] < 60
    assert found['forestage_task_last_duration_seconds{task="sweep"}'] == 0.25
    assert found['forestage_task_duration_seconds_total{task="sweep"}'] == 3.5
    assert found['forestage_task_runs_total{task="sweep"}'] == 7
    assert found['forestage_task_failures_total{task="sweep"}'] == 2
    assert found['forestage_task_skips_total{task="sweep"}'] == 1
    assert found['forestage_task_late{task="sweep"}'] == 1
    assert found['forestage_open_alerts{reason="next_step_overdue"}'] == 1
    assert found['forestage_open_alerts{reason="dwell_critical"}'] == 0
    assert found["forestage_outbox_rows"] == OutboxRow.objects.count() > 0
    assert found["forestage_webhook_backlog_events"] == 0
    assert found['forestage_webhooks{state="enabled"}'] == 1
    assert found['forestage_problem{code="beat_dead",about=""}'] == 1
    assert found['forestage_problem{code="queue_waits",about="clock"}'] == 1


def test_it_costs_the_same_however_much_there_is(
    client: Client, settings: Any, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    settings.METRICS_TOKEN = "secret"
    with django_assert_max_num_queries(14):
        read(client)


def test_labels_are_escaped() -> None:
    assert metrics._escaped('a"b\\c\nd') == r"a\"b\\c\nd"
