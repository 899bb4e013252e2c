"""What an event lists: lots, serial numbers, containers; and the lines of verbs they come to."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext_lazy as _

from integration.epcis.capture.checking import Sent
from integration.epcis.identifiers import code_of, own_words
from inventory import codes, scanning
from inventory.errors import Refused
from inventory.fields import Words
from inventory.models import Balance, Container

Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Item:
    """Something that an event lists: a lot or serial with its quantity, or a container."""

    place: str
    uri: str
    quantity: Any = None
    unit: str = ""
    container: Container | None = None

    @property
    def code(self) -> str:
        return code_of(self.uri) or self.uri


def needed(field: str, text: Words, hint: Words = "") -> Refused:
    """The refusal of an event that leaves out what an action needs."""
    return Refused(text, code="field_needed", field=field, hint=hint)


def goods_in(sent: Sent, epcs: str, quantities: str) -> tuple[list[Item], list[Item]]:
    """Lots and serial numbers; and containers."""
    lots = [
        Item(f"{quantities}.{n}", row["epcClass"], row.get("quantity"), row.get("uom", ""))
        for n, row in enumerate(sent.raw.get(quantities, ()))
    ]
    single = [Item(f"{epcs}.{n}", uri) for n, uri in enumerate(sent.raw.get(epcs, ()))]
    boxes = [item for item in single if is_container(item.uri)]
    lots += [item for item in single if item not in boxes]
    if len(boxes) > 1 and lots:
        raise Refused(
            _("It does not say which of the lots is in which container."),
            code="several_containers",
            field=boxes[1].place,
            hint=_("Send an event for each container."),
        )
    return lots, boxes


def listed(sent: Sent, epcs: str, quantities: str) -> list[Item]:
    """Lots and serials, with the container they are in; or else the content of containers."""
    lots, boxes = goods_in(sent, epcs, quantities)
    if not lots + boxes:
        raise needed(quantities, _("It names no goods."))
    found = [(box, container_of(box)) for box in boxes]
    if not lots:
        return [item for box, container in found for item in content_of(box, container)]
    inside = found[0][1] if found else None
    return [replace(row, container=inside) for row in lots]


@contextmanager
def said_in(place: str) -> Iterator[None]:
    """What is refused inside was said there."""
    try:
        yield
    except Refused as refusal:
        refusal.field = refusal.field or place
        raise


def is_container(uri: str) -> bool:
    return bool(own_words(uri, "container")) or "/00/" in (code_of(uri) or "")


def container_of(item: Item) -> Container:
    with said_in(item.place):
        found: Container = codes.resolve(Container, item.code, codes.find(Container, [item.code]))
    return found


def content_of(box: Item, container: Container) -> Iterator[Item]:
    """All that is in a container, as it stands."""
    rows = list(
        Balance.objects.on_hand().filter(container=container).select_related("lot").order_by("pk")
    )
    if not rows:
        raise Refused(
            _("There is nothing in %(container)s."),
            code="container_empty",
            field=box.place,
            hint=_("Say what is in it, or send its packing first."),
            container=container,
        )
    for row in rows:
        yield Item(box.place, row.lot.code, row.quantity, "", container)


def lines_of(items: list[Item], **more: Any) -> tuple[list[Line], list[Mapping[str, str]]]:
    """A line for each, with what all of them have; what is empty is left out."""
    lines: list[Line] = []
    places: list[Mapping[str, str]] = []
    for item in items:
        line = {
            "lot": item.code,
            "quantity": item.quantity if item.quantity is None else str(item.quantity),
            "unit": item.unit,
            "container": item.container and item.container.code,
        } | {name: value for name, (value, _place) in more.items()}
        lines.append({name: value for name, value in line.items() if value not in (None, "")})
        here = {
            "lot": place_in(item, "epcClass"), "quantity": place_in(item, "quantity"),
            "unit": place_in(item, "uom"), "": item.place,
        }  # fmt: skip
        places.append(here | {name: place for name, (_value, place) in more.items()})
    return lines, places


def place_in(item: Item, name: str) -> str:
    return f"{item.place}.{name}" if "uantityList" in item.place else item.place


def lot_of(item: Item) -> tuple[str, str]:
    """Material and number of a lot that may not be known yet."""
    if words := own_words(item.uri, "lot"):
        return words[0], "/".join(words[1:])
    with said_in(item.place):
        scan = scanning.read(item.code)
    number = scan.lot_number or scan.serial
    if not (scan.gtin and number):
        raise Refused(
            _("It does not name a lot or serial number of a trade item."),
            code="lot_number_needed",
            field=item.place,
            hint=_("Write it as a GS1 Digital Link or EPC URN with GTIN and lot or serial number."),
        )
    return scan.gtin, number
