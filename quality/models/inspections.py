"""Inspections, their results, and what was decided where they failed."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inventory.models import Lot, Recorded

LIMIT: dict[str, Any] = {"max_digits": 15, "decimal_places": 6}


class InspectionKind(models.TextChoices):
    RECEIPT = "receipt", _("On receipt")
    RETEST = "retest", _("Retest")
    RETURN = "return", _("On return")
    IN_PROCESS = "in_process", _("In process")


class Inspection(Recorded):
    """A lot was examined; `actor` recorded the results. Never changed: a new one supersedes it.

    `plan` said what to examine and within which limits; without one, who recorded it did.
    """

    lot = models.ForeignKey(Lot, models.PROTECT, related_name="inspections", db_index=False)
    kind = models.CharField(_("kind"), max_length=10, choices=InspectionKind)
    passed = models.BooleanField(_("passed"))
    plan = models.ForeignKey(
        "InspectionPlan", models.PROTECT, null=True, related_name="inspections", db_index=False,
        verbose_name=_("plan"),
    )  # fmt: skip

    class Meta:
        ordering = ("-pk",)
        verbose_name = _("inspection")
        verbose_name_plural = _("inspections")
        default_permissions = ("view",)
        permissions = [("record_inspection", _("Record inspection results"))]
        indexes = [
            models.Index(fields=["lot", "-id"], name="inspection_by_lot"),
            models.Index(fields=["batch"], name="inspection_by_batch"),
            models.Index(fields=["recorded_at"], name="inspection_by_time"),
            models.Index(fields=["-id"], name="failed_inspection", condition=Q(passed=False)),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.lot}"


class InspectionResult(models.Model):
    """One characteristic: what was found, and the limits it was held against.

    `sample` counts from 1 where a plan asks for samples; `override` says why a value outside the
    plan's plausible bounds is right.
    """

    inspection = models.ForeignKey(Inspection, models.PROTECT, related_name="results")
    characteristic = models.CharField(_("characteristic"), max_length=80)
    value = models.CharField(_("result"), max_length=80)
    unit = models.CharField(_("unit"), max_length=20, blank=True)
    lower = models.DecimalField(_("lower limit"), null=True, **LIMIT)
    upper = models.DecimalField(_("upper limit"), null=True, **LIMIT)
    passed = models.BooleanField(_("passed"))
    remark = models.CharField(_("remark"), max_length=200, blank=True)
    sample = models.PositiveSmallIntegerField(_("sample"), null=True)
    override = models.CharField(_("why it is right all the same"), max_length=200, blank=True)

    class Meta:
        ordering = ("pk",)
        verbose_name = _("inspection result")
        verbose_name_plural = _("inspection results")
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.characteristic}: {self.value} {self.unit}".strip()


class Outcome(models.TextChoices):
    """What becomes of an inspection that did not pass."""

    ACCEPT = "accept", _("Accept all the same")
    REINSPECT = "reinspect", _("Inspect again")
    REJECT = "reject", _("Leave it failed")


class Disposition(Recorded):
    """`actor` decided on a failed inspection. Never changed: the newest of an inspection counts."""

    inspection = models.ForeignKey(
        Inspection, models.PROTECT, related_name="dispositions", db_index=False
    )
    outcome = models.CharField(_("disposition"), max_length=9, choices=Outcome)

    class Meta:
        ordering = ("pk",)
        verbose_name = _("disposition")
        verbose_name_plural = _("dispositions")
        default_permissions = ("view",)
        permissions = [("dispose_inspection", _("Decide on failed inspections"))]
        indexes = [
            models.Index(fields=["inspection", "-id"], name="disposition_by_inspection"),
            models.Index(fields=["recorded_at"], name="disposition_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.get_outcome_display()}: {self.inspection}"
