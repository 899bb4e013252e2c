"""Real workers on a real Redis, and what happens to both: nothing missed, nothing doubled."""

import os
import signal
import time
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from config.bootstrap.servers import Server
from config.clock import beat
from config.clock.alone import alone
from config.models import Process, TaskHour, TaskRun
from integration.webhooks import actions
from integration.webhooks.tasks import deliver
from inventory.audit import Actor
from inventory.models import Surface
from staging.models import Alert
from staging.tasks import flag_stale
from tests.clock.conftest import held, worker_of
from tests.factories import UserFactory
from tests.plant import Plant
from tests.waiting import somebody_waits, until
from tests.webhooks.receiver import listening

pytestmark = [pytest.mark.postgres, pytest.mark.redis]

SWEEP = "staging.tasks.flag_stale"
SYSTEM = "SELECT 1 FROM auth_user WHERE username = 'system' FOR UPDATE"


@pytest.fixture
def overdue(worker: Server) -> Plant:
    """Something that a sweep has to raise an alert for."""
    plant = Plant()
    lot = plant.lot(10)
    ago = timezone.now() - timedelta(hours=1)
    plant.stage(plant.order((lot.material, 10), needed_at=ago), lot)
    return plant


def send(task: Any = flag_stale, *args: Any, **options: Any) -> None:
    from config.celery import app

    with app.connection_for_write() as link:
        task.apply_async(args, connection=link, **options)


def run() -> TaskRun:
    return TaskRun.objects.filter(name=SWEEP).first() or TaskRun(name=SWEEP)


def is_done(runs: int) -> bool:
    found = run()
    return found.runs >= runs and not found.running_on


def skipped() -> int:
    return TaskHour.objects.lately(timezone.now())[SWEEP]["skipped"]


@pytest.fixture
def scheduler(settings: Any, monkeypatch: pytest.MonkeyPatch) -> beat.Scheduler:
    from config.celery import app

    settings.CELERY_BEAT_SCHEDULE = {"sweep": {"task": SWEEP, "schedule": 60}}
    long_ago = timezone.now() - timedelta(days=1)
    monkeypatch.setattr(beat, "set_up_at", lambda: long_ago)
    return beat.Scheduler(app)


def test_what_beat_sends_is_run_and_answered(
    overdue: Plant, broker: Any, scheduler: beat.Scheduler
) -> None:
    scheduler.tick()
    until(lambda: is_done(1), "the sweep")
    assert (run().waiting, run().last_outcome) == (0, "SUCCESS")
    assert Alert.objects.count() == 1
    scheduler.tick()
    until(lambda: not broker.hlen("unacked"), "the acknowledgement")
    assert (broker.llen("clock"), run().runs) == (0, 1)


def test_a_message_that_comes_twice_raises_once(overdue: Plant, broker: Any) -> None:
    """At the same moment: the second is noted and let go. Later: it finds nothing to do."""
    with held(SYSTEM):
        send(task_id="the-same")
        until(somebody_waits, "a sweep in its transaction")
        send(task_id="the-same")
        until(lambda: run().skips, "the second")
    until(lambda: is_done(1), "the sweep")
    send(task_id="the-same")
    until(lambda: is_done(2), "the third")
    assert (Alert.objects.count(), run().skips, skipped()) == (1, 1, 1)


def test_a_killed_process_gives_its_message_back(overdue: Plant, worker: Server) -> None:
    with held(SYSTEM):
        send()
        until(somebody_waits, "a sweep in its transaction")
        for pid in worker.children:
            os.kill(pid, signal.SIGKILL)
        until(lambda: run().failures, "the note of the run that was lost")
        until(somebody_waits, "the second attempt")
    until(lambda: is_done(2), "the sweep")
    assert Alert.objects.count() == 1


def test_a_killed_worker_leaves_no_lock_and_its_message_comes_again(
    overdue: Plant, worker: Server, broker: Any
) -> None:
    with held(SYSTEM):
        send()
        until(somebody_waits, "a sweep in its transaction")
        worker.kill()
    assert until(lambda: _is_free(), "the end of the session")
    assert broker.hlen("unacked") == 1
    broker.zadd("unacked_index", dict.fromkeys(broker.hkeys("unacked"), 0))  # time passes
    worker.start()
    until(lambda: is_done(2), "the sweep")
    assert (Alert.objects.count(), run().failures) == (1, 1)
    until(lambda: not broker.hlen("unacked"), "the acknowledgement")


def _is_free() -> bool:
    with alone(SWEEP) as free:
        return free


def test_redis_comes_back_with_its_data(overdue: Plant, redis: Server, broker: Any) -> None:
    """What it had is run when it is there again, and the worker finds it by itself."""
    with held(SYSTEM):
        send()
        until(somebody_waits, "a sweep in its transaction")
        send(countdown=0)
        redis.stop()
        redis.start()
    until(lambda: is_done(1), "the sweep that was under way")
    send()
    until(lambda: is_done(2), "a sweep over the new connection")
    assert Alert.objects.count() == 1


def test_redis_comes_back_without_its_data(
    overdue: Plant, redis: Server, worker: Server, broker: Any, scheduler: beat.Scheduler,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Beat sees that its message is gone and was not taken up, and sends it again."""
    monkeypatch.setattr(beat, "LOST_AFTER", timedelta(0))
    os.kill(worker.pid, signal.SIGSTOP)
    try:
        scheduler.tick()
        assert run().waiting == 1
        broker.flushall()
    finally:
        os.kill(worker.pid, signal.SIGCONT)
    scheduler.tick()
    until(lambda: is_done(1), "the sweep")
    assert (Alert.objects.count(), run().waiting) == (1, 0)


def test_a_slow_receiver_does_not_hold_up_the_sweep(
    overdue: Plant, redis: Server, broker: Any, tmp_path: Path, settings: Any
) -> None:
    """Each has its worker: while one waits for an answer, the other sweeps."""
    by = Actor(UserFactory(role="integrator"), Surface.API)
    sender = worker_of(redis, tmp_path, "notify,integration", "--pool=solo")
    settings.WEBHOOK_NETWORKS = [ip_network("127.0.0.0/8")]
    with listening() as receiver, sender:
        queues = Process.objects.values_list("queues", flat=True)
        assert ["integration", "notify"] in list(queues)
        answered: list[int] = []

        def slow(handler: Any) -> None:
            until(lambda: run().runs, "the sweep meanwhile")
            answered.append(run().runs)
            handler.answer(204)

        receiver.next = [slow]
        row, _secret = actions.subscribe(
            name="MES", url=receiver.url, types=[], sites=[], contact="", by=by,
            at=timezone.now(),
        )  # fmt: skip
        actions.send_test(subscription=row, by=by, at=timezone.now())
        send(deliver, row.pk)
        until(lambda: receiver.attempts, "the request to the receiver")
        assert not answered
        send()
        until(lambda: answered, "the receiver's answer, after the sweep")
    assert Alert.objects.count() == 1
    assert not Process.objects.filter(name__startswith="notify").exists()


def test_asked_to_stop_it_gives_back_what_does_not_end_in_time(
    overdue: Plant, worker: Server, broker: Any
) -> None:
    """The last test of this file: the worker stays stopped."""
    assert worker.process
    with held(SYSTEM):
        send()
        until(somebody_waits, "a sweep in its transaction")
        began = time.monotonic()
        worker.process.terminate()
        worker.process.wait(30)
        assert time.monotonic() - began < 15
        assert broker.llen("clock") == 1
    assert not Process.objects.exists()
    assert not Alert.objects.exists()
