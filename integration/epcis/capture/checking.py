"""What was sent, checked as far as anything here is made of it.

The document has to be right as a whole; what is wrong with one event is that event's error.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_aware
from django.utils.translation import gettext_lazy as _

from integration.epcis.asking import word
from integration.epcis.problems import unreadable
from inventory.errors import Refused
from inventory.fields import Words

EVENT_TYPES = (
    "ObjectEvent", "AggregationEvent", "TransactionEvent", "TransformationEvent",
    "AssociationEvent",
)  # fmt: skip
LONGEST_ID = 2000
_OFFSET = re.compile(r"[+-](0\d|1[0-3]):[0-5]\d|[+-]14:00")
_NOT_SAID = ("recordTime", "eventID", "@context")


def events_of(document: Any) -> list[Any]:
    """The events of an EPCISDocument or EPCISQueryDocument.

    Raises `Unreadable`: `not_an_object`, `wrong_document`, `wrong_version`, `no_events`.
    """
    if not isinstance(document, dict):
        raise unreadable("not_an_object", _("Send an EPCISDocument."))
    body = document.get("epcisBody")
    kind = document.get("type")
    if kind == "EPCISQueryDocument":
        results = body.get("queryResults") if isinstance(body, dict) else None
        body = results.get("resultsBody") if isinstance(results, dict) else None
    elif kind != "EPCISDocument":
        text = _("Send an EPCISDocument or an EPCISQueryDocument.")
        raise unreadable("wrong_document", text, "type")
    if "@context" not in document:
        raise unreadable("required", _("Say what its words mean."), "@context")
    version = document.get("schemaVersion", "2.0")
    if not (isinstance(version, str) and version.split(".")[0] == "2"):
        raise unreadable("wrong_version", _("Version 2.0 is read here."), "schemaVersion")
    found = body.get("eventList") if isinstance(body, dict) else None
    if not isinstance(found, list) or not found:
        raise unreadable("no_events", _("The list of events is missing."), "epcisBody.eventList")
    return found


@dataclass(frozen=True, slots=True)
class Sent:
    """One event, with what every event has."""

    index: int
    raw: Mapping[str, Any]
    at: datetime
    id: str

    @property
    def type(self) -> str:
        return str(self.raw["type"])

    @property
    def action(self) -> str:
        return str(self.raw.get("action", ""))

    @property
    def step(self) -> str:
        return word(str(self.raw.get("bizStep", "")))

    @property
    def is_declaration(self) -> bool:
        return "errorDeclaration" in self.raw

    @property
    def key(self) -> str:
        return _digest([self.id, self.is_declaration])

    @property
    def content(self) -> str:
        return content_of(self.raw)

    def place(self, name: str) -> str:
        """The URI of read point or business location; '' without one."""
        return str((self.raw.get(name) or {}).get("id", ""))

    def transactions(self, *types: str) -> list[tuple[int, str]]:
        """Business transactions of these types, with their position in the list."""
        rows = enumerate(self.raw.get("bizTransactionList", ()))
        return [(n, row["bizTransaction"]) for n, row in rows if word(row.get("type", "")) in types]


def content_of(event: Mapping[str, Any]) -> str:
    """A digest of what the event says: the same however it is written."""
    return _digest({name: value for name, value in event.items() if name not in _NOT_SAID})


def _digest(value: Any) -> str:
    return sha256(json.dumps(_canonical(value), sort_keys=True).encode()).hexdigest()


def _canonical(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _canonical(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(part) for part in value]
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        number = Decimal(value)
        return f"{number.normalize():f}" if abs(number.adjusted()) < 100 else str(number)
    return value


def read_event(index: int, raw: Any) -> Sent:
    """The event, if it has the shape that the standard gives it. Refuses `bad_event`,
    `event_type_not_captured`."""
    if not isinstance(raw, dict):
        raise bad("", _("An event is an object."))
    if raw.get("type") not in EVENT_TYPES:
        raise Refused(
            _("There is no such type of event here."),
            code="event_type_not_captured",
            field="type",
            hint=_("Send one of: %s.") % ", ".join(EVENT_TYPES),
        )
    for name, (fits, text) in SHAPES.items():
        if name in raw and not fits(raw[name]):
            raise bad(name, text)
    at = _moment(raw.get("eventTime"))
    if at is None:
        raise bad("eventTime", _("Write a date and time with its offset."))
    if "eventTimeZoneOffset" not in raw:
        raise bad("eventTimeZoneOffset", _("It is missing."))
    own = f"{settings.EPCIS_URI}/captured/{content_of(raw)}"
    return Sent(index, raw, at, raw.get("eventID") or own)


def bad(field: str, text: Words, hint: Words = "") -> Refused:
    """The refusal of an event that is not as the standard has it."""
    return Refused(text, code="bad_event", field=field or None, hint=hint)


def _moment(value: Any) -> datetime | None:
    try:
        at = parse_datetime(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return at if at is not None and is_aware(at) else None


# --- shapes -------------------------------------------------------------------------------------


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_ID and "\x00" not in value


def _is_place(value: Any) -> bool:
    return isinstance(value, dict) and _is_text(value.get("id"))


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _are_quantities(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(row, dict)
        and _is_text(row.get("epcClass"))
        and ("quantity" not in row or _is_number(row["quantity"]))
        and ("uom" not in row or _is_text(row["uom"]))
        for row in value
    )


def _are_transactions(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(row, dict)
        and _is_text(row.get("bizTransaction"))
        and _is_text(row.get("type", "-"))
        for row in value
    )


def _is_declaration(value: Any) -> bool:
    return isinstance(value, dict) and _moment(value.get("declarationTime")) is not None


_TEXT = _is_text, _("It is a text.")
_PLACE = _is_place, _("It is an object with an id.")
_EPCS = _are_texts, _("It is a list of URIs.")
_QUANTITIES = _are_quantities, _("It is a list of objects with epcClass, quantity and uom.")

SHAPES: dict[str, tuple[Callable[[Any], bool], Words]] = {
    "eventID": _TEXT,
    "eventTimeZoneOffset": (
        lambda value: isinstance(value, str) and bool(_OFFSET.fullmatch(value)),
        _("Write it as +01:00."),
    ),
    "action": (lambda value: value in ("ADD", "OBSERVE", "DELETE"), _("ADD, OBSERVE or DELETE.")),
    "bizStep": _TEXT,
    "disposition": _TEXT,
    "readPoint": _PLACE,
    "bizLocation": _PLACE,
    "parentID": _TEXT,
    "epcList": _EPCS,
    "childEPCs": _EPCS,
    "quantityList": _QUANTITIES,
    "childQuantityList": _QUANTITIES,
    "bizTransactionList": (_are_transactions, _("It is a list of objects with bizTransaction.")),
    "ilmd": (lambda value: isinstance(value, dict), _("It is an object.")),
    "errorDeclaration": (_is_declaration, _("It is an object with a declarationTime.")),
}
"""What is read of an event, and how it has to look."""
