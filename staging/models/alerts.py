"""Alerts: what needs a person, what happened to them, and the rules by which they live."""

from datetime import timedelta
from typing import Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.utils.translation import gettext_lazy as _

from inventory.models import Container, Location, Lot, Site
from quality import gate
from staging.models.commitments import Commitment
from staging.models.demands import Demand
from staging.models.dwell import SPAN
from staging.models.unstaging import LeftBy


class AlertReason(models.TextChoices):
    DWELL_WARNING = "dwell_warning", _("Staged for long")
    DWELL_CRITICAL = "dwell_critical", _("Staged for too long")
    NEXT_STEP_OVERDUE = "next_step_overdue", _("Next step overdue")
    LOT_ON_HOLD = "lot_on_hold", _("On hold while staged")
    LOT_REJECTED = "lot_rejected", _("Rejected while staged")
    LOT_EXPIRED = "lot_expired", _("Expired while staged")
    RETEST_DUE = "retest_due", _("Retest due while staged")
    SHELF_LIFE_SHORT = "shelf_life_short", _("Too little shelf life left")
    NOT_USABLE = "not_usable", _("No longer usable")
    WITHOUT_DEMAND = "without_demand", _("In a lane without a demand")
    DEMAND_CANCELLED = "demand_cancelled", _("Staged for a demand that was cancelled")
    DEMAND_REDUCED = "demand_reduced", _("Staged for a demand that needs less now")
    DEMAND_RETIMED = "demand_retimed", _("Needed at another time now")
    DEMAND_REROUTED = "demand_rerouted", _("Goes another way now")
    RESERVATION_LOST = "reservation_lost", _("Reservation lost to a hold")
    OVER_STAGED = "over_staged", _("More staged than the demand needs")
    WRONG_LANE = "wrong_lane", _("In the wrong lane for its route or carrier")
    DEMAND_SHORT = "demand_short", _("Starts soon and is short")
    LANE_OVER_CAPACITY = "lane_over_capacity", _("Lane over capacity")
    RELEASE_AWAITED = "release_awaited", _("Release awaited for too long")


LEFT_BEHIND = (AlertReason.DEMAND_CANCELLED, AlertReason.DEMAND_REDUCED)
"""Reasons whose detail is what the demand did, as `LeftBy` has it."""


class AlertLevel(models.IntegerChoices):
    """Who has to know: each level those of the ones before as well."""

    OPERATOR = 1, _("Operator")
    SUPERVISOR = 2, _("Supervisor")
    QA = 3, _("QA")


class Severity(models.TextChoices):
    NOTICE = "notice", _("Notice")
    WARNING = "warning", _("Warning")
    CRITICAL = "critical", _("Critical")


URGENCY = Case(
    When(severity=Severity.CRITICAL, then=Value(0)),
    When(severity=Severity.WARNING, then=Value(3)),
    default=Value(6),
) + (Value(3) - F("level"))
"""The most urgent first: by severity, then by level."""


class AlertQuerySet(models.QuerySet["Alert"]):
    def open(self) -> Self:
        return self.filter(closed_at=None)

    def waiting(self) -> Self:
        """Open, and neither acknowledged nor snoozed: somebody has to do something about it."""
        return self.open().filter(acknowledged_at=None, snoozed_until=None)

    def loud(self) -> Self:
        """Open and not snoozed: what boards and lanes hint at."""
        return self.open().filter(snoozed_until=None)

    def of(self, reason: AlertReason) -> Self:
        return self.filter(reason=reason)


class Alert(models.Model):
    """Something staged needs a person, or a demand or a lane does.

    Raised once for a cause, closed by itself when that is gone, raised again as the same alert when
    it comes back soon (`times`; `raised_at` is the last time). It is about a `commitment`, of which
    it repeats site, demand, lot, location and container; or about stock in a lane, a demand, a lane
    or a lot, and names what applies. `level` is who has to know by now, `severity` how bad it is by
    its rule: from when it is raised, and with the sweep after that rule has changed.

    Open, it waits, is acknowledged, or is snoozed: one of these. `escalates_at` is when the clock
    turns to it: it waits and goes one level up then, or is acknowledged and waits again from then.
    Of a snoozed one it lies behind the end of that by as much as was left. Triggers set it when the
    alert is raised, and empty it when it closes (`staging.alerting.life_triggers`).
    """

    reason = models.CharField(_("reason"), max_length=20, choices=AlertReason)
    detail = models.CharField(_("detail"), max_length=40, blank=True)
    site = models.ForeignKey(Site, models.PROTECT, related_name="+", verbose_name=_("site"))
    commitment = models.ForeignKey(
        Commitment, models.PROTECT, null=True, related_name="alerts", verbose_name=_("staged stock")
    )
    demand = models.ForeignKey(
        Demand, models.PROTECT, null=True, related_name="alerts", verbose_name=_("demand")
    )
    lot = models.ForeignKey(
        Lot, models.PROTECT, null=True, related_name="alerts", verbose_name=_("lot")
    )
    location = models.ForeignKey(
        Location, models.PROTECT, null=True, related_name="alerts", verbose_name=_("location")
    )
    container = models.ForeignKey(Container, models.PROTECT, null=True, related_name="+")
    raised_at = models.DateTimeField(_("raised at"))
    times = models.PositiveIntegerField(_("times raised"), default=1, db_default=1)
    level = models.PositiveSmallIntegerField(
        _("level"), choices=AlertLevel, default=AlertLevel.OPERATOR, db_default=AlertLevel.OPERATOR
    )
    severity = models.CharField(
        _("severity"), max_length=8, choices=Severity, default=Severity.WARNING,
        db_default=Severity.WARNING,
    )  # fmt: skip
    urgency = models.GeneratedField(
        expression=URGENCY, output_field=models.PositiveSmallIntegerField(), db_persist=True
    )
    escalates_at = models.DateTimeField(_("escalates at"), null=True)
    acknowledged_at = models.DateTimeField(_("acknowledged at"), null=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    acknowledge_reason = models.TextField(_("why acknowledged"), blank=True)
    snoozed_until = models.DateTimeField(_("snoozed until"), null=True)
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+",
        verbose_name=_("assigned to"),
    )  # fmt: skip
    closed_at = models.DateTimeField(_("closed at"), null=True)

    objects = AlertQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        default_permissions = ("view",)
        permissions = [
            ("acknowledge", _("Acknowledge alerts")),
            ("snooze", _("Snooze alerts")),
            ("snooze_critical", _("Snooze critical alerts")),
            ("wake", _("Wake snoozed alerts")),
            ("assign_alert", _("Assign alerts")),
            ("answer_operator", _("Is told of alerts from the start")),
            ("answer_supervisor", _("Is told of alerts for supervisors")),
            ("answer_qa", _("Is told of alerts for QA")),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["reason", "commitment"], condition=Q(closed_at=None),
                name="one_open_alert_per_cause",
            ),
            models.UniqueConstraint(
                fields=["reason", "lot", "location"],
                condition=Q(closed_at=None, commitment=None, demand=None),
                name="one_open_alert_without_demand",
            ),
            models.UniqueConstraint(
                fields=["reason", "lot", "location", "demand"],
                condition=Q(closed_at=None, commitment=None),
                name="one_open_alert_of_left_stock",
            ),
            models.UniqueConstraint(
                fields=["reason", "lot"],
                condition=Q(closed_at=None, commitment=None, location=None),
                name="one_open_alert_of_lot",
            ),
            models.UniqueConstraint(
                fields=["reason", "demand"],
                condition=Q(closed_at=None, commitment=None, lot=None),
                name="one_open_alert_of_demand",
            ),
            models.UniqueConstraint(
                fields=["reason", "location"],
                condition=Q(closed_at=None, commitment=None, lot=None, demand=None),
                name="one_open_alert_of_place",
            ),
            models.CheckConstraint(
                condition=Q(acknowledged_at=None, acknowledged_by=None)
                | Q(acknowledged_at__isnull=False, acknowledged_by__isnull=False),
                name="acknowledgement_has_who_and_when",
            ),
            models.CheckConstraint(
                condition=Q(snoozed_until=None) | Q(acknowledged_at=None),
                name="snoozed_or_acknowledged",
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
            models.Index(
                fields=["urgency", "id"], name="open_alerts_by_urgency",
                condition=Q(closed_at=None),
            ),
            models.Index(
                fields=["assigned_to"], name="open_alerts_by_assignee",
                condition=Q(closed_at=None, assigned_to__isnull=False),
            ),
            # By what an alert without staged stock is found again that comes back.
            models.Index(
                fields=["reason", "closed_at"], name="alerts_by_close",
                condition=Q(closed_at__isnull=False, commitment=None),
            ),
            models.Index(
                fields=["escalates_at"], name="alerts_by_escalation",
                condition=Q(closed_at=None, escalates_at__isnull=False),
            ),
            models.Index(
                fields=["snoozed_until"], name="alerts_by_snooze",
                condition=Q(closed_at=None, snoozed_until__isnull=False),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        about = (self.lot or self.demand, self.location)
        return f"{self.get_reason_display()}: {' @ '.join(str(one) for one in about if one)}"

    @property
    def detail_in_words(self) -> str:
        """Codes are kept, and turned into words where they are shown; '' where the reason says it
        already. Quantities, references and times are the same in any language."""
        if self.reason == AlertReason.NOT_USABLE:
            return str(gate.STOP_LABELS.get(self.detail, self.detail))
        if self.reason in LEFT_BEHIND:
            return str(LeftBy.COMPLETED.label) if self.detail == LeftBy.COMPLETED else ""
        return "" if self.detail in gate.STOP_LABELS else self.detail


class AlertStepKind(models.TextChoices):
    RAISED = "raised", _("Raised")
    ESCALATED = "escalated", _("Escalated")
    ACKNOWLEDGED = "acknowledged", _("Acknowledged")
    SNOOZED = "snoozed", _("Snoozed")
    WOKEN = "woken", _("Woken")
    ASSIGNED = "assigned", _("Assigned")
    CLOSED = "closed", _("Closed")
    REOPENED = "reopened", _("Raised again")
    REGRADED = "regraded", _("Severity changed")


class AlertStep(models.Model):
    """One thing that happened to an alert: its history, never changed. Without an actor, the clock.

    Triggers write what is raised, closed and raised again, whatever door it came through. `level`,
    `severity` and `detail` are the alert's after it; of steps older than that column, severity is
    empty where it is not known. What people do shares its `batch` with an entry of the audit trail.
    """

    alert = models.ForeignKey(Alert, models.PROTECT, related_name="steps", verbose_name=_("alert"))
    kind = models.CharField(_("what"), max_length=12, choices=AlertStepKind)
    at = models.DateTimeField(_("when"))
    level = models.PositiveSmallIntegerField(_("level"), choices=AlertLevel)
    severity = models.CharField(
        _("severity"), max_length=8, choices=Severity, blank=True, default="", db_default=""
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+",
        verbose_name=_("who"),
    )  # fmt: skip
    reason = models.TextField(_("why"), default="", db_default="")
    detail = models.CharField(_("detail"), max_length=40, default="", db_default="")
    batch = models.UUIDField(null=True, editable=False)
    until = models.DateTimeField(_("until"), null=True)
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+",
        verbose_name=_("assigned to"),
    )  # fmt: skip

    class Meta:
        ordering = ("pk",)
        verbose_name = _("step of an alert")
        verbose_name_plural = _("steps of alerts")
        default_permissions = ("view",)
        indexes = [models.Index(fields=["at"], name="alert_step_by_time")]

    def __str__(self) -> str:
        return f"{self.alert_id}: {self.get_kind_display()}"


class AlertRule(models.Model):
    """How alerts of a reason live: at all sites, or at one, whose own rule counts before.

    Times are elapsed. `lead` is how long before, or how long agreed, for the reasons that ask for
    it. Empty: it does not escalate, an acknowledgement holds until it closes, it cannot be snoozed,
    does not come back as the same alert, has no lead.
    """

    reason = models.CharField(_("reason"), max_length=20, choices=AlertReason)
    site = models.ForeignKey(
        Site, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("site"),
        help_text=_("Empty: all sites that have no rule of their own."),
    )  # fmt: skip
    enabled = models.BooleanField(_("raised"), default=True)
    severity = models.CharField(_("severity"), max_length=8, choices=Severity)
    escalate_after = models.DurationField(
        _("to the supervisor after"), null=True, blank=True, validators=SPAN,
        help_text=_("E.g. 00:30:00 for half an hour. Empty: it stays with the operator."),
    )  # fmt: skip
    escalate_again_after = models.DurationField(
        _("to QA after another"), null=True, blank=True, validators=SPAN,
        help_text=_("Empty: it stays with the supervisor."),
    )  # fmt: skip
    acknowledged_for = models.DurationField(
        _("acknowledged for"), null=True, blank=True, validators=SPAN,
        help_text=_("After it, an alert that is still open waits again. Empty: until it closes."),
    )  # fmt: skip
    snooze_at_most = models.DurationField(
        _("snoozed for at most"), null=True, blank=True, validators=SPAN,
        help_text=_("Empty: it cannot be snoozed."),
    )  # fmt: skip
    reopen_within = models.DurationField(
        _("the same alert again within"), null=True, blank=True, validators=SPAN,
        help_text=_("Empty: what comes back is a new alert."),
    )  # fmt: skip
    lead = models.DurationField(_("lead"), null=True, blank=True, validators=SPAN)

    class Meta:
        ordering = ("reason", "site")
        verbose_name = _("alert rule")
        verbose_name_plural = _("alert rules")
        constraints = [
            models.UniqueConstraint(
                fields=["reason", "site"], name="one_alert_rule_a_site",
                violation_error_message=_("There is a rule for this reason and site."),
            ),
            models.UniqueConstraint(
                fields=["reason"], condition=Q(site=None), name="one_general_alert_rule",
                violation_error_message=_("There is a general rule for this reason."),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.get_reason_display()} · {self.site or '*'}"

    def clean(self) -> None:
        """Refuses `escalates_to_qa_only`: nothing comes to QA that has not come to a supervisor."""
        if self.escalate_again_after and not self.escalate_after:
            raise ValidationError(
                {
                    "escalate_again_after": ValidationError(
                        _("It comes to QA after it has come to the supervisor: say when."),
                        code="escalates_to_qa_only",
                    )
                }
            )

    def wait(self, level: int) -> timedelta | None:
        """How long an alert of that level waits before it goes up."""
        waits = {
            AlertLevel.OPERATOR: self.escalate_after,
            AlertLevel.SUPERVISOR: self.escalate_again_after,
        }
        return waits.get(AlertLevel(level))


class ClockMark(models.Model):
    """How far the clock has looked: one row, whose lock is the turn to sweep.

    Lots whose dates passed before `on` have been looked at, under the rules of version `rules`, and
    all that was committed up to `latest`. On PostgreSQL, all transactions before `horizon` had
    ended then, as `cluster` counts them. `alert_rules` is which alerts were raised, and when.
    """

    at = models.DateTimeField()
    on = models.DateField()
    rules = models.PositiveIntegerField()
    latest = models.UUIDField(null=True)
    cluster = models.CharField(max_length=20, default="", db_default="")
    horizon = models.BigIntegerField(null=True)
    alert_rules = models.JSONField(default=dict)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.at}"


class ClockNote(models.Model):
    """A demand or a lane that the clock has to look at again.

    A demand has come to need something else, or at another time, has ended, or has less staged than
    before; a lane has another capacity, or serves others. Written by database triggers in the
    transaction of the change, and taken away by the sweep that has looked; see
    `quality.models.LotChange`.
    """

    demand = models.ForeignKey(Demand, models.CASCADE, null=True, related_name="+")
    location = models.ForeignKey(Location, models.CASCADE, null=True, related_name="+")
    taken = models.BooleanField(default=False, db_default=False)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.demand_id or self.location_id}"
