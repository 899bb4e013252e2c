"""Inspection plans: what must be examined of a material's lots, and when."""

from decimal import Decimal
from typing import Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from inventory.models import Lot, Material
from inventory.wording import spelled
from quality.models.inspections import LIMIT, Inspection, InspectionKind

MOST_SAMPLES = 50
FINEST = 6
"""Decimals that a limit can have."""


class InspectionPlanQuerySet(models.QuerySet["InspectionPlan"]):
    def in_force(self) -> Self:
        """Approved, and neither replaced nor withdrawn: at most one for a material and kind."""
        return self.filter(approved_at__isnull=False, ended_at=None)


class InspectionPlan(models.Model):
    """A numbered version of what one kind of inspection asks of a material's lots.

    A draft is changed by its authors and approved by somebody else; from then on it never changes.
    The next version that is approved replaces it.
    """

    material = models.ForeignKey(
        Material, models.PROTECT, related_name="inspection_plans", verbose_name=_("material")
    )
    kind = models.CharField(
        _("inspection"), max_length=10, choices=InspectionKind,
        help_text=_("Due when a lot is received, when its retest date has passed, when stock comes "
                    "back, or (in process) when it is produced."),
    )  # fmt: skip
    version = models.PositiveSmallIntegerField(_("version"), editable=False)
    note = models.CharField(_("what it changes"), max_length=200)
    authors = models.ManyToManyField(
        settings.AUTH_USER_MODEL, related_name="+", editable=False, verbose_name=_("written by")
    )
    approved_at = models.DateTimeField(_("in force since"), null=True, editable=False)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+",
        verbose_name=_("approved by"),
    )  # fmt: skip
    ended_at = models.DateTimeField(_("in force until"), null=True, editable=False)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+",
        verbose_name=_("replaced or withdrawn by"),
    )  # fmt: skip

    objects = InspectionPlanQuerySet.as_manager()

    class Meta:
        ordering = ("material__code", "kind", "-version")
        verbose_name = _("inspection plan")
        verbose_name_plural = _("inspection plans")
        permissions = [("approve_plan", _("Approve and withdraw inspection plans"))]
        constraints = [
            models.UniqueConstraint(
                fields=["material", "kind", "version"], name="plan_version_is_unique"
            ),
            models.UniqueConstraint(
                fields=["material", "kind"], name="one_plan_in_force",
                condition=Q(approved_at__isnull=False, ended_at=None),
            ),
            models.CheckConstraint(
                condition=Q(approved_at=None, approved_by=None)
                | Q(approved_at__isnull=False, approved_by__isnull=False),
                name="approval_has_who_and_when",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_by=None)
                | Q(approved_at__isnull=False, ended_at__isnull=False, ended_by__isnull=False),
                name="plan_end_has_who_and_when",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.material} · {self.get_kind_display()} v{self.version}"

    @property
    def is_draft(self) -> bool:
        return self.approved_at is None


class CharacteristicKind(models.TextChoices):
    NUMERIC = "numeric", _("Number")
    ATTRIBUTE = "attribute", _("Pass or fail")
    TEXT = "text", _("Text")


class PlanCharacteristic(models.Model):
    """One thing to examine, on so many samples. Limits and plausible bounds are inclusive.

    A number outside its limits fails the inspection. One outside the plausible bounds is taken for
    a slip, unless somebody says why it is right.
    """

    plan = models.ForeignKey(InspectionPlan, models.CASCADE, related_name="characteristics")
    name = models.CharField(_("characteristic"), max_length=80)
    kind = models.CharField(_("kind"), max_length=9, choices=CharacteristicKind)
    criterion = models.CharField(
        _("method or criterion"), max_length=200, blank=True,
        help_text=_("What the person at the bench needs to know."),
    )  # fmt: skip
    unit = models.CharField(_("unit"), max_length=20, blank=True)
    lower = models.DecimalField(_("lower limit"), null=True, blank=True, **LIMIT)
    upper = models.DecimalField(_("upper limit"), null=True, blank=True, **LIMIT)
    plausible_from = models.DecimalField(_("plausible from"), null=True, blank=True, **LIMIT)
    plausible_to = models.DecimalField(_("plausible to"), null=True, blank=True, **LIMIT)
    decimals = models.PositiveSmallIntegerField(
        _("decimals"), null=True, blank=True, validators=[MaxValueValidator(FINEST)],
        help_text=_("At most so many; empty: as read."),
    )  # fmt: skip
    samples = models.PositiveSmallIntegerField(
        _("samples"), default=1,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_SAMPLES)],
    )  # fmt: skip
    required = models.BooleanField(_("required"), default=True)

    class Meta:
        ordering = ("plan", "pk")
        verbose_name = _("characteristic")
        verbose_name_plural = _("characteristics")
        constraints = [
            models.UniqueConstraint(
                "plan", Lower("name"), name="characteristic_once_in_a_plan",
                violation_error_message=_("The plan has a characteristic of this name already."),
            ),
            models.CheckConstraint(
                condition=Q(lower=None) | Q(upper=None) | Q(lower__lte=F("upper")),
                name="plan_limits_in_order",
                violation_error_message=_("The lower limit lies above the upper one."),
            ),
            models.CheckConstraint(
                condition=Q(plausible_from=None)
                | Q(plausible_to=None)
                | Q(plausible_from__lte=F("plausible_to")),
                name="plausible_bounds_in_order",
                violation_error_message=_("The plausible bounds are the wrong way round."),
            ),
            models.CheckConstraint(
                condition=Q(samples__range=(1, MOST_SAMPLES)), name="some_samples"
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Only numbers have limits, and limits lie within what is plausible at all."""
        numeric = ("lower", "upper", "plausible_from", "plausible_to", "decimals")
        if self.kind and self.kind != CharacteristicKind.NUMERIC:
            given = [name for name in numeric if getattr(self, name) is not None]
            if given:
                raise ValidationError(dict.fromkeys(given, _("Only a number has this.")))
        for limit in ("lower", "upper"):
            value = getattr(self, limit)
            if value is not None and not self.is_plausible(value):
                raise ValidationError({limit: _("This limit lies outside what is plausible.")})

    def is_plausible(self, value: object) -> bool:
        return _between(self.plausible_from, value, self.plausible_to)

    def is_within(self, value: object) -> bool:
        """Whether the number keeps the limits."""
        return _between(self.lower, value, self.upper)

    @property
    def limits(self) -> str:
        """`98 … 102 %`; empty where there are none."""
        return self._in_words(self.lower, self.upper)

    @property
    def plausible_bounds(self) -> str:
        """In the same words."""
        return self._in_words(self.plausible_from, self.plausible_to)

    def _in_words(self, low: Decimal | None, high: Decimal | None) -> str:
        if low is None and high is None:
            return ""
        ends = ("" if end is None else str(spelled(end)) for end in (low, high))
        return f"{' … '.join(ends)} {self.unit}".strip()


def _between(low: object, value: object, high: object) -> bool:
    return (low is None or value >= low) and (high is None or value <= high)  # type: ignore[operator]


class DueInspectionQuerySet(models.QuerySet["DueInspection"]):
    def open(self) -> Self:
        """Without an inspection yet, while the material has a plan of that kind in force."""
        asked = InspectionPlan.objects.in_force().filter(
            material=models.OuterRef("lot__material"), kind=models.OuterRef("kind")
        )
        return self.filter(models.Exists(asked), inspection=None)


class DueInspection(models.Model):
    """A lot has to be examined, and `inspection` did so once that is set.

    `plan` was in force when it fell due; results are held against the one in force when they are
    recorded. `retest_on` is the date that came due, for a retest.
    """

    lot = models.ForeignKey(
        Lot, models.PROTECT, related_name="due_inspections", db_index=False, verbose_name=_("lot")
    )
    kind = models.CharField(_("inspection"), max_length=10, choices=InspectionKind)
    plan = models.ForeignKey(
        InspectionPlan, models.PROTECT, related_name="+", verbose_name=_("plan")
    )
    since = models.DateTimeField(_("due since"))
    retest_on = models.DateField(_("retest on"), null=True)
    inspection = models.OneToOneField(
        Inspection, models.PROTECT, null=True, related_name="due", verbose_name=_("completed by")
    )

    objects = DueInspectionQuerySet.as_manager()

    class Meta:
        ordering = ("pk",)
        verbose_name = _("due inspection")
        verbose_name_plural = _("due inspections")
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["lot", "kind"], condition=Q(inspection=None), name="due_once_at_a_time"
            )
        ]
        indexes = [
            models.Index(fields=["lot", "kind"], name="due_by_lot"),
            models.Index(fields=["id"], condition=Q(inspection=None), name="open_due_inspection"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.lot}"
