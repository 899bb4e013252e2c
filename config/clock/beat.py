"""The clock's beat: it sends each task of the schedule when its time has come.

Celery's own keeps what it has sent in a file, and takes sending for running. This one reads and
writes `TaskRun`, so a run whose time passed while there was no beat, no broker or no worker is made
up for when they are back, once; several beats agree; and there is never more than one message of a
task that has yet to be taken up, however long nobody takes it.
"""

import logging
import os
import socket
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, cast

from celery import beat
from celery.schedules import BaseSchedule, maybe_schedule
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Min
from django.utils import timezone
from django.utils.module_loading import autodiscover_modules

from config.celery import app
from config.clock import queues
from config.clock.alone import alone
from config.clock.presence import gone
from config.models import BEATS_SECONDS, Kind, Process, TaskRun
from inventory.background import CLOCK, QUEUES

logger = logging.getLogger(__name__)

LONGEST_PAUSE = 5.0
SHORTEST_PAUSE = 0.1

VALID, VALID_LONGEST = timedelta(minutes=5), timedelta(hours=1)
"""How long the first message of a run is good for, and the last."""

LOST_AFTER = timedelta(seconds=15)
"""A message that is not in its queue any more, and nobody took up, was lost with its broker."""

RARE = timedelta(minutes=2)

AHEAD = timedelta(seconds=5)
"""A note from further in the future was written by a clock that was wrong."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the schedule."""

    name: str
    task: str
    schedule: BaseSchedule

    @property
    def queue(self) -> str:
        """Where the task says that it belongs."""
        return str(getattr(app.tasks.get(self.task), "on_queue", CLOCK))

    @property
    def every(self) -> timedelta:
        """How far apart its runs are; of those at a time of day, nothing is said."""
        found: Any = self.schedule
        every: timedelta = getattr(found, "run_every", timedelta(0))
        return every

    @property
    def is_rare(self) -> bool:
        """Whether a run that was lost would be missed: not where the next one is a minute away."""
        return not self.every or self.every > RARE

    def next_at(self, run: TaskRun, since: datetime) -> datetime:
        """When it falls due: by the last message, else the last run, else since the set-up."""
        last = run.sent_at or run.last_started_at or since
        if last > timezone.now() + AHEAD:
            return timezone.now()
        left = self.schedule.remaining_estimate(last)
        return timezone.now() + left


@cache
def know_tasks() -> None:
    """Only a task itself knows its queue. Workers and beat have read them all; a web process
    has not."""
    autodiscover_modules("tasks")


def entries() -> Iterator[Entry]:
    """The schedule, from the settings."""
    know_tasks()
    for name, told in settings.CELERY_BEAT_SCHEDULE.items():
        schedule = cast("BaseSchedule", maybe_schedule(told["schedule"], app=app))
        yield Entry(name, told["task"], schedule)


def set_up_at() -> datetime:
    """When this database got its tables: the night of a nightly task may still have to come."""
    applied = MigrationRecorder.Migration.objects.aggregate(first=Min("applied"))
    return cast("datetime", applied["first"])


def valid_for(entry: Entry, times: int) -> timedelta:
    """How long a message is good for, when so many before it were not taken up: until the next is
    sent. A worker that was away for a day finds some thirty of each task, of which one is good."""
    first = max(VALID, entry.every * 2)
    doubled: timedelta = first * 2 ** min(times, 8)
    return min(doubled, max(VALID_LONGEST, first))


class Scheduler(beat.Scheduler):
    """What `celery beat` runs."""

    def setup_schedule(self) -> None:
        """Nothing: the schedule is read anew at each tick."""
        self._seen: float | None = None

    def tick(self, *_: Any, **__: Any) -> float:
        """Send what is due; seconds until the next look. It survives whatever is away."""
        try:
            self._show()
            return self.send_due()
        except (DatabaseError, InterfaceError) as trouble:
            logger.warning("The database does not answer: %s", trouble)
            return LONGEST_PAUSE
        finally:
            if not connection.in_atomic_block:
                connection.close()

    def send_due(self) -> float:
        """Send each task whose time has come, unless another beat does."""
        since, runs = set_up_at(), _runs()
        depths = _Depths()
        pause = LONGEST_PAUSE
        for entry in entries():
            run, now = runs[entry.task], timezone.now()
            if is_wanted(entry, run, now, since, depths):
                if not self._send(entry, run, now):
                    return LONGEST_PAUSE  # the broker is away: the others would wait for it too
                run.sent_at, run.waiting = now, run.waiting + 1
            if not run.waiting:
                left = (entry.next_at(run, since) - timezone.now()).total_seconds()
                pause = min(pause, max(left, SHORTEST_PAUSE))
            elif entry.every:
                pause = min(pause, max(entry.every.total_seconds(), SHORTEST_PAUSE))
        return pause

    def _send(self, entry: Entry, run: TaskRun, now: datetime) -> bool:
        """False if the broker did not take it."""
        if not TaskRun.objects.claim(run, now):
            return True
        logger.info("Sending %s", entry.name)
        try:
            send(entry, valid_for(entry, run.waiting))
        except Exception as trouble:  # every transport raises its own
            logger.warning("%s could not be sent: %s", entry.name, trouble)
            TaskRun.objects.unclaim(run, now)
            return False
        return True

    def _show(self) -> None:
        """Give a sign of life."""
        if self._seen is None or time.monotonic() - self._seen >= BEATS_SECONDS:
            Process.objects.seen(*_who(), [])
            self._seen = time.monotonic()

    def close(self) -> None:
        """Beat ends in order."""
        try:
            gone(*_who())
        except (DatabaseError, InterfaceError):
            logger.warning("The end of beat could not be noted")


def is_wanted(
    entry: Entry, run: TaskRun, now: datetime, since: datetime, depths: Mapping[str, int]
) -> bool:
    """Whether a message is to be sent now."""
    if not run.waiting:
        return entry.next_at(run, since) <= now or (entry.is_rare and has_died(run))
    if run.sent_at is None or run.sent_at > now + AHEAD:
        return True
    age = now - run.sent_at
    if age >= valid_for(entry, run.waiting - 1):
        return True
    return age >= LOST_AFTER and depths.get(entry.queue) == 0


def has_died(run: TaskRun) -> bool:
    """Whether it was begun, and whoever was at it is gone without having come to an end."""
    if not run.running_on:
        return False
    with alone(run.name) as free:
        return free and TaskRun.objects.filter(name=run.name).exclude(running_on="").exists()


def send(entry: Entry, valid: timedelta) -> None:
    """Put a message into the task's queue, over a connection that does not wait for ever."""
    options = dict(app.conf.broker_transport_options or {})
    if "data_folder_out" not in options:
        options |= {"socket_connect_timeout": 2, "socket_timeout": 2}
    with app.connection_for_write(transport_options=options) as link:
        task: Any = app.tasks[entry.task]
        task.apply_async(expires=valid.total_seconds(), connection=link, retry=False)


class _Depths(dict[str, int]):
    """How much waits in each queue, asked of the broker once and only if need be."""

    def get(self, queue: str, default: Any = None) -> Any:
        if not self:
            self.update(queues.depths() or dict.fromkeys(QUEUES, -1))
        return super().get(queue, default)


def _runs() -> dict[str, TaskRun]:
    """The row of each task of the schedule, made where there is none."""
    wanted = TaskRun.scheduled()
    runs = TaskRun.objects.in_bulk(wanted, field_name="name")
    if missing := wanted - set(runs):
        rows = [TaskRun(name=name) for name in sorted(missing)]
        TaskRun.objects.bulk_create(rows, ignore_conflicts=True)
        runs = TaskRun.objects.in_bulk(wanted, field_name="name")
    return runs


def _who() -> tuple[str, str, int]:
    return Kind.BEAT, f"beat@{socket.gethostname()}", os.getpid()
