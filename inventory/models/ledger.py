"""Balances and the append-only movement ledger. `inventory.ledger` is their only writer."""

from decimal import Decimal
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from inventory.models.lots import Container, Lot
from inventory.models.materials import QUANTITY
from inventory.models.places import Location
from inventory.models.recorded import Recorded, Surface


class BalanceQuerySet(models.QuerySet["Balance"]):
    def on_hand(self) -> Self:
        return self.filter(quantity__gt=0)


class Balance(models.Model):
    """Quantity of one lot at one location, in one container or loose (a quant).

    `reserved` is promised to a demand and still in storage. `bound` is tied to a demand where it
    stands: staged in a lane, in process at a work centre, loaded in transit. The rest is free.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # Each is the first column of an index below; another would be one more to write.
    lot = models.ForeignKey(Lot, models.PROTECT, related_name="balances", db_index=False)
    location = models.ForeignKey(Location, models.PROTECT, related_name="balances", db_index=False)
    container = models.ForeignKey(
        Container, models.PROTECT, null=True, related_name="balances", db_index=False
    )
    quantity = models.DecimalField(_("quantity"), default=0, **QUANTITY)
    reserved = models.DecimalField(_("reserved"), default=0, **QUANTITY)
    bound = models.DecimalField(_("bound"), default=0, **QUANTITY)

    objects = BalanceQuerySet.as_manager()

    class Meta:
        verbose_name = _("balance")
        verbose_name_plural = _("balances")
        constraints = [
            models.UniqueConstraint(
                fields=["lot", "location"], condition=Q(container=None), name="one_loose_balance"
            ),
            models.UniqueConstraint(
                fields=["lot", "location", "container"], name="one_balance_per_container"
            ),
            models.CheckConstraint(condition=Q(quantity__gte=0), name="balance_not_below_zero"),
            models.CheckConstraint(
                condition=Q(reserved__gte=0, bound__gte=0), name="claims_not_below_zero"
            ),
            models.CheckConstraint(
                condition=Q(quantity__gte=F("reserved") + F("bound")), name="claims_within_balance"
            ),
        ]
        indexes = [
            models.Index(
                fields=["location", "lot", "container"], name="balance_at_location",
                condition=Q(quantity__gt=0),
            ),
            models.Index(
                fields=["location", "lot"], name="balance_unbound",
                condition=Q(quantity__gt=F("bound")),
            ),
            models.Index(
                fields=["location", "lot"], name="balance_partly_bound",
                condition=Q(quantity__gt=F("bound"), bound__gt=0, container__isnull=False),
            ),
            models.Index(
                fields=["container"], name="balance_in_container",
                condition=Q(quantity__gt=0, container__isnull=False),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.lot} @ {self.location}: {self.quantity}"

    @property
    def free(self) -> Decimal:
        """What no demand has a claim on."""
        return self.quantity - self.reserved - self.bound


class MovementKind(models.TextChoices):
    RECEIVE = "receive", _("Receive")
    PUT_AWAY = "put_away", _("Put away")
    MOVE = "move", _("Move")
    STAGE = "stage", _("Stage")
    UNSTAGE = "unstage", _("Unstage")
    ISSUE = "issue", _("Issue")
    CONSUME = "consume", _("Consume")
    PRODUCE = "produce", _("Produce")
    RETURN = "return", _("Return")
    LOAD = "load", _("Load")
    UNLOAD = "unload", _("Unload")
    SHIP = "ship", _("Ship")
    ADJUST = "adjust", _("Adjust")
    SCRAP = "scrap", _("Scrap")
    SAMPLE = "sample", _("Sample")
    SPLIT = "split", _("Split")
    MERGE = "merge", _("Merge")
    PACK = "pack", _("Pack")
    UNPACK = "unpack", _("Unpack")
    REVERSE = "reverse", _("Reverse")


RARE_KINDS = (
    MovementKind.ADJUST, MovementKind.SCRAP, MovementKind.RETURN, MovementKind.UNLOAD,
    MovementKind.SPLIT, MovementKind.MERGE, MovementKind.UNPACK, MovementKind.REVERSE,
)  # fmt: skip
"""Kinds that are a small part of any ledger."""


class Movement(Recorded):
    """One line of the ledger, always from a location to a location, in the lot's base unit.

    Never changed, never deleted: database triggers refuse it. `task` is the requirement the
    movement served, kept as a number because inventory knows no demands; `reference` its name.
    """

    line: int | None = None
    """The line of the request that it came from, on a movement just posted; not stored."""

    kind = models.CharField(_("kind"), max_length=8, choices=MovementKind)
    # Found by the indexes below, each of which gives them in the order of the ledger.
    lot = models.ForeignKey(Lot, models.PROTECT, related_name="movements", db_index=False)
    quantity = models.DecimalField(_("quantity"), **QUANTITY)
    source = models.ForeignKey(
        Location, models.PROTECT, related_name="movements_out", db_index=False
    )
    target = models.ForeignKey(
        Location, models.PROTECT, related_name="movements_in", db_index=False
    )
    from_container = models.ForeignKey(
        Container, models.PROTECT, null=True, related_name="+", db_index=False
    )
    to_container = models.ForeignKey(
        Container, models.PROTECT, null=True, related_name="+", db_index=False
    )
    task = models.BigIntegerField(null=True)
    reference = models.CharField(_("reference"), max_length=80, blank=True)
    rule_version = models.PositiveIntegerField(_("rule version"), null=True)
    reverses = models.OneToOneField(
        "self", models.PROTECT, null=True, related_name="reversed_by", verbose_name=_("reverses")
    )

    class Meta:
        verbose_name = _("movement")
        verbose_name_plural = _("movements")
        ordering = ("pk",)
        permissions = [
            ("use_floor", _("Work in the browser")),
            ("receive", _("Receive material")),
            ("put_away", _("Put away")),
            ("move", _("Move stock")),
            ("adjust", _("Count and adjust")),
            ("scrap", _("Scrap")),
            ("sample", _("Take samples")),
            ("send_back", _("Return to supplier")),
            ("split_lot", _("Split lots")),
            ("merge_lots", _("Merge lots")),
            ("pack", _("Pack")),
            ("unpack", _("Unpack")),
            ("move_container", _("Move containers")),
            ("new_container", _("Register containers")),
            ("number_container", _("Give containers SSCCs")),
            ("reverse", _("Reverse movements")),
        ]
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="movement_above_zero"),
            models.CheckConstraint(
                condition=~Q(source=F("target")) | Q(kind__in=["pack", "unpack", "reverse"]),
                name="movement_goes_somewhere",
            ),
        ]
        indexes = [
            models.Index(fields=["lot", "id"], name="movement_by_lot"),
            models.Index(fields=["source", "id"], name="movement_by_source"),
            models.Index(fields=["target", "id"], name="movement_by_target"),
            models.Index(
                fields=["from_container"], name="movement_from_container",
                condition=Q(from_container__isnull=False),
            ),
            models.Index(
                fields=["to_container"], name="movement_to_container",
                condition=Q(to_container__isnull=False),
            ),
            models.Index(
                fields=["reference"], name="movement_by_reference", condition=~Q(reference="")
            ),
            models.Index(fields=["actor", "id"], name="movement_by_actor"),
            models.Index(fields=["batch"], name="movement_by_batch"),
            models.Index(fields=["recorded_at"], name="movement_by_time"),
            models.Index(fields=["occurred_at"], name="movement_by_claimed_time"),
            # What is common is met soon on the way back through the ledger; what is rare is not.
            models.Index(
                fields=["kind", "id"], name="movement_of_rare_kind",
                condition=Q(kind__in=RARE_KINDS),
            ),
            models.Index(
                fields=["surface", "id"], name="movement_not_by_api",
                condition=~Q(surface=Surface.API),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.kind} {self.quantity} {self.lot} {self.source} → {self.target}"


class InheritedTimeOut(models.Model):
    """The time out of storage that went along when a split or merge brought stock to a lot.

    A fact of its own, because reversals may since have corrected the lot that it came from.
    """

    movement = models.OneToOneField(
        Movement, models.PROTECT, primary_key=True, related_name="inherited"
    )
    used = models.DurationField(_("time out of storage"))

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.movement_id}: {self.used}"
