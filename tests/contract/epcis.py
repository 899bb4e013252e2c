"""Events of partners for the operations of EPCIS, and what they lead to."""

from datetime import UTC, datetime
from typing import Any

from rest_framework.test import APIClient

from tests.plant import Plant

CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"


def event(plant: Plant) -> dict[str, Any]:
    """A receipt, in places and of a material that are known here."""
    own = "https://forestage.invalid/epcis"
    lot = f"{own}/lot/{plant.material().code}/L-77"
    return {
        "eventID": "urn:uuid:5b1c2ad8-3a4e-4d1e-9f5d-0c0f6f3f8a11",
        "type": "ObjectEvent",
        "action": "OBSERVE",
        "bizStep": "receiving",
        "eventTime": datetime(2026, 1, 31, 6, 30, tzinfo=UTC).isoformat(),
        "eventTimeZoneOffset": "+00:00",
        "quantityList": [{"epcClass": lot, "quantity": 100, "uom": "KGM"}],
        "bizLocation": {"id": f"{own}/location/{plant.a1.code}"},
    }


def document(plant: Plant) -> dict[str, Any]:
    return {
        "@context": [CONTEXT],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-01-31T06:31:00Z",
        "epcisBody": {"eventList": [event(plant)]},
    }


BODIES = {"epcis_capture": document, "epcis_capture_event": event}


def named(operation_id: str, api: APIClient) -> dict[str, str]:
    """What stands in the path. Jobs are one's own, so that there has to be one first."""
    if operation_id == "epcis_event":
        listed = api.get("/epcis/events", {"perPage": 1}).json()
        [found] = listed["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
        return {"event_id": found["eventID"]}
    if operation_id.startswith("epcis_capture_job"):
        sent = api.post("/epcis/capture", document(Plant()), format="json")
        assert sent.status_code == 202, sent.content
        job = sent["Location"].rsplit("/", 1)[-1]
        return {"capture_id": job} if operation_id == "epcis_capture_job" else {}
    return {}
