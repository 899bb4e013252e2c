"""The database as the model sees it, to compare the two."""

from collections import defaultdict
from datetime import datetime
from decimal import Decimal
from typing import Any

from inventory.models import Balance, Container, Location, Lot, LotLink
from quality.models import Disposition, Inspection, RestrictedUse
from quality.models import Hold as HoldRow
from quality.models.holds import ROWS, TARGETS
from staging.models import Commitment, Requirement
from staging.models import Demand as DemandRow
from tests.machine.model import ZERO, Demand, Hold, Model


def read(at: datetime) -> Model:
    """All that the model knows, out of the database."""
    m = Model(at)
    _read_quality(m)
    boxes = list(_rows(Container, "location"))
    m.boxes = {row.code: name(row.location) for row in boxes}
    m.numbered = {row.code for row in boxes if row.sscc}
    for row in _rows(Balance, "lot", "location", "container"):
        box = row.container and row.container.code
        m.stock[row.lot.code, name(row.location), box] = row.quantity
    _read_demands(m)
    return m


def name(place: Location) -> str:
    """What the model calls a place: `a1` for `SITE7-A1`."""
    return place.code.split("-", 1)[1].lower()


def _rows(model: Any, *related: str) -> Any:
    return model.objects.select_related(*related).order_by("pk")


def _read_quality(m: Model) -> None:
    for lot in _rows(Lot, "material"):
        m.material[lot.code], m.status[lot.code] = lot.material.code, lot.status
        m.expiry[lot.code] = lot.expires_on and lot.expires_on.toordinal()
        m.permits[lot.code], m.parents[lot.code] = set(), set()
    for permit in _rows(RestrictedUse, "lot"):
        m.permits[permit.lot.code].add(permit.reference)
    for link in LotLink.objects.filter(kind__in=("split", "merge")).select_related(
        "parent", "child"
    ):
        m.parents[link.child.code].add(link.parent.code)
    outcomes = {row.inspection_id: str(row.outcome) for row in _rows(Disposition)}
    m.inspections = [
        (row.lot.code, row.passed, outcomes.get(row.pk, "")) for row in _rows(Inspection, "lot")
    ]
    for hold in HoldRow.objects.open().select_related(*ROWS).order_by("pk"):
        kind = next(target for target in TARGETS if getattr(hold, target))
        held = getattr(hold, kind)
        m.holds[hold.pk] = Hold(kind, name(held) if kind == "location" else held.code)


def _read_demands(m: Model) -> None:
    needs: dict[str, dict[str, Decimal]] = defaultdict(dict)
    for row in _rows(Requirement, "demand", "material"):
        needs[row.demand.reference][row.material.code] = row.quantity
    for demand in _rows(DemandRow):
        reference = demand.reference
        m.demands[reference] = Demand(
            demand.kind, needs[reference], closed=demand.closed_at is not None
        )
    open_rows = Commitment.objects.open().select_related(
        "requirement__demand", "lot", "location", "container"
    )
    for claim in open_rows.order_by("since", "pk"):
        reference, lot = claim.requirement.demand.reference, claim.lot.code
        if claim.state == "used":
            m.used[reference, lot] = m.used.get((reference, lot), ZERO) + claim.quantity
        else:
            box = claim.container.code if claim.container else None
            key = (reference, str(claim.state), lot, name(claim.location), box)
            m.claims[key] = (claim.quantity, claim.since)
