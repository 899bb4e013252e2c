"""What is kept of each day, so that months can be compared without counting them again."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from inventory.models import Location, Material, Site
from staging.models.demands import DemandKind


class Measure(models.IntegerChoices):
    """What is counted. `LEFT`, `ACKNOWLEDGED` and `CLEARED` are kept by how long it took."""

    LEFT = 1, _("Left their lane")
    LEFT_OVER = 2, _("Left over their limit")
    LEFT_STALE = 3, _("Left stale")
    STANDING = 4, _("Standing at the day's end")
    STANDING_STALE = 5, _("Standing stale at the day's end")
    RAISED = 6, _("Alerts raised")
    ACKNOWLEDGED = 7, _("Alerts acknowledged")
    CLEARED = 8, _("Alerts closed")
    LINES_DUE = 9, _("Lines due")
    LINES_ON_TIME = 10, _("Lines staged on time")
    ESCALATED = 11, _("Alerts escalated")
    REOPENED = 12, _("Alerts reopened")


class DaySnapshot(models.Model):
    """A day of a site, by its clock, that has been counted. Its lock is the turn to count it.

    `counted_at` is the last time; what stood at the day's end is kept from the first.
    """

    site = models.ForeignKey(
        Site, models.PROTECT, related_name="+", db_index=False, verbose_name=_("site")
    )
    day = models.DateField(_("day"))
    counted_at = models.DateTimeField(_("counted at"), null=True)
    recount = models.BooleanField(_("to be counted again"), default=False)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["site", "day"], name="one_snapshot_a_day"),
        ]
        indexes = [
            models.Index(fields=["day", "site"], name="snapshot_by_day"),
            models.Index(fields=["day"], name="snapshot_to_recount", condition=Q(recount=True)),
        ]

    def __str__(self) -> str:
        return f"{self.site} {self.day}"


class DayNumber(models.Model):
    """How many of one measure, of one area, material, shift and kind of demand, took so long.

    All of it is added up, whatever days and values are asked for. `area` is the place around the
    lane, or the lane where none is; `shift` the name of the shift it happened in, '' outside of
    any; `span` the number of a span of time in `staging.numbers.daily.spans`, 0 where none is kept.
    """

    snapshot = models.ForeignKey(
        DaySnapshot, models.CASCADE, related_name="numbers", db_index=False
    )
    area = models.ForeignKey(
        Location, models.PROTECT, null=True, related_name="+", db_index=False,
        verbose_name=_("area"),
    )  # fmt: skip
    material = models.ForeignKey(
        Material, models.PROTECT, null=True, related_name="+", db_index=False,
        verbose_name=_("material"),
    )  # fmt: skip
    shift = models.CharField(_("shift"), max_length=60, blank=True)
    kind = models.CharField(_("demand"), max_length=10, choices=DemandKind, blank=True)
    measure = models.PositiveSmallIntegerField(choices=Measure)
    span = models.PositiveSmallIntegerField(default=0)
    number = models.PositiveIntegerField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                F("snapshot"), F("measure"), Coalesce("area", 0), Coalesce("material", 0),
                F("shift"), F("kind"), F("span"), name="each_number_once",
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.snapshot_id}: {Measure(self.measure).label} {self.number}"


class NumbersMark(models.Model):
    """Up to when the records have been looked through for what concerns days counted before."""

    at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.at}"
