"""The inspect page made from a plan, plans and their approval, dispositions, attachments."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from inventory.models import Lot, RefusedAttempt
from quality import actions as quality
from quality.models import (
    Attachment,
    Disposition,
    DueInspection,
    Inspection,
    InspectionPlan,
)
from tests.admin.conftest import SignIn, act, list_of, page_of
from tests.plans import draft, in_force, results
from tests.plant import Plant

pytestmark = pytest.mark.django_db

ENTERED = {"key": "k", "c0-1": "pass", "c1-1": "99.5", "c1-2": "100.1"}


@pytest.fixture
def qa(enter: SignIn) -> Client:
    return enter("qa")


@pytest.fixture
def lot(plant: Plant) -> Lot:
    material = plant.material()
    in_force(plant, material)
    return plant.lot(material=material, released=False)


def inspect_page(lot: Lot) -> str:
    return f"{list_of(Lot, 'inspect')}?ids={lot.pk}"


def text(response: Any) -> str:
    found: str = response.content.decode()
    return found


def test_the_page_asks_for_what_the_plan_does(qa: Client, lot: Lot) -> None:
    page = text(qa.get(inspect_page(lot)))
    for part in ("Identity", "98 … 102 %", "Sample 2", "Assay, sample 2"):
        assert part in page


def test_results_are_recorded_with_the_certificate(qa: Client, lot: Lot) -> None:
    file = SimpleUploadedFile("coa.pdf", b"%PDF-1.7")
    assert qa.post(inspect_page(lot), ENTERED | {"file": file}).status_code == 302
    inspection = Inspection.objects.get()
    assert inspection.passed
    assert [row.value for row in inspection.results.all()] == ["pass", "99.5", "100.1"]
    assert Attachment.objects.get().inspection == inspection
    assert not DueInspection.objects.open().exists()
    page = text(qa.get(page_of(lot)))
    for part in ("99.5 · 100.1 %", "plan v1", "coa.pdf"):
        assert part in page


def test_a_wrong_file_keeps_the_results_back(qa: Client, lot: Lot) -> None:
    file = SimpleUploadedFile("coa.pdf", b"<html>")
    page = qa.post(inspect_page(lot), ENTERED | {"file": file})
    assert "not a file that can be kept" in text(page)
    assert not Inspection.objects.exists()
    kept = RefusedAttempt.objects.get()
    assert (kept.verb, kept.code) == ("quality.attach_file", "attachment_type_refused")
    assert (kept.lot, kept.asked["file"]) == (lot, "coa.pdf")


def test_a_slip_is_shown_in_its_cell_and_asks_why_it_is_right(qa: Client, lot: Lot) -> None:
    page = qa.post(inspect_page(lot), ENTERED | {"c1-2": "9"})
    assert page.status_code == 409
    assert "c1-2" in page.context["form"].errors
    assert 'name="override1"' in text(page)
    again = ENTERED | {"key": "k2", "c1-2": "9", "override1": "Diluted"}
    assert qa.post(inspect_page(lot), again).status_code == 302
    assert not Inspection.objects.get().passed


def test_what_is_required_is_asked_for(qa: Client, lot: Lot) -> None:
    page = qa.post(inspect_page(lot), ENTERED | {"c1-2": ""})
    assert list(page.context["form"].errors) == ["c1-2"]


def test_a_failure_is_decided_by_somebody_else(qa: Client, plant: Plant, lot: Lot) -> None:
    plant.do(quality.record_inspection, *results(lot, "90", "99"), by=plant.lab)
    inspection = Inspection.objects.get()
    address = act(Inspection, "dispose_inspection", inspection)
    assert address.split("?")[0] in text(qa.get(page_of(lot)))
    assert "Assay: 90 %" in text(qa.get(address))
    decided = {"key": "d", "outcome": "accept", "reason": "Old limits"}
    assert qa.post(address, decided).status_code == 302
    assert Disposition.objects.get().outcome == "accept"
    assert "Old limits" in text(qa.get(page_of(inspection)))


def test_a_plan_is_drafted_changed_and_approved_by_another(
    qa: Client, enter: SignIn, plant: Plant
) -> None:
    material = plant.material()
    asked = {"material": material.pk, "kind": "receipt", "note": "First"}
    assert qa.post(list_of(InspectionPlan, "add"), asked).status_code == 302
    plan = InspectionPlan.objects.get()
    rows = {
        "characteristics-TOTAL_FORMS": 1, "characteristics-INITIAL_FORMS": 0,
        "characteristics-0-name": "pH", "characteristics-0-kind": "numeric",
        "characteristics-0-lower": "6", "characteristics-0-upper": "8",
        "characteristics-0-samples": "2", "characteristics-0-required": "on",
        "characteristics-0-plan": plan.pk, "note": "First", "reason": "new",
    }  # fmt: skip
    changed = qa.post(page_of(plan), rows)
    assert changed.status_code == 302, changed.context["errors"]
    assert plan.characteristics.get().limits == "6 … 8"
    approve = page_of(plan, "approve")
    assert qa.post(approve, {"reason": "fine"}).status_code == 409
    assert RefusedAttempt.objects.get().code == "approver_wrote_plan"
    assert enter("qa").post(approve, {"reason": "fine"}).status_code == 302
    plan.refresh_from_db()
    assert plan.approved_at
    page = text(qa.get(page_of(plan)))
    assert "In force" in page
    assert 'name="characteristics-0-name"' not in page


def test_a_plan_that_makes_no_sense_says_so_in_its_row(qa: Client, plant: Plant) -> None:
    plan = draft(plant, plant.material(), {"name": "pH", "kind": "numeric"})
    row = plan.characteristics.get()
    rows = {
        "characteristics-TOTAL_FORMS": 1, "characteristics-INITIAL_FORMS": 1,
        "characteristics-0-id": row.pk, "characteristics-0-plan": plan.pk,
        "characteristics-0-name": "pH", "characteristics-0-kind": "numeric",
        "characteristics-0-lower": "9", "characteristics-0-upper": "8",
        "characteristics-0-samples": "1", "note": "n", "reason": "r",
    }  # fmt: skip
    assert "lies above the upper one" in text(qa.post(page_of(plan), rows))


def test_a_plan_is_withdrawn_for_a_reason(qa: Client, plant: Plant, lot: Lot) -> None:
    plan = InspectionPlan.objects.get()
    assert qa.post(page_of(plan, "withdraw"), {"reason": "certified"}).status_code == 302
    assert not DueInspection.objects.open().exists()
    assert "Replaced or withdrawn" in text(qa.get(list_of(InspectionPlan)))


def test_the_due_list_leads_to_the_page(qa: Client, lot: Lot) -> None:
    page = text(qa.get(f"{list_of(DueInspection)}?state=open"))
    assert lot.code in page
    assert "kind=receipt" in page


def test_a_file_is_attached_and_fetched(qa: Client, plant: Plant, lot: Lot) -> None:
    address = f"{list_of(Lot, 'attach')}?ids={lot.pk}"
    assert qa.get(address).status_code == 200
    wrong = {"file": SimpleUploadedFile("a.exe", b"MZ"), "reason": ""}
    assert qa.post(address, wrong).status_code == 409
    file = SimpleUploadedFile("coa.txt", b"conforms")
    assert qa.post(address, {"file": file, "reason": "CoA"}).status_code == 302
    kept = Attachment.objects.get()
    fetched = qa.get(page_of(kept, "download"))
    assert fetched["Content-Disposition"] == 'attachment; filename="coa.txt"'
    assert b"".join(fetched.streaming_content) == b"conforms"  # type: ignore[attr-defined]
    assert kept.sha256 in text(qa.get(page_of(kept)))


@pytest.mark.parametrize(("role", "status"), [("supervisor", 403), ("auditor", 403)])
def test_who_may_not(enter: SignIn, plant: Plant, lot: Lot, role: str, status: int) -> None:
    client, plan = enter(role), InspectionPlan.objects.get()
    assert client.get(inspect_page(lot)).status_code == status
    assert client.get(page_of(plan, "withdraw")).status_code == status
    assert client.get(list_of(InspectionPlan)).status_code == 200
