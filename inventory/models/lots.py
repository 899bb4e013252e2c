"""Lots, the links between them, and containers."""

from collections.abc import Iterable
from typing import Self

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inventory.check_digits import validate_check_digit
from inventory.models.materials import QUANTITY, LotStatus, Material
from inventory.models.places import Location, code_validator
from inventory.models.recorded import Recorded


class LotQuerySet(models.QuerySet["Lot"]):
    def locked(self) -> Self:
        """Lock in primary-key order, so that two callers can never deadlock.

        The lot row is the lock of everything about the lot: its balances, its commitments and
        its status. Read what you decide on after this.
        """
        return self.order_by("pk").select_for_update(no_key=True, of=("self",))

    def matching(self, codes: Iterable[str]) -> Self:
        """Lots by code (`MATERIAL/NUMBER`) or by bare number."""
        codes = list(codes)
        return self.filter(Q(code__in=codes) | Q(number__in=codes))


class Lot(models.Model):
    """A material lot (ISA-95). A serial is a lot of quantity 1.

    `code` is what a label carries: the material's code, a slash and the number. The last three
    columns are its clock of time out of storage, kept by `inventory.exposure`; all are empty for
    materials without a budget.
    """

    material = models.ForeignKey(
        Material, models.PROTECT, related_name="lots", verbose_name=_("material")
    )
    number = models.CharField(_("number"), max_length=60, db_index=True)
    code = models.CharField(_("code"), max_length=121, unique=True, editable=False)
    supplier_lot = models.CharField(_("supplier lot"), max_length=60, blank=True)
    made_on = models.DateField(_("made on"), null=True, blank=True)
    expires_on = models.DateField(_("expires on"), null=True, blank=True)
    retest_on = models.DateField(_("retest on"), null=True, blank=True)
    status = models.CharField(
        _("quality status"), max_length=10, choices=LotStatus, default=LotStatus.QUARANTINE
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    out_used = models.DurationField(_("time out of storage"), null=True, editable=False)
    out_since = models.DateTimeField(_("out of storage since"), null=True, editable=False)
    out_ends_at = models.DateTimeField(_("time out of storage ends at"), null=True, editable=False)

    objects = LotQuerySet.as_manager()

    class Meta:
        ordering = ("pk",)
        verbose_name = _("lot")
        verbose_name_plural = _("lots")
        constraints = [
            models.UniqueConstraint(fields=["material", "number"], name="lot_number_per_material"),
        ]
        indexes = [
            models.Index(fields=["status", "id"], name="lot_by_status"),
            models.Index(
                fields=["created_at"], name="lot_in_quarantine",
                condition=Q(status=LotStatus.QUARANTINE),
            ),
            models.Index(fields=["material", "expires_on", "id"], name="lot_fefo"),
            models.Index(
                fields=["supplier_lot"], name="lot_by_supplier_lot", condition=~Q(supplier_lot="")
            ),
            models.Index(
                fields=["expires_on"], name="lot_by_expiry", condition=Q(expires_on__isnull=False)
            ),
            models.Index(
                fields=["retest_on"], name="lot_by_retest", condition=Q(retest_on__isnull=False)
            ),
            models.Index(
                fields=["out_ends_at"], name="lot_by_time_out",
                condition=Q(out_ends_at__isnull=False),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.code

    @staticmethod
    def code_of(material: Material, number: str) -> str:
        return f"{material.code}/{number}"


class LotLink(Recorded):
    """Genealogy: `parent` went into `child`. Rows are added, never changed."""

    parent = models.ForeignKey(Lot, models.PROTECT, related_name="children_links", db_index=False)
    child = models.ForeignKey(Lot, models.PROTECT, related_name="parent_links", db_index=False)
    kind = models.CharField(max_length=7)
    quantity = models.DecimalField(null=True, **QUANTITY)

    class Meta:
        ordering = ("pk",)
        indexes = [
            models.Index(fields=["parent", "child"], name="trace_forward"),
            models.Index(fields=["child", "parent"], name="trace_back"),
            models.Index(fields=["batch"], name="lot_link_by_batch"),
            models.Index(fields=["recorded_at"], name="lot_link_by_time"),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(parent=models.F("child")), name="no_self_link"),
        ]

    def __str__(self) -> str:
        return f"{self.parent} → {self.child}"


class ContainerQuerySet(models.QuerySet["Container"]):
    def locked(self) -> Self:
        """Lock in primary-key order, so that two callers can never deadlock."""
        return self.order_by("pk").select_for_update(no_key=True, of=("self",))


class Container(models.Model):
    """A handling unit: pallet, drum, tote, cart. It moves with all that it holds."""

    code = models.CharField(_("code"), max_length=60, unique=True, validators=[code_validator])
    sscc = models.CharField(
        _("SSCC"), max_length=18, blank=True,
        validators=[
            RegexValidator(r"^\d{18}$", _("An SSCC has 18 digits.")),
            validate_check_digit,
        ],
    )  # fmt: skip
    kind = models.CharField(_("kind"), max_length=40, blank=True, help_text=_("Pallet, drum …"))
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children",
        verbose_name=_("packed in"),
    )  # fmt: skip
    location = models.ForeignKey(
        Location, models.PROTECT, related_name="containers", verbose_name=_("location")
    )

    objects = ContainerQuerySet.as_manager()

    class Meta:
        ordering = ("code",)
        verbose_name = _("container")
        verbose_name_plural = _("containers")
        constraints = [
            models.UniqueConstraint(fields=["sscc"], condition=~Q(sscc=""), name="sscc_is_unique"),
        ]

    def __str__(self) -> str:
        return self.code
