"""Seals where people and programs see them: command, API and the auditor's page."""

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from inventory.models import AuditEntry, Movement, Seal
from inventory.seals import chain
from inventory.seals.sealing import seal
from tests.admin.conftest import SignIn, list_of, page_of
from tests.plant import Plant
from tests.seals.conftest import Tamper

pytestmark = pytest.mark.django_db


# --- manage.py verify_audit ---------------------------------------------------------------------


def run(capsys: Any, *arguments: str) -> tuple[int, str]:
    capsys.readouterr()
    try:
        call_command("verify_audit", *arguments)
    except CommandError as error:
        return error.returncode, capsys.readouterr().out
    return 0, capsys.readouterr().out


def test_it_says_that_nothing_was_changed(under_seal: Plant, capsys: Any) -> None:
    code, said = run(capsys)
    assert code == 0
    assert Seal.objects.newest().published_as in said
    entry = AuditEntry.objects.get(action="seals.verified")
    assert entry.facts["sound"]


def test_it_names_what_was_done_and_keeps_it(
    under_seal: Plant, tamper: Tamper, capsys: Any
) -> None:
    row = Movement.objects.order_by("pk")[1].pk
    tamper("UPDATE inventory_movement SET quantity = quantity + 1 WHERE id = %s", row)
    code, said = run(capsys)
    assert code == 1
    assert f"altered: inventory.movement {row}" in said
    entry = AuditEntry.objects.get(action="seals.verified")
    assert entry.facts["findings"] == [f"altered: inventory.movement {row}"]
    code, said = run(capsys, "--json")
    told = json.loads(said)
    assert code == 1
    assert told["findings"] == [
        {"table": "inventory.movement", "number": row, "kind": "altered", "detail": ""}
    ]


def test_a_published_seal_must_still_stand(under_seal: Plant, capsys: Any) -> None:
    newest = Seal.objects.newest()
    assert run(capsys, "--published", newest.published_as)[0] == 0
    code, said = run(capsys, "--published", f"{newest.sequence}:{'0' * 64}")
    assert (code, f"altered: inventory.seal {newest.sequence}" in said) == (1, True)
    code, said = run(capsys, "--published", f"{newest.sequence + 1}:{'0' * 64}")
    assert (code, f"removed: inventory.seal {newest.sequence + 1}" in said) == (1, True)


def test_what_waits_too_long_for_its_seal_is_named(under_seal: Plant, capsys: Any) -> None:
    under_seal.lot(1)
    assert run(capsys)[0] == 0
    with time_machine.travel(timezone.now() + timedelta(minutes=61)):
        code, said = run(capsys)
        assert (code, "unsealed: inventory.movement" in said) == (1, True)
        assert run(capsys, "--backlog", "90")[0] == 0


@pytest.mark.parametrize(
    "arguments",
    [["--published", "x"], ["--published", "1:abc"], ["--from", "0"], ["--from", "x"],
     ["--from", "3", "--to", "2"], ["--to", "2", "--published", f"3:{'0' * 64}"]],
)  # fmt: skip
def test_nonsense_is_refused(arguments: list[str], db: None) -> None:
    with pytest.raises(CommandError):
        call_command("verify_audit", *arguments)
    assert not AuditEntry.objects.filter(action="seals.verified").exists()


def test_records_can_be_sealed_at_once(plant: Plant, capsys: Any) -> None:
    plant.lot(1)
    call_command("seal_records")
    assert Seal.objects.newest().published_as in capsys.readouterr().out


# --- the API ------------------------------------------------------------------------------------


def test_the_seals_and_the_newest(under_seal: Plant, api: Any) -> None:
    newest = Seal.objects.newest()
    told = api.read("seals/latest/").json()
    assert (told["sequence"], told["hash"]) == (newest.sequence, newest.hash)
    assert api.read(f"seals/{newest.sequence}/").json() == told
    listed = api.read("seals/", page_size=500).json()["results"]
    assert listed[0] == told
    for before, after in zip(listed[1:], listed, strict=False):
        assert after["previous"] == before["hash"]
        assert after["hash"] == chain.link(before["hash"], after["digest"])
    only = api.read("seals/", table="quality.decision").json()["results"]
    assert {row["table"] for row in only} == {"quality.decision"}


def test_before_the_first_seal_there_is_none(api: Any) -> None:
    assert api.read("seals/latest/").status_code == 404


def test_the_proof_of_a_movement(under_seal: Plant, api: Any, api_as: Any) -> None:
    row = Movement.objects.order_by("pk")[0]
    answer = api.read(f"movements/{row.pk}/proof/")
    assert answer.status_code == 200
    assert answer.json()["record"]["number"] == row.pk
    assert api.read(f"movements/{row.pk}/proof/", to=1).status_code in (200, 409)
    refused = api.read(f"movements/{row.pk}/proof/", to=10_000)
    assert (refused.status_code, refused.json()["code"]) == (409, "seal_unknown")
    assert api.read(f"movements/{row.pk}/proof/", to="x").status_code == 400
    assert api.read("movements/999999/proof/").status_code == 404
    young = under_seal.lot(1).movements.get()
    refused = api.read(f"movements/{young.pk}/proof/")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_sealed_yet")


def test_who_may_look(under_seal: Plant, api_as: Any) -> None:
    from tests.factories import UserFactory

    row = Movement.objects.order_by("pk")[0]
    for path in ("seals/", "seals/latest/", f"movements/{row.pk}/proof/"):
        assert api_as("operator").read(path).status_code == 200
        assert api_as(UserFactory()).read(path).status_code == 403


# --- the auditor's page -------------------------------------------------------------------------


def test_the_auditor_sees_seal_verification_and_backlog(under_seal: Plant, enter: SignIn) -> None:
    auditor = enter("auditor")
    page = auditor.get(list_of(Seal)).content.decode()
    assert Seal.objects.newest().published_as in page
    assert "Never" in page
    call_command("verify_audit")
    page = auditor.get(list_of(Seal), {"table": "inventory.movement"}).content.decode()
    assert "Nothing was changed" in page
    assert "audit trail: 2" in page  # the sign-in and the verification wait for their seal


def test_the_page_before_the_first_seal(enter: SignIn) -> None:
    assert "Nothing is sealed yet" in enter("auditor").get(list_of(Seal)).content.decode()


def test_a_seal_and_the_way_to_a_proof(under_seal: Plant, enter: SignIn) -> None:
    auditor, row = enter("auditor"), Movement.objects.order_by("pk")[0]
    over = Seal.objects.over("inventory.movement", row.pk)
    assert over.hash in auditor.get(page_of(over)).content.decode()
    proof = reverse("movement-proof", args=[row.pk])
    assert proof in auditor.get(page_of(row)).content.decode()
    assert auditor.get(proof).json()["record"]["number"] == row.pk
    young = under_seal.lot(1).movements.get()
    assert "Not sealed yet" in auditor.get(page_of(young)).content.decode()
    seal()
    assert "Not sealed yet" not in auditor.get(page_of(young)).content.decode()
