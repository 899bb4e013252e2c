"""What was left standing in a lane when its demand needed less, or ended."""

from decimal import Decimal
from typing import Any, Self

from django.db import models
from django.db.models import F, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Coalesce, Greatest, Least, Round
from django.utils.translation import gettext_lazy as _

from inventory.models import Balance, Container, Location, Lot
from inventory.models.materials import QUANTITY
from staging.models.demands import Requirement

ZERO = Value(Decimal(0), output_field=models.DecimalField(**QUANTITY))


class LeftBy(models.TextChoices):
    """What a demand did that left it there."""

    CHANGED = "changed", _("Needs less now")
    CANCELLED = "cancelled", _("Cancelled")
    COMPLETED = "completed", _("Completed short of it")


class UnstageTaskQuerySet(models.QuerySet["UnstageTask"]):
    def with_left(self) -> Self:
        """Annotate `left`: how much of it still stands there for nobody.

        Read from the balances, so that it counts down whatever door the stock leaves by. Where
        several demands left the same lot in one lane, the oldest of it goes first.
        """
        here = {"lot": OuterRef("lot"), "location": OuterRef("location")}
        free = Balance.objects.filter(quantity__gt=F("bound"), **here)
        younger = UnstageTask.objects.filter(done_at=None, pk__gt=OuterRef("pk"), **here)
        left = summed(free, F("quantity") - F("bound")) - summed(younger, F("quantity"))
        capped = Greatest(Least(F("quantity"), left), ZERO)
        return self.annotate(left=Round(capped, QUANTITY["decimal_places"]))

    def open(self) -> Self:
        """Of which something is left."""
        return self.filter(done_at=None).with_left().filter(left__gt=0)

    def done(self) -> Self:
        return self.with_left().filter(Q(done_at__isnull=False) | Q(left=0))


def summed(rows: models.QuerySet[Any], quantity: Any) -> Coalesce:
    """The sum of a quantity over rows of one lot, as a subquery; zero where there are none."""
    field = models.DecimalField(**QUANTITY)
    total = rows.order_by().values("lot").annotate(total=Sum(quantity, output_field=field))
    return Coalesce(Subquery(total.values("total"), output_field=field), ZERO, output_field=field)


class UnstageTask(models.Model):
    """A quantity to be taken out of a lane, because the demand that it was staged for gave it up.

    It is free from then on, and may be assigned to another demand where it stands. Whether
    anything is left to do is read from the balances; `done_at` is set by the clock once nothing
    is, so that what comes to stand there later is not taken for it.
    """

    requirement = models.ForeignKey(
        Requirement, models.PROTECT, related_name="unstage_tasks", verbose_name=_("left by")
    )
    lot = models.ForeignKey(Lot, models.PROTECT, related_name="+", verbose_name=_("lot"))
    location = models.ForeignKey(
        Location, models.PROTECT, related_name="+", verbose_name=_("lane"), db_index=False
    )
    container = models.ForeignKey(
        Container, models.PROTECT, null=True, related_name="+", verbose_name=_("container")
    )
    quantity = models.DecimalField(_("quantity when it was raised"), **QUANTITY)
    why = models.CharField(_("why"), max_length=9, choices=LeftBy)
    raised_at = models.DateTimeField(_("raised at"))
    batch = models.UUIDField(_("batch"))
    done_at = models.DateTimeField(_("done at"), null=True)

    objects = UnstageTaskQuerySet.as_manager()

    class Meta:
        ordering = ("pk",)
        verbose_name = _("unstage task")
        verbose_name_plural = _("unstage tasks")
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="something_to_unstage"),
        ]
        indexes = [
            models.Index(
                fields=["location", "lot", "id"], name="open_unstage_tasks",
                condition=Q(done_at=None),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.requirement}: {self.lot} @ {self.location}"
