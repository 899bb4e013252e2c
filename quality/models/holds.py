"""Holds: open stops, several of which may lie on one thing."""

from collections.abc import Collection
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inventory.models import Container, Location, Lot, Material, Recorded

ROWS = ("lot", "container", "location", "material")
TARGETS = (*ROWS, "supplier_lot")
"""What a hold can stop: one of our own rows, or what a supplier delivered under a number."""

NESTING = 4
"""How deep containers may be packed in each other for a hold on the outermost to be seen."""


class HoldQuerySet(models.QuerySet["Hold"]):
    def open(self) -> Self:
        return self.filter(lifted_at=None)

    def of_suppliers(self) -> Self:
        """Those on what a supplier delivered under a number of his own."""
        return self.exclude(supplier_lot="")

    def by_lot(self, lots: Collection[Lot]) -> dict[int, "Hold"]:
        """One of them for each of the lots that it lies on, be it by the supplier's number."""
        numbers = {lot.supplier_lot for lot in lots} - {""}
        rows = self.filter(Q(lot__in=lots) | Q(supplier_lot__in=numbers)).order_by("-pk")
        return {
            lot.pk: hold
            for hold in rows
            for lot in lots
            if lot.pk == hold.lot_id
            or (hold.supplier_lot and lot.supplier_lot == hold.supplier_lot)
        }


def _one_of_the_targets() -> Q:
    """Exactly one of them is named."""
    named = {row: Q((f"{row}__isnull", False)) for row in ROWS}
    named["supplier_lot"] = ~Q(supplier_lot="")
    return Q(
        *(
            Q(*(is_named if name == one else ~is_named for name, is_named in named.items()))
            for one in TARGETS
        ),
        _connector=Q.OR,
    )


class Hold(Recorded):
    """A stop on a lot, a container with what it holds, a location and all in it, a material, or
    whatever came from suppliers under one lot number of theirs, then or later.

    Placed by `actor` at `occurred_at` for `reason`; open until it is lifted.
    """

    lot = models.ForeignKey(Lot, models.PROTECT, null=True, blank=True, related_name="holds")
    container = models.ForeignKey(
        Container, models.PROTECT, null=True, blank=True, related_name="holds"
    )
    location = models.ForeignKey(
        Location, models.PROTECT, null=True, blank=True, related_name="holds"
    )
    material = models.ForeignKey(
        Material, models.PROTECT, null=True, blank=True, related_name="holds"
    )
    supplier_lot = models.CharField(_("supplier lot"), max_length=60, blank=True, default="")
    lifted_at = models.DateTimeField(_("lifted at"), null=True, editable=False)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    lift_reason = models.TextField(_("why lifted"), blank=True, editable=False)

    objects = HoldQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        default_permissions = ("view",)
        permissions = [("place_hold", _("Place holds")), ("lift_hold", _("Lift holds"))]
        constraints = [
            models.CheckConstraint(
                condition=_one_of_the_targets(),
                name="hold_stops_one_thing",
            ),
            models.CheckConstraint(
                condition=Q(lifted_at=None, lifted_by=None)
                | Q(lifted_at__isnull=False, lifted_by__isnull=False),
                name="lift_has_who_and_when",
            ),
        ]
        indexes = [
            models.Index(fields=[target], name=f"open_hold_{target}", condition=Q(lifted_at=None))
            for target in ROWS
        ] + [
            models.Index(
                fields=["supplier_lot"], name="open_hold_supplier_lot",
                condition=Q(lifted_at=None) & ~Q(supplier_lot=""),
            ),
            models.Index(fields=["recorded_at"], name="hold_by_time"),
            models.Index(fields=["occurred_at"], name="hold_by_claimed_time"),
            models.Index(
                fields=["lifted_at"], name="hold_by_lift", condition=Q(lifted_at__isnull=False)
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{_('Hold')} {self.pk}: {self.target}"

    @property
    def target(self) -> Lot | Container | Location | Material | str:
        """What it stops: a row, or a supplier's lot number."""
        return self.lot or self.container or self.location or self.material or self.supplier_lot

    @property
    def subject(self) -> models.Model:
        """What the audit trail says it of: the row that it stops, or else the hold itself."""
        return self if isinstance(self.target, str) else self.target
