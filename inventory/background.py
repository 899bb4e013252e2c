"""How the apps declare their tasks: the queue and the limits stand at the task itself.

`config.clock.work` is the class of all tasks and does what is said here; `config.clock.beat` says
when.
"""

from collections.abc import Callable
from typing import Any, ParamSpec, Protocol, TypeVar

from celery import Task, shared_task

CLOCK, NOTIFY, INTEGRATION = "clock", "notify", "integration"
"""Sweeps and what keeps the books; what leaves the house and may have to wait for others; the feed
and what others have sent."""

QUEUES = (CLOCK, NOTIFY, INTEGRATION)

LONGEST_SECONDS = 1800
"""No task runs longer. A message whose worker was killed comes again after this."""

MINUTE = 60


P = ParamSpec("P")
R = TypeVar("R")


class Declares(Protocol):
    """Makes a function a task. After so many `seconds` it is ended."""

    def __call__(
        self, *, seconds: int = ..., **options: Any
    ) -> Callable[[Callable[P, R]], Task[P, R]]: ...


def _task(queue: str) -> Declares:
    """What declares the tasks of a queue."""
    make: Any = shared_task  # which takes more than its stubs know: `on_queue` is ours

    def declare(
        *, seconds: int = 4 * MINUTE, **options: Any
    ) -> Callable[[Callable[P, R]], Task[P, R]]:
        # First the task is told, so that it can give up in order; half a minute later it is killed.
        limits = {"soft_time_limit": seconds, "time_limit": seconds + MINUTE // 2}
        made: Callable[[Callable[P, R]], Task[P, R]] = make(
            on_queue=queue, acks_late=True, **limits, **options
        )
        return made

    return declare


def route(name: str, *_: Any, task: Any = None, **__: Any) -> dict[str, str]:
    """Where Celery puts a message: into the queue that its task declares."""
    return {"queue": getattr(task, "on_queue", CLOCK)}


clock_task = _task(CLOCK)
notify_task = _task(NOTIFY)
integration_task = _task(INTEGRATION)
