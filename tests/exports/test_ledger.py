"""The ledger export: whole as it comes, and found out when anything is missing from it."""

import csv
import io
import json
import runpy
import subprocess
import sys
from decimal import Decimal
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from integration.exports.ledger.making import export_ledger
from integration.exports.ledger.records import Lines
from integration.exports.span import Span
from inventory.models import AuditEntry, LotLink, Movement, Seal
from inventory.sheets.recorded import FINISHED
from inventory.tasks import seal_records
from quality.models import Decision, Hold
from tests.api.conftest import Api
from tests.exports.conftest import content_of
from tests.factories import UserFactory
from tests.plant import Plant

pytestmark = pytest.mark.django_db

CHECKER = Path(settings.BASE_DIR, "static/check_export.py")


@pytest.fixture
def auditor(api_as: Any) -> Api:
    return api_as("auditor")  # type: ignore[no-any-return]


def saved(content: bytes, folder: Path) -> Path:
    file = folder / "export.zip"
    file.write_bytes(content)
    return file


def verdict(file: Path, *arguments: str) -> tuple[int, str]:
    """What the script says, run as its reader runs it: by Python alone."""
    command = [sys.executable, "-I", "-S", str(CHECKER), str(file), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


@pytest.mark.parametrize("lines", Lines.values)
def test_an_export_is_whole(some: Plant, auditor: Api, tmp_path: Path, lines: str) -> None:
    seal_records()
    content = content_of(auditor.read("exports/ledger/", lines=lines))
    with ZipFile(io.BytesIO(content)) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        text = archive.read(f"movements.{lines}").decode()
    counts = {file["records"]: file["rows"] for file in manifest["files"]}
    assert counts["inventory.movement"] == Movement.objects.count() > 5
    assert counts["quality.decision"] == Decision.objects.count() > 1
    assert counts["quality.hold"] == Hold.objects.count() > 1
    assert counts["inventory.lotlink"] == LotLink.objects.count() > 1
    assert "staging.claimchange" in counts
    rows: Any = (
        csv.DictReader(io.StringIO(text)) if lines == "csv" else map(json.loads, text.splitlines())
    )
    assert [Decimal(row["quantity"]) for row in rows] == list(
        Movement.objects.order_by("pk").values_list("quantity", flat=True)
    )
    newest = Seal.objects.of("inventory.movement").order_by("-sequence")[0]
    digest = sha256(content).hexdigest()
    code, said = verdict(saved(content, tmp_path), digest, newest.published_as)
    assert code == 0, said
    assert f"seal {newest.sequence} is the published one" in said
    finished = AuditEntry.objects.get(action=FINISHED, facts__records="ledger")
    assert (finished.facts["sha256"], finished.facts["complete"]) == (digest, True)
    assert finished.facts["rows"] >= sum(counts.values())


def tampered(content: bytes, name: str, change: Any, *, manifest: bool = False) -> bytes:
    """The export with one file changed; the manifest's digest follows if asked to."""
    changed = io.BytesIO()
    with ZipFile(io.BytesIO(content)) as old, ZipFile(changed, "w") as new:
        files = {one: old.read(one) for one in old.namelist()}
        files[name] = change(files[name])
        if manifest:
            told = json.loads(files["manifest.json"])
            for file in [*told["files"], told["seals"]]:
                if file["name"] == name:
                    file["sha256"] = sha256(files[name]).hexdigest()
                    file["rows"] = file["counted"] = len(files[name].splitlines())
            files["manifest.json"] = json.dumps(told).encode()
        for one, said in files.items():
            new.writestr(one, said)
    return changed.getvalue()


def without_row(number: int) -> Any:
    def change(content: bytes) -> bytes:
        lines = content.splitlines(keepends=True)
        return b"".join(lines[:number] + lines[number + 1 :])

    return change


@pytest.mark.parametrize(
    ("name", "change", "manifest", "said"),
    [
        ("movements.jsonl", without_row(1), False, "the digest differs"),
        ("movements.jsonl", without_row(1), True, "the sums differ"),
        ("decisions.jsonl", without_row(0), True, "begins or ends elsewhere"),
        ("lot_links.jsonl", lambda text: text + text, True, "doubled or out of order"),
        ("seals.jsonl", lambda text: text.replace(b'"count": ', b'"count": 1'), True, "seal "),
        ("manifest.json", lambda text: text.replace(b"/1", b"/2"), False, "knows"),
        ("movements.jsonl", lambda text: text.replace(b'"receive"', b'"ship"'), True, "sums"),
    ],
)
def test_what_is_missing_or_changed_is_found(
    some: Plant, tmp_path: Path, name: str, change: Any, manifest: bool, said: str
) -> None:
    seal_records()
    _name, parts = export_ledger(Span(), lines=Lines.JSONL, by=some.operator, at=some.now)
    content = tampered(b"".join(parts), name, change, manifest=manifest)
    script = runpy.run_path(str(CHECKER))
    with pytest.raises(ValueError, match=said):
        list(script["check"](str(saved(content, tmp_path))))


def test_a_sealed_row_cannot_be_left_out(some: Plant, tmp_path: Path) -> None:
    """Even with a manifest that was made to fit."""
    seal_records()
    _name, parts = export_ledger(Span(), lines=Lines.JSONL, by=some.operator, at=some.now)
    content = tampered(b"".join(parts), "lot_links.jsonl", without_row(1), manifest=True)
    if LotLink.objects.count() > 2:
        code, said = verdict(saved(content, tmp_path))
        assert (code, "rows are missing or extra" in said) == (1, True)


def test_a_range_by_numbers_takes_what_goes_with_it(some: Plant) -> None:
    first, *_others, last = Movement.objects.order_by("pk")[2:6]
    span = Span(from_number=first.pk, to_number=last.pk)
    _name, parts = export_ledger(span, lines=Lines.CSV, by=some.operator, at=some.now)
    with ZipFile(io.BytesIO(b"".join(parts))) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    [movements, decisions, *_rest] = manifest["files"]
    assert (movements["first"], movements["last"], movements["rows"]) == (first.pk, last.pk, 4)
    period = (first.recorded_at, last.recorded_at)
    assert decisions["rows"] == Decision.objects.filter(recorded_at__range=period).count()
    assert sum(one["movements"] for one in manifest["sums"]) == 4
    nothing = Span(recorded_from=some.now, from_number=last.pk + 10_000)
    _name, parts = export_ledger(nothing, lines=Lines.CSV, by=some.operator, at=some.now)
    with ZipFile(io.BytesIO(b"".join(parts))) as archive:
        assert {file["rows"] for file in json.loads(archive.read("manifest.json"))["files"]} == {0}


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"from_number": 9, "to_number": 3}, 409, "range_backwards"),
        ({"recorded_from": "yesterday"}, 400, "invalid"),
        ({"lines": "xml"}, 400, "invalid_choice"),
        ({"colour": "red"}, 400, "unknown_parameter"),
        ({"from_number": 10**30}, 400, "max_value"),
    ],
)
def test_a_range_that_makes_no_sense(
    auditor: Api, query: dict[str, Any], status: int, code: str
) -> None:
    answer = auditor.read("exports/ledger/", **query)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (status, code)


def test_too_much_for_a_request_is_for_the_command(
    some: Plant, auditor: Api, settings: Any, tmp_path: Path
) -> None:
    settings.EXPORT_ROWS = 3
    for path in ("exports/ledger/", "exports/ocel/"):
        answer = auditor.read(path)
        assert (answer.status_code, answer.json()["code"]) == (409, "export_too_large")
    call_command("export_ledger", tmp_path / "all.zip", stdout=StringIO())
    said = StringIO()
    call_command("check_export", tmp_path / "all.zip", stdout=said)
    assert "Exported by system" in said.getvalue()
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("export_ledger", tmp_path / "all.zip", stdout=StringIO())
    (tmp_path / "all.zip").write_bytes(b"PK")
    with pytest.raises(CommandError):
        call_command("check_export", tmp_path / "all.zip", stdout=said)


def test_who_may(api_as: Any) -> None:
    assert api_as("integrator").read("exports/ledger/").status_code == 403
    assert api_as("qa").read("exports/ledger/").status_code == 403
    assert content_of(api_as("integrator").read("exports/ocel/"))


def test_statements_do_not_grow_with_the_ledger(
    plant: Plant, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    def run() -> None:
        _name, parts = export_ledger(Span(), lines=Lines.CSV, by=plant.operator, at=plant.now)
        b"".join(parts)

    plant.lot()
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as first:
        run()
    for _more in range(3):
        plant.lot()
    with django_assert_num_queries(len(first)):
        run()


def test_the_page_in_the_admin(some: Plant, everybody: Client) -> None:
    assert "Ledger with manifest" in everybody.get("/admin/export/").content.decode()
    asked = {"what": "ledger", "lines": "csv", "from_number": "1"}
    content = content_of(everybody.post("/admin/export/", asked))
    assert "manifest.json" in ZipFile(io.BytesIO(content)).namelist()
    assert sha256(content).hexdigest() in everybody.get("/admin/export/").content.decode()
    document = json.loads(content_of(everybody.post("/admin/export/", asked | {"what": "ocel"})))
    assert document["events"]
    backwards = everybody.post("/admin/export/", asked | {"from_number": "9", "to_number": "1"})
    assert backwards.status_code == 409
    assert "The range ends before it begins." in backwards.content.decode()
    assert everybody.post("/admin/export/", {"what": "ledger"}).status_code == 422
    client = Client()
    client.force_login(UserFactory(role="qa", is_staff=True))
    assert client.get("/admin/export/").status_code == 403
