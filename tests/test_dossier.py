"""The lot dossier: complete, checked by its checksum, and the same on page, PDF and as JSON."""

import io
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pypdf import PdfReader

from inventory import actions as stock
from inventory import verbs
from inventory.errors import Refused
from inventory.models import AuditEntry, Lot, Movement
from inventory.one_moment import one_moment
from inventory.seals import checking
from inventory.seals.sealing import seal
from quality import actions as quality
from quality.models import Inspection, Outcome
from staging import actions as staging
from staging.alerting import clock
from staging.dossier import copies, sheet
from staging.dossier.content import GIVEN_OUT, content
from staging.dossier.pdf import pdf
from tests.factories import UserFactory
from tests.plant import Plant
from tests.seals.conftest import Tamper, api, api_as, tamper
from tests.standing import built_once

__all__ = ["api", "api_as", "tamper"]

pytestmark = pytest.mark.django_db

HOSTILE = "<b>&amp; ]]> " + "W" * 400 + " שלום مرحبا 😀 \u202e\u0007 äöüß ñ é œ {{ x }} %s"


@built_once
def lot(plant: Plant) -> Lot:
    """A lot with something of everything, sealed."""
    source = plant.lot(500, number="PARENT")
    split = stock.Split(lot=source, number="LOT-1", quantity=Decimal(200), source=plant.a1)
    plant.do(stock.split_lot, split)
    lot = Lot.objects.select_related("material").get(number="LOT-1")
    _examine(plant, lot)
    plant.release(lot)
    order = plant.order((lot.material, 50))
    plant.stage(order, lot, quantity=30)
    moved = stock.Move(lot=lot, quantity=Decimal(5), source=plant.a1, target=plant.a2)
    [made] = plant.do(stock.move, moved)
    plant.do(stock.reverse, stock.Reversal(movement=made, reason="wrong shelf"))
    plant.lift(plant.hold("suspect colour", lot=lot))
    plant.hold("under suspicion", lot=lot)
    clock.sweep(by=plant.operator, at=plant.now)
    line = staging.Staging(demand=order, lot=lot, lane=plant.l2, quantity=Decimal(1))
    with pytest.raises(Refused):
        verbs.carry_out(verbs.REGISTRY["stage"], [line], by=plant.operator, at=plant.now)
    seal(batch=5)
    lot.refresh_from_db()
    return lot


def _examine(plant: Plant, lot: Lot) -> None:
    """Failed, to be done again, done again and passed; with a certificate."""
    for value in ("12", "7"):
        found = quality.Result(lot=lot, characteristic="pH", value=value, upper=Decimal(9))
        plant.do(quality.record_inspection, found, by=plant.lab)
        if value == "12":
            [failed] = Inspection.objects.filter(lot=lot)
            verdict = quality.Verdict(
                inspection=failed, outcome=Outcome.REINSPECT, reason="bad probe"
            )
            plant.do(quality.dispose_inspection, verdict, by=plant.qa)
    file = ContentFile(b"conforms\n", "coa.txt")
    quality.attach(lot=lot, file=file, by=plant.lab, at=plant.now, reason="Certificate")


@pytest.fixture
def auditor(db: None) -> Client:
    client = Client()
    client.force_login(UserFactory(role="auditor", first_name="Ada", last_name="Auditor"))
    return client


def made(plant: Plant, lot: Lot) -> copies.Copy:
    return copies.copy(lot, by=plant.qa, at=datetime(2026, 3, 1, 12, tzinfo=UTC))


def read(content: bytes) -> list[str]:
    """The text of each page."""
    return [page.extract_text() for page in PdfReader(io.BytesIO(content)).pages]


# --- what it holds --------------------------------------------------------------------------------


def test_it_holds_everything(plant: Plant, lot: Lot) -> None:
    said = content(lot)
    assert [row["kind"] for row in said["movements"]] == ["split", "stage", "move", "reverse"]
    assert [row["on_hand"] for row in said["movements"]] == ["200"] * 4
    assert said["quantities"]["agrees"]
    assert said["quantities"]["parts"]["staged"] == "30"
    assert [link["far"] for link in said["genealogy"]["made_from"]] == [f"{lot.material}/PARENT"]
    first, second = said["inspections"]
    assert (first["passed"], first["superseded_by"]) == (False, second["id"])
    assert [one["outcome"] for one in first["dispositions"]] == ["reinspect"]
    assert [one["name"] for one in said["attachments"]] == ["coa.txt"]
    [decision] = said["decisions"]
    [signature] = decision["signatures"]
    assert signature["meaning"] == "approval"
    assert signature["wrong"] == []
    assert "movement" in signature["changed_since"]
    assert [bool(hold["lifted_at"]) for hold in said["holds"]] == [True, False]
    assert said["holds"][0]["signatures"]
    assert [alert["reason"] for alert in said["alerts"]] == ["lot_on_hold"]
    assert [one["tried"] for one in said["refused_attempts"]] == ["staging.stage"]
    actions = {entry["action"] for entry in said["audit"]}
    assert {"quality.release", "quality.place_hold", "inventory.move", "refused"} <= actions
    assert said["seals"]["sound"] == said["seals"]["rows"] > 20
    assert said["seals"]["findings"] == []


def test_what_was_altered_behind_the_back_is_named(plant: Plant, lot: Lot, tamper: Tamper) -> None:
    tamper("UPDATE quality_decision SET signed_by = 'Somebody' WHERE lot_id = %s", lot.pk)
    seals = content(lot)["seals"]
    assert len(seals["findings"]) == 1
    assert seals["findings"][0].startswith("altered: quality.decision")
    assert seals["sound"] == seals["rows"] - 1


def test_an_altered_seal_vouches_for_nothing(plant: Plant, lot: Lot, tamper: Tamper) -> None:
    whole = content(lot)["seals"]
    number = whole["seals"][0]["number"]
    tamper("UPDATE inventory_seal SET root = previous WHERE sequence = %s", number)
    seals = content(lot)["seals"]
    assert {finding.split(" (")[0] for finding in seals["findings"]} == {
        f"altered: inventory.seal {number}"
    }
    assert seals["sound"] < whole["sound"]


def test_what_is_not_sealed_yet_waits(plant: Plant, lot: Lot) -> None:
    plant.hold("later", lot=lot)
    seals = content(lot)["seals"]
    assert seals["waiting"] == 2  # the hold, and its entry in the trail
    assert seals["sound"] + seals["waiting"] == seals["rows"]


def test_only_so_many_seals_are_read(
    plant: Plant, lot: Lot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "MOST", 2)
    seals = content(lot)["seals"]
    assert len(seals["seals"]) == 2
    assert seals["unread"] > 0
    assert seals["sound"] + seals["unread"] == seals["rows"]


def test_older_movements_are_left_out_and_it_says_so(plant: Plant, lot: Lot) -> None:
    said = content(lot, most=2)
    assert said["movements_left_out"] == 2
    assert [row["kind"] for row in said["movements"]] == ["move", "reverse"]
    assert (said["quantities"]["opening"], said["quantities"]["agrees"]) == ("200", True)
    assert said["audit_left_out"] > 0
    cut = copies.Copy(lot, plant.qa, plant.now, said)
    assert "2 older records are left out" in "".join(read(pdf(cut)))


def test_it_takes_the_same_statements_however_much_happened(plant: Plant, lot: Lot) -> None:
    content(lot)
    with CaptureQueriesContext(connection) as before:
        content(lot)
    for _ in range(3):
        moved = stock.Move(lot=lot, quantity=Decimal(1), source=plant.a1, target=plant.a2)
        plant.do(stock.move, moved)
        plant.lift(plant.hold("again", lot=lot))
        result = quality.Result(lot=lot, characteristic="pH", value="7", upper=Decimal(9))
        plant.do(quality.record_inspection, result, by=plant.lab)
    seal(batch=3)
    with CaptureQueriesContext(connection) as after:
        content(lot)
    assert len(after) == len(before) <= 70


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_what_is_moved_meanwhile_is_not_in_it(plant: Plant) -> None:
    lot = plant.lot(10)

    def move() -> None:
        line = stock.Move(lot=lot, quantity=Decimal(1), source=plant.a1, target=plant.a2)
        plant.do(stock.move, line)
        connection.close()

    with one_moment():
        before = Movement.objects.filter(lot=lot).count()
        with ThreadPoolExecutor(1) as somebody:
            somebody.submit(move).result()
        assert Movement.objects.filter(lot=lot).count() == before
    assert Movement.objects.filter(lot=lot).count() == before + 1


# --- the copies -----------------------------------------------------------------------------------


def test_pdf_and_electronic_copy_bear_the_same_checksum(lot: Lot, auditor: Client) -> None:
    whole = auditor.get(f"/lots/{lot.pk}/dossier.pdf")
    assert whole["Content-Type"] == "application/pdf"
    copy = json.loads(auditor.get(f"/lots/{lot.pk}/dossier.json").content)
    again = json.dumps(copy["dossier"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    digest = sha256(again.encode()).hexdigest()
    assert copy["checksum"]["sha256"] == digest
    *_rest, last = read(whole.content)
    assert digest in last
    assert digest in auditor.get(f"/lots/{lot.pk}/dossier/").content.decode()
    given = AuditEntry.objects.filter(action=GIVEN_OUT).order_by("pk")
    assert [(entry.facts["format"], entry.facts["sha256"]) for entry in given] == [
        ("pdf", digest),
        ("json", digest),
    ]
    assert {entry.subject for entry in given} == {lot.code}


def test_the_pdf_says_it_all_in_order(lot: Lot, auditor: Client) -> None:
    pages = read(auditor.get(f"/lots/{lot.pk}/dossier.pdf").content)
    for number, page in enumerate(pages, 1):
        assert lot.code in page
        assert f"Page {number} of {len(pages)}" in " ".join(page.split())
    assert "Ada Auditor" in pages[0]
    text = " ".join(" ".join(pages[1:]).split())
    places = [
        text.index(heading)
        for heading in (
            "1 Identity", "2 Quantities now", "3 Quantity over time", "4 Movements",
            "5 Genealogy", "6 Inspections", "7 Decisions and signatures", "8 Holds", "9 Alerts",
            "10 Refused attempts", "11 Changes since the original entry", "12 Audit trail",
            "13 Seals and verification", "14 Checksum",
        )
    ]  # fmt: skip
    assert places == sorted(places)
    for words in ("Released, on hold", "Meaning: Approval", "changed since:", "suspect colour",
                  "wrong shelf", "coa.txt", "superseded by inspection",
                  "Yes: what follows was"):  # fmt: skip
        assert words in text, words


def test_the_same_content_at_the_same_time_makes_the_same_bytes(plant: Plant, lot: Lot) -> None:
    assert pdf(made(plant, lot)) == pdf(made(plant, lot))


def test_hostile_text_is_text(plant: Plant, lot: Lot, auditor: Client) -> None:
    plant.hold(HOSTILE.replace("\u0007", ""), lot=lot)
    copy = made(plant, lot)
    text = "".join("".join(read(pdf(copy))).split())
    assert "<b>&amp;]]>" in text
    assert "[U+1F600]" in text
    assert "[U+202E]" in text
    assert "W" * 400 in text
    assert "äöüß" in text
    assert "<b>&amp; ]]>" not in auditor.get(f"/lots/{lot.pk}/dossier/").content.decode()
    said = auditor.get(f"/lots/{lot.pk}/dossier.json").json()
    assert said["dossier"]["holds"][-1]["reason"] == HOSTILE.replace("\u0007", "")


def test_a_row_higher_than_a_page_goes_on(plant: Plant, lot: Lot) -> None:
    plant.hold("\n".join(f"line {number}" for number in range(300)), lot=lot)
    text = "".join(read(pdf(made(plant, lot))))
    assert all(f"line {number}" in text for number in range(300))


def test_what_a_font_lacks_is_written_out() -> None:
    assert sheet.printable("größer ≥ ½") == "größer ≥ ½"
    assert sheet.printable("a\u0000\U0001f600") == "a[U+0000][U+1F600]"


def test_the_api_gives_the_same_copy_and_lots_link_to_it(
    lot: Lot, auditor: Client, api_as: Any
) -> None:
    page = auditor.get(f"/lots/{lot.pk}/dossier.json").json()
    api = api_as("auditor")
    answer = api.get(api.read(f"lots/{lot.pk}/").json()["dossier"]).json()
    assert answer["checksum"] == page["checksum"]
    assert answer["dossier"] == page["dossier"]
    assert AuditEntry.objects.filter(action=GIVEN_OUT).latest("pk").surface == "api"
    assert api_as("operator").read(f"lots/{lot.pk}/dossier/").status_code == 403
    assert api.read("lots/4711/dossier/").status_code == 404


# --- who may --------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["dossier/", "dossier.pdf", "dossier.json"])
def test_who_may_read_it(plant: Plant, path: str) -> None:
    lot = plant.lot()
    for role, status in {"operator": 403, "supervisor": 200, "qa": 200, "auditor": 200}.items():
        client = Client()
        client.force_login(UserFactory(role=role))
        assert client.get(f"/lots/{lot.pk}/{path}").status_code == status, role
    assert Client().get(f"/lots/{lot.pk}/{path}").status_code == 302
    client.force_login(UserFactory(role="auditor"))
    assert client.get(f"/lots/0/{path}").status_code == 404


def test_long_tables_are_paged_on_the_page_only(
    plant: Plant, lot: Lot, auditor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("staging.views.dossier.ROWS", 2)
    first = auditor.get(f"/lots/{lot.pk}/dossier/").content.decode()
    second = auditor.get(f"/lots/{lot.pk}/dossier/?page=2").content.decode()
    assert "reverses no." not in first
    assert "reverses no." in second
    assert auditor.get(f"/lots/{lot.pk}/dossier/?page=nonsense").status_code == 200


def test_the_lot_leads_to_it(lot: Lot, auditor: Client) -> None:
    assert f"/lots/{lot.pk}/dossier/" in auditor.get(f"/lots/{lot.pk}/").content.decode()
    desk = Client()
    desk.force_login(UserFactory(role="qa", is_staff=True))
    admin = desk.get(f"/admin/inventory/lot/{lot.pk}/change/").content.decode()
    assert f"/lots/{lot.pk}/dossier/" in admin
    operator = Client()
    operator.force_login(UserFactory(role="operator"))
    assert "dossier" not in operator.get(f"/lots/{lot.pk}/").content.decode()
