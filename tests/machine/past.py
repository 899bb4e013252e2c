"""What stood at a moment, noted while it is the present, and rebuilt later from the records."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone

from inventory.models import Balance, Location
from inventory.zones import gate_day
from staging.models import Alert, Commitment, Demand, DemandState, Requirement
from staging.past.kit import demand_then
from staging.past.moment import Known, Moment
from staging.past.standing import Lane, lanes_then

PARTS = ("quantity", "reserved", "staged", "issued", "used")


@dataclass
class Snapshot:
    """All that is shown of a moment, as it was read at it. Nothing of it comes from the past."""

    at: datetime
    lanes: dict[str, Any]
    demands: dict[str, Any]


def now() -> Snapshot:
    demands = {row.reference: _demand(row) for row in Demand.objects.with_state()}
    return Snapshot(timezone.now(), _lanes(), demands)


def _lanes() -> dict[str, Any]:
    """All lanes at once: each would take as long as all of them."""
    places = Location.objects.staging()
    lanes = {
        place.pk: {"staged": {}, "loose": {}, "alerts": Counter[Any]()} for place in places
    }  # fmt: skip
    claims = Commitment.objects.open().filter(location__in=places).with_stop(gate_day())
    for row in claims.select_related("lot"):
        lanes[row.location_id]["staged"][row.requirement_id, row.lot_id, row.container_id] = (
            row.quantity, row.since, row.warn_at, row.due_at, row.lot.status, row.stop
        )  # fmt: skip
    for balance in Balance.objects.on_hand().filter(location__in=places):
        if balance.quantity > balance.bound:
            place = lanes[balance.location_id]["loose"]
            place[balance.lot_id, balance.container_id] = balance.quantity - balance.bound
    for alert in Alert.objects.open().filter(location__in=places):
        lanes[alert.location_id]["alerts"][alert.reason, alert.lot_id] += 1
    return {place.code: lanes[place.pk] for place in places}


def _demand(row: Any) -> dict[str, Any]:
    lines: Any = Requirement.objects.with_progress().filter(demand=row)
    claims = Commitment.objects.open().filter(requirement__demand=row).exclude(state="used")
    return {
        "state": row.state, "needed_at": row.needed_at, "closed": row.closed_at is not None,
        "lines": {line.line: [Decimal(getattr(line, part)) for part in PARTS] for line in lines},
        "had": {(one.state, one.lot_id, one.location_id, one.container_id):
                (one.quantity, one.since) for one in claims},
    }  # fmt: skip


def rebuilt(snapshot: Snapshot, known: Known) -> Snapshot:
    """The same moment, out of what is recorded by now."""
    moment = Moment(snapshot.at, known)
    places = list(Location.objects.staging())
    lanes = {lane.location.code: _lane_then(lane) for lane in lanes_then(places, moment).lanes}
    rows = Demand.objects.filter(reference__in=snapshot.demands)
    return Snapshot(snapshot.at, lanes, {row.reference: _demand_then(row, moment) for row in rows})


def _lane_then(lane: Lane) -> dict[str, Any]:
    assert lane.unclear == 0
    staged = {
        (one.row.requirement_id, one.lot.pk, one.row.container_id): (
            one.quantity, one.claim.since, one.claim.warn_at, one.claim.due_at, one.status,
            next(iter(one.stops), ""),
        )
        for one in lane.staged
        if one.row and one.claim
    }  # fmt: skip
    loose = {
        (one.lot.pk, one.container.pk if one.container else None): one.quantity
        for one in lane.loose
    }
    reasons = Counter((alert.reason, alert.lot_id) for alert in lane.alerts)
    return {"staged": staged, "loose": loose, "alerts": reasons}


def _demand_then(row: Demand, moment: Moment) -> dict[str, Any]:
    stood = demand_then(row, moment)
    lines: list[Any] = stood.kit.lines
    return {
        "state": DemandState(stood.state), "needed_at": stood.demand.needed_at,
        "closed": stood.demand.closed,
        "lines": {line.line: [Decimal(getattr(line, part)) for part in PARTS] for line in lines},
        "had": {(one.row.state, one.lot.pk, one.location.pk, one.row.container_id):
                (one.quantity, one.since) for one in stood.positions if one.row},
    }  # fmt: skip
