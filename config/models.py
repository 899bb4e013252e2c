"""What the project itself keeps: when its clock last ran."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

PING = "config.tasks.ping"


class TaskRunQuerySet(models.QuerySet["TaskRun"]):
    """Notes made by the worker, one upsert each."""

    def note_start(self, name: str) -> None:
        """A run of this task begins now."""
        self.bulk_create(
            [TaskRun(name=name, last_started_at=timezone.now())],
            update_conflicts=True,
            unique_fields=["name"],
            update_fields=["last_started_at"],
        )

    def note_end(self, name: str, *, outcome: str) -> None:
        """A run of this task has ended, as Celery's state says."""
        self.filter(name=name).update(
            last_finished_at=timezone.now(), last_outcome=outcome, runs=F("runs") + 1
        )


class TaskRun(models.Model):
    """The last run of one scheduled task. Overwritten: a sign of life, not a record."""

    name = models.CharField(_("task"), max_length=200, unique=True)
    last_started_at = models.DateTimeField(_("last started at"), null=True, blank=True)
    last_finished_at = models.DateTimeField(_("last finished at"), null=True, blank=True)
    last_outcome = models.CharField(_("last outcome"), max_length=20, blank=True)
    runs = models.PositiveBigIntegerField(_("runs"), default=0)

    objects: ClassVar[models.Manager["TaskRun"]] = TaskRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("task run")
        verbose_name_plural = _("task runs")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @staticmethod
    def watched() -> set[str]:
        """The tasks worth a note: the scheduled ones, and the ping. Others would make a hot row."""
        return {PING, *(entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values())}
