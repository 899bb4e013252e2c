"""The Celery application: `celery -A config.celery worker` and `celery -A config.celery beat`.

What all tasks have in common is in `config.clock.work`, when they run in the settings and
`config.clock.beat`.
"""

import os
import signal
from threading import Timer
from typing import Any

from celery import Celery
from celery.signals import worker_shutting_down
from kombu.transport import TRANSPORT_ALIASES

TRANSPORT_ALIASES["filesystem"] = "config.clock.filebroker:Transport"
TRANSPORT_ALIASES |= dict.fromkeys(("redis", "rediss"), "config.clock.redisbroker:Transport")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("forestage", task_cls="config.clock.work:Work")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

from config.clock import presence  # noqa: E402, F401 - connects to this application's signals


@worker_shutting_down.connect
def end_within_limits(how: str, **_: Any) -> None:
    """Asked to stop, a worker takes nothing new and lets its tasks end. What has not ended after
    so many seconds is broken off, and its messages are given back."""
    from django.conf import settings

    if how == "Warm":
        timer = Timer(settings.STOP_SECONDS, os.kill, (os.getpid(), signal.SIGQUIT))
        timer.daemon = True
        timer.start()
