"""The Celery application: `celery -A config.celery worker` and `celery -A config.celery beat`.

Each run of a scheduled task is noted in the database, where the health page reads it: a clock that
stopped is noticed, not assumed to tick.
"""

import os
from typing import Any

from celery import Celery, Task
from celery.signals import task_postrun, task_prerun
from kombu.transport import TRANSPORT_ALIASES

TRANSPORT_ALIASES["filesystem"] = "config.filebroker:Transport"
TRANSPORT_ALIASES |= dict.fromkeys(("redis", "rediss"), "config.redisbroker:Transport")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("forestage")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(["integration.epcis.capture"])


@task_prerun.connect
def note_start(task: Task[..., Any], **_: Any) -> None:
    """Note that a watched task starts."""
    from config.models import TaskRun  # Django may not be set up when this module is imported

    if task.name in TaskRun.watched():
        TaskRun.objects.note_start(task.name)


@task_postrun.connect
def note_end(task: Task[..., Any], state: str | None, **_: Any) -> None:
    """Note how a watched task ended."""
    from config.models import TaskRun

    if task.name in TaskRun.watched():
        TaskRun.objects.note_end(task.name, outcome=state or "UNKNOWN")
