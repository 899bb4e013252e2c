"""Events that partners sent, and the jobs that took them in."""

from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7


class ErrorBehaviour(models.TextChoices):
    """What happens to the other events when one cannot be captured."""

    ROLLBACK = "rollback", _("None is captured")
    PROCEED = "proceed", _("The others are captured")


LEASE = timedelta(minutes=10)
"""After so long without an end, a job counts as given up by whoever ran it. No task and no request
lasts as long."""


class CaptureJobQuerySet(models.QuerySet["CaptureJob"]):
    def waiting(self, at: datetime) -> Self:
        """Not finished, and nobody at it."""
        return self.filter(
            Q(claimed_at=None) | Q(claimed_at__lt=at - LEASE), finished_at=None
        ).order_by("pk")


class CaptureJob(models.Model):
    """A document with events: what was sent, by whom, and what became of it.

    `digest` is the SHA-256 of the document as it was sent. The document itself is kept until the
    job is finished, then each captured event is.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("who")
    )
    behaviour = models.CharField(
        _("on error"), max_length=8, choices=ErrorBehaviour, default=ErrorBehaviour.ROLLBACK
    )
    digest = models.CharField(_("SHA-256"), max_length=64)
    document = models.TextField(_("document"), blank=True)
    events = models.PositiveIntegerField(_("events"))
    captured = models.PositiveIntegerField(_("captured"), default=0)
    repeated = models.PositiveIntegerField(_("captured before"), default=0)
    errors = models.JSONField(_("errors"), default=list)
    created_at = models.DateTimeField(_("received at"))
    claimed_at = models.DateTimeField(_("begun at"), null=True)
    finished_at = models.DateTimeField(_("finished at"), null=True)

    objects = CaptureJobQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        verbose_name = _("EPCIS capture job")
        verbose_name_plural = _("EPCIS capture jobs")
        default_permissions = ("view",)
        permissions = [("capture_epcis", _("Capture EPCIS events"))]
        constraints = [
            models.CheckConstraint(
                condition=Q(captured__lte=F("events")), name="captured_of_the_events"
            ),
        ]
        indexes = [
            models.Index(fields=["user", "digest"], name="capture_by_digest"),
            models.Index(fields=["id"], name="capture_waiting", condition=Q(finished_at=None)),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def is_running(self) -> bool:
        return self.finished_at is None

    @property
    def has_succeeded(self) -> bool:
        """So far, while it is running."""
        return not self.errors


class CapturedEvent(models.Model):
    """An event of a partner that had its effect here: it is never captured a second time.

    `key` is the digest of its ID (and whether it declares that event wrong), `content` that of what
    it says, `event` what it said. `batch` is that of the movements it led to.
    """

    key = models.CharField(max_length=64, unique=True)
    event_id = models.TextField(_("event ID"))
    content = models.CharField(max_length=64)
    event = models.JSONField(_("event"), default=dict)
    verb = models.CharField(_("carried out as"), max_length=60)
    batch = models.UUIDField(_("batch"), null=True)
    job = models.ForeignKey(
        CaptureJob, models.PROTECT, related_name="taken", verbose_name=_("capture job")
    )
    captured_at = models.DateTimeField(_("captured at"))

    class Meta:
        ordering = ("pk",)
        verbose_name = _("captured event")
        verbose_name_plural = _("captured events")
        default_permissions = ("view",)
        indexes = [models.Index(fields=["batch"], name="captured_by_batch")]

    def __str__(self) -> str:
        return self.event_id
