"""Wait until something has come about, however slow the machine is."""

import time
from collections.abc import Callable
from typing import Any

from django.db import connection

PATIENCE = 60
"""Seconds after which it never will."""

WAITING = """
    SELECT EXISTS (SELECT 1 FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock')
"""


def until(condition: Callable[[], Any], what: str = "it") -> Any:
    """Wait for a condition; what it gave."""
    deadline = time.monotonic() + PATIENCE
    while not (result := condition()):
        assert time.monotonic() < deadline, f"{what} did not come about"
        time.sleep(0.02)
    return result


def somebody_waits() -> bool:
    """Whether a session waits for another's lock: in this database, for other test processes have
    theirs on the same cluster."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # else a transaction sees its first look
        cursor.execute(WAITING)
        return bool(cursor.fetchone()[0])
