"""The audit trail: what a day leaves behind, people included, and how it is exported."""

import ast
import csv
import hashlib
import io
import json
import re
from datetime import timedelta
from decimal import Decimal
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Group, Permission, User
from django.db import DatabaseError, transaction
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from inventory import actions as stock
from inventory import audit, audit_export, audit_people, audit_words, verbs
from inventory.audit import Actor
from inventory.audit_export import Export, Format, Records
from inventory.errors import Refused
from inventory.models import AuditEntry, Movement, MovementKind, RefusedAttempt, Surface
from inventory.sheets.csv import csv_line
from inventory.sheets.recorded import FINISHED, STARTED
from quality.models import DecisionKind
from staging import actions as staging
from tests.admin.conftest import SignIn, enter
from tests.factories import UserFactory
from tests.plant import Plant
from tests.sheets import records_of

__all__ = ["enter"]

APPS = ("config", "inventory", "quality", "staging", "integration")
ACTION = re.compile(r"(inventory|quality|staging|master|people|audit)\.[a-z_]+|refused")
PERMISSIONS = {"staging.view_alert", "staging.snooze_critical"}
"""Named where actions are recorded, but asked for only."""
RECORDING = re.compile(r"actions/|clock\.py|running\.py|audit_|verbs\.py")


@pytest.fixture
def auditor(db: None) -> Client:
    client = Client()
    client.force_login(UserFactory(role="auditor", username="auditor"))
    return client


def by(role: str = "operator", surface: Surface = Surface.BROWSER) -> Actor:
    return Actor(UserFactory(role=role), surface)


# --- words --------------------------------------------------------------------------------------


def recorded_in_the_code() -> set[str]:
    """Every text in the code that names an action, in the modules that record some."""
    found = set()
    for app in APPS:
        for path in (Path(settings.BASE_DIR) / app).rglob("*.py"):
            if not RECORDING.search(str(path.relative_to(settings.BASE_DIR))):
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found |= {node.value} if ACTION.fullmatch(node.value) else set()
    return found


def test_every_action_has_words() -> None:
    recorded = recorded_in_the_code()
    assert {"staging.stage", "inventory.receive", "people.sign_in", "refused"} <= recorded
    recorded |= {f"quality.{kind}" for kind in DecisionKind}
    moves = ("put_away", "move", "sample", "scrap", "return")
    assert set(moves) < set(MovementKind)
    recorded |= {f"inventory.{kind}" for kind in moves}
    assert recorded - set(audit_words.WORDS) == PERMISSIONS


def test_every_action_can_be_chosen_in_the_filter() -> None:
    offered = [name for _group, entries in audit_words.choices() for name, _words in entries]
    assert sorted(offered) == sorted(audit_words.WORDS)


# --- a day --------------------------------------------------------------------------------------


def test_a_day_can_be_read_back(plant: Plant, auditor: Client) -> None:
    lot = plant.lot(100, number="DAY-1")
    order = plant.order((lot.material, 60), reference="PO-9")
    plant.stage(order, lot)
    hold = plant.hold(lot=lot, reason="Smells odd")
    with pytest.raises(Refused):
        verbs.carry_out(
            verbs.REGISTRY["issue"], [staging.Issue(lot=lot)], by=plant.operator, at=plant.now
        )
    plant.lift(hold)
    plant.do(staging.issue, staging.Issue(lot=lot))
    trail = AuditEntry.objects.exclude(action__startswith="master").exclude(
        action__startswith="people"
    )
    assert list(trail.values_list("action", flat=True)) == [
        "inventory.receive", "quality.release", "staging.create_demand", "staging.stage",
        "quality.place_hold", "refused", "quality.lift_hold", "staging.issue",
    ]  # fmt: skip
    entries = auditor.get("/audit/?about=DAY-1").context["entries"]
    assert {entry.action for entry, _words, _why in entries} == set(
        trail.values_list("action", flat=True)
    ) - {"staging.create_demand"}
    page = auditor.get("/audit/").content.decode()
    for words in ("Staged stock for a demand", "Was refused: Issue", "Smells odd", "is on hold"):
        assert words in page, words


def test_the_trail_is_narrowed_down(plant: Plant, auditor: Client) -> None:
    plant.lot(10)
    plant.hold(location=plant.a1)

    def found(query: str) -> set[str]:
        return {e.action for e, *_ in auditor.get(f"/audit/?{query}").context["entries"]}

    assert found(f"who={plant.operator.user.username}") == {"inventory.receive"}
    assert found("action=quality.place_hold") == {"quality.place_hold"}
    assert found("surface=browser") == {"people.sign_in"}
    assert found(f"about={plant.a1.code}") == {"master.create", "quality.place_hold"}
    batch = Movement.objects.get().batch
    assert found(f"batch={batch}") == {"inventory.receive"}
    soon = (timezone.now() + timedelta(minutes=2)).strftime("%Y-%m-%dT%H:%M")
    assert found(f"since={soon}") == set()
    assert "inventory.receive" in found(f"until={soon}")
    assert found("since=nonsense") == set()
    assert found("why=SUSPECT") == {"quality.place_hold"}
    assert found("why=no such reason") == set()


@pytest.mark.parametrize("more", ["", "&until=2999-01-01T00:00"])
def test_the_trail_is_read_in_both_directions(plant: Plant, auditor: Client, more: str) -> None:
    plant.lot(10)

    def times(query: str) -> list[Any]:
        return [e.pk for e, *_ in auditor.get(f"/audit/?{query}{more}").context["entries"]]

    newest, oldest = times("order="), times("order=oldest")
    assert newest == sorted(newest, reverse=True)
    assert oldest == sorted(oldest)
    assert set(newest) == set(oldest)


def test_the_admin_sorts_the_trail_by_any_column(plant: Plant, enter: SignIn) -> None:
    plant.hold("beta", location=plant.a1)
    plant.hold("alpha", location=plant.a2)
    auditor = enter("auditor")
    address = reverse("admin:inventory_auditentry_changelist")
    page = auditor.get(f"{address}?action=quality.place_hold")
    links = re.findall(r'href="(\?[^"]*\bo=[^"]*)"', page.content.decode())
    orders = [
        [entry.reason for entry in auditor.get(address + unescape(link)).context["cl"].result_list]
        for link in links
    ]
    assert ["alpha", "beta"] in orders
    assert ["beta", "alpha"] in orders
    assert len(set(links)) >= 6


def test_an_entry_shows_all_that_its_action_wrote(plant: Plant, auditor: Client) -> None:
    lot = plant.lot(10)
    entry = AuditEntry.objects.get(action="inventory.receive")
    page = auditor.get(f"/audit/{entry.pk}/").content.decode()
    for words in (lot.code, "as claimed", str(entry.batch), plant.a1.code, "Receive"):
        assert words in page, words
    part = auditor.get(f"/audit/{entry.pk}/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert str(entry.batch) in part
    decision = AuditEntry.objects.get(action="quality.release")
    assert "Quarantine → Released" in auditor.get(f"/audit/{decision.pk}/").content.decode()


def test_the_trail_cannot_be_changed(plant: Plant) -> None:
    for attempt in (
        lambda: AuditEntry.objects.update(reason="never happened"),
        lambda: AuditEntry.objects.all().delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()


# --- people -------------------------------------------------------------------------------------


def test_signing_in_and_out_is_recorded(db: None, client: Client) -> None:
    user = UserFactory(role="operator", username="olga")
    client.post("/sign-in/", {"username": "olga", "password": "secret"})
    client.post("/sign-out/")
    entries = AuditEntry.objects.filter(action__startswith="people.")
    assert [(e.action, e.actor, e.surface, e.subject_id) for e in entries] == [
        ("people.sign_in", user, "browser", str(user.pk)),
        ("people.sign_out", user, "browser", str(user.pk)),
    ]
    assert entries[0].facts == {"address": "127.0.0.1"}


@pytest.mark.parametrize("name", ["olga", "nobody", "x" * 150])
def test_a_failed_sign_in_keeps_the_name_and_never_the_password(
    db: None, client: Client, name: str
) -> None:
    UserFactory(role="operator", username="olga")
    client.post("/sign-in/", {"username": name, "password": "hunter2-hunter2"})
    entry = AuditEntry.objects.get(action="people.sign_in_failed")
    assert entry.actor == User.objects.get(username=audit.SYSTEM_USERNAME)
    assert entry.facts["username"] == name
    assert entry.facts["known"] == (name == "olga")
    assert "hunter2" not in json.dumps([entry.facts, entry.changes, entry.subject, entry.reason])


@pytest.mark.parametrize(
    ("path", "surface"),
    [("/sign-in/", Surface.BROWSER), ("/admin/x/", Surface.ADMIN), ("/api/v1/lots", Surface.API)],
)
def test_the_door_is_told_by_the_path(path: str, surface: Surface, rf: RequestFactory) -> None:
    assert audit_people.surface_of(rf.post(path)) == surface
    assert audit_people.surface_of(None) == Surface.COMMAND


def test_behind_the_proxy_the_address_is_the_one_it_vouches_for(
    db: None, client: Client, settings: Any
) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    forwarded = {"X-Forwarded-For": "6.6.6.6, 10.1.2.3"}
    client.post("/sign-in/", {"username": "olga", "password": "wrong"}, headers=forwarded)
    entry = AuditEntry.objects.get(action="people.sign_in_failed")
    assert entry.facts["address"] == "10.1.2.3"


def test_changes_of_an_account_are_recorded_old_and_new(db: None) -> None:
    user = UserFactory(role="operator", username="olga")
    before = audit_people.snapshot(user)
    user.email = "olga@example.com"
    user.save()
    user.groups.set([Group.objects.get(name="supervisor")])
    entry = audit_people.record_change(user, before, by=by("supervisor"), at=timezone.now())
    assert entry is not None
    assert entry.action == "people.change"
    assert entry.changes == {
        "email": ["", "olga@example.com"],
        "groups": [["operator"], ["supervisor"]],
    }


def test_a_password_change_is_recorded_without_the_password(db: None) -> None:
    user = UserFactory()
    before = audit_people.snapshot(user)
    user.set_password("another-secret")
    user.save()
    entry = audit_people.record_change(user, before, by=by(), at=timezone.now())
    assert entry is not None
    assert entry.action == "people.password"
    assert user.password not in json.dumps(entry.changes)
    assert audit_people.snapshot(user)["password"] not in json.dumps(entry.changes)


def test_permissions_of_a_role_are_recorded(db: None) -> None:
    role = Group.objects.get(name="operator")
    before = audit_people.snapshot(role)
    assert "staging.stage" in before["permissions"]
    role.permissions.remove(Permission.objects.get(codename="stage"))
    entry = audit_people.record_change(role, before, by=by(), at=timezone.now())
    assert entry is not None
    old, new = entry.changes["permissions"]
    assert set(old) - set(new) == {"staging.stage"}


def test_a_new_account_is_recorded_and_nothing_when_nothing_changed(db: None) -> None:
    user = UserFactory(username="new")
    entry = audit_people.record_change(user, {}, by=by(), at=timezone.now())
    assert entry is not None
    assert entry.action == "people.create"
    assert entry.changes["username"] == [None, "new"]
    same = audit_people.snapshot(user)
    assert audit_people.record_change(user, same, by=by(), at=timezone.now()) is None


# --- export -------------------------------------------------------------------------------------


def exported(client: Client, **asked: str) -> tuple[bytes, AuditEntry]:
    """The file as it was sent, and the entry that closes the export."""
    answer = client.post("/audit/export/", {"records": "audit", "format": "csv", **asked})
    assert answer.status_code == 200
    assert answer.streaming
    content = b"".join(answer.streaming_content)
    finished = AuditEntry.objects.filter(action=FINISHED).latest("pk")
    assert f'filename="{finished.facts["file"]}"' in answer["Content-Disposition"]
    return content, finished


@pytest.mark.parametrize("records", Records.values)
@pytest.mark.parametrize("format", Format.values)
def test_count_and_checksum_are_those_of_the_file(
    plant: Plant, auditor: Client, records: str, format: str
) -> None:
    plant.lot(10)
    lot = plant.lot(20)
    nowhere = stock.Move(lot=lot, target=plant.a1)
    with pytest.raises(Refused):
        verbs.carry_out(verbs.REGISTRY["move"], [nowhere], by=plant.operator, at=plant.now)
    content, finished = exported(auditor, records=records, format=format)
    assert finished.facts["sha256"] == hashlib.sha256(content).hexdigest()
    assert finished.facts["bytes"] == len(content)
    kept: dict[str, Any] = {
        "audit": AuditEntry.objects.filter(pk__lt=finished.pk),
        "movements": Movement.objects.all(),
        "attempts": RefusedAttempt.objects.all(),
    }
    expected = list(kept[records].values_list("pk", flat=True))
    assert expected
    rows: list[dict[str, Any]]
    if format == "csv":
        rows = list(csv.DictReader(io.StringIO(content.decode(), newline="")))
    elif format == "xlsx":
        rows = records_of(content)
    else:
        document = json.loads(content)
        rows = document["rows"]
        assert document["count"] == len(rows)
    assert [int(row["id"]) for row in rows] == expected
    assert finished.facts["rows"] == len(rows)
    if records == "movements":
        assert rows[0]["quantity"] in ("10", 10)
        assert rows[0]["lot"] == Movement.objects.first().lot.code  # type: ignore[union-attr]


def test_an_export_is_recorded_when_it_begins_and_when_it_ends(auditor: Client) -> None:
    _content, finished = exported(auditor)
    started = AuditEntry.objects.get(action=STARTED)
    assert started.batch == finished.batch
    assert started.actor.username == finished.actor.username == "auditor"
    manifest = auditor.get(f"/audit/export/{finished.pk}/manifest/").json()
    assert manifest["sha256"] == finished.facts["sha256"]
    assert manifest["exported_by"] == "auditor"
    assert manifest["rows"] == finished.facts["rows"]
    assert finished.facts["sha256"] in auditor.get("/audit/export/").content.decode()


def test_an_export_broken_off_is_recorded_as_such(plant: Plant) -> None:
    export = Export(records=Records.AUDIT, format=Format.CSV)
    _name, content = audit_export.stream(export, by=plant.operator, at=plant.now)
    next(content)
    content.close()  # type: ignore[attr-defined]
    finished = AuditEntry.objects.get(action=FINISHED)
    assert finished.facts["complete"] is False
    assert "sha256" not in finished.facts


def test_an_export_keeps_to_its_time_range(plant: Plant, auditor: Client) -> None:
    plant.lot(10)
    soon = (timezone.now() + timedelta(minutes=2)).strftime("%Y-%m-%dT%H:%M")
    _content, finished = exported(auditor, records="movements", since=soon)
    assert finished.facts["rows"] == 0
    _content, finished = exported(auditor, records="movements", until=soon)
    assert finished.facts["rows"] == 1
    assert auditor.post(
        "/audit/export/",
        {"records": "audit", "format": "csv", "since": soon, "until": "2020-01-01T00:00"},
    ).status_code == 422  # fmt: skip


def test_only_the_auditor_exports(db: None, client: Client) -> None:
    client.force_login(UserFactory(role="qa"))
    answer = client.post("/audit/export/", {"records": "audit", "format": "csv"})
    assert answer.status_code == 403
    assert not AuditEntry.objects.filter(action=STARTED).exists()


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1"])
def test_text_that_looks_like_a_formula_is_disarmed_in_csv(text: str) -> None:
    assert next(csv.reader([csv_line([text, 7, None, "a,b"])])) == [
        f"'{text}", "7", "", "a,b",
    ]  # fmt: skip


def test_numbers_stay_numbers_in_csv(plant: Plant) -> None:
    line = stock.Receipt(
        material=plant.material(), number="N", quantity=Decimal("0.25"), location=plant.a1
    )
    plant.do(stock.receive, line)
    export = Export(records=Records.MOVEMENTS, format=Format.CSV)
    _name, content = audit_export.stream(export, by=plant.operator, at=plant.now)
    row = next(csv.DictReader(io.StringIO(b"".join(content).decode())))
    assert row["quantity"] == "0.25"
