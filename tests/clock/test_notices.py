"""Notifications by a real worker, on a real Redis and a mail server of our own."""

from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from config.bootstrap.servers import Server
from config.models import TaskRun
from integration.models import Notice, NoticeMail
from integration.notices.tasks import send_notices, tell_people
from inventory.models import MailState
from staging.models import Alert, AlertLevel
from tests.clock.conftest import worker_of
from tests.clock.test_worker import send
from tests.notices.conftest import person
from tests.notices.mailbox import listening
from tests.plant import Plant
from tests.waiting import until

pytestmark = [pytest.mark.postgres, pytest.mark.redis]

TELLING, SENDING = (f"integration.notices.tasks.{name}" for name in ("tell_people", "send_notices"))


def runs(name: str) -> int:
    """Runs and copies that were let go."""
    found = TaskRun.objects.filter(name=name).first() or TaskRun(name=name)
    return found.runs + found.skips


def test_told_once_and_sent_again_by_the_worker_after_the_one_that_was_killed(
    transactional_db: None, redis: Server, broker: Any, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """The server had taken it, and nobody marked that: it comes again, under the same number."""
    plant, supervisor = Plant(), person("supervisor")
    with listening() as mailbox:
        monkeypatch.setenv("EMAIL_URL", f"smtp://127.0.0.1:{mailbox.port}")
        Alert.objects.create(
            reason="dwell_critical", level=AlertLevel.SUPERVISOR, site=plant.site,
            location=plant.l1, lot=plant.lot(1), raised_at=timezone.now(),
        )  # fmt: skip
        with worker_of(redis, tmp_path, "notify") as worker:
            for _ in range(2):
                send(tell_people, task_id="the-same")
            until(lambda: runs(TELLING) == 2, "both messages")
            assert Notice.objects.filter(user=supervisor).count() == 1
            assert NoticeMail.objects.count() == 1
            mailbox.before_answer = worker.kill
            send(send_notices)
            until(lambda: mailbox.taken, "the e-mail")
            until(lambda: worker.process and worker.process.poll(), "the end of the worker")
        mailbox.before_answer = lambda: None
        assert NoticeMail.objects.get().state == MailState.WAITING
        NoticeMail.objects.update(leased_until=timezone.now())  # time passes
        with worker_of(redis, tmp_path, "notify"):
            send(send_notices)
            until(lambda: NoticeMail.objects.get().state == MailState.SENT, "the second attempt")
    assert len(mailbox.taken) == 2
    assert len({mail["Message-ID"] for mail in mailbox.taken}) == 1
