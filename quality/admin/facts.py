"""What QA needs to know of lots before deciding, read for many at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.db.models import Max, Q
from django.utils import timezone

from inventory.models import Balance, Lot
from inventory.wording import spelled
from quality import gate
from quality.actions.due import unsettled
from quality.admin.results import rows_of
from quality.models import DueInspection, Hold, Inspection, Proposal


@dataclass
class LotFacts:
    """Beside the lot's own columns. `stops` are codes of the gate, as `status_badge.html` names
    them; `places` what stands where, each with its own `stop`; `due` what its inspections still
    want, `proposal` what waits for a second signature."""

    stops: list[str] = field(default_factory=list)
    places: list[Balance] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    inspection: Inspection | None = None
    due: list[DueInspection] = field(default_factory=list)
    proposal: Proposal | None = None
    unit: str = ""

    @property
    def on_hand(self) -> Decimal:
        return sum((balance.quantity for balance in self.places), Decimal(0))

    @property
    def on_hand_words(self) -> str:
        return f"{spelled(self.on_hand)} {self.unit}"


def look_at(lots: Sequence[Lot]) -> Sequence[Lot]:
    """Put `facts` on each lot, from a few statements however many lots there are."""
    today = timezone.localdate()
    by_lot = {lot.pk: LotFacts(unit=lot.material.base_unit_id) for lot in lots}
    balances = Balance.objects.on_hand().filter(lot__in=by_lot)
    for balance in (
        balances.annotate(stop=gate.stop_code(on=today))
        .select_related("location", "container")
        .order_by("location__path")
    ):
        by_lot[balance.lot_id].places.append(balance)
    _add_holds(lots, by_lot)
    _add_inspections(by_lot)
    for due in unsettled(by_lot):
        by_lot[due.lot_id].due.append(due)
    for proposal in Proposal.objects.open().filter(lot__in=by_lot):
        by_lot[proposal.lot_id].proposal = proposal
    for lot in lots:
        facts = by_lot[lot.pk]
        facts.stops = _stops(lot, facts, today)
        lot.facts = facts  # type: ignore[attr-defined]
    return lots


def _add_holds(lots: Sequence[Lot], by_lot: dict[int, LotFacts]) -> None:
    """Open holds on the lot itself, its material, and the places and containers it stands in."""
    codes = {
        code
        for facts in by_lot.values()
        for balance in facts.places
        for code in balance.location.ancestry
    }
    containers = {
        pk
        for facts in by_lot.values()
        for balance in facts.places
        if balance.container
        for pk in (balance.container_id, balance.container.parent_id)
        if pk
    }
    touching = Q(lot__in=by_lot) | Q(material__in={lot.material_id for lot in lots})
    touching |= Q(location__code__in=codes) | Q(container__in=containers)
    touching |= Q(supplier_lot__in={lot.supplier_lot for lot in lots} - {""})
    holds = Hold.objects.open().filter(touching)
    holds = holds.select_related("lot", "material", "location", "container", "actor")
    for hold in holds.order_by("pk"):
        for lot in lots:
            if _lies_on(hold, lot, by_lot[lot.pk].places):
                by_lot[lot.pk].holds.append(hold)


def _lies_on(hold: Hold, lot: Lot, places: Iterable[Balance]) -> bool:
    if hold.lot_id:
        return hold.lot_id == lot.pk
    if hold.material_id:
        return hold.material_id == lot.material_id
    if hold.supplier_lot:
        return hold.supplier_lot == lot.supplier_lot
    if hold.location:
        code = hold.location.code
        return any(code in balance.location.ancestry for balance in places)
    return any(
        balance.container
        and hold.container_id in (balance.container_id, balance.container.parent_id)
        for balance in places
    )


def _add_inspections(by_lot: dict[int, LotFacts]) -> None:
    newest = Inspection.objects.filter(lot__in=by_lot).order_by().values("lot")
    pks = newest.annotate(last=Max("pk")).values("last")
    found = Inspection.objects.filter(pk__in=pks).select_related("actor")
    for inspection in found.prefetch_related("results"):
        inspection.rows = rows_of(inspection.results.all())  # type: ignore[attr-defined]
        by_lot[inspection.lot_id].inspection = inspection


def _stops(lot: Lot, facts: LotFacts, today: date) -> list[str]:
    """The stops that do not follow from the status: holds and dates."""
    stops = ["lot_on_hold"] if facts.holds else []
    return stops + [stop.code for stop in gate.DATE_STOPS if stop.met(lot, today)]
