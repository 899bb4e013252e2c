"""What the project itself keeps: when its clock last ran, and who is there to run it."""

from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, Sum, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

PING = "config.tasks.ping"

SUCCESS, FAILURE, RETRY, LOST = "SUCCESS", "FAILURE", "RETRY", "LOST"

HOURS_SHOWN = timedelta(hours=24)
HOURS_KEPT = timedelta(days=8)


class TaskRunQuerySet(models.QuerySet["TaskRun"]):
    """Notes made by beat and by workers."""

    def note_start(self, name: str, on: str = "") -> None:
        """A run of this task begins now. One that never came to its end is noted as lost."""
        now = timezone.now()
        row, _created = self.get_or_create(name=name)
        if row.running_on:
            self.note_end(name, outcome=LOST)
        self.filter(name=name).update(last_started_at=now, running_on=on or "?", waiting=0)

    def note_end(self, name: str, *, outcome: str, seconds: float | None = None) -> None:
        """A run of this task has ended, as Celery's state says."""
        now, failed = timezone.now(), int(outcome in (FAILURE, LOST))
        self.filter(name=name).update(
            last_finished_at=now,
            last_outcome=outcome,
            last_seconds=seconds,
            last_success_at=now if outcome == SUCCESS else F("last_success_at"),
            running_on="",
            runs=F("runs") + 1,
            failures=F("failures") + failed,
            seconds=F("seconds") + (seconds or 0),
        )
        TaskHour.objects.add(name, now, "failed" if failed else "ran")

    def note_skip(self, name: str) -> None:
        """A message of this task came while another was at it: nothing is done, or waits.
        The other may not have noted yet that it began."""
        self.get_or_create(name=name)
        self.filter(name=name).update(skips=F("skips") + 1, waiting=0)
        TaskHour.objects.add(name, timezone.now(), "skipped")

    def claim(self, run: "TaskRun", at: datetime) -> bool:
        """Take it on to send a message, unless another beat has meanwhile."""
        same = self.filter(name=run.name, sent_at=run.sent_at, waiting=run.waiting)
        return bool(same.update(sent_at=at, waiting=run.waiting + 1))

    def unclaim(self, run: "TaskRun", at: datetime) -> None:
        """It could not be sent."""
        self.filter(name=run.name, sent_at=at).update(sent_at=run.sent_at, waiting=run.waiting)


class TaskRun(models.Model):
    """The last run of one scheduled task. Overwritten: a sign of life, not a record.

    `sent_at` is when beat last put it into its queue, and `waiting` how often it has since a worker
    last took one up. `running_on` names the worker while it runs.
    """

    name = models.CharField(_("task"), max_length=200, unique=True)
    last_started_at = models.DateTimeField(_("last started at"), null=True, blank=True)
    last_finished_at = models.DateTimeField(_("last finished at"), null=True, blank=True)
    last_outcome = models.CharField(_("last outcome"), max_length=20, blank=True)
    last_success_at = models.DateTimeField(_("last success at"), null=True, blank=True)
    last_seconds = models.FloatField(_("seconds taken"), null=True, blank=True)
    running_on = models.CharField(_("running on"), max_length=200, blank=True)
    sent_at = models.DateTimeField(_("last sent at"), null=True, blank=True)
    waiting = models.PositiveIntegerField(_("messages not taken up"), default=0)
    runs = models.PositiveBigIntegerField(_("runs"), default=0)
    failures = models.PositiveBigIntegerField(_("failures"), default=0)
    skips = models.PositiveBigIntegerField(_("skipped"), default=0)
    seconds = models.FloatField(_("seconds in all"), default=0)

    objects: ClassVar[TaskRunQuerySet] = TaskRunQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("periodic task")
        verbose_name_plural = _("periodic tasks")
        ordering = ["name"]
        permissions = [("run_task", _("Can run a periodic task now"))]

    def __str__(self) -> str:
        return self.name

    @staticmethod
    def scheduled() -> set[str]:
        """The tasks of beat's schedule."""
        return {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}

    @staticmethod
    def watched() -> set[str]:
        """The tasks worth a note: the scheduled ones, and the ping. Others would make a hot row."""
        return {PING, *TaskRun.scheduled()}


class TaskHourQuerySet(models.QuerySet["TaskHour"]):
    def add(self, name: str, at: datetime, what: str) -> None:
        """Count one more in the hour of that moment."""
        hour = at.replace(minute=0, second=0, microsecond=0)
        row, _created = self.get_or_create(name=name, hour=hour)
        self.filter(pk=row.pk).update(**{what: F(what) + 1})

    def lately(self, now: datetime) -> dict[str, dict[str, int]]:
        """What each task did in the hours of the last day: `ran`, `failed`, `skipped`."""
        sums = {what: Sum(what) for what in ("ran", "failed", "skipped")}
        rows: Any = (
            self.filter(hour__gt=now - HOURS_SHOWN).values("name").order_by().annotate(**sums)
        )
        return {row["name"]: {what: row[what] for what in sums} for row in rows}

    def forget(self, now: datetime) -> int:
        """Take away what nobody looks at any more; how many rows."""
        return self.filter(hour__lt=now - HOURS_KEPT).delete()[0]


class TaskHour(models.Model):
    """How often a task ran, failed and was skipped in one hour."""

    name = models.CharField(max_length=200)
    hour = models.DateTimeField()
    ran = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)

    objects: ClassVar[TaskHourQuerySet] = TaskHourQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["name", "hour"], name="one_row_for_a_task_and_hour")
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.hour:%Y-%m-%d %H}"


class Kind(models.TextChoices):
    BEAT = "beat", _("Beat")
    WORKER = "worker", _("Worker")


class ProcessQuerySet(models.QuerySet["Process"]):
    def seen(self, kind: str, name: str, pid: int, queues: list[str]) -> None:
        """A sign of life."""
        now = timezone.now()
        row = Process(kind=kind, name=name, pid=pid, queues=queues, started_at=now, seen_at=now)
        self.bulk_create(
            [row],
            update_conflicts=True,
            unique_fields=["kind", "name", "pid"],
            update_fields=["seen_at", "queues"],
        )

    def alive(self, now: datetime) -> Self:
        """Those who gave a sign of life of late. One from the future is not believed."""
        return self.filter(seen_at__range=(now - SILENT_AFTER, now + SILENT_AFTER))

    def with_life(self, now: datetime) -> Self:
        lives = Q(seen_at__range=(now - SILENT_AFTER, now + SILENT_AFTER))
        return self.annotate(lives=Case(When(lives, then=Value(True)), default=Value(False)))

    def forget(self, now: datetime) -> int:
        """Take away those who have been silent for a day; how many."""
        return self.filter(seen_at__lt=now - HOURS_SHOWN).delete()[0]


BEATS_SECONDS = 10
"""How often a process gives a sign of life."""

SILENT_AFTER = timedelta(seconds=45)
"""After so long without one it counts as dead."""


class Process(models.Model):
    """A beat or a worker, and when it was last seen. One that ends in order takes its row away."""

    kind = models.CharField(max_length=6, choices=Kind)
    name = models.CharField(max_length=200)
    pid = models.PositiveBigIntegerField()
    queues: models.JSONField[Any, Any] = models.JSONField(default=list)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    objects: ClassVar[ProcessQuerySet] = ProcessQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["kind", "name", "pid"], name="one_row_for_a_process")
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.pid})"

    def is_alive(self, now: datetime) -> bool:
        return abs(now - self.seen_at) <= SILENT_AFTER
