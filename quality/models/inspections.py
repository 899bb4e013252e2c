"""Inspections and their results."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inventory.models import Lot, Recorded


class InspectionKind(models.TextChoices):
    RECEIPT = "receipt", _("On receipt")
    RETEST = "retest", _("Retest")
    RETURN = "return", _("On return")
    IN_PROCESS = "in_process", _("In process")


class Inspection(Recorded):
    """A lot was examined; `actor` recorded the results. Never changed: a new one supersedes it."""

    lot = models.ForeignKey(Lot, models.PROTECT, related_name="inspections", db_index=False)
    kind = models.CharField(_("kind"), max_length=10, choices=InspectionKind)
    passed = models.BooleanField(_("passed"))

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
    """One characteristic: what was found, and the limits it was held against."""

    inspection = models.ForeignKey(Inspection, models.PROTECT, related_name="results")
    characteristic = models.CharField(_("characteristic"), max_length=80)
    value = models.CharField(_("result"), max_length=80)
    unit = models.CharField(_("unit"), max_length=20, blank=True)
    lower = models.DecimalField(_("lower limit"), max_digits=15, decimal_places=6, null=True)
    upper = models.DecimalField(_("upper limit"), max_digits=15, decimal_places=6, null=True)
    passed = models.BooleanField(_("passed"))
    remark = models.CharField(_("remark"), max_length=200, blank=True)

    class Meta:
        ordering = ("pk",)
        verbose_name = _("inspection result")
        verbose_name_plural = _("inspection results")
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.characteristic}: {self.value} {self.unit}".strip()
