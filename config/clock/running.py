"""Having a periodic task run at once."""

from datetime import datetime

from django.db import transaction

from config.clock import beat
from config.models import TaskRun
from inventory import audit
from inventory.audit import Actor


class NotSentError(Exception):
    """The broker did not take the message."""


@transaction.atomic
def run_now(*, task: TaskRun, by: Actor, at: datetime) -> None:
    """Put a message into the task's queue, whether it is due or not, and keep who did. If the
    broker does not take it, NotSentError is raised and nothing is kept."""
    [entry] = [entry for entry in beat.entries() if entry.task == task.name]
    facts = {"task": entry.name, "queue": entry.queue}
    audit.record("clock.run_now", stamp=audit.stamp(by, at), subject=task, facts=facts)
    try:
        beat.send(entry, beat.VALID)
    except Exception as trouble:  # every transport raises its own
        raise NotSentError from trouble
