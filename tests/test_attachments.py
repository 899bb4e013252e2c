"""Files kept with lots: what is taken, what is refused, and that they come back unchanged."""

import hashlib
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, transaction

from inventory.models import AuditEntry, RefusedAttempt
from quality import actions as quality
from quality.actions.attachments import open_whole
from quality.models import Attachment, Inspection
from tests.core.refusal import refused
from tests.plant import Plant

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.7\n...\n"
PNG = b"\x89PNG\r\n\x1a\n..."


def attach(plant: Plant, content: bytes = PDF, name: str = "coa.pdf", **kwargs: Any) -> Attachment:
    lot = kwargs.pop("lot", None) or plant.lot()
    file = ContentFile(content, name)
    return quality.attach(lot=lot, file=file, by=plant.lab, at=plant.now, **kwargs)


def inspected(plant: Plant) -> Inspection:
    line = quality.Result(lot=plant.lot(), characteristic="pH", value="7")
    made: list[Inspection] = plant.do(quality.record_inspection, line, by=plant.lab)
    return made[0]


def test_a_certificate_is_kept_with_its_digest(plant: Plant) -> None:
    kept = attach(plant, reason="Certificate of analysis")
    assert (kept.name, kept.content_type, kept.size) == ("coa.pdf", "application/pdf", len(PDF))
    assert kept.sha256 == hashlib.sha256(PDF).hexdigest()
    assert open_whole(kept).read() == PDF
    entry = AuditEntry.objects.get(action="quality.attach_file")
    assert entry.facts["sha256"] == kept.sha256
    assert entry.subject == kept.lot.code


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.PDF", PDF),
        ("a.png", PNG),
        ("a.jpeg", b"\xff\xd8\xff\xe0.."),
        ("a.csv", "Gehalt;99,5 °C\r\n".encode()),
        ("C:\\reports\\a.txt", b"conforms\n"),
    ],
)
def test_what_is_taken(plant: Plant, name: str, content: bytes) -> None:
    assert attach(plant, content, name).name.lower().startswith("a.")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.exe", PDF),
        ("a", PDF),
        ("a.pdf", PNG),
        ("a.png", PDF),
        ("a.pdf", b"<html>"),
        ("a.html", b"<html>"),
        ("a.txt", b"MZ\x00\x01"),
        ("a.csv", b"\xe9t\xe9;1"),
        ("a.txt", "ä".encode()[:1]),
        ("a" * 120 + ".pdf", PDF),
    ],
)
def test_what_is_not_what_it_says_is_refused_and_the_attempt_kept(
    plant: Plant, name: str, content: bytes
) -> None:
    with refused("attachment_type_refused"):
        attach(plant, content, name)
    assert not Attachment.objects.exists()
    assert RefusedAttempt.objects.get().code == "attachment_type_refused"


def test_size_counts(plant: Plant, settings: Any) -> None:
    settings.ATTACHMENT_BYTES = len(PDF)
    attach(plant)
    with refused("attachment_too_large"):
        attach(plant, PDF + b".")
    with refused("attachment_empty"):
        attach(plant, b"")


def test_the_same_file_is_kept_once_and_another_beside_it(plant: Plant) -> None:
    lot = plant.lot()
    first, again = attach(plant, lot=lot), attach(plant, lot=lot)
    other = attach(plant, PDF + b"2", lot=lot)
    assert first == again != other
    assert open_whole(first).read() == PDF


def test_an_inspection_has_its_own_files(plant: Plant) -> None:
    inspection = inspected(plant)
    kept = attach(plant, lot=inspection.lot, inspection=inspection)
    assert list(inspection.attachments.all()) == [kept]
    with refused("inspection_of_other_lot"):
        attach(plant, inspection=inspection)


@pytest.mark.parametrize("harm", ["changed", "gone"])
def test_a_file_that_was_tampered_with_is_not_given_out(plant: Plant, harm: str) -> None:
    kept = attach(plant)
    name = kept.file.name or ""
    default_storage.delete(name)
    if harm == "changed":
        default_storage.save(name, ContentFile(PDF.replace(b"...", b"!!!")))
    with refused("attachment_damaged"):
        open_whole(Attachment.objects.get())


def test_a_row_stays_as_it_is(plant: Plant) -> None:
    kept = attach(plant)
    with pytest.raises(DatabaseError), transaction.atomic():
        Attachment.objects.filter(pk=kept.pk).update(sha256="0" * 64)


# --- over the API -------------------------------------------------------------------------------


def send(api: Any, lot: str, content: bytes = PDF, name: str = "coa.pdf", **form: Any) -> Any:
    file = SimpleUploadedFile(name, content)
    return api.post("/api/v1/attachments/", {"lot": lot, "file": file, **form}, format="multipart")


@pytest.fixture
def api(db: None) -> Any:
    from tests.api.conftest import Api
    from tests.factories import UserFactory

    client = Api()
    client.force_authenticate(UserFactory(role="integrator"))
    return client


def test_a_file_goes_in_and_comes_out_as_it_was(plant: Plant, api: Any) -> None:
    inspection = inspected(plant)
    answer = send(api, inspection.lot.code, inspection=inspection.pk, reason="CoA")
    assert answer.status_code == 200, answer.json()
    row = answer.json()
    assert (row["lot"], row["inspection"], row["reason"]) == (
        inspection.lot.code, inspection.pk, "CoA",
    )  # fmt: skip
    assert api.read(f"attachments/{row['id']}/").json() == row
    file = api.get(f"/api/v1/attachments/{row['id']}/content/", HTTP_ACCEPT="application/pdf")
    assert b"".join(file.streaming_content) == PDF
    assert file["Content-Disposition"] == 'attachment; filename="coa.pdf"'
    assert (file["X-Content-Type-Options"], file["Content-Type"]) == ("nosniff", "application/pdf")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"content": b"<html>", "name": "a.html"}, 415, "attachment_type_refused"),
        ({"content": b"%PDF-" + b"." * 30_000}, 413, "attachment_too_large"),
        ({"content": b""}, 409, "attachment_empty"),
        ({"lot": "NONE/1"}, 400, "invalid"),
        ({"inspection": "x"}, 400, "invalid"),
    ],
)
def test_what_the_api_refuses(
    plant: Plant, api: Any, settings: Any, change: dict[str, Any], status: int, code: str
) -> None:
    settings.ATTACHMENT_BYTES = 10_000
    answer = send(api, **{"lot": plant.lot().code} | change)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not Attachment.objects.exists()


def test_without_a_file_or_as_json_nothing_is_understood(plant: Plant, api: Any) -> None:
    lot = {"lot": plant.lot().code}
    assert api.post("/api/v1/attachments/", lot, format="multipart").status_code == 400
    assert api.post("/api/v1/attachments/", lot, format="json").status_code == 415


def test_a_damaged_file_is_a_problem(plant: Plant, api: Any) -> None:
    row = send(api, plant.lot().code).json()
    default_storage.delete(Attachment.objects.get().file.name or "")
    answer = api.get(f"/api/v1/attachments/{row['id']}/content/", HTTP_ACCEPT="application/pdf")
    assert (answer.status_code, answer.json()["code"]) == (409, "attachment_damaged")


def test_who_may_not_attach_is_told_and_kept(plant: Plant) -> None:
    from tests.api.conftest import Api
    from tests.factories import UserFactory

    auditor = Api()
    auditor.force_authenticate(UserFactory(role="auditor"))
    assert send(auditor, plant.lot().code).status_code == 403
    assert RefusedAttempt.objects.get().verb == "quality.attach_file"
