"""Pull tasks: staged stock that a hold has stopped, and that has to leave its lane."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inventory.models.materials import QUANTITY
from quality.models import Hold
from staging.models.commitments import Commitment


class PullTaskQuerySet(models.QuerySet["PullTask"]):
    def open(self) -> Self:
        """Still staged, and still on hold."""
        return self.filter(commitment__closed_at=None, hold__lifted_at=None)

    def done(self) -> Self:
        return self.filter(
            Q(commitment__closed_at__isnull=False) | Q(hold__lifted_at__isnull=False)
        )


class PullTask(models.Model):
    """A staged position to be taken away, because a hold lies on it. Raised once for each hold.

    What is to be pulled, from where and for whom, the commitment says. Whether it has been done is
    read from there and from the hold, and stored nowhere else: it cannot be forgotten, whatever
    door the stock left by.
    """

    hold = models.ForeignKey(
        Hold, models.PROTECT, related_name="pulls", verbose_name=_("hold"), db_index=False
    )
    commitment = models.ForeignKey(
        Commitment, models.PROTECT, related_name="pulls", verbose_name=_("staged stock")
    )
    quantity = models.DecimalField(_("quantity when it was raised"), **QUANTITY)
    raised_at = models.DateTimeField(_("raised at"))

    objects = PullTaskQuerySet.as_manager()

    class Meta:
        ordering = ("pk",)
        verbose_name = _("pull task")
        verbose_name_plural = _("pull tasks")
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["hold", "commitment"], name="one_pull_task_for_each_hold"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.hold_id}: {self.commitment_id}"

    @property
    def done_at(self) -> datetime | None:
        """When it had left the lane or the hold was lifted, whichever came first."""
        ends = [at for at in (self.commitment.closed_at, self.hold.lifted_at) if at]
        return min(ends, default=None)
