"""The document of a selection, by the API and the command, and the admin's pages."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from inventory.models import AuditEntry
from tests.api.conftest import Api
from tests.epcis import test_capture as sent
from tests.epcis.standard import faults, needs_standard
from tests.epcis.work import Busy
from tests.factories import UserFactory

yard = sent.yard


@needs_standard
def test_the_document(
    busy: Busy, api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Valid as a whole, in several pages, the same by both doors, and on record with its digest."""
    monkeypatch.setattr("integration.epcis.documents.MOST", 40)
    answer = api.get("/epcis/document", {"GE_recordTime": "2000-01-01T00:00:00Z"})
    content = b"".join(answer.streaming_content)  # type: ignore[arg-type]
    document = json.loads(content)
    assert faults(document) == []
    events = document["epcisBody"]["eventList"]
    assert len(events) > 70
    assert len({json.dumps(event) for event in events}) == len(events)
    entry = AuditEntry.objects.get(action="audit.exported")
    assert entry.facts["rows"] == len(events)
    assert entry.facts["sha256"] == sha256(content).hexdigest()
    assert entry.facts["selection"] == {"GE_recordTime": "2000-01-01T00:00:00Z"}
    file = tmp_path / "events.jsonld"
    call_command("export_epcis", "GE_recordTime=2000-01-01T00:00:00Z", to=str(file))
    assert json.loads(file.read_text())["epcisBody"] == document["epcisBody"]
    assert AuditEntry.objects.filter(action="audit.exported").count() == 2
    with pytest.raises(CommandError, match="EQ_bizstep"):
        call_command("export_epcis", "EQ_bizstep=shipping")
    assert api.get("/epcis/document", {"EQ_bizstep": "x"}).status_code == 400


def test_the_admin_shows_what_failed(yard: Busy, api: Api, client: Client) -> None:
    sent.send(api, sent.receipt(yard))
    sent.send(api, sent.receipt(yard, "commissioning"))
    client.force_login(UserFactory(role="supervisor", is_staff=True))
    jobs = "/admin/integration/capturejob/"
    page = client.get(jobs)
    assert "With errors" in page.content.decode()
    rows = client.get(jobs, {"outcome": "errors"}).context["cl"].result_list
    assert [row.errors[0]["code"] for row in rows] == ["step_not_captured"]
    assert client.get(jobs, {"outcome": "captured"}).context["cl"].result_count == 1
    assert client.get(jobs, {"outcome": "running"}).context["cl"].result_count == 0
    shown: Any = client.get(f"{jobs}{rows[0].pk}/change/").content.decode()
    assert "bizStep" in shown
    assert "step_not_captured" in shown
    events = client.get("/admin/integration/capturedevent/")
    [event] = events.context["cl"].result_list
    page = client.get(f"/admin/integration/capturedevent/{event.pk}/change/")
    assert "PO-9" in page.content.decode()
