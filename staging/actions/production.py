"""Issue, consume, return: the activity starts, and uses material up."""

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
from inventory.models import (
    Location,
    LocationKind,
    Lot,
    MovementKind,
)
from quality.models import GatedAction
from staging.actions.common import (
    committed,
    not_shipment,
)
from staging.actions.lanes import AllField, ForDemandField, LaneField, Setting, given, on_committed
from staging.actions.output import link_to_outputs
from staging.flow import Outcome, Step
from staging.models import Commitment, Demand, State

TargetField = Annotated[Location, About(_("To"), _("Storage or quarantine location."))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """Staged stock that goes to the work centre: its activity starts."""

    lot: LotField
    lane: LaneField = None
    demand: ForDemandField = None
    work_center: Annotated[
        Location | None, About(_("Work centre"), _("Empty: the demand's own."))
    ] = None
    container: ContainerField = None
    quantity: AllField = None
    unit: UnitField = None
    reason: ReasonField = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumption:
    """Issued stock that was used up."""

    lot: LotField
    demand: ForDemandField = None
    work_center: Annotated[Location | None, About(_("Work centre"))] = None
    container: ContainerField = None
    quantity: AllField = None
    unit: UnitField = None
    reason: ReasonField = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remainder:
    """Issued stock that was not used and goes back."""

    lot: LotField
    target: TargetField
    demand: ForDemandField = None
    work_center: Annotated[Location | None, About(_("Work centre"))] = None
    container: ContainerField = None
    quantity: AllField = None
    unit: UnitField = None
    reason: ReasonField = ""


@transaction.atomic
def issue(*, lines: Sequence[Issue], by: Actor, at: datetime) -> Outcome:
    """Hand staged stock over to the work centre; the demand is started.

    Refuses the gate's codes, `work_center_needed`, `wrong_location_kind`, `location_closed`,
    `not_committed`, `demand_needed`, `lane_needed`, `not_enough`, `wrong_demand_kind` and the
    quantity codes.
    """

    def plan(line: Issue, setting: Setting) -> list[Step]:
        parts = committed(
            setting.bindings, line, states=[State.STAGED], quantity=given(line), location=line.lane
        )
        target = _work_center(line, parts[0][0].requirement.demand)
        return [
            _step(MovementKind.ISSUE, row, part, line.lot, target, State.ISSUED)
            for row, part in parts
        ]

    return on_committed(
        lines, plan, action="staging.issue", asks=GatedAction.ISSUE, by=by, at=at, places=_none
    )


@transaction.atomic
def consume(*, lines: Sequence[Consumption], by: Actor, at: datetime) -> Outcome:
    """Use issued stock up. What the demand made, or makes later, descends from it.

    Refuses the gate's codes, `not_committed`, `demand_needed`, `lane_needed`, `not_enough`,
    `wrong_demand_kind` and the quantity codes.
    """

    def plan(line: Consumption, setting: Setting) -> list[Step]:
        return [
            _step(
                MovementKind.CONSUME,
                row,
                part,
                line.lot,
                setting.outside[row.location.site_id],
                State.USED,
            )
            for row, part in _issued(line, setting)
        ]

    outcome = on_committed(
        lines,
        plan,
        action="staging.consume",
        asks=GatedAction.CONSUME,
        by=by,
        at=at,
        places=_none,
        leaves_for=LocationKind.PRODUCTION,
    )
    link_to_outputs(outcome.movements)
    return outcome


@transaction.atomic
def return_remainder(*, lines: Sequence[Remainder], by: Actor, at: datetime) -> Outcome:
    """Take back what was issued and not used. Never gated.

    Refuses `wrong_location_kind`, `location_closed`, `not_committed`, `demand_needed`,
    `lane_needed`, `not_enough`, `wrong_demand_kind` and the quantity codes.
    """

    def plan(line: Remainder, setting: Setting) -> list[Step]:
        target = setting.places[line.target.pk]
        require_kind(target, LocationKind.STORAGE, LocationKind.QUARANTINE, field="target")
        return [
            _step(MovementKind.RETURN, row, part, line.lot, target, None)
            for row, part in _issued(line, setting)
        ]

    return on_committed(lines, plan, action="staging.return_remainder", asks=None, by=by, at=at)


def _none(line: object) -> list[Location]:
    return []


def _issued(line: Consumption | Remainder, setting: Setting) -> list[tuple[Commitment, Decimal]]:
    return [
        (row, part)
        for row, part in committed(
            setting.bindings,
            line,
            states=[State.ISSUED],
            quantity=given(line),
            location=line.work_center,
            field="work_center",
        )
        if not_shipment(row.requirement.demand)
    ]


def _step(
    kind: MovementKind,
    row: Commitment,
    quantity: Decimal,
    lot: Lot,
    target: Location,
    becomes: State | None,
) -> Step:
    return Step(
        kind=kind,
        requirement=row.requirement,
        lot=lot,
        quantity=quantity,
        source=row.location,
        target=target,
        container=row.container,
        taken=row,
        becomes=becomes,
    )


def _work_center(line: Issue, demand: Demand) -> Location:
    not_shipment(demand)
    target = line.work_center or demand.work_center
    if target is None:
        raise Refused(
            _("%(demand)s names no work centre."),
            code="work_center_needed",
            field="work_center",
            hint=_("Scan the work centre it goes to."),
            demand=demand,
        )
    require_kind(target, LocationKind.WORK_CENTER, field="work_center")
    return target
