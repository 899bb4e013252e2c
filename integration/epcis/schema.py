"""The resources of the standard in our OpenAPI document: what we take and answer of it.

Bodies are described as far as they are checked or made here; the standard's JSON Schema says the
rest. Its own answers differ from those of our API: 201 and 202 have a `Location` and no body, what
is wrong with an event stands in the job, and a repetition is known by the event's ID, so that there
is no Idempotency-Key.
"""

from typing import Any

from drf_spectacular.utils import OpenApiParameter

from integration.epcis.asking import KNOWN, MOST
from integration.epcis.identifiers import Format
from integration.epcis.kinds import ADD, DELETE, OBSERVE, TYPES
from integration.models import ErrorBehaviour
from inventory.api.schema import ALWAYS, TO_READ, ApiSchema

TAG = "EPCIS"
JSON, JSON_LD = "application/json", "application/ld+json"
Shape = dict[str, Any]

_TEXT: Shape = {"type": "string"}
_SOME: Shape = {"type": "string", "minLength": 1}
_MOMENT: Shape = {"type": "string", "format": "date-time"}
_URIS: Shape = {"type": "array", "items": _TEXT}
_PLACE: Shape = {"type": "object", "properties": {"id": _TEXT}, "required": ["id"]}
_QUANTITIES: Shape = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"epcClass": _TEXT, "quantity": {"type": "number"}, "uom": _TEXT},
        "required": ["epcClass"],
    },
}

EVENT: Shape = {
    "type": "object",
    "description": "docs/epcis.md says which record becomes which event. What begins with "
    "`forestage:` is ours.",
    "properties": {
        "eventID": _TEXT,
        "type": {"type": "string", "enum": list(TYPES)},
        "eventTime": _MOMENT,
        "eventTimeZoneOffset": _TEXT,
        "recordTime": _MOMENT,
        "action": {"type": "string", "enum": [ADD, OBSERVE, DELETE]},
        "bizStep": _TEXT,
        "disposition": _TEXT,
        "persistentDisposition": {"type": "object"},
        "readPoint": _PLACE,
        "bizLocation": _PLACE,
        "parentID": _TEXT,
        "transformationID": _TEXT,
        **dict.fromkeys(("epcList", "childEPCs", "inputEPCList", "outputEPCList"), _URIS),
        **dict.fromkeys(("quantityList", "childQuantityList"), _QUANTITIES),
        **dict.fromkeys(("inputQuantityList", "outputQuantityList"), _QUANTITIES),
        "bizTransactionList": {"type": "array", "items": {"type": "object"}},
        "sourceList": {"type": "array", "items": {"type": "object"}},
        "destinationList": {"type": "array", "items": {"type": "object"}},
        "ilmd": {"type": "object"},
        "errorDeclaration": {"type": "object"},
    },
    "required": ["eventID", "type", "eventTime", "eventTimeZoneOffset", "recordTime"],
}  # fmt: skip
_EVENTS: Shape = {"type": "array", "items": EVENT}
_CONTEXT: Shape = {"description": "The standard's context, and ours of the prefix `forestage`."}


def _holding(**parts: Any) -> Shape:
    return {"type": "object", "properties": parts, "required": sorted(parts)}


def _document(kind: str, body: Shape) -> Shape:
    head = {"type": {"const": kind}, "schemaVersion": {"const": "2.0"}, "creationDate": _MOMENT}
    return _holding(**{"@context": _CONTEXT, **head, "epcisBody": body})


_RESULTS = _holding(queryName=_TEXT, resultsBody=_holding(eventList=_EVENTS))
QUERY_DOCUMENT = _document("EPCISQueryDocument", _holding(queryResults=_RESULTS))
DOCUMENT = _document("EPCISDocument", _holding(eventList=_EVENTS))

SENT_EVENT: Shape = {
    "type": "object",
    "description": "An event as the standard's JSON Schema has it.",
    "properties": {
        "type": {"type": "string"},
        "eventID": {"type": "string", "minLength": 1, "maxLength": 2000},
        "eventTime": _MOMENT,
        "eventTimeZoneOffset": {"type": "string"},
    },
    "required": ["type", "eventTime", "eventTimeZoneOffset"],
}
SENT_DOCUMENT: Shape = {
    "type": "object",
    "description": "An EPCISDocument, or an EPCISQueryDocument as it was answered. An event that "
    "is not as the standard has it is an error of the job.",
    "properties": {
        "@context": {},
        "type": {"type": "string", "enum": ["EPCISDocument", "EPCISQueryDocument"]},
        "epcisBody": {"type": "object"},
    },
    "required": ["@context", "type", "epcisBody"],
}

JOB: Shape = {
    "type": "object",
    "properties": {
        "captureID": {"type": "string", "format": "uuid"},
        "createdAt": _MOMENT,
        "finishedAt": _MOMENT,
        "running": {"type": "boolean"},
        "success": {"type": "boolean"},
        "captureErrorBehaviour": {"type": "string", "enum": list(ErrorBehaviour.values)},
        "forestage:events": {"type": "integer"},
        "forestage:captured": {"type": "integer"},
        "forestage:capturedBefore": {"type": "integer"},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
    "required": ["captureID", "createdAt", "running", "success", "captureErrorBehaviour", "errors"],
}

_CHOICES: dict[str, Shape] = {
    "EQ_action": _SOME,
    "EXISTS_errorDeclaration": {"type": "string", "enum": ["true", "false"]},
    "orderBy": {"type": "string", "enum": ["eventTime", "recordTime"]},
    "orderDirection": {"type": "string", "enum": ["ASC", "DESC"]},
    "eventCountLimit": {"type": "integer", "minimum": 1, "maximum": MOST},
    "perPage": {"type": "integer", "minimum": 1, "maximum": MOST},
}
_MEANINGS = {
    "GE_": "At this moment or later; with an offset.",
    "LT_": "Before this moment; with an offset.",
    "EQ_": "One of these, with | between them.",
    "WD_": "At one of these places or within it, with | between them.",
    "MATCH_": "URIs, with | between them; a GTIN without lot stands for all lots.",
    "EXISTS_": "Events that declare another one wrong.",
    "orderBy": "The standard's order is downwards, unless orderDirection says otherwise.",
    "eventCountLimit": "No more than so many of the first, counted over all pages.",
    "nextPageToken": "As it stands in `Link`.",
}


def _asked(name: str) -> OpenApiParameter:
    meaning = next((text for start, text in _MEANINGS.items() if name.startswith(start)), "")
    is_moment = name.startswith(("GE_", "LT_"))
    shape = _CHOICES.get(name, _MOMENT if is_moment else _SOME)
    return OpenApiParameter(name, shape, description=meaning)


QUERY = [_asked(name) for name in KNOWN]
JOBS = [
    OpenApiParameter("perPage", _CHOICES["perPage"]),
    OpenApiParameter("nextPageToken", {"type": "string", "format": "uuid"}),
]
FORMAT = OpenApiParameter(
    "GS1-EPC-Format", {"type": "string", "enum": [str(one) for one in Format]},
    OpenApiParameter.HEADER, description="How GS1 keys are written.",
)  # fmt: skip
BEHAVIOUR = OpenApiParameter(
    "GS1-Capture-Error-Behaviour", {"type": "string", "enum": list(ErrorBehaviour.values)},
    OpenApiParameter.HEADER, description="What happens to the other events when one is wrong.",
)  # fmt: skip
LINK = OpenApiParameter(
    "Link", _TEXT, OpenApiParameter.HEADER, response=[200],
    description='The next page, `rel="next"`. A page may be short, or empty, and have one.',
)  # fmt: skip


def location(status: int, of: str) -> OpenApiParameter:
    return OpenApiParameter(
        "Location", _TEXT, OpenApiParameter.HEADER, response=[status], description=f"Of {of}."
    )


class EpcisSchema(ApiSchema):
    """Reading, or capturing by POST."""

    @property
    def problems(self) -> tuple[int, ...]:  # type: ignore[override]  # by method, here
        if self.method != "POST":
            return TO_READ
        conflict = (409,) if getattr(self.view, "captures_one", False) else ()
        return (400, 404, *conflict, 413, 415, *ALWAYS)

    def get_tags(self) -> list[str]:
        return [TAG]
