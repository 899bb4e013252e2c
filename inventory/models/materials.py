"""Materials and their units."""

from datetime import timedelta
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inventory.check_digits import validate_check_digit
from inventory.models.places import Condition, code_validator

QUANTITY: dict[str, Any] = {"max_digits": 15, "decimal_places": 6}
"""Every quantity: 15 digits in all, which SQLite's floating decimals still hold exactly."""


class LotStatus(models.TextChoices):
    """Quality status of a lot. Only `quality.actions` changes it."""

    QUARANTINE = "quarantine", _("Quarantine")
    RELEASED = "released", _("Released")
    RESTRICTED = "restricted", _("Restricted")
    REJECTED = "rejected", _("Rejected")
    CLOSED = "closed", _("Closed")


class Unit(models.Model):
    """A unit of measure by its UN/CEFACT Recommendation 20 or 21 code."""

    code = models.CharField(_("code"), max_length=3, primary_key=True)
    name = models.CharField(_("name"), max_length=60)
    decimals = models.PositiveSmallIntegerField(
        _("decimals"), default=0, help_text=_("The finest step in which this unit is counted.")
    )

    class Meta:
        ordering = ("code",)
        verbose_name = _("unit")
        verbose_name_plural = _("units")

    def __str__(self) -> str:
        return self.code


class MaterialKind(models.TextChoices):
    RAW = "raw", _("Raw material")
    COMPONENT = "component", _("Component")
    PACKAGING = "packaging", _("Packaging")
    WIP = "wip", _("Work in process")
    FINISHED = "finished", _("Finished good")


class Tracking(models.TextChoices):
    LOT = "lot", _("By lot")
    SERIAL = "serial", _("By serial number")


class Material(models.Model):
    """A material definition (ISA-95): what can be held, and the rules that go with it."""

    code = models.CharField(_("code"), max_length=60, unique=True, validators=[code_validator])
    name = models.CharField(_("name"), max_length=200)
    kind = models.CharField(_("kind"), max_length=9, choices=MaterialKind)
    category = models.CharField(_("category"), max_length=80, blank=True)
    base_unit = models.ForeignKey(
        Unit, models.PROTECT, related_name="+", verbose_name=_("base unit")
    )
    gtin = models.CharField(
        _("GTIN"), max_length=14, blank=True, db_index=True,
        validators=[
            RegexValidator(r"^\d{8}(\d{4,6})?$", _("A GTIN has 8, 12, 13 or 14 digits.")),
            validate_check_digit,
        ],
    )  # fmt: skip
    tracking = models.CharField(_("tracking"), max_length=6, choices=Tracking, default=Tracking.LOT)
    initial_status = models.CharField(
        _("status on receipt"), max_length=10, default=LotStatus.QUARANTINE,
        choices=[(s.value, s.label) for s in (LotStatus.QUARANTINE, LotStatus.RELEASED)],
    )  # fmt: skip
    shelf_life_days = models.PositiveIntegerField(_("shelf life, days"), null=True, blank=True)
    retest_days = models.PositiveIntegerField(_("retest interval, days"), null=True, blank=True)
    min_remaining_days = models.PositiveIntegerField(
        _("minimum remaining shelf life, days"),
        default=0,
        help_text=_("To stage, load or ship it, unless a rule says otherwise for the customer."),
    )
    storage_condition = models.CharField(
        _("storage condition"), max_length=7, choices=Condition, blank=True
    )
    out_of_storage_budget = models.DurationField(
        _("time out of storage, at most"), null=True, blank=True,
        validators=[MinValueValidator(timedelta(0)), MaxValueValidator(timedelta(days=3650))],
        help_text=_(
            "How long a lot may be outside its condition, all times together, "
            "e.g. 12:00:00 or 3 00:00:00 for three days. Empty: not counted."
        ),
    )  # fmt: skip
    safety_stock = models.DecimalField(
        _("safety stock"), default=0, validators=[MinValueValidator(0)], **QUANTITY
    )
    dwell_limit = models.DurationField(
        _("dwell limit"), null=True, blank=True,
        help_text=_("How long it may stay staged anywhere, e.g. 04:00:00 for four hours."),
    )  # fmt: skip
    inspection_required = models.BooleanField(
        _("inspection required"), default=False,
        help_text=_("No lot is released without an inspection, whether there is a plan or not."),
    )  # fmt: skip
    second_signer = models.BooleanField(
        _("second signature"), default=False,
        help_text=_("Two people sign to release or restrict a lot, neither of whom stopped it."),
    )  # fmt: skip
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        ordering = ("code",)
        verbose_name = _("material")
        verbose_name_plural = _("materials")
        constraints = [
            models.CheckConstraint(
                condition=Q(safety_stock__gte=0), name="safety_stock_not_below_zero"
            ),
            models.UniqueConstraint(
                fields=["gtin"], condition=~Q(gtin=""), name="gtin_names_one_material",
                violation_error_message=_("Another material has this GTIN."),
            ),
            models.CheckConstraint(
                condition=Q(out_of_storage_budget=None) | ~Q(storage_condition=""),
                name="time_out_of_a_condition",
                violation_error_message=_("Say which storage condition it may be out of."),
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(
                fields=["min_remaining_days"], name="material_by_remaining_life",
                condition=Q(min_remaining_days__gt=0),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.code


class MaterialUnit(models.Model):
    """Another unit of a material: `numerator` base units make `denominator` of this unit.

    Two numbers and not one factor, so that thirds stay exact.
    """

    material = models.ForeignKey(Material, models.CASCADE, related_name="units")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+", verbose_name=_("unit"))
    numerator = models.DecimalField(_("base units"), **QUANTITY)
    denominator = models.DecimalField(_("of this unit"), default=1, **QUANTITY)

    class Meta:
        verbose_name = _("other unit")
        verbose_name_plural = _("other units")
        constraints = [
            models.UniqueConstraint(fields=["material", "unit"], name="one_factor_per_unit"),
            models.CheckConstraint(
                condition=Q(numerator__gt=0, denominator__gt=0), name="factor_above_zero"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.denominator} {self.unit_id} = {self.numerator} {self.material.base_unit_id}"
