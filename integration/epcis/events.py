"""One record as an event, with what it needs to know of others: read for a whole page at once."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import (
    BigIntegerField,
    Case,
    DecimalField,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from integration.epcis.identifiers import Names, own, transaction, transformation
from integration.epcis.ids import event_id
from integration.epcis.kinds import AGGREGATION, TRANSFORMATION, Kind
from integration.epcis.streams import DECLARED, Contained, Outputs, Stream
from integration.models import CapturedEvent
from inventory.models import (
    Container,
    Location,
    LocationKind,
    Lot,
    Movement,
    MovementKind,
    Tracking,
)
from inventory.models.materials import QUANTITY
from quality.models import Decision, Hold, Inspection, Signature
from staging.models import Requirement

Event = dict[str, Any]
M = MovementKind

_DECIMAL: DecimalField[Any, Any] = DecimalField(**QUANTITY)
_FINEST = Decimal(1).scaleb(-QUANTITY["decimal_places"])


@dataclass(frozen=True)
class Found:
    """A record that is an event: in which stream, and of which kind."""

    stream: Stream
    row: Any
    kind: Kind

    @property
    def about(self) -> Any:
        """The record that says what happened: for a reversal, the movement that it undoes."""
        return self.row.reverses if self.stream.declares else self.row


@dataclass
class Facts:
    """What a page of events needs to know besides: a statement each, however many events."""

    names: Names
    tasks: dict[int, Requirement] = field(default_factory=dict)
    counted: dict[int, Decimal] = field(default_factory=dict)
    captured: dict[Any, str] = field(default_factory=dict)
    results: dict[int, int] = field(default_factory=dict)
    signed: dict[tuple[str, int], str] = field(default_factory=dict)

    @classmethod
    def of(cls, found: Sequence[Found], names: Names) -> "Facts":
        movements = [one.about for one in found if isinstance(one.about, Movement)]
        decisions = [one.row.pk for one in found if isinstance(one.row, Decision)]
        holds = [one.row.pk for one in found if isinstance(one.row, Hold)]
        tasks = {movement.task for movement in movements if movement.task}
        counts = [movement.pk for movement in movements if movement.kind == M.ADJUST]
        requirements = Requirement.objects.filter(pk__in=tasks).select_related("demand")
        captured = CapturedEvent.objects.filter(batch__in={row.batch for row in movements})
        return cls(
            names,
            {row.pk: row for row in requirements.order_by()},
            dict(_counted(counts)),
            dict(captured.order_by().values_list("batch", "event_id")),
            dict(_results(decisions)),
            _signed(decisions, holds),
        )


def _counted(movements: Sequence[int]) -> Iterator[tuple[int, Decimal]]:
    """What stood there after each count: the ledger up to it, in the same container or loose."""

    def total(end: str, container: str) -> Coalesce:
        rows = Movement.objects.filter(
            lot=OuterRef("lot"), pk__lte=OuterRef("pk"), **{end: OuterRef("place")}
        )
        rows = rows.annotate(inside=_or_none(container)).filter(inside=OuterRef("inside"))
        summed = rows.order_by().values("lot").annotate(sum=Sum("quantity")).values("sum")
        return Coalesce(Subquery(summed), Value(Decimal(0)), output_field=_DECIMAL)

    if not movements:
        return
    found = Movement.objects.filter(pk__in=movements).annotate(
        place=Case(
            When(source__kind=LocationKind.VARIANCE, then=F("target_id")), default=F("source_id")
        ),
        inside=_or_none("from_container_id", "to_container_id"),
    )
    ins, outs = total("target", "to_container_id"), total("source", "from_container_id")
    for pk, more, less in (
        found.order_by().annotate(ins=ins, outs=outs).values_list("pk", "ins", "outs")
    ):
        # SQLite adds decimals as floats.
        yield pk, (more - less).quantize(_FINEST)


def _or_none(*containers: str) -> Coalesce:
    """The container, or 0 for loose stock, so that two can be compared."""
    return Coalesce(*containers, Value(0), output_field=BigIntegerField())


def _results(decisions: Iterable[int]) -> QuerySet[Any, Any]:
    """The last inspection of the lot before each decision."""
    before = Inspection.objects.filter(
        lot=OuterRef("lot"), recorded_at__lte=OuterRef("recorded_at")
    ).order_by("-pk")
    rows = Decision.objects.filter(pk__in=decisions).annotate(
        last=Subquery(before.values("pk")[:1])
    )
    return rows.filter(last__isnull=False).order_by().values_list("pk", "last")


def _signed(decisions: Sequence[int], holds: Sequence[int]) -> dict[tuple[str, int], str]:
    """The digest of what was signed, by the record that it is of."""
    rows = Signature.objects.filter(Q(decision__in=decisions) | Q(hold__in=holds))
    return {
        ("decision", decision) if decision else ("hold", hold): digest
        for decision, hold, digest in rows.order_by("pk").values_list("decision", "hold", "digest")
    }


def event_of(found: Found, facts: Facts) -> Event:
    """The event, as the standard writes it."""
    stream, row, kind = found.stream, found.row, found.kind
    event: Event = {
        "eventID": _id_of(stream, row),
        "type": kind.type,
        **_times(found),
        **_what(found, facts),
    }
    if kind.action:
        event["action"] = kind.action
    if kind.step:
        event["bizStep"] = kind.step
    if kind.disposition:
        event["disposition"] = kind.disposition
    if kind.sets or kind.unsets:
        event["persistentDisposition"] = {
            name: list(values)
            for name, values in (("set", kind.sets), ("unset", kind.unsets))
            if values
        }
    if stream.declares:
        event["errorDeclaration"] = _declaration(stream, row)
    return event


def _id_of(stream: Stream, row: Any) -> str:
    """A declaration has the ID of the event that it is about."""
    if stream.declares:
        return event_id(stream.number - DECLARED, row.reverses_id)
    return event_id(stream.number, row.pk)


def _declaration(stream: Stream, row: Any) -> Event:
    """Until the right event has been entered with the time of the wrong one, it is said not to have
    occurred."""
    said: Event = {"declarationTime": _moment(row.occurred_at, _zone(row.reverses))}
    if row.corrected_by is None:
        return said | {"reason": "did_not_occur"}
    corrective = event_id(stream.number - DECLARED, row.corrected_by)
    return said | {"reason": "incorrect_data", "correctiveEventIDs": [corrective]}


# --- when ---------------------------------------------------------------------------------------


def _times(found: Found) -> Event:
    about, stream = found.about, found.stream
    occurred = about.lifted_at if stream.occurred == "lifted_at" else about.occurred_at
    zone = _zone(about)
    return {
        "eventTime": _moment(occurred, zone),
        "eventTimeZoneOffset": _moment(occurred, zone)[-6:],
        "recordTime": _moment(getattr(found.row, stream.recorded), zone),
    }


def _zone(about: Any) -> ZoneInfo:
    if isinstance(about, Movement):
        return _zone_of(about.source, about.target)
    place = getattr(about, "location", None)
    return _zone_of(place) if place else ZoneInfo(settings.TIME_ZONE)


def _zone_of(*places: Location) -> ZoneInfo:
    """The clock of the site where it happened."""
    near = [place for place in places if not place.is_virtual] or list(places)
    return ZoneInfo(near[0].site.time_zone)


def _moment(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).isoformat(timespec="microseconds")


# --- what ---------------------------------------------------------------------------------------


def _what(found: Found, facts: Facts) -> Event:
    about = found.about
    if isinstance(about, Movement):
        return _of_movement(found, about, facts)
    if isinstance(about, Decision):
        return _of_decision(about, facts)
    return _of_hold(about, facts, lifted=found.stream.recorded == "lifted_at")


def _of_movement(found: Found, row: Movement, facts: Facts) -> Event:
    kind, names = found.kind, facts.names
    event = _where(found, row, names)
    if kind.type == TRANSFORMATION:
        event |= _transformed(found, row, facts)
    elif isinstance(found.stream, Contained):
        event |= _aggregated(row, names.container(_box(row)), names)
    elif kind.type == AGGREGATION:
        event |= _aggregated(row, _parent(row, names), names)
    else:
        event |= _listed(row, facts)
    event |= _business(row, facts)
    if kind.name == "ship_depart":
        event |= _parties(row, names)
    if kind.name == "lot_created_in_house":
        event["ilmd"] = _master_data(row.lot)
    if captured := facts.captured.get(row.batch):
        event["forestage:capturedEventID"] = captured
    return event


def _where(found: Found, row: Movement, names: Names) -> Event:
    """Read where it came from, at a place of ours; then it is where it went to."""
    event: Event = {}
    if not isinstance(found.stream, Outputs):
        read = row.target if row.source.is_virtual else row.source
        event["readPoint"] = {"id": names.location(read)}
    if not row.target.is_virtual and row.kind != M.LOAD:
        event["bizLocation"] = {"id": names.location(row.target)}
    return event


def _listed(row: Movement, facts: Facts) -> Event:
    """The lot; and the container in which it went along."""
    quantity = facts.counted.get(row.pk, row.quantity)
    event = _objects(row.lot, facts.names, quantity, "epcList", "quantityList")
    if _went_along(row):
        box = facts.names.container(row.from_container)  # type: ignore[arg-type]
        event["epcList"] = [box, *event.get("epcList", [])]
    return event


def _went_along(row: Movement) -> bool:
    return row.from_container_id is not None and row.from_container_id == row.to_container_id


def _parent(row: Movement, names: Names) -> str:
    """The vehicle, or the container."""
    if row.kind in (M.LOAD, M.UNLOAD):
        return names.location(row.target if row.kind == M.LOAD else row.source)
    return names.container(_box(row))


def _box(row: Movement) -> Container:
    """The container that it was put into or taken out of."""
    container = row.to_container or row.from_container
    assert container is not None  # noqa: S101 - such movements name one
    return container


def _aggregated(row: Movement, parent: str, names: Names) -> Event:
    """What went into or out of the parent: a container, with what it holds beside it, or a lot."""
    event: Event = {"parentID": parent}
    content = _objects(row.lot, names, row.quantity, "childEPCs", "childQuantityList")
    if row.kind in (M.LOAD, M.UNLOAD) and row.from_container is not None:
        return event | {
            "childEPCs": [names.container(row.from_container)],
            "forestage:contents": content,
        }
    return event | content


def _transformed(found: Found, row: Movement, facts: Facts) -> Event:
    """Issued: so much goes in. Consumed: that it went in; how much is said apart, because inputs
    of one transformation add up. Made: so much came out."""
    side = "output" if found.kind.name in ("output", "convert_to") else "input"
    lists = f"{side}EPCList", f"{side}QuantityList"
    consumed = row.kind == M.CONSUME
    quantity = None if consumed else row.quantity
    event = _objects(row.lot, facts.names, quantity, *lists)
    event["transformationID"] = _transformation(row)
    if consumed:
        event["forestage:consumed"] = _amount(row.lot, row.quantity)
    return event


def _transformation(row: Movement) -> str:
    """A demand's own; of lots that were split and merged, that of the pair of movements."""
    if row.kind in (M.SPLIT, M.MERGE):
        child = row.reference if row.target.is_virtual else row.lot.code
        return own("transformation", str(row.batch), child)
    return transformation(row.reference)


def _of_decision(decision: Decision, facts: Facts) -> Event:
    event = _objects(decision.lot, facts.names, None, "epcList", "quantityList")
    if result := facts.results.get(decision.pk):
        event["bizTransactionList"] = [
            {"type": "testres", "bizTransaction": transaction(f"INSPECTION-{result}")}
        ]
    more = {
        "forestage:decision": decision.kind,
        "forestage:restrictedTo": [transaction(one) for one in decision.references],
        "forestage:until": decision.until and decision.until.isoformat(),
        "forestage:reason": decision.reason,
        "forestage:signatureId": _digest(facts.signed.get(("decision", decision.pk))),
    }
    return event | {name: value for name, value in more.items() if value}


def _of_hold(hold: Hold, facts: Facts, *, lifted: bool) -> Event:
    names = facts.names
    event: Event = {"epcList": []}
    if hold.lot:
        event = _objects(hold.lot, names, None, "epcList", "quantityList")
    elif hold.container:
        event = {"epcList": [names.container(hold.container)]}
    elif hold.material:
        event = {"quantityList": [{"epcClass": names.material(hold.material)}]}
    elif hold.location:
        place = {"id": names.location(hold.location)}
        event |= {"readPoint": place, "bizLocation": place}
    else:
        event = {"quantityList": [{"epcClass": own("supplier-lot", hold.supplier_lot)}]}
    more = {
        "forestage:holdId": str(hold.pk),
        "forestage:holdReason": hold.reason,
        "forestage:liftReason": hold.lift_reason if lifted else "",
        "forestage:signatureId": _digest(facts.signed.get(("hold", hold.pk)) if lifted else None),
    }
    return event | {name: value for name, value in more.items() if value}


def _digest(digest: str | None) -> str:
    return f"ni:///sha-256;{digest}" if digest else ""


def _objects(lot: Lot, names: Names, quantity: Decimal | None, one: str, many: str) -> Event:
    """A serial number in the list of EPCs, a lot in that of quantities; without one, all of it."""
    if lot.material.tracking == Tracking.SERIAL:
        return {one: [names.lot(lot)]}
    element: Event = {"epcClass": names.lot(lot)}
    return {many: [element if quantity is None else element | _amount(lot, quantity)]}


def _amount(lot: Lot, quantity: Decimal) -> Event:
    """A number of JSON. The quantities that a record holds have 15 digits at most: a float spells
    each of them as it is."""
    whole = quantity == quantity.to_integral_value()
    return {
        "quantity": int(quantity) if whole else float(quantity),
        "uom": lot.material.base_unit_id,
    }


def _master_data(lot: Lot) -> Event:
    days = {
        "cbvmda:lotNumber": lot.number,
        "cbvmda:productionDate": lot.made_on,
        "cbvmda:itemExpirationDate": lot.expires_on,
    }
    return {name: str(value) for name, value in days.items() if value}


# --- why ----------------------------------------------------------------------------------------


def _business(row: Movement, facts: Facts) -> Event:
    """The demand that it served, or the order under which it came in."""
    requirement = facts.tasks.get(row.task or 0)
    kind = reference = ""
    if requirement is not None:
        demand = requirement.demand
        kind, reference = ("desadv" if demand.is_shipment else "prodorder"), demand.reference
    elif row.kind == M.RECEIVE:
        kind, reference = "po", row.reference
    if not reference:
        return {}
    return {"bizTransactionList": [{"type": kind, "bizTransaction": transaction(reference)}]}


def _parties(row: Movement, names: Names) -> Event:
    ours = names.party(settings.EPCIS_GLN, row.source.site.code)
    theirs = names.party(row.target.gln, row.target.code)
    return {
        "sourceList": [{"type": "possessing_party", "source": ours}],
        "destinationList": [{"type": "possessing_party", "destination": theirs}],
    }
