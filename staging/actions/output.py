"""Produce: what an activity made comes into stock, descended from what it used."""

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
from inventory.actions.common import counterparts, lock_lots, require_kind
from inventory.actions.moves import UnitField
from inventory.actions.receipt import expiry_of, retest_of
from inventory.audit import Actor, Stamp
from inventory.errors import Refusals, Refused
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
    refusals, outputs = Refusals(), list[Lot]()
    for index, line in enumerate(lines):
        with refusals.of(index):
            outputs.append(_make_lot(line, index, at))
    refusals.raise_any()
    onward = [line.next_demand for line in lines if line.next_demand]
    lots = lock_lots(outputs, also=reserved_for(onward))
    made = {lot.code: lots[lot.pk] for lot in outputs}
    requirements = lock_requirements([*(line.demand for line in lines), *onward])
    lanes = lock_locations(line.location for line in lines if line.location.is_staging)
    sites = (line.location.site_id for line in lines)
    production = counterparts(LocationKind.PRODUCTION, sites)
    entries, links = [], []
    for index, line in enumerate(lines):
        lot = made[_output_code(line)]
        with refusals.of(index):
            first = _first(requirements.get(line.demand.pk, []), line, index)
            demand, task = first.demand, first.pk
            require_live(demand)
            entries.append(
                Line(
                    kind=MovementKind.PRODUCE,
                    lot=lot,
                    quantity=to_base(lot.material, line.quantity, line.unit),
                    source=production[line.location.site_id],
                    target=line.location,
                    task=task,
                    reference=demand.reference,
                    index=index,
                )
            )
            links += _links_from_inputs(demand, lot, stamp)
    refusals.raise_any()
    book = Book.read(made.values(), places=[lane for lane in lanes.values() if lane.capacity])
    movements = ledger.post(entries, book=book, stamp=stamp)
    warnings = hold_to_capacity(entries, book, lanes.values())
    LotLink.objects.bulk_create(links)
    audit.record(
        "staging.produce",
        stamp=stamp,
        subject=lines[0].demand,
        facts={"lots": [lot.code for lot in made.values()]},
    )
    warnings += _stage_for_next(lines, made, by, at)
    return Outcome(movements, warnings)


def _first(requirements: Sequence[Requirement], line: Output, index: int) -> Requirement:
    """The line of the demand that the output's movement is kept under."""
    if not requirements:
        raise Refused(
            _("%(demand)s needs no material, so nothing can be made for it."),
            code="requirements_needed",
            field="demand",
            line=index,
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


def _make_lot(line: Output, index: int, at: datetime) -> Lot:
    not_shipment(line.demand)
    kinds = (LocationKind.STORAGE, LocationKind.QUARANTINE, LocationKind.STAGING)
    require_kind(line.location, *kinds, field="location")
    material, number = _product(line), line.number.strip()
    if not number:
        raise Refused(
            _("Enter the lot number."),
            code="number_needed",
            field="number",
            line=index,
            hint=_("Give the output a number of its own."),
        )
    if Lot.objects.filter(code=_output_code(line)).exists():
        raise _exists(material, index)
    made = line.made_on or timezone.localdate(at)
    expiry = expiry_of(material, made, line.expires_on)
    if expiry and expiry < made:
        raise Refused(
            _("It would expire before it was made."),
            code="expiry_before_made",
            field="expires_on",
            line=index,
            hint=_("Check both dates."),
        )
    lot = Lot(
        material=material,
        number=number,
        code=_output_code(line),
        made_on=made,
        expires_on=expiry,
        retest_on=retest_of(material, made),
        status=material.initial_status,
    )
    try:
        with transaction.atomic():
            lot.save()
    except IntegrityError:  # somebody gave a lot that number meanwhile
        raise _exists(material, index) from None
    return lot


def _exists(material: Material, index: int) -> Refused:
    return Refused(
        _("%(material)s has a lot of that number already."),
        code="lot_exists",
        field="number",
        line=index,
        hint=_("Give the output a number of its own."),
        material=material,
    )


def _links_from_inputs(demand: Demand, output: Lot, stamp: Stamp) -> list[LotLink]:
    inputs = (
        Movement.objects.filter(
            task__in=demand.requirements.values("pk"),
            kind=MovementKind.CONSUME,
            reversed_by=None,
        )
        .values("lot")
        .annotate(total=Sum("quantity"))
    )
    return [
        LotLink(
            parent_id=row["lot"],
            child=output,
            kind="consume",
            quantity=row["total"],
            **stamp.columns(),
        )
        for row in inputs
    ]


def link_to_outputs(consumed: Sequence[Movement]) -> None:
    """What is consumed after the first output was made is a parent of it as well."""
    references = {movement.reference for movement in consumed}
    outputs: dict[str, set[int]] = {}
    made = Movement.objects.filter(
        reference__in=references, kind=MovementKind.PRODUCE, reversed_by=None
    )
    for reference, lot in made.values_list("reference", "lot"):
        outputs.setdefault(reference, set()).add(lot)
    LotLink.objects.bulk_create(
        LotLink(
            parent=movement.lot,
            child_id=lot,
            kind="consume",
            quantity=movement.quantity,
            actor=movement.actor,
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
    lines: Sequence[Output], made: dict[str, Lot], by: Actor, at: datetime
) -> list[str]:
    going_on = [(index, line) for index, line in enumerate(lines) if line.next_demand]
    onward = [
        Assignment(
            demand=line.next_demand,
            lot=made[_output_code(line)],
            lane=line.location,
            quantity=line.quantity,
            unit=line.unit,
        )
        for _index, line in going_on
        if line.next_demand
    ]
    try:
        return assign(lines=onward, by=by, at=at).warnings if onward else []
    except Refused as refusal:
        for found in refusal.all:
            found.line = going_on[found.line or 0][0]
        raise
