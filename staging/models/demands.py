"""Demands and their requirements: the next step, as the ERP or MES knows it."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Self

from django.apps import apps
from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import (
    Case,
    Exists,
    F,
    FilteredRelation,
    OuterRef,
    Q,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Round
from django.utils.translation import gettext_lazy as _

from inventory.models import Location, Lot, Material, Site
from inventory.models.materials import QUANTITY
from inventory.zones import gate_day


class DemandKind(models.TextChoices):
    PRODUCTION = "production", _("Production order")
    OPERATION = "operation", _("Operation")
    SHIPMENT = "shipment", _("Shipment")


class DemandState(models.TextChoices):
    """Derived from what really happened, never set."""

    PLANNED = "planned", _("Planned")
    STAGING = "staging", _("Staging")
    READY = "ready", _("Ready")
    STARTED = "started", _("Started")
    COMPLETED = "completed", _("Completed")
    CANCELLED = "cancelled", _("Cancelled")


class DemandQuerySet(models.QuerySet["Demand"]):
    def live(self) -> Self:
        """Neither completed nor cancelled by anyone."""
        return self.filter(closed_at=None)

    def may_be(self, states: Iterable[str]) -> Self:
        """Those that can be in one of the states, as far as columns tell."""
        wanted = set(states)
        if not wanted & {DemandState.COMPLETED, DemandState.CANCELLED}:
            return self.live()
        if wanted == {DemandState.CANCELLED}:
            return self.filter(cancelled=True)
        return self

    def with_state(self, on: Any = None) -> Self:
        """Annotate `state`: what the demand's commitments say, in the same statement.

        A kit of which a part may not be used is not ready: it counts as still being staged.
        `on` is today, or what stands for it. Worked out demand by demand, so take a page of them:
        `may_be` narrows down what to sift.
        """
        lines: models.QuerySet[Any] = Requirement.objects.with_progress().filter(
            demand=OuterRef("pk")
        )
        short = lines.filter(progressed__lt=F("quantity"))
        # Issued counts as well: a demand that needs less by now waits for what comes back.
        unfinished = lines.filter(Q(used__lt=F("quantity")) | Q(issued__gt=0))
        staged = apps.get_model("staging", "StagedStock").objects  # its module imports this one
        today = gate_day() if on is None else on
        blocked = staged.blocked(today).filter(requirement__demand=OuterRef("pk"))
        # One row of it and not Exists, for which PostgreSQL may ask the gate about all that is
        # staged anywhere, to look the few demands of a page up in the answer.
        return self.alias(first_blocked=Subquery(blocked.values("pk")[:1])).annotate(
            state=Case(
                When(cancelled=True, then=Value(DemandState.CANCELLED)),
                When(closed_at__isnull=False, then=Value(DemandState.COMPLETED)),
                When(~Exists(lines), then=Value(DemandState.PLANNED)),
                When(~Exists(unfinished), then=Value(DemandState.COMPLETED)),
                When(Exists(lines.filter(handed_over__gt=0)), then=Value(DemandState.STARTED)),
                When(~Exists(short) & Q(first_blocked=None), then=Value(DemandState.READY)),
                When(Exists(lines.filter(staged__gt=0)), then=Value(DemandState.STAGING)),
                default=Value(DemandState.PLANNED),
                output_field=models.CharField(),
            )
        )


class Demand(models.Model):
    """One upcoming activity: a production order, an operation or a shipment."""

    kind = models.CharField(_("kind"), max_length=10, choices=DemandKind)
    reference = models.CharField(
        _("reference"), max_length=80, unique=True,
        help_text=_("As the ERP or MES knows it."),
        validators=[
            RegexValidator(r"^[^\s/?#]+$", _("No blanks, slashes, question or hash marks."))
        ],
    )  # fmt: skip
    site = models.ForeignKey(Site, models.PROTECT, related_name="+", verbose_name=_("site"))
    needed_at = models.DateTimeField(_("needed at"))
    work_center = models.ForeignKey(
        Location, models.PROTECT, null=True, blank=True, related_name="+",
        limit_choices_to={"kind": "work_center"}, verbose_name=_("work centre"),
    )  # fmt: skip
    customer = models.ForeignKey(
        Location, models.PROTECT, null=True, blank=True, related_name="+",
        limit_choices_to={"kind": "customer"}, verbose_name=_("customer"),
    )  # fmt: skip
    route = models.CharField(_("route"), max_length=60, blank=True)
    carrier = models.CharField(_("carrier"), max_length=60, blank=True)
    product = models.ForeignKey(
        Material, models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("product"), help_text=_("What the order or operation makes."),
    )  # fmt: skip
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    closed_at = models.DateTimeField(_("closed at"), null=True, editable=False)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    cancelled = models.BooleanField(_("cancelled"), default=False, editable=False)

    objects = DemandQuerySet.as_manager()

    class Meta:
        ordering = ("needed_at", "pk")
        verbose_name = _("demand")
        verbose_name_plural = _("demands")
        default_permissions = ("view",)
        permissions = [
            ("create_demand", _("Create demands")),
            ("change_demand", _("Change demands")),
            ("cancel_demand", _("Cancel demands")),
            ("complete_demand", _("Complete demands")),
            ("allocate", _("Allocate stock")),
            ("deallocate", _("Deallocate stock")),
            ("stage", _("Stage")),
            ("assign", _("Assign stock in a lane")),
            ("unstage", _("Unstage")),
            ("transfer", _("Transfer between lanes")),
            ("borrow", _("Borrow from another demand")),
            ("issue", _("Issue to a work centre")),
            ("consume", _("Consume")),
            ("produce", _("Produce")),
            ("return_remainder", _("Return the remainder")),
            ("load", _("Load")),
            ("unload", _("Unload")),
            ("ship", _("Ship")),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(closed_at=None, closed_by=None, cancelled=False)
                | Q(closed_at__isnull=False, closed_by__isnull=False),
                name="closing_has_who_and_when",
            ),
            models.CheckConstraint(
                condition=Q(kind="shipment", customer__isnull=False)
                | ~Q(kind="shipment") & Q(customer=None),
                name="shipment_has_customer",
                violation_error_message=_("A shipment needs a customer; other demands have none."),
            ),
        ]
        indexes = [
            models.Index(
                fields=["needed_at", "id"], name="live_demand_by_time", condition=Q(closed_at=None)
            ),
            models.Index(fields=["needed_at", "id"], name="demand_by_time"),
            models.Index(
                fields=["needed_at", "id"], name="cancelled_demand_by_time",
                condition=Q(cancelled=True),
            ),
            models.Index(
                fields=["route", "needed_at"], name="demand_by_route", condition=~Q(route="")
            ),
            models.Index(
                fields=["carrier", "needed_at"], name="demand_by_carrier", condition=~Q(carrier="")
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.reference

    @property
    def is_shipment(self) -> bool:
        return self.kind == DemandKind.SHIPMENT


class RequirementQuerySet(models.QuerySet["Requirement"]):
    def locked(self) -> Self:
        """Lock requirements and their demands, by demand and then by line: never a deadlock."""
        return (
            self.select_related("demand", "material__base_unit")
            .order_by("demand_id", "pk")
            .select_for_update(no_key=True, of=("self", "demand"))
        )

    def with_progress(self) -> Self:
        """Annotate how much of each line is reserved, staged, issued and used.

        `handed_over` is issued or used, `progressed` staged or beyond, all in the base unit.
        """

        def total(*states: str) -> Coalesce:
            here = Q(open__state__in=states)
            # SQLite adds decimals as floats: rounded, 0.7 + 0.1 is not less than 0.8.
            return Coalesce(
                Round(Sum("open__quantity", filter=here), QUANTITY["decimal_places"]),
                Decimal(0),
                output_field=models.DecimalField(**QUANTITY),
            )

        # Joined by the index of the open ones; closed ones are most of them in the long run.
        only_open = FilteredRelation("commitments", condition=Q(commitments__closed_at=None))
        return self.alias(open=only_open).annotate(
            reserved=total("reserved"),
            staged=total("staged"),
            issued=total("issued"),
            used=total("used"),
            handed_over=total("issued", "used"),
            progressed=total("staged", "issued", "used"),
        )


class Requirement(models.Model):
    """One line of a demand: a material and how much of it, in its base unit."""

    demand = models.ForeignKey(Demand, models.PROTECT, related_name="requirements", db_index=False)
    line = models.PositiveIntegerField(_("line"))
    material = models.ForeignKey(
        Material, models.PROTECT, related_name="+", verbose_name=_("material")
    )
    quantity = models.DecimalField(_("quantity"), **QUANTITY)
    lot = models.ForeignKey(
        Lot, models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("lot"), help_text=_("Only if this very lot must be used."),
    )  # fmt: skip

    objects = RequirementQuerySet.as_manager()

    class Meta:
        ordering = ("demand", "line")
        verbose_name = _("requirement")
        verbose_name_plural = _("requirements")
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["demand", "line"], name="one_line_number_per_demand"),
            models.CheckConstraint(condition=Q(quantity__gte=0), name="required_not_below_zero"),
        ]

    def __str__(self) -> str:
        return f"{self.demand}/{self.line}"
