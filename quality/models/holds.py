"""Holds: open stops, several of which may lie on one thing."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inventory.models import Container, Location, Lot, Material, Recorded

TARGETS = ("lot", "container", "location", "material")

NESTING = 4
"""How deep containers may be packed in each other for a hold on the outermost to be seen."""


class HoldQuerySet(models.QuerySet["Hold"]):
    def open(self) -> Self:
        return self.filter(lifted_at=None)


class Hold(Recorded):
    """A stop on a lot, a container with what it holds, a location and all in it, or a material.

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
                condition=(
                    Q(lot__isnull=False, container=None, location=None, material=None)
                    | Q(lot=None, container__isnull=False, location=None, material=None)
                    | Q(lot=None, container=None, location__isnull=False, material=None)
                    | Q(lot=None, container=None, location=None, material__isnull=False)
                ),
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
            for target in ("lot", "container", "location", "material")
        ]

    def __str__(self) -> str:
        return f"{_('Hold')} {self.pk}: {self.target}"

    @property
    def target(self) -> Lot | Container | Location | Material:
        """What it stops."""
        found = self.lot or self.container or self.location or self.material
        assert found is not None  # noqa: S101 - a check constraint says so
        return found
