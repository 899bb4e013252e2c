"""What is kept so that the past can be rebuilt: each step of each claim."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from inventory.models import Location
from inventory.models.materials import QUANTITY
from staging.models.commitments import Commitment, State
from staging.models.demands import Requirement


class ClaimStep(models.Model):
    """A commitment came to be, grew, shrank or ended: by how much, and how old it was before.

    The ledger says where stock stood, this says for whom: with both, any lane or demand can be
    rebuilt as it was. Database triggers write it in the statement that changes the commitment
    (`staging.past.steps`), so no door can forget it. Never changed, never deleted: others refuse
    that. The three `was_` columns are empty for a commitment that came to be.
    """

    # What they refer to was checked for the commitment; to check it again would lock three rows.
    commitment = models.ForeignKey(
        Commitment, models.PROTECT, related_name="steps", db_index=False, db_constraint=False
    )
    requirement = models.ForeignKey(
        Requirement, models.PROTECT, related_name="claim_steps", db_index=False, db_constraint=False
    )
    location = models.ForeignKey(
        Location, models.PROTECT, related_name="claim_steps", db_index=False, db_constraint=False
    )
    state = models.CharField(_("state"), max_length=8, choices=State)
    change = models.DecimalField(_("change"), **QUANTITY)
    was_since = models.DateTimeField(null=True)
    was_warn_at = models.DateTimeField(null=True)
    was_due_at = models.DateTimeField(null=True)
    occurred_at = models.DateTimeField(_("occurred at"))
    recorded_at = models.DateTimeField(_("recorded at"))

    class Meta:
        ordering = ("pk",)
        verbose_name = _("step of a claim")
        verbose_name_plural = _("steps of claims")
        default_permissions = ()
        indexes = [
            models.Index(
                fields=["location", "recorded_at"], name="claim_step_in_lane",
                condition=models.Q(state="staged"),
            ),
            models.Index(fields=["requirement", "recorded_at"], name="claim_step_of_line"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.state} {self.change:+}"


class ClaimHistory(models.Model):
    """From when on steps of claims are kept. No row: ever since there are claims."""

    since = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.since}"
