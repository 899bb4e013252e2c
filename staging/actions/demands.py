"""Create, change, cancel and complete demands."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Annotated

from django.db import IntegrityError, transaction
from django.db.models import Max, Q
from django.utils.translation import gettext_lazy as _

from inventory import audit
from inventory.actions.common import lock_lots, require_kind
from inventory.actions.moves import ReasonField
from inventory.audit import Actor, Stamp
from inventory.errors import Refused
from inventory.fields import About
from inventory.ledger import Book, Claim
from inventory.models import Location, LocationKind, Lot, Material, Site, Unit
from inventory.units import plain, to_base
from staging.actions.common import lock_requirements, require_live
from staging.bindings import Bindings
from staging.flow import CLAIM
from staging.models import Commitment, Demand, DemandKind, Requirement, State

MaterialField = Annotated[Material, About(_("Material"))]
SiteField = Annotated[Site, About(_("Site"))]
DemandField = Annotated[Demand, About(_("Demand"))]


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
    requirements: Annotated[
        tuple[Need, ...],
        About(_("Materials"), _("New quantities by material; 0 takes a line off.")),
    ] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandEnd:
    """A demand that is cancelled or completed, and why."""

    demand: DemandField
    reason: ReasonField


@transaction.atomic
def create_demand(*, lines: Sequence[NewDemand], by: Actor, at: datetime) -> list[Demand]:
    """Create demands with their requirements.

    Refuses `reference_taken`, `requirements_needed`, `material_twice`, `other_material` (a lot of
    another one), `customer_needed`, `wrong_location_kind`, `location_closed` and the quantity
    codes; raises ValidationError for a bad reference.
    """
    stamp = audit.stamp(by, at)
    return [_create(line, stamp, index) for index, line in enumerate(lines)]


def _create(line: NewDemand, stamp: Stamp, index: int) -> Demand:
    _check_new(line, index)
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
    demand.full_clean(validate_unique=False, validate_constraints=False)
    try:
        with transaction.atomic():
            demand.save()
    except IntegrityError:  # somebody created it meanwhile
        raise _reference_taken(line, index) from None
    Requirement.objects.bulk_create(
        Requirement(
            demand=demand,
            line=number,
            material=need.material,
            quantity=to_base(need.material, need.quantity, need.unit),
            lot=need.lot,
        )
        for number, need in enumerate(line.requirements, start=1)
    )
    audit.record(
        "staging.create_demand",
        stamp=stamp,
        subject=demand,
        changes=audit.differences(None, demand),
        facts={"requirements": _in_words(line.requirements)},
    )
    return demand


def _in_words(needs: Sequence[Need]) -> list[str]:
    return [
        f"{need.material} {plain(need.quantity)} {need.unit or need.material.base_unit_id}"
        for need in needs
    ]


def _check_new(line: NewDemand, index: int) -> None:
    if Demand.objects.filter(reference=line.reference.strip()).exists():
        raise _reference_taken(line, index)
    if not line.requirements:
        raise Refused(
            _("Say what the demand needs."),
            code="requirements_needed",
            field="requirements",
            line=index,
            hint=_("Enter one material and quantity a line."),
        )
    keys = [(need.material.pk, need.lot.pk if need.lot else None) for need in line.requirements]
    if len(set(keys)) < len(keys):
        raise Refused(
            _("A material stands there twice."),
            code="material_twice",
            field="requirements",
            line=index,
            hint=_("Add the quantities up, or name the lots."),
        )
    _check_lots(line.requirements, index)
    if line.work_center:
        require_kind(line.work_center, LocationKind.WORK_CENTER, field="work_center")
    if line.customer:
        require_kind(line.customer, LocationKind.CUSTOMER, field="customer")
    if (line.kind == DemandKind.SHIPMENT) != (line.customer is not None):
        raise Refused(
            _("A shipment needs a customer; other demands have none."),
            code="customer_needed",
            field="customer",
            line=index,
            hint=_("Choose the customer, or another kind of demand."),
        )


def _reference_taken(line: NewDemand, index: int) -> Refused:
    return Refused(
        _("There is a demand %(reference)s already."),
        code="reference_taken",
        field="reference",
        line=index,
        hint=_("Change that demand, or check the reference."),
        reference=line.reference,
    )


def _check_lots(needs: Sequence[Need], index: int) -> None:
    for need in needs:
        if need.lot and need.lot.material_id != need.material.pk:
            raise Refused(
                _("%(lot)s is not a lot of %(material)s."),
                code="other_material",
                field="requirements",
                line=index,
                hint=_("Check the lot, or leave it out."),
                lot=need.lot,
                material=need.material,
            )


@transaction.atomic
def change_demand(*, lines: Sequence[DemandChange], by: Actor, at: datetime) -> list[Demand]:
    """Change time, route, carrier or quantities.

    Refuses `reason_needed`, `demand_closed`, `material_twice`, `other_material`,
    `below_committed` (less than is reserved, staged or beyond; unstage first) and the quantity
    codes.
    """
    stamp = _stamp(lines, by, at)
    requirements = lock_requirements(line.demand for line in lines)
    rows = [row for found in requirements.values() for row in found]
    bindings = Bindings.read(at=at, requirements=rows)
    changed = []
    for index, line in enumerate(lines):
        before = Demand.objects.get(pk=line.demand.pk)
        demand = Demand.objects.select_for_update(no_key=True).get(pk=line.demand.pk)
        require_live(demand)
        _check_change(line, index)
        for column in ("needed_at", "route", "carrier"):
            value = getattr(line, column)
            if value is not None:
                setattr(demand, column, value)
        demand.save(update_fields=["needed_at", "route", "carrier"])
        moved = [
            _require(need, demand, requirements.get(demand.pk, []), bindings, index)
            for need in line.requirements
        ]
        audit.record(
            "staging.change_demand",
            stamp=replace(stamp, reason=line.reason.strip()),
            subject=demand,
            changes=audit.differences(before, demand) | {k: v for k, v in moved if v[0] != v[1]},
        )
        changed.append(demand)
    return changed


def _stamp(lines: Sequence[DemandChange | DemandEnd], by: Actor, at: datetime) -> Stamp:
    """Each line has a reason of its own."""
    reasons = [audit.require_reason(line.reason) for line in lines]
    return audit.stamp(by, at, reasons[0])


def _check_change(line: DemandChange, index: int) -> None:
    keys = [(need.material.pk, need.lot.pk if need.lot else None) for need in line.requirements]
    if len(set(keys)) < len(keys):
        raise Refused(
            _("A material stands there twice."),
            code="material_twice",
            field="requirements",
            line=index,
            hint=_("Give one new quantity for each."),
        )
    _check_lots(line.requirements, index)


def _require(
    need: Need, demand: Demand, rows: Sequence[Requirement], bindings: Bindings, index: int
) -> tuple[str, list[str | None]]:
    """Set one line's quantity; the material and its old and new quantity."""
    quantity = to_base(need.material, need.quantity, need.unit, zero=True)
    lot = need.lot.pk if need.lot else None
    same = (row for row in rows if (row.material_id, row.lot_id) == (need.material.pk, lot))
    row = next(same, None)
    if row is None:
        last = Requirement.objects.filter(demand=demand).aggregate(last=Max("line"))["last"]
        Requirement.objects.create(
            demand=demand,
            line=(last or 0) + 1,
            material=need.material,
            quantity=quantity,
            lot=need.lot,
        )
        return need.material.code, [None, plain(quantity)]
    committed = row.quantity - bindings.missing(row) + bindings.total(row, State.RESERVED)
    if quantity < committed:
        raise Refused(
            _("%(committed)s of %(material)s is reserved, staged or used for it already."),
            code="below_committed",
            field="requirements",
            line=index,
            hint=_("Deallocate or unstage the difference first."),
            facts={"committed": plain(committed)},
            committed=plain(committed),
            material=need.material,
        )
    old, row.quantity = row.quantity, quantity
    row.save(update_fields=["quantity"])
    return need.material.code, [plain(old), plain(quantity)]


@transaction.atomic
def cancel_demand(*, lines: Sequence[DemandEnd], by: Actor, at: datetime) -> list[Demand]:
    """Cancel demands that have not started. Reservations are given up; what is staged stays in
    its lane without a demand, where the clock raises an alert until it is moved.

    Refuses `reason_needed`, `demand_closed`, `demand_started`, `demand_busy` (others work on it).
    """
    return _end(lines, by, at, cancelled=True)


@transaction.atomic
def complete_demand(*, lines: Sequence[DemandEnd], by: Actor, at: datetime) -> list[Demand]:
    """Complete demands, short if need be. What is still reserved or staged is freed.

    Refuses `reason_needed`, `demand_closed`, `still_issued` (return or use the remainder first),
    `demand_busy` (others work on it).
    """
    return _end(lines, by, at, cancelled=False)


def _end(lines: Sequence[DemandEnd], by: Actor, at: datetime, *, cancelled: bool) -> list[Demand]:
    stamp = _stamp(lines, by, at)
    lots, requirements, bindings = _lock_committed([line.demand for line in lines], at)
    book = Book.read(lots.values())
    ended = []
    for index, line in enumerate(lines):
        of_demand = requirements.get(line.demand.pk, [])
        demand = of_demand[0].demand if of_demand else line.demand
        require_live(demand)
        _check_end(demand, of_demand, bindings, index, cancelled=cancelled)
        freed = [_free(row, requirement, bindings, book)
                 for requirement in of_demand
                 for row in bindings.find(
                     states=[State.RESERVED, State.STAGED], requirement=requirement
                 )]  # fmt: skip
        demand.closed_at, demand.closed_by = stamp.recorded_at, stamp.actor
        demand.cancelled = cancelled
        demand.save(update_fields=["closed_at", "closed_by", "cancelled"])
        audit.record(
            "staging.cancel_demand" if cancelled else "staging.complete_demand",
            stamp=replace(stamp, reason=line.reason.strip()),
            subject=demand,
            facts={"freed": freed},
        )
        ended.append(demand)
    book.save()
    bindings.save()
    return ended


def _lock_committed(
    demands: Sequence[Demand], at: datetime
) -> tuple[dict[int, Lot], dict[int, list[Requirement]], Bindings]:
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
    index: int,
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
            line=index,
            hint=_("Return the remainder and complete it.")
            if cancelled
            else _("Consume, ship or return it first."),
            demand=demand,
        )


def _free(row: Commitment, requirement: Requirement, bindings: Bindings, book: Book) -> str:
    """Give up one claim; what it was, in words."""
    balance = book.at(row.lot, row.location, row.container)
    assert balance is not None  # noqa: S101 - a claim has its balance
    words = f"{row.state} {plain(row.quantity)} {row.lot} @ {row.location}"
    book.claim(balance, row.quantity, draws=CLAIM[State(row.state)], adds=Claim.FREE)
    bindings.take(row, row.quantity)
    return words
