"""Documents of events: the answer to a query, and the export of a selection."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import QueryDict
from django.utils import timezone

from integration.epcis.asking import MOST, Query
from integration.epcis.events import Event
from integration.epcis.identifiers import Names
from integration.epcis.reading import walk
from inventory import audit
from inventory.audit import Actor
from inventory.sheets.csv import Part
from inventory.sheets.recorded import accounted

CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
SCHEMA_VERSION = "2.0"

Document = dict[str, Any]


def context() -> list[Any]:
    """What the words mean: the standard's, and ours by their prefix."""
    return [CONTEXT, {"forestage": f"{settings.EPCIS_URI}/ns/"}]


def _head(kind: str, now: datetime) -> Document:
    return {
        "@context": context(),
        "type": kind,
        "schemaVersion": SCHEMA_VERSION,
        "creationDate": now.isoformat(),
    }


def query_document(events: list[Event]) -> Document:
    """The answer to a query."""
    results = {"queryName": "SimpleEventQuery", "resultsBody": {"eventList": events}}
    head = _head("EPCISQueryDocument", timezone.now())
    return head | {"epcisBody": {"queryResults": results}}


def export(
    query: Query, names: Names, asked: QueryDict, *, by: Actor, at: datetime
) -> tuple[str, Iterator[bytes]]:
    """The name of a file with an EPCISDocument of all that the query selects, and its content as
    it is read: a page at a time. Begin and end stand in the audit trail, with count and digest."""
    stamp = audit.stamp(by, at)
    name = f"forestage-epcis-{stamp.recorded_at:%Y%m%dT%H%M%SZ}.jsonld"
    facts = {"file": name, "records": "epcis", "format": "jsonld", "selection": asked.dict()}
    query.size = query.most or MOST
    head = _head("EPCISDocument", stamp.recorded_at)
    return name, accounted(_parts(head, query, names), stamp, facts)


def _parts(head: Document, query: Query, names: Names) -> Iterator[Part]:
    """The document, an event a line, with the number of events so far."""
    count = 0
    yield f'{_dumps(head)[:-1]}, "epcisBody": {{"eventList": ['.encode(), 0
    for events in walk(query, names):
        for event in events:
            yield f"{',' if count else ''}\n{_dumps(event)}".encode(), count + 1
            count += 1
    yield b"\n]}}\n", count


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
