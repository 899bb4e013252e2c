"""Claims that changed hands where nothing moved."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from inventory.models.materials import QUANTITY
from inventory.models.recorded import Recorded
from staging.models.demands import Requirement


class ClaimChange(Recorded):
    """Staged stock became a requirement's, or ceased to be, without leaving its lane.

    `quantity` is above zero where the requirement got it (assigned, borrowed), below zero where it
    lost it (lent, freed in the lane). With the ledger, which has all that moved, it says how much
    of a requirement was staged at any time. Never changed, never deleted: triggers refuse it.
    """

    requirement = models.ForeignKey(
        Requirement, models.PROTECT, related_name="claim_changes", verbose_name=_("requirement")
    )
    quantity = models.DecimalField(_("quantity"), **QUANTITY)

    class Meta:
        ordering = ("pk",)
        verbose_name = _("change of claim")
        verbose_name_plural = _("changes of claim")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.requirement}: {self.quantity:+}"
