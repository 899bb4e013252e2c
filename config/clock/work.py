"""The class of all tasks: what is the same for each stands here, once.

What fails because the database or the broker is away is tried again, later and later, and not by
all at the same moment. A task of the schedule runs once at a time: a message that comes while
another worker is at it, a second copy or that of a second beat, is noted and let go.
"""

import logging
import time
from contextlib import suppress
from typing import Any

from celery import Task
from celery.exceptions import Ignore
from celery.utils.time import get_exponential_backoff_interval
from django.db import DatabaseError, InterfaceError, OperationalError
from kombu.exceptions import OperationalError as BrokerGone
from redis.exceptions import ConnectionError as RedisGone
from redis.exceptions import TimeoutError as RedisSlow

logger = logging.getLogger(__name__)

PASSING = (OperationalError, InterfaceError, BrokerGone, RedisGone, RedisSlow)
"""What is likely to be over in a moment. A refusal is not: it is never tried again."""

FIRST_SECONDS, MOST_SECONDS, TIMES = 2, 60, 6


class Work(Task[..., Any]):
    """A task of this product."""

    abstract = True
    max_retries = TIMES

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.request.called_directly:
            return super().__call__(*args, **kwargs)
        try:
            return self._noted(*args, **kwargs)
        except PASSING as trouble:
            raise self.retry(exc=trouble, countdown=pause(self.request.retries)) from trouble

    def _noted(self, *args: Any, **kwargs: Any) -> Any:
        from config.models import TaskRun  # Django may not be set up when this module is imported

        name = str(self.name)
        if name not in TaskRun.watched():
            return self.run(*args, **kwargs)
        if name not in TaskRun.scheduled():
            return self._run(*args, **kwargs)
        from config.clock.alone import alone

        with alone(name) as mine:
            if mine:
                return self._run(*args, **kwargs)
        TaskRun.objects.note_skip(name)
        logger.info("%s is being run already: skipped", name)
        raise Ignore

    def _run(self, *args: Any, **kwargs: Any) -> Any:
        """Run it, with a note of when it starts and of how it ends."""
        from config.models import FAILURE, RETRY, SUCCESS, TaskRun

        name, began, outcome = str(self.name), time.monotonic(), FAILURE
        TaskRun.objects.note_start(name, on=str(self.request.hostname or ""))
        try:
            result = self.run(*args, **kwargs)
            outcome = SUCCESS
        except PASSING:
            outcome = FAILURE if self.request.retries >= TIMES else RETRY
            raise
        finally:
            # Where the database is away, the next run finds that this one did not end.
            with suppress(DatabaseError, InterfaceError):
                seconds = time.monotonic() - began
                TaskRun.objects.note_end(name, outcome=outcome, seconds=seconds)
        return result


def pause(times: int) -> int:
    """Seconds until it is tried again, with a part left to chance."""
    return int(
        get_exponential_backoff_interval(FIRST_SECONDS, times, MOST_SECONDS, full_jitter=True)
    )
