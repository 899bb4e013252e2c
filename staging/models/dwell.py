"""Dwell policies: how long what may stay staged where. Data, in numbered sets."""

from datetime import timedelta
from typing import Any, Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from inventory.models import Location, LocationKind, Material, Purpose, Site
from inventory.models.versioned import ENDS_AFTER_IT_BEGINS, WHO_AND_WHEN, Dated, Versioned
from staging.models.demands import Demand, DemandKind

WEIGHTS = {
    "material_id": 200, "category": 100,
    "customer_id": 20, "kind": 10,
    "lane_id": 6, "area_id": 4, "site_id": 2, "purpose": 1,
}  # fmt: skip
"""What the most specific policy is: first by what it is about, then for whom, then where.

Of each of the three a policy names one thing at most (a purpose stands beside a place), so that two
of the same weight which both fit name the same, or areas of which one lies in the other: then the
nearer counts.
"""

SPAN = [MinValueValidator(timedelta(minutes=1)), MaxValueValidator(timedelta(days=3650))]


class Counted(models.TextChoices):
    ELAPSED = "elapsed", _("Elapsed time")
    WORKING = "working", _("Working time")


class DwellSet(Versioned):
    """A numbered set of dwell policies. The newest activated one is in force."""

    class Meta:
        ordering = ("-version",)
        verbose_name = _("set of dwell policies")
        verbose_name_plural = _("dwell policies")
        permissions = [
            ("activate_dwell", _("Put dwell policies into force")),
            ("draft_dwell", _("Draft dwell policies by file or program")),
        ]
        constraints = [
            models.CheckConstraint(condition=WHO_AND_WHEN, name="dwell_set_has_who_and_when")
        ]


class DwellPolicyQuerySet(models.QuerySet["DwellPolicy"]):
    def in_force(self) -> Self:
        return self.filter(dwell_set__in=DwellSet.objects.in_force())


class DwellPolicy(Dated):
    """One policy. Empty means any; of those that fit, the most specific one counts alone.

    Between its dates: for what was staged on those days, by the site's clock.
    """

    dwell_set = models.ForeignKey(DwellSet, models.CASCADE, related_name="policies")
    material = models.ForeignKey(
        Material, models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("material"),
    )  # fmt: skip
    category = models.CharField(_("material category"), max_length=80, blank=True)
    customer = models.ForeignKey(
        Location, models.PROTECT, null=True, blank=True, related_name="+",
        limit_choices_to={"kind": LocationKind.CUSTOMER}, verbose_name=_("customer"),
    )  # fmt: skip
    kind = models.CharField(_("demand kind"), max_length=10, choices=DemandKind, blank=True)
    lane = models.ForeignKey(
        Location, models.PROTECT, null=True, blank=True, related_name="+",
        limit_choices_to={"kind": LocationKind.STAGING}, verbose_name=_("lane"),
    )  # fmt: skip
    area = models.ForeignKey(
        Location, models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("area"), help_text=_("All lanes in it."),
    )  # fmt: skip
    site = models.ForeignKey(
        Site, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("site")
    )
    purpose = models.CharField(_("purpose"), max_length=13, choices=Purpose, blank=True)
    warn_after = models.DurationField(
        _("warn after"), null=True, blank=True, validators=SPAN,
        help_text=_("E.g. 06:00:00 for six hours. Empty: no warning."),
    )  # fmt: skip
    critical_after = models.DurationField(
        _("critical after"), null=True, blank=True, validators=SPAN,
        help_text=_("Empty: it may stay."),
    )  # fmt: skip
    counted = models.CharField(
        _("counted in"), max_length=7, choices=Counted, default=Counted.ELAPSED
    )
    note = models.CharField(_("why"), max_length=200)

    objects = DwellPolicyQuerySet.as_manager()

    class Meta:
        ordering = ("dwell_set", "pk")
        verbose_name = _("dwell policy")
        verbose_name_plural = _("dwell policies")
        constraints = [
            models.CheckConstraint(
                condition=ENDS_AFTER_IT_BEGINS, name="dwell_policy_ends_after_it_begins",
                violation_error_message=_("“Valid until” lies before “valid from”."),
            ),
            models.CheckConstraint(
                condition=Q(warn_after=None) | Q(critical_after=None)
                | Q(warn_after__lt=F("critical_after")),
                name="warning_before_critical",
                violation_error_message=_("It has to warn before it is critical."),
            ),
            models.CheckConstraint(
                condition=Q(material=None) | Q(category=""), name="dwell_of_one_thing",
                violation_error_message=_("Name the material or its category, not both."),
            ),
            models.CheckConstraint(
                condition=Q(customer=None) | Q(kind=""), name="dwell_for_one_taker",
                violation_error_message=_("Name the customer or the demand kind, not both."),
            ),
            models.CheckConstraint(
                condition=Q(lane=None, area=None) | Q(lane=None, site=None)
                | Q(area=None, site=None),
                name="dwell_at_one_place",
                violation_error_message=_("Name one of lane, area and site: the nearest."),
            ),
            models.CheckConstraint(
                condition=Q(lane=None) | Q(purpose=""), name="dwell_lane_has_its_purpose",
                violation_error_message=_("A lane has its purpose already: leave it out."),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.dwell_set} · {self.note}"

    @property
    def scope(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in WEIGHTS)

    @property
    def rank(self) -> int:
        """The greater, the more specific."""
        return sum(weight for name, weight in WEIGHTS.items() if getattr(self, name))


class DwellTerms(models.Model):
    """Under which terms due times are worked out: one row, read by every staging.

    `stamp` changes with the policies in force and with what they rest on, so that each process
    knows when to read them again. After a change, what was staged under older terms may still be
    in flight: until all transactions before `until` have ended, the clock counts again what those
    from `since` on wrote, as `cluster` counts them.
    """

    stamp = models.UUIDField()
    cluster = models.CharField(max_length=20, default="", db_default="")
    since = models.BigIntegerField(null=True)
    until = models.BigIntegerField(null=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.stamp)


class DwellChange(models.Model):
    """Due times depend on something that has changed: which of them are to be counted again.

    Noted by triggers in the transaction of the change; without any of the four, all of them.
    """

    location = models.ForeignKey(Location, models.CASCADE, null=True, related_name="+")
    material = models.ForeignKey(Material, models.CASCADE, null=True, related_name="+")
    demand = models.ForeignKey(Demand, models.CASCADE, null=True, related_name="+")
    site = models.ForeignKey(Site, models.CASCADE, null=True, related_name="+")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.pk}"
