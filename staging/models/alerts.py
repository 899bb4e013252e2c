"""Alerts: flags that the clock raised."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inventory.models import Container, Location, Lot
from staging.models.commitments import Commitment


class AlertReason(models.TextChoices):
    DWELL_WARNING = "dwell_warning", _("Staged for long")
    DWELL_CRITICAL = "dwell_critical", _("Staged for too long")
    NEXT_STEP_OVERDUE = "next_step_overdue", _("Next step overdue")
    NOT_USABLE = "not_usable", _("No longer usable")
    WITHOUT_DEMAND = "without_demand", _("In a lane without a demand")
    RESERVATION_LOST = "reservation_lost", _("Reservation lost to a hold")
    DEMAND_RETIMED = "demand_retimed", _("Needed at another time now")
    DEMAND_REROUTED = "demand_rerouted", _("Goes another way now")


class AlertQuerySet(models.QuerySet["Alert"]):
    def open(self) -> Self:
        return self.filter(closed_at=None)

    def of(self, reason: AlertReason) -> Self:
        return self.filter(reason=reason)


class Alert(models.Model):
    """Something staged needs a person, or a demand something else than was reserved for it.

    Raised once, closed by itself when the cause is gone. `commitment` is the stock it is about; for
    stock in a lane without a demand, lot, location and container say what stands there.
    """

    reason = models.CharField(_("reason"), max_length=17, choices=AlertReason)
    detail = models.CharField(_("detail"), max_length=40, blank=True)
    commitment = models.ForeignKey(
        Commitment, models.PROTECT, null=True, related_name="alerts", verbose_name=_("staged stock")
    )
    lot = models.ForeignKey(Lot, models.PROTECT, related_name="alerts", verbose_name=_("lot"))
    location = models.ForeignKey(
        Location, models.PROTECT, related_name="alerts", verbose_name=_("location")
    )
    container = models.ForeignKey(Container, models.PROTECT, null=True, related_name="+")
    raised_at = models.DateTimeField(_("raised at"))
    acknowledged_at = models.DateTimeField(_("acknowledged at"), null=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    acknowledge_reason = models.TextField(_("why acknowledged"), blank=True)
    closed_at = models.DateTimeField(_("closed at"), null=True)

    objects = AlertQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        default_permissions = ("view",)
        permissions = [("acknowledge", _("Acknowledge alerts"))]
        constraints = [
            models.UniqueConstraint(
                fields=["reason", "commitment"], condition=Q(closed_at=None),
                name="one_open_alert_per_cause",
            ),
            models.UniqueConstraint(
                fields=["reason", "lot", "location"],
                condition=Q(closed_at=None, commitment=None),
                name="one_open_alert_without_demand",
            ),
            models.CheckConstraint(
                condition=Q(acknowledged_at=None, acknowledged_by=None)
                | Q(acknowledged_at__isnull=False, acknowledged_by__isnull=False),
                name="acknowledgement_has_who_and_when",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(
                fields=["-raised_at", "-id"], name="open_alerts", condition=Q(closed_at=None)
            ),
            models.Index(
                fields=["location", "reason"], name="open_alerts_at", condition=Q(closed_at=None)
            ),
            models.Index(fields=["-id"], name="open_alerts_by_age", condition=Q(closed_at=None)),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.get_reason_display()}: {self.lot} @ {self.location}"


class ClockMark(models.Model):
    """How far the clock has looked: one row, whose lock is the turn to sweep.

    Lots whose dates passed before `on` have been looked at, under the rules of version `rules`, and
    all that was committed up to `latest`. On PostgreSQL, all transactions before `horizon` had
    ended then, as `cluster` counts them.
    """

    at = models.DateTimeField()
    on = models.DateField()
    rules = models.PositiveIntegerField()
    latest = models.UUIDField(null=True)
    cluster = models.CharField(max_length=20, default="", db_default="")
    horizon = models.BigIntegerField(null=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.at}"
