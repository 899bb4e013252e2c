"""Attempts that were refused: the near-misses of a plant."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inventory.models.lots import Container, Lot
from inventory.models.materials import QUANTITY, Material
from inventory.models.places import Location
from inventory.models.recorded import Recorded


class RefusedAttempt(Recorded):
    """What somebody tried to do and why it was refused; nothing else came of it.

    `asked` holds what was asked for as it was written, by field, secrets left out; the columns
    beside it say the same in a form that can be looked for. `lot` and the others are empty where
    the attempt named several or none, `quantity` where it was none that a record can hold; it is
    in `unit`, or in the material's base unit where that is empty. `rule` and `hold` are numbers,
    as inventory knows neither. One audit entry a request shares the `batch`.
    Never changed, never deleted: database triggers refuse it.
    """

    verb = models.CharField(_("tried"), max_length=60)
    code = models.CharField(_("code"), max_length=60)
    field = models.CharField(_("field"), max_length=60, blank=True)
    message = models.TextField(_("why it was refused"))
    line = models.PositiveIntegerField(_("line of the request"), null=True)
    # Found by the indexes below, each of which gives them in the order in which they happened.
    lot = models.ForeignKey(
        Lot, models.PROTECT, null=True, related_name="refused_attempts", db_index=False,
        verbose_name=_("lot"),
    )  # fmt: skip
    material = models.ForeignKey(
        Material, models.PROTECT, null=True, related_name="+", db_index=False,
        verbose_name=_("material"),
    )  # fmt: skip
    location = models.ForeignKey(
        Location, models.PROTECT, null=True, related_name="+", db_index=False,
        verbose_name=_("lane or place"),
    )  # fmt: skip
    container = models.ForeignKey(
        Container, models.PROTECT, null=True, related_name="+", db_index=False,
        verbose_name=_("container"),
    )  # fmt: skip
    demand = models.CharField(_("demand"), max_length=80, blank=True)
    quantity = models.DecimalField(_("quantity"), null=True, **QUANTITY)
    unit = models.CharField(_("unit"), max_length=20, blank=True)
    rule = models.BigIntegerField(_("usage rule"), null=True)
    rule_version = models.PositiveIntegerField(_("rule version"), null=True)
    hold = models.BigIntegerField(_("hold"), null=True)
    asked = models.JSONField(_("asked for"), default=dict)

    class Meta:
        ordering = ("pk",)
        verbose_name = _("refused attempt")
        verbose_name_plural = _("refused attempts")
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["recorded_at", "id"], name="attempt_by_time"),
            models.Index(fields=["verb", "recorded_at"], name="attempt_by_verb"),
            models.Index(fields=["code", "recorded_at"], name="attempt_by_code"),
            models.Index(fields=["actor", "recorded_at"], name="attempt_by_actor"),
            models.Index(fields=["lot", "recorded_at"], name="attempt_by_lot"),
            models.Index(fields=["material", "recorded_at"], name="attempt_by_material"),
            models.Index(fields=["location", "recorded_at"], name="attempt_by_location"),
            models.Index(
                fields=["rule", "recorded_at"], name="attempt_by_rule",
                condition=Q(rule__isnull=False),
            ),
            models.Index(
                fields=["demand"], name="attempt_by_demand", condition=~Q(demand="")
            ),
            models.Index(
                fields=["container"], name="attempt_by_container",
                condition=Q(container__isnull=False),
            ),
            models.Index(fields=["batch"], name="attempt_by_batch"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.verb}: {self.code}"

    @property
    def counted_in(self) -> str:
        """The unit of the quantity; '' where no material says."""
        return self.unit or (self.material.base_unit_id if self.material else "")
