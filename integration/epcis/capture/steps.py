"""What an event comes to: verbs with their lines, as a client of the API would send them.

Which verb a business step is depends on where the goods are: `storing` takes from a lane by
unstaging, from a work centre by returning the remainder, and puts away from anywhere else.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from integration.epcis.asking import word
from integration.epcis.capture.checking import Sent, bad
from integration.epcis.capture.items import (
    Item,
    Line,
    container_of,
    content_of,
    goods_in,
    is_container,
    lines_of,
    listed,
    lot_of,
    needed,
    place_in,
    said_in,
)
from integration.epcis.identifiers import code_of, own_words, reference_of
from integration.models import CapturedEvent
from inventory import codes, scanning
from inventory.errors import Refused
from inventory.models import Container, Location, LocationKind, Movement, MovementKind

Texts = tuple[tuple[str, str], ...]

FINE = {
    "", "active", "available", "conformant", "container_closed", "container_open", "in_progress",
    "in_transit", "returned", "sellable_accessible", "sellable_not_accessible",
    "completeness_verified", "completeness_inferred", "reserved",
}  # fmt: skip
"""Dispositions of goods with which nothing is wrong."""


@dataclass(frozen=True, slots=True)
class Step:
    """A verb, and its lines. `places` says for each line where its fields stand in the event."""

    verb: str
    lines: list[Line]
    places: Sequence[Mapping[str, str]] = ()

    def place_of(self, line: int | None, name: str | None) -> str:
        """Where in the event a field of a line comes from."""
        known = self.places[line or 0] if self.places else {}
        return "eventTime" if name == "at" else known.get(name or "", known.get("", name or ""))


def steps_of(sent: Sent) -> list[Step]:
    """The verbs, in their order. What cannot be done as an action of ours is refused, with the
    field that says it: `step_not_captured`, `disposition_not_captured`, `field_needed`,
    `lot_number_needed`, `received_before`, `container_empty`, `several_containers`,
    `nesting_not_captured`, `declared_event_unknown`."""
    if sent.is_declaration:
        return _reversal(sent)
    disposition = word(str(sent.raw.get("disposition", "")))
    if disposition not in FINE:
        raise Refused(
            _("Goods that are “%(disposition)s” are not taken in by an event."),
            code="disposition_not_captured",
            field="disposition",
            hint=_("Send it without, and have quality place a hold."),
            disposition=disposition,
        )
    reader = READERS.get((sent.type, sent.action, sent.step))
    if reader is None:
        raise _not_captured(sent)
    return reader(sent)


def _not_captured(sent: Sent) -> Refused:
    known = sorted({step for kind, _action, step in READERS if kind == sent.type})
    return Refused(
        _("No action here is %(type)s, %(action)s, “%(step)s”."),
        code="step_not_captured",
        field="bizStep",
        hint=_("Captured are: %s.") % (", ".join(known) or _("none of this type")),
        type=sent.type,
        action=sent.action or "-",
        step=sent.step or "-",
    )


# --- where and why ------------------------------------------------------------------------------


def _place(sent: Sent, *names: str) -> tuple[str, str]:
    """The first of these that the event has: its code, and where it stands. Refuses
    `field_needed`."""
    for name in names:
        if uri := sent.place(name):
            return code_of(uri) or uri, name
    raise needed(names[0], _("It does not say where."))


def _location(sent: Sent, name: str) -> Location | None:
    uri = sent.place(name)
    hit = codes.find(Location, [code_of(uri)]).get(code_of(uri)) if uri else None
    return None if hit is codes.MANY else hit


def _kind_at(sent: Sent, name: str) -> str:
    place = _location(sent, name)
    return place.kind if place else ""


def _demand(sent: Sent, *types: str) -> tuple[str, str]:
    for n, uri in sent.transactions(*types):
        return reference_of(uri), f"bizTransactionList.{n}"
    return "", "bizTransactionList"


def _needed_demand(sent: Sent, *types: str) -> tuple[str, str]:
    found = _demand(sent, *types)
    if not found[0]:
        hint = _("Name it as a business transaction of type %s.") % " / ".join(types)
        raise needed("bizTransactionList", _("It does not say for which demand."), hint)
    return found


# --- the steps ----------------------------------------------------------------------------------


def _received(sent: Sent) -> list[Step]:
    """Goods came in. A container that is not known yet is registered with its SSCC."""
    where = _place(sent, "bizLocation", "readPoint")
    reference = _demand(sent, "po", "desadv", "recadv")
    goods, boxes = goods_in(sent, "epcList", "quantityList")
    if not goods:
        hint = _("List the lots that are in the container in quantityList.")
        raise needed("quantityList", _("It does not say which lots came."), hint)
    first, box = _registered(boxes, where)
    lines, places = [], []
    for item in goods:
        material, number = lot_of(item)
        line = {
            "material": material,
            "number": number,
            "quantity": "1" if item.quantity is None and _is_serial(item) else item.quantity,
            "unit": item.unit,
            "location": where[0],
            "container": box,
            "reference": reference[0],
            "made_on": _day(sent, "productionDate"),
            "expires_on": _day(sent, "itemExpirationDate"),
        }
        lines.append({name: str(value) for name, value in line.items() if value not in (None, "")})
        places.append(
            {
                "material": place_in(item, "epcClass"), "number": place_in(item, "epcClass"),
                "quantity": place_in(item, "quantity"), "unit": place_in(item, "uom"),
                "location": where[1], "reference": reference[1], "container": "epcList",
                "made_on": "ilmd", "expires_on": "ilmd", "": item.place,
            }
        )  # fmt: skip
    _require_first(sent, [line["number"] for line in lines], reference[0])
    return [*first, Step("receive", lines, places)]


RECEIPTS = ("arriving", "receiving", "accepting")
"""Steps of one receipt: whichever comes first takes the goods in."""


def _require_first(sent: Sent, numbers: list[str], reference: str) -> None:
    """A partner may tell of each step of a receipt, and the goods have come in once."""
    taken = Movement.objects.filter(
        kind=MovementKind.RECEIVE, lot__number__in=numbers, reference=reference, reversed_by=None
    )
    earlier = CapturedEvent.objects.filter(batch__in=taken.values("batch"))
    for event in earlier.order_by("pk").values_list("event", flat=True):
        step = word(str(event.get("bizStep", "")))
        if step in RECEIPTS and step != sent.step:
            raise Refused(
                _("An event “%(step)s” has taken these goods in already."),
                code="received_before",
                field="bizStep",
                hint=_("Send one of the steps of a receipt: %s.") % ", ".join(RECEIPTS),
                step=step,
            )


def _registered(boxes: list[Item], where: tuple[str, str]) -> tuple[list[Step], str]:
    """The one container that goods came in, and the step that registers it, if need be."""
    if not boxes:
        return [], ""
    [box] = boxes
    known = codes.find(Container, [box.code]).get(box.code)
    if known is not None and known is not codes.MANY:
        return [], known.code
    own = own_words(box.uri, "container")
    with said_in(box.place):
        sscc = "" if own else scanning.read(box.code).sscc
    code = own[0] if own else sscc
    line = {"code": code, "location": where[0]} | ({"sscc": sscc} if sscc else {})
    places = {"location": where[1], "": box.place}
    return [Step("new_container", [line], [places])], code


def _is_serial(item: Item) -> bool:
    return item.place.startswith("epcList")


def _day(sent: Sent, name: str) -> str:
    ilmd = sent.raw.get("ilmd", {})
    value = next((ilmd[key] for key in ilmd if key.rpartition(":")[2] == name), "")
    if not isinstance(value, str):
        raise bad(f"ilmd.{name}", _("Write a date as YYYY-MM-DD."))
    return value[:10]


def _stored(sent: Sent) -> list[Step]:
    target = _place(sent, "bizLocation")
    source, kind = _read_from(sent), _kind_at(sent, "readPoint")
    items = listed(sent, "epcList", "quantityList")
    if kind == LocationKind.STAGING:
        name, more = "unstage", {"lane": source, "demand": _demand(sent, "prodorder", "desadv")}
    elif kind == LocationKind.WORK_CENTER:
        name, more = "return_remainder", {
            "work_center": source, "demand": _demand(sent, "prodorder"),
        }  # fmt: skip
    else:
        name, more = "put_away", {"source": source}
    return [Step(name, *lines_of(items, target=target, **more))]


def _read_from(sent: Sent) -> tuple[str, str]:
    uri = sent.place("readPoint")
    return code_of(uri) or uri, "readPoint"


def _staged(sent: Sent) -> list[Step]:
    lane = _place(sent, "bizLocation")
    demand = _needed_demand(sent, "prodorder", "desadv")
    items = listed(sent, "epcList", "quantityList")
    if _kind_at(sent, "readPoint") == LocationKind.STAGING:
        more = {"lane": _read_from(sent), "target": lane, "demand": demand}
        return [Step("transfer", *lines_of(items, **more))]
    more = {"source": _read_from(sent), "lane": lane, "demand": demand}
    return [Step("stage", *lines_of(items, **more))]


def _packed(sent: Sent) -> list[Step]:
    box = Item("parentID", _parent(sent))
    where = _place(sent, "bizLocation", "readPoint")
    first, code = _registered([box], where)
    if not code:
        raise needed("parentID", _("It does not name a container."))
    return [*first, Step("pack", *_packing(sent, code))]


def _unpacked(sent: Sent) -> list[Step]:
    container = container_of(Item("parentID", _parent(sent)))
    if not sent.raw.get("childEPCs") and not sent.raw.get("childQuantityList"):
        items = list(content_of(Item("parentID", _parent(sent)), container))
        return [Step("unpack", *lines_of(items))]
    return [Step("unpack", *_packing(sent, container.code))]


def _packing(sent: Sent, code: str) -> tuple[list[Line], list[Mapping[str, str]]]:
    for n, uri in enumerate(sent.raw.get("childEPCs", ())):
        if is_container(uri):
            raise Refused(
                _("Containers are not packed in one another by an event."),
                code="nesting_not_captured",
                field=f"childEPCs.{n}",
                hint=_("Send what is packed as lots and serial numbers."),
            )
    items = listed(sent, "childEPCs", "childQuantityList")
    return lines_of(items, container=(code, "parentID"))


def _parent(sent: Sent) -> str:
    uri = sent.raw.get("parentID")
    if not uri:
        raise needed("parentID", _("It does not say into or out of what."))
    return str(uri)


def _loaded(sent: Sent) -> list[Step]:
    vehicle = code_of(_parent(sent)) or _parent(sent), "parentID"
    lane = _read_from(sent) if _kind_at(sent, "readPoint") == LocationKind.STAGING else ("", "")
    items = listed(sent, "childEPCs", "childQuantityList")
    more = {"vehicle": vehicle, "lane": lane, "demand": _demand(sent, "desadv")}
    return [Step("load", *lines_of(items, **more))]


def _unloaded(sent: Sent) -> list[Step]:
    vehicle = code_of(_parent(sent)) or _parent(sent), "parentID"
    items = listed(sent, "childEPCs", "childQuantityList")
    more = {
        "vehicle": vehicle, "target": _place(sent, "bizLocation", "readPoint"),
        "demand": _demand(sent, "desadv"),
    }  # fmt: skip
    return [Step("unload", *lines_of(items, **more))]


def _shipped(sent: Sent) -> list[Step]:
    demand = _needed_demand(sent, "desadv")
    stands = _kind_at(sent, "readPoint") in (LocationKind.STAGING, LocationKind.TRANSIT)
    lane = _read_from(sent) if stands else ("", "")
    items = listed(sent, "epcList", "quantityList")
    return [Step("ship", *lines_of(items, demand=demand, lane=lane))]


def _reversal(sent: Sent) -> list[Step]:
    """An event that we captured is declared wrong: what it led to is reversed."""
    captured = CapturedEvent.objects.filter(event_id=sent.id, batch__isnull=False).exclude(
        verb="inventory.reverse"
    )
    batch = captured.order_by("pk").values_list("batch", flat=True).first()
    rows = Movement.objects.filter(batch=batch, reversed_by=None) if batch else ()
    movements = [movement.pk for movement in rows]
    if not movements:
        raise Refused(
            _("No event with this ID has had an effect here that still stands."),
            code="declared_event_unknown",
            field="eventID",
            hint=_("Declare an event wrong that was captured here; correct others by hand."),
        )
    why = str(sent.raw["errorDeclaration"].get("reason", "")) or "errorDeclaration"
    lines = [{"movement": str(pk), "reason": f"EPCIS: {why}"} for pk in movements]
    places = [{"": "errorDeclaration"} for _pk in movements]
    return [Step("reverse", lines, places)]


OBJECT, AGGREGATION = "ObjectEvent", "AggregationEvent"
Reader = Callable[[Sent], list[Step]]

READERS: dict[tuple[str, str, str], Reader] = {
    **{(OBJECT, action, step): _received for action in ("OBSERVE", "ADD") for step in RECEIPTS},
    (OBJECT, "OBSERVE", "storing"): _stored,
    (OBJECT, "OBSERVE", "stocking"): _stored,
    (OBJECT, "OBSERVE", "picking"): _staged,
    (OBJECT, "OBSERVE", "staging_outbound"): _staged,
    (OBJECT, "OBSERVE", "departing"): _shipped,
    (OBJECT, "OBSERVE", "shipping"): _shipped,
    (AGGREGATION, "ADD", "packing"): _packed,
    (AGGREGATION, "DELETE", "unpacking"): _unpacked,
    (AGGREGATION, "ADD", "loading"): _loaded,
    (AGGREGATION, "DELETE", "unloading"): _unloaded,
}
"""By type, action and business step; `docs/epcis.md` has the same table."""
