"""Load, unload, ship: staged goods leave through the dock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from inventory.actions.common import require_kind
from inventory.actions.moves import ContainerField, LotField, ReasonField, UnitField
from inventory.audit import Actor
from inventory.errors import Refused
from inventory.fields import About
from inventory.models import Location, LocationKind, MovementKind
from quality.models import GatedAction
from staging.actions.common import committed
from staging.actions.lanes import AllField, ForDemandField, LaneField, Setting, given, on_committed
from staging.actions.stage import DemandField
from staging.flow import Outcome, Step
from staging.models import Commitment, Demand, State

VehicleField = Annotated[Location, About(_("Vehicle"), _("Scan the truck, trailer or dock door."))]
TargetField = Annotated[
    Location, About(_("To lane"), _("A lane; or storage or quarantine, which frees it."))
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loading:
    """Staged goods that go onto a vehicle."""

    lot: LotField
    vehicle: VehicleField
    lane: LaneField = None
    demand: ForDemandField = None
    container: ContainerField = None
    quantity: AllField = None
    unit: UnitField = None
    reason: ReasonField = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unloading:
    """Loaded goods that come back."""

    lot: LotField
    target: TargetField
    vehicle: Annotated[Location | None, About(_("Vehicle"))] = None
    demand: ForDemandField = None
    container: ContainerField = None
    quantity: AllField = None
    unit: UnitField = None
    reason: ReasonField = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipping:
    """Goods of a shipment that leave: one lot, or all that is loaded and staged."""

    demand: DemandField
    lot: LotField
    lane: Annotated[Location | None, About(_("From"), _("Vehicle or lane, if several."))] = None
    container: ContainerField = None
    quantity: AllField = None
    unit: UnitField = None
    reason: ReasonField = ""


@transaction.atomic
def load(*, lines: Sequence[Loading], by: Actor, at: datetime) -> Outcome:
    """Put staged goods on a vehicle: in transit, still bound to the shipment.

    Refuses the gate's codes, `wrong_demand_kind`, `wrong_location_kind`, `location_closed`,
    `not_committed`, `demand_needed`, `lane_needed`, `not_enough` and the quantity codes.
    """

    def plan(line: Loading, setting: Setting) -> list[Step]:
        vehicle = setting.places[line.vehicle.pk]
        require_kind(vehicle, LocationKind.TRANSIT, field="vehicle")
        return [
            _step(MovementKind.LOAD, row, part, line, vehicle, State.ISSUED)
            for row, part in committed(
                setting.bindings,
                line,
                states=[State.STAGED],
                quantity=given(line),
                location=line.lane,
            )
        ]

    return on_committed(
        lines,
        plan,
        action="staging.load",
        asks=GatedAction.LOAD,
        by=by,
        at=at,
        places=lambda line: [line.vehicle],
    )


@transaction.atomic
def unload(*, lines: Sequence[Unloading], by: Actor, at: datetime) -> Outcome:
    """Take loaded goods back: to a lane, gated as staging, or to storage or quarantine, free of
    the shipment and never gated, because what may not be used must be able to leave.

    Refuses as `load` does, `lane_full`, and the gate's codes.
    """

    def plan(line: Unloading, setting: Setting) -> list[Step]:
        target = setting.places[line.target.pk]
        kinds = (LocationKind.STAGING, LocationKind.STORAGE, LocationKind.QUARANTINE)
        require_kind(target, *kinds, field="target")
        becomes = State.STAGED if target.is_staging else None
        return [
            _step(MovementKind.UNLOAD, row, part, line, target, becomes)
            for row, part in committed(
                setting.bindings,
                line,
                states=[State.ISSUED],
                quantity=given(line),
                location=line.vehicle,
                field="vehicle",
            )
        ]

    return on_committed(lines, plan, action="staging.unload", asks=GatedAction.STAGE, by=by, at=at)


@transaction.atomic
def ship(*, lines: Sequence[Shipping], by: Actor, at: datetime) -> Outcome:
    """Let goods leave for the customer, from the vehicle or straight from the lane.

    Refuses the gate's codes, `wrong_demand_kind`, `not_committed`, `lane_needed`, `not_enough` and
    the quantity codes.
    """

    def plan(line: Shipping, setting: Setting) -> list[Step]:
        steps = []
        for row, part in committed(
            setting.bindings,
            line,
            states=[State.ISSUED, State.STAGED],
            quantity=given(line),
            location=line.lane,
        ):
            customer = only_shipment(row.requirement.demand).customer
            assert customer is not None  # noqa: S101 - a shipment has one: the database sees to it
            steps.append(_step(MovementKind.SHIP, row, part, line, customer, State.USED))
        return steps

    return on_committed(
        lines,
        plan,
        action="staging.ship",
        asks=GatedAction.SHIP,
        by=by,
        at=at,
        places=lambda line: [],
    )


def _step(
    kind: MovementKind,
    row: Commitment,
    quantity: Decimal,
    line: Loading | Unloading | Shipping,
    target: Location,
    becomes: State | None,
) -> Step:
    only_shipment(row.requirement.demand)
    return Step(
        kind=kind,
        requirement=row.requirement,
        lot=line.lot,
        quantity=quantity,
        source=row.location,
        target=target,
        container=row.container,
        taken=row,
        becomes=becomes,
    )


def only_shipment(demand: Demand) -> Demand:
    """The demand; refuses `wrong_demand_kind` unless it is a shipment."""
    if not demand.is_shipment:
        raise Refused(
            _("%(demand)s is not a shipment."),
            code="wrong_demand_kind",
            field="demand",
            hint=_("Issue it to its work centre."),
            demand=demand,
        )
    return demand
