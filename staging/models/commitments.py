"""What is committed to a requirement, and how far it has come."""

from datetime import date, datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from inventory.models import Container, Location, Lot
from inventory.models.materials import QUANTITY
from quality import gate
from staging.models.demands import DemandKind, Requirement
from staging.models.dwell import DwellPolicy


class State(models.TextChoices):
    """How far a committed quantity has come on its way into the next step.

    Reserved in storage; staged in a lane; issued to the work centre or loaded on the vehicle (in
    process, in transit); used: consumed or shipped.
    """

    RESERVED = "reserved", _("Reserved")
    STAGED = "staged", _("Staged")
    ISSUED = "issued", _("Issued")
    USED = "used", _("Used")


class CommitmentQuerySet(models.QuerySet["Commitment"]):
    def open(self) -> Self:
        return self.filter(closed_at=None)

    def with_stop(self, on: date, *, at: datetime | None = None) -> Self:
        """Annotate `stop`: why the gate would refuse it now, or at that moment; or ''.

        What is staged in time for production may be used up; what is to be shipped must reach the
        customer with the shelf life that he asks for.
        """
        needs_life = Q(state=State.RESERVED) | Q(requirement__demand__kind=DemandKind.SHIPMENT)
        return self.annotate(
            stop=gate.stop_code(
                on=on,
                reference="requirement__demand__reference",
                customer="requirement__demand__customer_id",
                at=at,
                needs_life=needs_life,
            )
        )

    def stale(self, at: datetime) -> Self:
        """Past the dwell limit, or past the time the next step needed it."""
        return self.filter(Q(due_at__lte=at) | Q(requirement__demand__needed_at__lte=at))

    def blocked(self, on: date, *, at: datetime | None = None) -> Self:
        """Committed stock whose lot, container or place quality has stopped since."""
        return self.open().with_stop(on, at=at).exclude(stop="")


class Commitment(models.Model):
    """A quantity of one lot at one place that a requirement has a claim on.

    `since` is when it came into its state there. While it is staged, `warn_at` and `due_at` say
    when it has stood for long and for too long, `dwell_policy` by which policy (none: by the limit
    of its lane or material), and `rings_at` when the clock has to look at it next. Closed when the
    quantity has gone on.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # Each is the first column of an index below; another would be one more to write.
    requirement = models.ForeignKey(
        Requirement, models.PROTECT, related_name="commitments", db_index=False
    )
    state = models.CharField(_("state"), max_length=8, choices=State)
    lot = models.ForeignKey(Lot, models.PROTECT, related_name="commitments", db_index=False)
    location = models.ForeignKey(
        Location, models.PROTECT, related_name="commitments", db_index=False
    )
    container = models.ForeignKey(
        Container, models.PROTECT, null=True, related_name="commitments", db_index=False
    )
    quantity = models.DecimalField(_("quantity"), **QUANTITY)
    since = models.DateTimeField(_("since"))
    due_at = models.DateTimeField(_("dwell limit ends at"), null=True)
    warn_at = models.DateTimeField(_("dwell warning at"), null=True)
    rings_at = models.DateTimeField(null=True, editable=False)
    # Policies that were in force are never removed; to have the database check it would lock the
    # policy's row in every staging.
    dwell_policy = models.ForeignKey(
        DwellPolicy, models.PROTECT, null=True, related_name="+", db_index=False,
        db_constraint=False, verbose_name=_("dwell policy"),
    )  # fmt: skip
    closed_at = models.DateTimeField(_("closed at"), null=True)
    # Of its last change, both clocks: what the trigger writes on each of its steps.
    occurred_at = models.DateTimeField(null=True, editable=False)
    recorded_at = models.DateTimeField(null=True, editable=False)

    objects = CommitmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("commitment")
        verbose_name_plural = _("commitments")
        default_permissions = ("view",)
        permissions = [("view_numbers", _("Read the numbers of the plant"))]
        constraints = [
            models.CheckConstraint(
                condition=Q(quantity__gt=0, closed_at=None)
                | Q(quantity=0, closed_at__isnull=False),
                name="closed_when_nothing_is_left",
            ),
            models.UniqueConstraint(
                fields=["requirement", "state", "lot", "location"],
                condition=Q(closed_at=None, container=None),
                name="one_open_loose_commitment",
            ),
            models.UniqueConstraint(
                fields=["requirement", "state", "lot", "location", "container"],
                condition=Q(closed_at=None),
                name="one_open_commitment_in_container",
            ),
        ]
        indexes = [
            # Longer than the order needs, so that a full lane is summed up from the index alone.
            models.Index(
                fields=["location", "since", "id", "due_at", "requirement", "lot"],
                name="staged_in_lane", condition=Q(closed_at=None, state="staged"),
            ),
            models.Index(
                fields=["due_at"], name="staged_by_due",
                condition=Q(closed_at=None, state="staged"),
            ),
            models.Index(
                fields=["rings_at"], name="staged_by_ring",
                condition=Q(closed_at=None, state="staged", rings_at__isnull=False),
            ),
            models.Index(
                fields=["lot"], name="open_commitment_by_lot", condition=Q(closed_at=None)
            ),
            models.Index(
                fields=["container"], name="open_commitment_in_container",
                condition=Q(closed_at=None, container__isnull=False),
            ),
            models.Index(
                fields=["location", "id"], name="reserved_at",
                condition=Q(closed_at=None, state="reserved"),
            ),
            models.Index(
                fields=["since", "id"], name="staged_by_age",
                condition=Q(closed_at=None, state="staged"),
            ),
            models.Index(
                fields=["since", "id"], name="reserved_by_age",
                condition=Q(closed_at=None, state="reserved"),
            ),
            # How long things stood is summed up from the index alone.
            models.Index(
                fields=["closed_at", "location", "since", "due_at"], name="left_its_lane",
                condition=Q(state="staged", closed_at__isnull=False),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.requirement} {self.state} {self.quantity} {self.lot} @ {self.location}"


class AllocationManager(models.Manager.from_queryset(CommitmentQuerySet)):  # type: ignore[misc]
    def get_queryset(self) -> CommitmentQuerySet:
        rows: CommitmentQuerySet = super().get_queryset()
        return rows.filter(state=State.RESERVED, closed_at=None)


class StagedStockManager(models.Manager.from_queryset(CommitmentQuerySet)):  # type: ignore[misc]
    def get_queryset(self) -> CommitmentQuerySet:
        rows: CommitmentQuerySet = super().get_queryset()
        return rows.filter(state=State.STAGED, closed_at=None)


class Allocation(Commitment):
    """A requirement's reservation of a balance, still in storage: a plan."""

    objects: ClassVar[AllocationManager] = AllocationManager()

    class Meta:
        proxy = True
        verbose_name = _("allocation")
        verbose_name_plural = _("allocations")
        default_permissions = ()


class StagedStock(Commitment):
    """Quantity of a lot at a staging location bound to a requirement, with its own clock."""

    objects: ClassVar[StagedStockManager] = StagedStockManager()

    class Meta:
        proxy = True
        verbose_name = _("staged stock")
        verbose_name_plural = _("staged stock")
        default_permissions = ()
