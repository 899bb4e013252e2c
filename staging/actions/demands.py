"""Create, cancel and complete demands, and the lines that say what changes on them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from django.db import IntegrityError, transaction
from django.db.models import Q, prefetch_related_objects
from django.utils.translation import gettext_lazy as _

from inventory import audit, outbox, preconditions, sites
from inventory.actions.common import each, lock_lots, require_kind
from inventory.actions.moves import ReasonField
from inventory.audit import Actor, Stamp
from inventory.errors import Refused
from inventory.fields import About, Words
from inventory.ledger import Book
from inventory.models import AuditEntry, Location, LocationKind, Lot, Material, Site, Unit
from inventory.units import plain, to_base
from staging.actions.common import Needs, lock_requirements, require_live
from staging.bindings import Bindings
from staging.flow import CLAIM
from staging.models import Commitment, Demand, DemandKind, LeftBy, Requirement, State
from staging.surplus import Surplus, Told

MaterialField = Annotated[Material, About(_("Material"))]
SiteField = Annotated[Site, About(_("Site"))]
DemandField = Annotated[Demand, About(_("Demand"))]

MOST_IN_WORDS = 100
"""Demands that an answer warns of one by one."""

REFERS_TO = {column.name for column in Demand._meta.concrete_fields if column.is_relation}


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One material a demand needs."""

    material: MaterialField
    quantity: Annotated[Decimal, About(_("Quantity"))]
    unit: Annotated[Unit | None, About(_("Unit"))] = None
    lot: Annotated[Lot | None, About(_("Lot"), _("Only if this very lot must be used."))] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDemand:
    """A next step that material is to be made ready for."""

    reference: Annotated[
        str, About(_("Reference"), _("As the ERP or MES knows it."), max_length=80)
    ]
    kind: Annotated[DemandKind, About(_("Kind"))]
    site: SiteField
    needed_at: Annotated[datetime, About(_("Needed at"))]
    requirements: Annotated[
        tuple[Need, ...],
        About(_("Materials"), _("One a line: material, quantity and, if you like, unit.")),
    ]
    work_center: Annotated[
        Location | None, About(_("Work centre"), _("For production orders and operations."))
    ] = None
    customer: Annotated[Location | None, About(_("Customer"), _("For shipments."))] = None
    route: Annotated[str, About(_("Route"), max_length=60)] = ""
    carrier: Annotated[str, About(_("Carrier"), max_length=60)] = ""
    product: Annotated[Material | None, About(_("Product"), _("What it makes."))] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandChange:
    """What changes on a demand; what is left empty stays."""

    demand: DemandField
    reason: ReasonField
    needed_at: Annotated[datetime | None, About(_("Needed at"))] = None
    route: Annotated[str | None, About(_("Route"), max_length=60)] = None
    carrier: Annotated[str | None, About(_("Carrier"), max_length=60)] = None
    work_center: Annotated[Location | None, About(_("Work centre"))] = None
    requirements: Annotated[
        tuple[Need, ...],
        About(_("Materials"), _("New quantities by material; 0 takes a line off.")),
    ] = ()
    reconcile: Annotated[
        bool,
        About(
            _("Give up what is too much"),
            _("Reservations are freed, the last to expire first; staged stock is to be unstaged."),
        ),
    ] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandEnd:
    """A demand that is completed, and why."""

    demand: DemandField
    reason: ReasonField


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancellation(DemandEnd):
    """A demand that is cancelled, and why."""

    reconcile: Annotated[
        bool,
        About(
            _("Even if it has started"),
            _("Then it needs what was used up and no more; what was issued is to come back."),
        ),
    ] = False


class Demands(list[Demand]):
    """The demands of a request, and what became of what they had. `told` is by their ids."""

    def __init__(self, rows: Iterable[Demand] = (), told: dict[int, Told] | None = None) -> None:
        super().__init__(rows)
        self.told = told or {}

    @property
    def warnings(self) -> list[str]:
        """What is left to do, in words."""
        return [
            words
            for demand in self[:MOST_IN_WORDS]
            if (told := self.told.get(demand.pk))
            for words in told.words(demand)
        ]


@transaction.atomic
def create_demand(*, lines: Sequence[NewDemand], by: Actor, at: datetime) -> list[Demand]:
    """Create demands with their requirements.

    Refuses `reference_taken`, `requirements_needed`, `material_twice`, `other_material` (a lot of
    another one), `customer_needed`, `wrong_location_kind`, `location_closed` and the quantity
    codes; raises ValidationError for a bad reference.
    """
    stamp = audit.stamp(by, at)
    read_units(lines)
    taken = _taken(lines)
    demands = each(lines, lambda line, index: _new(line, taken))
    needed = each(lines, lambda line, index: _quantities(line))
    sites.require(by.user, ((index, [demand]) for index, demand in enumerate(demands)))
    _insert(lines, demands)
    Requirement.objects.bulk_create(
        Requirement(
            demand=demand, line=number, material=need.material, quantity=quantity, lot=need.lot
        )
        for demand, line, quantities in zip(demands, lines, needed, strict=True)
        for number, (need, quantity) in enumerate(
            zip(line.requirements, quantities, strict=True), start=1
        )
    )
    entries = [
        audit.Entry(
            subject=demand,
            changes=audit.differences(None, demand),
            facts={"requirements": _in_words(line.requirements)},
        )
        for demand, line in zip(demands, lines, strict=True)
    ]
    announce("created", audit.record_many("staging.create_demand", entries, stamp=stamp))
    return demands


def read_units(lines: Sequence[NewDemand | DemandChange]) -> None:
    """The other units of all materials that are asked for in one, at once."""
    needs = [need for line in lines for need in line.requirements]
    prefetch_related_objects([need.material for need in needs if need.unit], "units")


def _taken(lines: Sequence[NewDemand]) -> set[str]:
    """The references of the lines that other demands have."""
    known = Demand.objects.filter(reference__in=[line.reference.strip() for line in lines])
    return set(known.values_list("reference", flat=True))


def _new(line: NewDemand, taken: set[str]) -> Demand:
    """The demand, checked. `taken` comes to hold its reference."""
    _check_new(line, taken)
    taken.add(line.reference.strip())
    demand = Demand(
        kind=line.kind,
        reference=line.reference.strip(),
        site=line.site,
        needed_at=line.needed_at,
        work_center=line.work_center,
        customer=line.customer,
        route=line.route.strip(),
        carrier=line.carrier.strip(),
        product=line.product,
    )
    # What it refers to was just read; looking each up again would be four statements a line.
    demand.full_clean(exclude=REFERS_TO, validate_unique=False, validate_constraints=False)
    return demand


def _quantities(line: NewDemand) -> list[Decimal]:
    return [to_base(need.material, need.quantity, need.unit) for need in line.requirements]


def _insert(lines: Sequence[NewDemand], demands: Sequence[Demand]) -> None:
    try:
        with transaction.atomic():
            # In one order, or two requests with the same references could wait for each other.
            Demand.objects.bulk_create(sorted(demands, key=lambda demand: demand.reference))
    except IntegrityError:  # somebody created one of them meanwhile
        taken = _taken(lines)
        each(lines, lambda line, index: _check_reference(line, taken))
        raise


def _in_words(needs: Sequence[Need]) -> list[str]:
    return [
        f"{need.material} {plain(need.quantity)} {need.unit or need.material.base_unit_id}"
        for need in needs
    ]


def _check_new(line: NewDemand, taken: set[str]) -> None:
    _check_reference(line, taken)
    if not line.requirements:
        raise Refused(
            _("Say what the demand needs."),
            code="requirements_needed",
            field="requirements",
            hint=_("Enter one material and quantity a line."),
        )
    check_needs(line.requirements, hint=_("Add the quantities up, or name the lots."))
    if line.work_center:
        require_kind(line.work_center, LocationKind.WORK_CENTER, field="work_center")
    if line.customer:
        require_kind(line.customer, LocationKind.CUSTOMER, field="customer")
    if (line.kind == DemandKind.SHIPMENT) != (line.customer is not None):
        raise Refused(
            _("A shipment needs a customer; other demands have none."),
            code="customer_needed",
            field="customer",
            hint=_("Choose the customer, or another kind of demand."),
        )


def _check_reference(line: NewDemand, taken: set[str]) -> None:
    if line.reference.strip() in taken:
        raise Refused(
            _("There is a demand %(reference)s already."),
            code="reference_taken",
            field="reference",
            hint=_("Change that demand, or check the reference."),
            reference=line.reference,
        )


def check_needs(needs: Sequence[Need], *, hint: Words) -> None:
    """Refuse `material_twice` with that hint, and as `_check_lots` does."""
    keys = [(need.material.pk, need.lot.pk if need.lot else None) for need in needs]
    if len(set(keys)) < len(keys):
        raise Refused(
            _("A material stands there twice."),
            code="material_twice",
            field="requirements",
            hint=hint,
        )
    _check_lots(needs)


def _check_lots(needs: Sequence[Need]) -> None:
    for need in needs:
        if need.lot and need.lot.material_id != need.material.pk:
            raise Refused(
                _("%(lot)s is not a lot of %(material)s."),
                code="other_material",
                field="requirements",
                hint=_("Check the lot, or leave it out."),
                lot=need.lot,
                material=need.material,
            )


def stamp_of(lines: Sequence[DemandChange | DemandEnd], by: Actor, at: datetime) -> Stamp:
    """Each line has a reason of its own."""
    reasons = [audit.require_reason(line.reason) for line in lines]
    return audit.stamp(by, at, reasons[0])


@transaction.atomic
def cancel_demand(*, lines: Sequence[Cancellation], by: Actor, at: datetime) -> Demands:
    """Cancel demands. Reservations are given up; what is staged stays in its lane without a
    demand, on the unstage list, and the clock raises an alert until it has gone.

    One that has started is refused. With `reconcile` it is completed short, or, while anything is
    issued, cut down to what was used up, and open until the rest has come back. Refuses
    `reason_needed`, `demand_closed`, `demand_started`, `demand_busy` (others work on it).
    """
    return _end(lines, by, at, why=LeftBy.CANCELLED)


@transaction.atomic
def complete_demand(*, lines: Sequence[DemandEnd], by: Actor, at: datetime) -> Demands:
    """Complete demands, short if need be. What is still reserved is freed; what is staged stays
    in its lane, on the unstage list.

    Refuses `reason_needed`, `demand_closed`, `still_issued` (return or use the remainder first),
    `demand_busy` (others work on it).
    """
    return _end(lines, by, at, why=LeftBy.COMPLETED)


def _end(lines: Sequence[DemandEnd], by: Actor, at: datetime, *, why: LeftBy) -> Demands:
    stamp = stamp_of(lines, by, at)
    lots, requirements, bindings = lock_committed([line.demand for line in lines], at)
    preconditions.locked(line.demand for line in lines)
    surplus = Surplus(Book.read(lots.values()), bindings, stamp)
    cut: list[Requirement] = []

    def end(line: DemandEnd, index: int) -> audit.Entry:
        of_demand = requirements.get(line.demand.pk, Needs())
        demand = of_demand[0].demand if of_demand else line.demand
        sites.require(by.user, [(index, [demand])])
        require_live(demand)
        starts = _total(of_demand, bindings, State.ISSUED, State.USED)
        changes: dict[str, list[Any]] = {}
        if not (starts and getattr(line, "reconcile", False)):
            _check_end(demand, of_demand, bindings, cancelled=why == LeftBy.CANCELLED)
            close(demand, of_demand, cancelled=why == LeftBy.CANCELLED)
        elif not _total(of_demand, bindings, State.ISSUED):
            close(demand, of_demand, cancelled=False)
        else:
            for row in of_demand:
                used = bindings.total(row, State.USED)
                surplus.hold_to(row, used, LeftBy.CHANGED)
                changes[str(row.lot or row.material)] = [plain(row.quantity), plain(used)]
                row.quantity = used
                cut.append(row)
        ended.append(demand)
        facts = surplus.of(demand).facts()
        return audit.Entry(subject=demand, changes=changes, facts=facts, reason=line.reason)

    def close(demand: Demand, of_demand: Sequence[Requirement], *, cancelled: bool) -> None:
        for row in of_demand:
            surplus.hold_to(row, bindings.total(row, State.ISSUED, State.USED), why)
        demand.closed_at, demand.closed_by = stamp.recorded_at, stamp.actor
        demand.cancelled = cancelled

    ended: list[Demand] = []
    entries = each(lines, end)
    _save_ends(ended, stamp)
    surplus.save()
    save_quantities(cut)
    action = "cancel_demand" if why == LeftBy.CANCELLED else "complete_demand"
    _announce_ends(ended, audit.record_many(f"staging.{action}", entries, stamp=stamp))
    return Demands(ended, surplus.told)


def _announce_ends(ended: Sequence[Demand], entries: Sequence[AuditEntry]) -> None:
    outcomes: dict[str, list[AuditEntry]] = {}
    for demand, entry in zip(ended, entries, strict=True):
        outcomes.setdefault(_outcome(demand), []).append(entry)
    for what, said in outcomes.items():
        announce(what, said)


def _save_ends(ended: Sequence[Demand], stamp: Stamp) -> None:
    for cancelled in (True, False):
        closed = [row.pk for row in ended if row.closed_at and row.cancelled is cancelled]
        if closed:
            Demand.objects.filter(pk__in=closed).update(
                closed_at=stamp.recorded_at, closed_by=stamp.actor, cancelled=cancelled
            )


def _outcome(demand: Demand) -> str:
    """What has become of a demand that was to end: one that has started is only cut."""
    if demand.closed_at is None:
        return "changed"
    return "cancelled" if demand.cancelled else "closed"


def _total(lines: Sequence[Requirement], bindings: Bindings, *states: State) -> Decimal:
    return sum((bindings.total(line, *states) for line in lines), Decimal(0))


def save_quantities(rows: Iterable[Requirement]) -> None:
    """Write new quantities of known lines, in one statement."""
    Requirement.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["id"], update_fields=["quantity"]
    )


def announce(what: str, entries: Sequence[AuditEntry]) -> None:
    """Let others hear of it, with what the audit trail says."""
    outbox.add(f"demand.{what}", [entry.pk for entry in entries])


def lock_committed(
    demands: Sequence[Demand], at: datetime
) -> tuple[dict[int, Lot], dict[int, Needs], Bindings]:
    """Lock the lots committed to the demands, then the demands; what is committed to them.

    Somebody may commit another lot between the two. Then both locks are given back, because lots
    are locked first, and taken again. Refuses `demand_busy` when that happens again and again.
    """
    for _attempt in range(5):
        mark = transaction.savepoint()
        open_rows = Commitment.objects.open().filter(requirement__demand__in=demands)
        lots = lock_lots([], also=Q(pk__in=open_rows.exclude(state=State.USED).values("lot")))
        requirements = lock_requirements(demands)
        rows = [row for found in requirements.values() for row in found]
        bindings = Bindings.read(at=at, requirements=rows)
        if all(row.lot_id in lots for row in bindings.find(states=CLAIM)):
            transaction.savepoint_commit(mark)
            return lots, requirements, bindings
        transaction.savepoint_rollback(mark)
    raise Refused(
        _("Others are working on %(demand)s at this moment."),
        code="demand_busy",
        field="demand",
        hint=_("Try again."),
        demand=demands[0],
    )


def _check_end(
    demand: Demand,
    requirements: Sequence[Requirement],
    bindings: Bindings,
    *,
    cancelled: bool,
) -> None:
    stops = [State.ISSUED, State.USED] if cancelled else [State.ISSUED]
    if any(bindings.total(row, *stops) for row in requirements):
        raise Refused(
            _("%(demand)s has started: material was issued or used.")
            if cancelled
            else _("Material issued for %(demand)s is neither used nor returned."),
            code="demand_started" if cancelled else "still_issued",
            field="demand",
            hint=_("Return the remainder and complete it.")
            if cancelled
            else _("Consume, ship or return it first."),
            demand=demand,
        )
