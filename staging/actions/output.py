"""Produce: what an activity made comes into stock, descended from what it used."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inventory import audit, ledger
from inventory.actions.common import counterparts, each, lock_lots, require_kind
from inventory.actions.moves import UnitField
from inventory.actions.receipt import expiry_of, retest_of
from inventory.audit import Actor, Stamp
from inventory.errors import Refused
from inventory.fields import About
from inventory.ledger import Book, Line
from inventory.models import (
    Location,
    LocationKind,
    Lot,
    LotLink,
    Material,
    Movement,
    MovementKind,
)
from inventory.units import to_base
from staging.actions.common import (
    lock_locations,
    lock_requirements,
    not_shipment,
    require_live,
    reserved_for,
)
from staging.actions.stage import Assignment, DemandField, assign
from staging.flow import Outcome, hold_to_capacity
from staging.models import Demand, Requirement

LocationField = Annotated[Location, About(_("To"), _("Storage, quarantine or a buffer."))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """A lot that a demand made. `next_demand` stages it for the next step at once."""

    demand: DemandField
    number: Annotated[str, About(_("Lot or serial number"), max_length=60)]
    quantity: Annotated[Decimal, About(_("Quantity"))]
    location: LocationField
    material: Annotated[
        Material | None, About(_("Material"), _("Empty: the demand's product."))
    ] = None
    unit: UnitField = None
    made_on: Annotated[date | None, About(_("Made on"))] = None
    expires_on: Annotated[date | None, About(_("Expires on"))] = None
    next_demand: Annotated[
        Demand | None, About(_("Stage for"), _("The next operation, if it waits for this."))
    ] = None


@transaction.atomic
def produce(*, lines: Sequence[Output], by: Actor, at: datetime) -> Outcome:
    """Put what a demand made into stock, descended from all that the demand consumed.

    With `next_demand`, the output is staged for it where it stands, through the gate.
    Refuses `product_needed`, `lot_exists`, `number_needed`, `wrong_demand_kind`,
    `demand_closed`, `requirements_needed`, `wrong_location_kind`, `location_closed`,
    `expiry_before_made`, `date_too_late`, `serial_is_one`, `lane_full`, the quantity codes, and
    as `assign` does.
    """
    stamp = audit.stamp(by, at)
    outputs = _make_lots(lines, at)
    onward = [line.next_demand for line in lines if line.next_demand]
    with_units = any(line.unit for line in lines)
    reserved = reserved_for(onward) if onward else ()
    lots = lock_lots(outputs, with_units=with_units, also=reserved)
    made = [lots[lot.pk] for lot in outputs]
    requirements = lock_requirements([*(line.demand for line in lines), *onward])
    staged_at = [line.location for line in lines if line.location.is_staging]
    lanes = lock_locations(staged_at) if staged_at else {}
    sites = (line.location.site_id for line in lines)
    production = counterparts(LocationKind.PRODUCTION, sites)

    def entry(line: Output, index: int) -> Line:
        first = _first(requirements.get(line.demand.pk, []), line)
        require_live(first.demand)
        return Line(
            kind=MovementKind.PRODUCE,
            lot=made[index],
            quantity=to_base(made[index].material, line.quantity, line.unit),
            source=production[line.location.site_id],
            target=line.location,
            task=first.pk,
            reference=first.demand.reference,
            index=index,
        )

    entries = each(lines, entry)
    book = Book.read(made, places=[lane for lane in lanes.values() if lane.capacity])
    movements = ledger.post(entries, book=book, stamp=stamp)
    warnings = hold_to_capacity(entries, book, lanes.values())
    _link_inputs([(line.demand, lot) for line, lot in zip(lines, made, strict=True)], stamp)
    audit.record(
        "staging.produce",
        stamp=stamp,
        subject=lines[0].demand,
        facts={"lots": [lot.code for lot in made]},
    )
    warnings += _stage_for_next(lines, made, by, at)
    return Outcome(movements, warnings)


def _first(requirements: Sequence[Requirement], line: Output) -> Requirement:
    """The line of the demand that the output's movement is kept under."""
    if not requirements:
        raise Refused(
            _("%(demand)s needs no material, so nothing can be made for it."),
            code="requirements_needed",
            field="demand",
            hint=_("Say first what the demand needs."),
            demand=line.demand,
        )
    return requirements[0]


def _product(line: Output) -> Material:
    material = line.material or line.demand.product
    if material is None:
        raise Refused(
            _("%(demand)s names no product."),
            code="product_needed",
            field="material",
            hint=_("Say which material was made."),
            demand=line.demand,
        )
    return material


def _output_code(line: Output) -> str:
    return Lot.code_of(_product(line), line.number.strip())


def _make_lots(lines: Sequence[Output], at: datetime) -> list[Lot]:
    """A new lot for each line, in the order of the lines."""
    codes = [_output_code(line) for line in lines if line.material or line.demand.product]
    taken = _taken(codes)
    outputs = each(lines, lambda line, index: _new_lot(line, taken, at))
    try:
        with transaction.atomic():
            # In one order, or two requests with the same numbers could wait for each other.
            Lot.objects.bulk_create(sorted(outputs, key=lambda lot: lot.code))
    except IntegrityError:  # somebody gave a lot that number meanwhile
        taken = _taken(codes)
        each(lines, lambda line, index: _check_number(line, taken))
        raise
    return outputs


def _taken(codes: Sequence[str]) -> set[str]:
    return set(Lot.objects.filter(code__in=codes).values_list("code", flat=True))


def _new_lot(line: Output, taken: set[str], at: datetime) -> Lot:
    not_shipment(line.demand)
    kinds = (LocationKind.STORAGE, LocationKind.QUARANTINE, LocationKind.STAGING)
    require_kind(line.location, *kinds, field="location")
    material = _product(line)
    _check_number(line, taken)
    taken.add(_output_code(line))
    made = line.made_on or timezone.localdate(at)
    expiry = expiry_of(material, made, line.expires_on)
    if expiry and expiry < made:
        raise Refused(
            _("It would expire before it was made."),
            code="expiry_before_made",
            field="expires_on",
            hint=_("Check both dates."),
        )
    return Lot(
        material=material,
        number=line.number.strip(),
        code=_output_code(line),
        made_on=made,
        expires_on=expiry,
        retest_on=retest_of(material, made),
        status=material.initial_status,
    )


def _check_number(line: Output, taken: set[str]) -> None:
    if not line.number.strip():
        raise Refused(
            _("Enter the lot number."),
            code="number_needed",
            field="number",
            hint=_("Give the output a number of its own."),
        )
    if _output_code(line) in taken:
        raise Refused(
            _("%(material)s has a lot of that number already."),
            code="lot_exists",
            field="number",
            hint=_("Give the output a number of its own."),
            material=_product(line),
        )


def _link_inputs(pairs: Sequence[tuple[Demand, Lot]], stamp: Stamp) -> None:
    """What a demand consumed went into all that it made; `pairs` are of demand and output."""
    demands = {demand.reference for demand, _output in pairs}
    used = Movement.objects.filter(
        reference__in=demands, kind=MovementKind.CONSUME, reversed_by=None, task__isnull=False
    ).values_list("reference", "lot")
    inputs: dict[str, list[tuple[int, Decimal]]] = defaultdict(list)
    for reference, lot, total in used.annotate(total=Sum("quantity")):
        inputs[reference].append((lot, total))
    columns = stamp.columns()
    LotLink.objects.bulk_create(
        LotLink(parent_id=lot, child=output, kind="consume", quantity=total, **columns)
        for demand, output in pairs
        for lot, total in inputs[demand.reference]
    )


def link_to_outputs(consumed: Sequence[Movement]) -> None:
    """What is consumed after the first output was made is a parent of it as well."""
    references = {movement.reference for movement in consumed}
    made = Movement.objects.filter(
        reference__in=references, kind=MovementKind.PRODUCE, reversed_by=None
    )
    outputs: dict[str, set[int]] = defaultdict(set)
    for reference, lot in made.values_list("reference", "lot"):
        outputs[reference].add(lot)
    LotLink.objects.bulk_create(
        LotLink(
            parent_id=movement.lot_id,
            child_id=lot,
            kind="consume",
            quantity=movement.quantity,
            actor_id=movement.actor_id,
            surface=movement.surface,
            occurred_at=movement.occurred_at,
            recorded_at=movement.recorded_at,
            batch=movement.batch,
        )
        for movement in consumed
        for lot in outputs.get(movement.reference, ())
        if lot != movement.lot_id
    )


def _stage_for_next(
    lines: Sequence[Output], made: Sequence[Lot], by: Actor, at: datetime
) -> list[str]:
    going_on = [(index, line) for index, line in enumerate(lines) if line.next_demand]
    onward = [
        Assignment(
            demand=line.next_demand,
            lot=made[index],
            lane=line.location,
            quantity=line.quantity,
            unit=line.unit,
        )
        for index, line in going_on
        if line.next_demand
    ]
    try:
        return assign(lines=onward, by=by, at=at).warnings if onward else []
    except Refused as refusal:
        for found in refusal.all:
            found.line = going_on[found.line or 0][0]
        raise
