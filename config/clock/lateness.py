"""What is wrong with the clock, in words: beat, workers, queues and the tasks of the schedule.

Beat and each worker give signs of life themselves, so that it can be told which of them is missing:
without beat nothing is sent, without a worker it is sent and waits.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.clock import beat
from config.clock.beat import Entry
from config.models import FAILURE, LOST, SILENT_AFTER, Kind, Process, TaskRun
from integration.models import NoticeMail
from inventory.background import QUEUES
from inventory.post import sending
from inventory.wording import moment_in_words
from staging.models import ReportMail

LATE_AFTER = timedelta(seconds=60)
"""How far past its time a scheduled task may be before it is called late."""

MAILS = (NoticeMail, ReportMail)
"""All kinds of e-mail that are sent to people."""

MAIL_FAILS_AFTER = timedelta(minutes=10)
"""For so long a mail server may be away before it is called a problem."""


class Trouble(NamedTuple):
    """One thing that is wrong. `code` is stable, `about` the queue or task, `detail` for people."""

    part: str
    code: str
    about: str
    detail: str


@dataclass(frozen=True, slots=True)
class State:
    """A line of the schedule, and how it stands."""

    entry: Entry
    run: TaskRun
    next_at: datetime
    now: datetime

    @property
    def is_late(self) -> bool:
        """Whether the schedule wanted a run that nobody has begun since."""
        if self.run.running_on and not self.run.waiting:
            return False
        return self.now - self.wanted_at > LATE_AFTER

    @property
    def wanted_at(self) -> datetime:
        """When the run that comes next should begin, or should have begun."""
        run = self.run
        is_out = run.waiting and run.sent_at and run.sent_at <= self.now + beat.AHEAD
        return run.sent_at if is_out and run.sent_at else self.next_at

    @property
    def has_failed(self) -> bool:
        return self.run.last_outcome in (FAILURE, LOST)


@dataclass(frozen=True, slots=True)
class Clock:
    """Everything that is known of the clock at one moment."""

    now: datetime
    since: datetime
    states: Sequence[State]
    processes: Sequence[Process]
    depths: dict[str, int] | None
    mail_fails_since: datetime | None = None
    mail_given_up: int = 0

    @classmethod
    def look(cls, depths: dict[str, int] | None) -> "Clock":
        """Read it: five statements."""
        now, since = timezone.now(), beat.set_up_at()
        runs = TaskRun.objects.in_bulk(field_name="name")
        states = [
            State(entry, run, entry.next_at(run, since), now)
            for entry in beat.entries()
            for run in [runs.get(entry.task) or TaskRun(name=entry.task)]
        ]
        processes = list(Process.objects.order_by("kind", "name"))
        return cls(now, since, states, processes, depths, *sending.standing(MAILS, now))

    def alive(self, kind: Kind) -> list[Process]:
        return [one for one in self.processes if one.kind == kind and one.is_alive(self.now)]

    @property
    def workers(self) -> dict[str, int]:
        """How many living workers take each queue."""
        alive = self.alive(Kind.WORKER)
        return {queue: sum(queue in one.queues for one in alive) for queue in QUEUES}

    @property
    def waiting_since(self) -> dict[str, datetime]:
        """Since when each queue has kept a task of the schedule waiting."""
        found: dict[str, datetime] = {}
        for state in self.states:
            if state.run.waiting and state.run.sent_at:
                queue = state.entry.queue
                found[queue] = min(found.get(queue, state.wanted_at), state.wanted_at)
        return found

    def troubles(self) -> list[Trouble]:
        """All that is wrong; what was set up just now is given time."""
        if self.now - self.since < SILENT_AFTER:
            return []
        return [*self._of_beat(), *self._of_queues(), *self._of_tasks(), *self._of_mail()]

    def _of_beat(self) -> Iterator[Trouble]:
        if not self.alive(Kind.BEAT):
            text = _("Beat is not running, so nothing is sent%(since)s. Start celery beat.")
            yield Trouble("beat", "beat_dead", "", text % {"since": self._since(Kind.BEAT)})

    def _of_queues(self) -> Iterator[Trouble]:
        if self.depths is None:
            yield Trouble("broker", "broker_unreachable", "", _("The broker does not answer."))
        for queue, workers in self.workers.items():
            if not workers:
                text = _(
                    "No worker takes the queue %(queue)s%(since)s. Start celery worker for it."
                )
                since = self._since(Kind.WORKER, queue)
                words = text % {"queue": queue, "since": since}
                yield Trouble("worker", "worker_dead", queue, words)
            elif (since_when := self.waiting_since.get(queue)) and self._is_long(since_when):
                text = _("The queue %(queue)s is not drained: a task waits since %(at)s; %(rest)s.")
                rest = self._rest(queue)
                words = text % {"queue": queue, "at": moment_in_words(since_when), "rest": rest}
                yield Trouble("queue", "queue_waits", queue, words)

    def _of_tasks(self) -> Iterator[Trouble]:
        for state in self.states:
            if state.is_late and not self._is_explained(state):
                text = _("%(task)s should have run at %(at)s.")
                at = moment_in_words(state.wanted_at)
                words = text % {"task": state.entry.name, "at": at}
                yield Trouble("task", "task_late", state.entry.name, words)
            if state.has_failed:
                words = _("The last run of %(task)s failed.") % {"task": state.entry.name}
                yield Trouble("task", "task_failed", state.entry.name, words)

    def _of_mail(self) -> Iterator[Trouble]:
        """What should have reached people, and has not."""
        if self.mail_fails_since and self.now - self.mail_fails_since > MAIL_FAILS_AFTER:
            at = moment_in_words(self.mail_fails_since)
            words = _("E-mail about alerts has not got through since %(at)s.") % {"at": at}
            yield Trouble("mail", "mail_fails", "", words)
        if self.mail_given_up:
            text = ngettext(
                "%(number)s e-mail about alerts was given up within a day.",
                "%(number)s e-mails about alerts were given up within a day.",
                self.mail_given_up,
            )
            yield Trouble("mail", "mail_given_up", "", text % {"number": self.mail_given_up})

    def _is_explained(self, state: State) -> bool:
        """What is wrong with beat or a queue is said once, and not for each of its tasks."""
        worked = self.workers[state.entry.queue]
        return bool(state.run.waiting) or not worked or not self.alive(Kind.BEAT)

    def _is_long(self, since: datetime) -> bool:
        return self.now - since > LATE_AFTER

    def _since(self, kind: Kind, queue: str = "") -> str:
        """In words, when one of them was last seen."""
        seen = [
            one.seen_at
            for one in self.processes
            if one.kind == kind and (not queue or queue in one.queues)
        ]
        return _(" since %(at)s") % {"at": moment_in_words(max(seen))} if seen else ""

    def _rest(self, queue: str) -> str:
        depth = (self.depths or {}).get(queue, 0)
        return ngettext("%(number)s message is in it", "%(number)s messages are in it", depth) % {
            "number": depth
        }

    def as_plain(self) -> dict[str, Any]:
        """For the health page."""
        return {
            "beats": len(self.alive(Kind.BEAT)),
            "workers": self.workers,
            "queues": self.depths,
            "tasks": {state.entry.name: _plain(state) for state in self.states},
            "problems": [trouble._asdict() for trouble in self.troubles()],
        }


def _plain(state: State) -> dict[str, Any]:
    """One scheduled task: when it ran, how that ended, and whether it should have run since."""
    run = state.run
    return {
        "task": state.entry.task,
        "queue": state.entry.queue,
        "last_started_at": run.last_started_at,
        "last_finished_at": run.last_finished_at,
        "last_outcome": run.last_outcome,
        "next_due_at": state.wanted_at,
        "late": state.is_late,
    }
