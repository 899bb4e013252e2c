"""A proof for one record: given out, checked offline by the script, worthless once touched."""

import importlib.util
import json
import subprocess
import sys
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from inventory.errors import Refused
from inventory.models import Movement, Seal, SealNotice
from inventory.seals import chain, content, merkle
from inventory.seals.proof import proof
from inventory.seals.registry import SEALED
from inventory.seals.sealing import seal
from tests.plant import Plant
from tests.seals.conftest import Tamper

SCRIPT = Path(settings.BASE_DIR) / "static/check_proof.py"


def load_script() -> Any:
    spec = importlib.util.spec_from_file_location("check_proof", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


check = load_script().check


def told(document: dict[str, Any]) -> str:
    """The seal that a proof leads to, as it was published."""
    return f"{document['published']['sequence']}:{document['published']['hash']}"


# --- trees and chains of any size ---------------------------------------------------------------


def plain_root(entries: list[bytes]) -> bytes:
    """RFC 6962, 2.1, word for word."""
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0]).digest()
    split = 1
    while split * 2 < len(entries):
        split *= 2
    left, right = plain_root(entries[:split]), plain_root(entries[split:])
    return sha256(b"\x01" + left + right).digest()


@given(st.lists(st.binary(min_size=40, max_size=40), min_size=1, max_size=70))
def test_the_root_is_that_of_the_rfc(entries: list[bytes]) -> None:
    assert merkle.root(entries) == plain_root(entries)


HASH = st.binary(min_size=32, max_size=32)


def drawn(draw: st.DrawFn) -> tuple[dict[str, Any], str]:
    values = draw(st.lists(st.integers(), min_size=1, max_size=40))
    index = draw(st.integers(0, len(values) - 1))
    first = draw(st.integers(1, 2**40))
    rows = [content.content(["value"], [value]) for value in values]
    entries = [content.entry(first + n, content.digest(row)) for n, row in enumerate(rows)]
    one = Seal(
        sequence=draw(st.integers(1, 2**40)), table="some.record", columns=["value"], first=first,
        last=first + len(rows) - 1, count=len(rows), root=merkle.root(entries).hex(),
        previous=draw(HASH).hex(), sealed_at=datetime(2026, 1, 31, tzinfo=UTC),
    )  # fmt: skip
    later = [one.hex() for one in draw(st.lists(HASH, max_size=5))]
    link = chain.link(one.previous, chain.digest(one))
    for digest in later:
        link = chain.link(link, digest)
    path = merkle.path(entries, index)
    document = {
        "format": 1,
        "record": {"table": one.table, "number": first + index, "content": rows[index].decode()},
        "path": [{"side": side, "hash": beside.hex()} for side, beside in path],
        "seal": {"body": chain.body(one), "previous": one.previous},
        "chain": later,
        "published": {"sequence": one.sequence + len(later), "hash": link},
    }
    return document, told(document)


@given(st.composite(drawn)(), st.data())
def test_every_row_of_every_batch_is_proven_and_no_other(
    case: tuple[dict[str, Any], str], data: st.DataObject
) -> None:
    document, published = case
    assert check(document, published)["number"] == document["record"]["number"]
    changed = json.loads(json.dumps(document))
    touch(changed, data)
    if changed != document:
        with pytest.raises((ValueError, KeyError, TypeError)):
            check(changed, published)


def touch(document: dict[str, Any], data: st.DataObject) -> None:
    """Change one thing that the proof rests on."""
    places = ["number", "content", "table", "side", "hash", "chain", "body"]
    place = data.draw(st.sampled_from(places))
    if place == "number":
        document["record"]["number"] += data.draw(st.sampled_from([-1, 1]))
    elif place == "content":
        document["record"]["content"] = json.dumps({"value": data.draw(st.integers())})
    elif place == "table":
        document["record"]["table"] = "another.record"
    elif place == "body":
        body = json.loads(document["seal"]["body"]) | {"count": data.draw(st.integers())}
        document["seal"]["body"] = json.dumps(body, separators=(",", ":"), sort_keys=True)
    elif place == "chain" and document["chain"]:
        document["chain"].pop()
    elif document["path"]:
        step = data.draw(st.sampled_from(document["path"]))
        if place == "side":
            step["side"] = "right" if step["side"] == "left" else "left"
        else:
            step["hash"] = "00" * 32


# --- real records -------------------------------------------------------------------------------


@pytest.mark.django_db
def test_every_sealed_row_is_proven(under_seal: Plant) -> None:
    for kind in SEALED.values():
        for row in kind.model._default_manager.all():
            document = json.loads(json.dumps(proof(row)))
            shown = check(document, told(document))
            assert (shown["table"], shown["number"]) == (kind.table, row.pk)
            assert set(shown) == {"table", "number", *kind.columns}


@pytest.mark.django_db
def test_it_leads_to_the_first_published_seal_or_the_one_asked_for(under_seal: Plant) -> None:
    row, newest = Movement.objects.order_by("pk")[0], Seal.objects.newest()
    over = Seal.objects.over("inventory.movement", row.pk)
    assert proof(row)["published"] == {"sequence": newest.sequence, "hash": newest.hash}
    for sequence in (over.sequence + 4, over.sequence + 2):
        SealNotice.objects.create(
            sequence=sequence, hash=Seal.objects.get(pk=sequence).hash, address="a@example.com",
            due_at=under_seal.now,
        )  # fmt: skip
    assert proof(row)["published"]["sequence"] == over.sequence + 2
    assert proof(row, to=over.sequence)["chain"] == []
    for to in (over.sequence, over.sequence + 1, newest.sequence):
        document = proof(row, to=to)
        assert document["published"]["sequence"] == to
        assert check(document, told(document))


@pytest.mark.django_db
def test_what_cannot_be_proven_is_refused(under_seal: Plant, tamper: Tamper) -> None:
    row = Movement.objects.order_by("-pk")[0]
    over = Seal.objects.over("inventory.movement", row.pk)
    for to in (over.sequence - 1, 10_000):
        with pytest.raises(Refused) as refusal:
            proof(row, to=to)
        assert refusal.value.code == "seal_unknown"
    tamper("UPDATE inventory_movement SET quantity = quantity + 1 WHERE id = %s", row.pk)
    with pytest.raises(Refused) as refusal:
        proof(row)
    assert refusal.value.code == "seal_broken"
    with pytest.raises(Refused) as refusal:
        proof(under_seal.lot(1).movements.get())
    assert refusal.value.code == "not_sealed_yet"


@pytest.mark.django_db
def test_the_script_alone_checks_it(under_seal: Plant, tmp_path: Path, capsys: Any) -> None:
    row = Movement.objects.order_by("pk")[0]
    call_command("export_proof", "movement", str(row.pk))
    file = tmp_path / "proof.json"
    file.write_text(capsys.readouterr().out)

    def run(published: str) -> tuple[int, str]:
        # -I and -S: neither our packages nor our settings, only what Python itself brings.
        command = [sys.executable, "-I", "-S", str(SCRIPT), str(file), published]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
        return done.returncode, done.stdout

    newest = Seal.objects.newest().published_as
    code, said = run(newest)
    assert (code, said.splitlines()[0]) == (0, f"PROVEN by seal {newest.partition(':')[0]}:")
    assert str(row.batch) in said
    assert run("1:" + "0" * 64)[0] == 1
    altered = json.loads(file.read_text())
    altered["record"]["content"] = altered["record"]["content"].replace("receive", "scrap")
    file.write_text(json.dumps(altered))
    assert run(newest) == (1, "NOT PROVEN: the record is not in the batch\n")
    for nonsense in ("", "[]", "{}", '{"format": 1}', "null"):
        file.write_text(nonsense)
        assert run(newest)[0] == 1
    file.unlink()
    assert run(newest)[0] == 2


@pytest.mark.django_db
def test_a_proof_of_nothing_is_an_error(plant: Plant) -> None:
    with pytest.raises(CommandError, match="no movement 17"):
        call_command("export_proof", "movement", "17")
    with pytest.raises(CommandError, match="not sealed yet"):
        call_command("export_proof", "movement", str(plant.lot(1).movements.get().pk))


@pytest.mark.django_db
def test_a_column_that_is_added_later_unsettles_nothing(
    under_seal: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was sealed without it stays proven; what comes later is sealed with it."""
    kind = SEALED["inventory.movement"]
    fewer = kind.columns[1:]
    Seal.objects.all()
    monkeypatch.setitem(SEALED, kind.table, type(kind)(kind.model, fewer, append_only=True))
    under_seal.lot(1)
    seal()
    monkeypatch.undo()
    row = Movement.objects.order_by("-pk")[0]
    document = proof(row)
    assert set(check(document, told(document))) == {"table", "number", *fewer}
