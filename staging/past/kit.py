"""A demand as it stood: what it needed, how far it had come, and what was where for it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q

from staging.kits import Kit
from staging.models import Demand, DemandState, State
from staging.past import claims, demands
from staging.past.alerts import open_then
from staging.past.claims import Claim
from staging.past.demands import DemandThen
from staging.past.moment import Moment, before_first
from staging.past.quality import Quality, Standing, quality_of
from staging.past.standing import Stood, boxes, stood

ZERO = Decimal(0)


@dataclass(slots=True)
class DemandStood:
    """A demand at a moment. `kit` has its lines with what was reserved, staged, issued and used;
    `blocked` how much of a line, by its id, was staged and could not be used.

    Before `claims_since` it is not known what it had, nor its state.
    """

    demand: DemandThen
    kit: Kit
    state: str
    positions: list[Stood]
    blocked: dict[int, Decimal]
    alerts: list[Any]
    quality: Quality
    claims_since: datetime | None = None


def demand_then(demand: Demand, moment: Moment) -> DemandStood:
    """The demand as it was. 14 statements at most. Refuses `before_first_record`."""
    first = demands.created(demand, moment)
    if moment.at < first:
        raise before_first(demand.reference, first)
    then = demands.then([demand], moment)[demand.pk]
    rows = list(demand.requirements.select_related("material", "lot").order_by("line"))
    since = claims.known_since()
    known = since is None or moment.at >= since
    found = claims.of_lines([row.pk for row in rows], moment) if known else []
    kit = Kit(list(_lines(rows, then, found)))
    standing = {id(claim): one for claim, one in zip(found, _standing(found), strict=True)}
    quality = quality_of(list(standing.values()), moment)
    positions = [_position(claim, standing[id(claim)], then, quality, moment) for claim in found]
    here = [one for one in positions if one.row and one.row.state != State.USED]
    here.sort(key=lambda one: _place(one))
    blocked: dict[int, Decimal] = defaultdict(Decimal)
    for one in here:
        if one.row and one.row.state == State.STAGED and one.stops:
            blocked[one.row.requirement_id] += one.quantity
    return DemandStood(
        then, kit, _state(then, kit, blocked=bool(blocked)) if known else "", here, dict(blocked),
        list(open_then(Q(demand=demand), moment)), quality, None if known else since,
    )  # fmt: skip


def _lines(rows: Sequence[Any], then: DemandThen, found: Sequence[Claim]) -> Any:
    """The lines that there were, with the quantities of then in place of those of now."""
    totals: dict[tuple[int, str], Decimal] = defaultdict(Decimal)
    for claim in found:
        totals[claim.row.requirement_id, claim.row.state] += claim.quantity
    required = {row.pk: then.required(row, rows) for row in rows}
    for row in rows:
        if (quantity := required[row.pk]) is None:
            continue
        row.quantity = quantity
        row.reserved, row.staged, row.issued, row.used = (
            totals[row.pk, state]
            for state in (State.RESERVED, State.STAGED, State.ISSUED, State.USED)
        )
        row.handed_over = row.issued + row.used
        row.progressed = row.staged + row.handed_over
        yield row


def _standing(found: Sequence[Claim]) -> list[Standing]:
    containers = boxes([claim.spot for claim in found])
    return [
        Standing(
            claim.row.lot, claim.row.location, containers.get(claim.row.container_id or 0),
            claim.row.requirement.demand.reference,
        )
        for claim in found
    ]  # fmt: skip


def _position(
    claim: Claim, standing: Standing, then: DemandThen, quality: Quality, moment: Moment
) -> Stood:
    one = stood(standing, claim.quantity, quality, moment)
    one.claim, one.demand = claim, then
    return one


def _place(one: Stood) -> tuple[Any, ...]:
    assert one.row  # noqa: S101 - all of them are claims
    return (one.row.requirement.line, one.row.state, one.since, one.row.pk)


def _state(then: DemandThen, kit: Kit, *, blocked: bool) -> DemandState:
    """As `DemandQuerySet.with_state` says it of the present."""
    lines: list[Any] = list(kit.lines)
    if then.cancelled:
        return DemandState.CANCELLED
    if then.closed:
        return DemandState.COMPLETED
    if not lines:
        return DemandState.PLANNED
    if all(line.used >= line.quantity and not line.issued for line in lines):
        return DemandState.COMPLETED
    if any(line.handed_over for line in lines):
        return DemandState.STARTED
    if all(line.progressed >= line.quantity for line in lines) and not blocked:
        return DemandState.READY
    if any(line.staged for line in lines):
        return DemandState.STAGING
    return DemandState.PLANNED
