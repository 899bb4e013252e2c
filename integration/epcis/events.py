"""One record as an event, in the words of the standard."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from integration.epcis.facts import Facts, Found
from integration.epcis.identifiers import Names, own, transaction, transformation
from integration.epcis.ids import event_id
from integration.epcis.kinds import AGGREGATION, TRANSFORMATION
from integration.epcis.streams import DECLARED, Contained, Outputs, Stream
from inventory.models import (
    Container,
    Location,
    Lot,
    Movement,
    MovementKind,
    Tracking,
)
from quality.models import Decision, Hold

Event = dict[str, Any]
M = MovementKind


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
