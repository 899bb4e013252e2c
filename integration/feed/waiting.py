"""Waiting for something to happen, by few requests at a time.

Who waits holds a thread of the web server. On each host only so many may, whichever of its
processes serves them, so that everybody else finds a thread: a turn is the lock of a file, which
the operating system takes back from a process that dies. Who gets none is answered at once.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from django.conf import settings
from django.db import connection

LONGEST = 20
"""Seconds; gunicorn stops a worker that says nothing for 30."""

LOOK_EVERY = 0.5
"""Seconds between two looks, of two statements each."""

T = TypeVar("T")


@contextmanager
def turn() -> Iterator[bool]:
    """Whether there was a turn to wait; if so, it is given back at the end."""
    folder = Path(settings.VAR_DIR) / "waiting"
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(settings.FEED_WAITERS):
        file = os.open(folder / str(number), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            continue
        try:
            yield True
        finally:
            os.close(file)  # and the lock with it
        return
    yield False


def until(look: Callable[[], T | None], *, seconds: float) -> T | None:
    """What a look finds, looking again and again; None if there was nothing in that time.

    The database connection goes back to its pool between looks.
    """
    end = time.monotonic() + seconds
    while (found := look()) is None and (left := end - time.monotonic()) > 0:
        if not connection.in_atomic_block:
            connection.close()
        time.sleep(min(LOOK_EVERY, left))
    return found
