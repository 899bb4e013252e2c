"""Beats and workers give signs of life, each in a row of its own.

A worker does so from a thread, over a connection of its own: its processes must not inherit one,
and a database that is away must not stop the worker. Beat does so as it ticks: one that hangs is
silent.
"""

import logging
import os
import threading
from collections.abc import Callable
from typing import Any

from celery.signals import worker_ready, worker_shutdown
from django.db import DEFAULT_DB_ALIAS, connections

logger = logging.getLogger(__name__)


class Presence(threading.Thread):
    """Writes that a worker lives, until it is told to stop."""

    def __init__(self, name: str, queues: list[str]) -> None:
        super().__init__(name="presence", daemon=True)
        self.who, self.queues = name, queues
        self.ended = threading.Event()

    def run(self) -> None:
        from config.clock.alone import beside
        from config.models import BEATS_SECONDS, Kind, Process

        connections[DEFAULT_DB_ALIAS] = beside()  # this thread's
        who = (Kind.WORKER, self.who, os.getpid())
        while True:
            _without_failing(lambda: Process.objects.seen(*who, self.queues))
            if self.ended.wait(BEATS_SECONDS):
                break
        _without_failing(lambda: gone(*who))

    def stop(self) -> None:
        self.ended.set()
        self.join(5)


def gone(kind: str, name: str, pid: int) -> None:
    """It has ended in order."""
    from config.models import Process

    Process.objects.filter(kind=kind, name=name, pid=pid).delete()


def _without_failing(write: Callable[[], object]) -> None:
    try:
        write()
    except Exception as trouble:  # whatever it is, the next sign of life may succeed
        logger.warning("No sign of life could be given: %s", trouble)
    finally:
        connections[DEFAULT_DB_ALIAS].close()


@worker_ready.connect
def appear(sender: Any, **_: Any) -> None:
    """The worker takes messages now."""
    queues = sorted(queue.name for queue in sender.task_consumer.queues)
    sender.controller.presence = Presence(sender.hostname, queues)
    sender.controller.presence.start()


@worker_shutdown.connect
def leave(sender: Any, **_: Any) -> None:
    """The worker has ended in order."""
    if presence := getattr(sender, "presence", None):
        presence.stop()
