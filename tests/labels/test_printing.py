"""Who may print, what is kept of it, and what it costs."""

import io
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation
from pypdf import PdfReader

from inventory import actions as stock
from inventory.models import AuditEntry, Container, Location, Lot, Material, RefusedAttempt
from staging.labels.lines import KINDS, PERMISSION, Format, LotLabel
from staging.models import Demand, LabelSize
from tests.core.refusal import refused
from tests.factories import LocationFactory, UserFactory
from tests.labels.conftest import GTIN, formats, make, scans, symbols
from tests.plant import Plant


def text(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def prints(thing: Any) -> list[AuditEntry]:
    rows = AuditEntry.objects.filter(action=PERMISSION, subject_id=thing.pk)
    return list(rows.order_by("pk"))


def signed_in(role: str) -> Client:
    client = Client()
    client.force_login(UserFactory(role=role, is_staff=True))
    return client


# --- what a lot's label says --------------------------------------------------------------------


def test_a_lot_says_its_status_at_the_time(plant: Plant) -> None:
    lot = plant.lot(number="N1", released=False, expires_in=100)
    said = text(make(plant, "lots", lot).content)
    assert "QUARANTINE" in said
    assert f"Expires: {lot.expires_on}" in said
    assert f"Status at: {timezone.now():%Y-%m-%d}" in said.replace("\n", " ")
    plant.release(lot)
    assert "RELEASED" in text(make(plant, "lots", lot).content)


def test_a_hold_and_an_expiry_are_on_it(plant: Plant) -> None:
    lot = plant.lot(number="N1", expires_in=1)
    plant.hold(lot=lot)
    Lot.objects.filter(pk=lot.pk).update(expires_on=timezone.localdate() - timedelta(days=1))
    said = text(make(plant, "lots", lot).content).replace("\n", " ")
    assert "RELEASED · ON HOLD · EXPIRED" in said


# --- what is kept -------------------------------------------------------------------------------


def test_a_reprint_with_the_same_status_asks_why(plant: Plant) -> None:
    lot = plant.lot(number="N1", released=False)
    make(plant, "lots", lot)
    with refused("reason_needed") as caught:
        make(plant, "lots", plant.lot(number="N2"), lot)
    assert caught.value.line == 1  # type: ignore[attr-defined]
    made = make(plant, "lots", LotLabel(lot=lot, reason="damaged", copies=3))
    assert "reprint, no. 2" in text(made.content)
    plant.release(lot)
    assert "reprint, no. 3" in text(make(plant, "lots", lot).content)  # another status: no reason
    first, second, third = prints(lot)
    assert [entry.facts["status"] for entry in (first, second, third)] == [
        "QUARANTINE", "QUARANTINE", "RELEASED",
    ]  # fmt: skip
    assert (second.reason, second.facts["copies"], second.facts["print"]) == ("damaged", 3, 2)
    assert first.actor == plant.operator.user
    assert first.facts["code"] == lot.code
    assert not prints(Lot.objects.get(number="N2")), "all or none"


def test_labels_and_their_trail_are_in_one_language(plant: Plant) -> None:
    """Or the same status would be another one to whoever reads another language."""
    lot = plant.lot(number="N1", released=False)
    make(plant, "lots", lot)
    with translation.override("de"):
        with refused("reason_needed") as caught:
            make(plant, "lots", lot)
        assert "Etikett" in str(caught.value.text)  # type: ignore[attr-defined]
        assert "QUARANTINE" in text(make(plant, "lots", LotLabel(lot=lot, reason="x")).content)
    assert [entry.facts["status"] for entry in prints(lot)] == ["QUARANTINE"] * 2


@pytest.mark.parametrize(
    ("copies", "code"), [(0, "copies_out_of_range"), (501, "copies_out_of_range")]
)
def test_copies_have_bounds(plant: Plant, copies: int, code: str) -> None:
    with refused(code):
        make(plant, "lots", LotLabel(lot=plant.lot(), copies=copies))
    lots = [plant.lot() for _n in range(11)]
    with refused("too_many_labels"):
        make(plant, "lots", *(LotLabel(lot=lot, copies=500) for lot in lots))


def test_a_size_must_be_in_use_and_a_roll_for_zpl(plant: Plant) -> None:
    with refused("zpl_needs_roll"):
        make(plant, "locations", plant.l1, on="A4-8", format=Format.ZPL)
    LabelSize.objects.filter(code="70x30").update(is_active=False)
    with refused("size_not_in_use"):
        make(plant, "locations", plant.l1, on="70x30")


# --- what it costs ------------------------------------------------------------------------------


def cost(act: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as found:
        act()
    return len(found)


@pytest.mark.postgres  # on SQLite, an insert of a thousand rows is several
@pytest.mark.parametrize("format", Format)
def test_a_thousand_take_as_many_statements_as_one(plant: Plant, format: Format) -> None:
    material = plant.pieces(gtin=GTIN)
    lots = Lot.objects.bulk_create(
        Lot(material=material, number=f"N{n}", code=f"{material.code}/N{n}") for n in range(1001)
    )
    make(plant, "lots", lots[0], format=format)  # fonts, content types
    alone = cost(lambda: make(plant, "lots", LotLabel(lot=lots[0], reason="x"), format=format))
    with CaptureQueriesContext(connection) as many:
        made = make(plant, "lots", *lots[1:], format=format)
    assert len(many) == alone <= 7
    if format == Format.ZPL:
        found = [symbols(label)[0].data for label in formats(made.content)]
        assert found == [f"01{GTIN}10N{n}" for n in range(1, 1001)]
    else:
        assert len(PdfReader(io.BytesIO(made.content)).pages) == 1000


@pytest.mark.parametrize("kind", ["containers", "locations", "demands"])
def test_other_kinds_cost_the_same_however_many(plant: Plant, tablets: Material, kind: str) -> None:
    lot = plant.lot(material=tablets, number="A")
    lines = [stock.NewContainer(code=f"P{n}", location=plant.a1) for n in range(20)]
    containers = stock.new_container(lines=lines, by=plant.operator, at=plant.now)
    for container in containers:
        plant.do(stock.pack, stock.Pack(lot=lot, container=container, quantity=Decimal(1)))
    things = {
        "containers": containers,
        "locations": [LocationFactory(site=plant.site) for _n in range(20)],
        "demands": [plant.order((tablets, 1)) for _n in range(20)],
    }[kind]
    alone, many = (
        cost(lambda: make(plant, kind, things[0])),
        cost(lambda: make(plant, kind, *things[1:])),
    )
    assert many == alone <= 9


# --- the API ------------------------------------------------------------------------------------


def test_the_api_prints_both_formats(plant: Plant, api_as: Any) -> None:
    api = api_as("integrator")
    lot = plant.lot(number="N1")
    path = "/api/v1/labels/lots/"
    found = api.get(path, {"lot": lot.code}, headers={"Accept": "application/pdf"})
    assert (found.status_code, found["Content-Type"]) == (200, "application/pdf")
    assert found["Forestage-Labels"] == "1"
    assert scans(found.content)[0][0].data == lot.code
    body = {"lines": [{"lot": lot.code, "quantity": "2.5", "copies": 2, "reason": "torn"}]}
    found = api.post(f"{path}?format=zpl&resolution=300&size=70x30", body, format="json")
    assert found["Content-Type"] == "application/zpl"
    [label] = formats(found.content)
    assert symbols(label)[0].data == lot.code
    assert "^PQ2" in label
    assert "^PW827" in label  # 70 mm at 300 dpi
    assert [entry.surface for entry in prints(lot)] == ["api", "api"]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({}, 409, "nothing_chosen"),
        ({"lot": "NONE"}, 400, "unknown_code"),
        ({"lot": "MAT/N1", "size": "13x13"}, 400, "unknown_code"),
        ({"lot": "MAT/N1", "colour": "red"}, 400, "unknown_parameter"),
        ({"lot": "MAT/N1", "resolution": "600"}, 400, "invalid_choice"),
        ({"lot": "MAT/N1", "copies": "many"}, 400, "invalid"),
        ({"lot": "MAT/N1", "size": "A4-8", "format": "zpl"}, 409, "zpl_needs_roll"),
        ({"batch": "not-a-number"}, 400, "invalid"),
    ],
)
def test_the_api_says_what_is_wrong(
    plant: Plant, api_as: Any, query: dict[str, str], status: int, code: str
) -> None:
    plant.lot(material=plant.material(code="MAT"), number="N1")
    found = api_as("integrator").get("/api/v1/labels/lots/", query)
    assert found.status_code == status
    assert found["Content-Type"] == "application/problem+json"
    assert code in [error["code"] for error in found.json()["errors"]]
    assert not AuditEntry.objects.filter(action=PERMISSION).exists()


def test_a_post_names_the_line_that_is_wrong(plant: Plant, api_as: Any) -> None:
    api, lot = api_as("integrator"), plant.lot(material=plant.material(code="MAT"), number="N1")
    body = {"lines": [{"lot": lot.code}, {"lot": "NONE"}]}
    found = api.post("/api/v1/labels/lots/", body, format="json").json()
    assert [(error["line"], error["code"]) for error in found["errors"]] == [(1, "unknown_code")]
    body = {"lines": [{"lot": lot.code}], "partial": True}
    assert api.post("/api/v1/labels/lots/", body, format="json").status_code == 400
    body = {"lines": [{"lot": lot.code, "copies": 0}]}
    found = api.post("/api/v1/labels/lots/", body, format="json")
    assert (found.status_code, found.json()["code"]) == (409, "copies_out_of_range")
    assert RefusedAttempt.objects.filter(verb=PERMISSION, code="copies_out_of_range").exists()


@pytest.mark.parametrize(
    ("role", "status"),
    [("operator", 409), ("supervisor", 409), ("qa", 409), ("integrator", 409), ("auditor", 403)],
)
@pytest.mark.parametrize("kind", KINDS)
def test_who_prints_over_the_api(api_as: Any, kind: str, role: str, status: int) -> None:
    assert api_as(role).get(f"/api/v1/labels/{kind}/").status_code == status


def test_who_may_print_but_not_read_does_not_print(api_as: Any) -> None:
    user = UserFactory()
    user.user_permissions.add(Permission.objects.get(codename="print_labels"))
    assert api_as(user).get("/api/v1/labels/lots/").status_code == 403
    assert RefusedAttempt.objects.filter(verb=PERMISSION, code="permission_denied").exists()


# --- the pages ----------------------------------------------------------------------------------


def test_a_label_from_the_lots_page(plant: Plant) -> None:
    lot = plant.lot(number="N1", quantity="12.5")
    client = signed_in("operator")
    page = client.get(f"/lots/{lot.pk}/")
    address = f"/labels/lots/?lot={lot.material.code}%2FN1"
    assert address in page.content.decode()
    assert client.get(address).status_code == 200
    given = {
        "size": "70x30",
        "format": "zpl",
        "resolution": "203",
        "copies": "1",
        "quantity": "12.5",
    }
    made = client.post(address, given)
    assert made["Content-Disposition"].startswith('attachment; filename="labels-lots-')
    assert b"12.5 KGM" in made.content
    again = client.post(address, given)
    assert again.status_code == 409
    assert "printed with this status already" in again.content.decode()
    assert 'value="70x30" selected' in client.get(address).content.decode(), "remembered"


def test_labels_after_a_receipt_have_its_quantity(plant: Plant) -> None:
    client, material = signed_in("operator"), plant.pieces(code="TAB")
    answer = client.post(
        "/work/receive/",
        {"material": "TAB", "number": "R1", "quantity": "240", "location": plant.a1.code},
        follow=True,
    )
    page = answer.content.decode()
    address = page[page.index("/labels/lots/?batch=") :].split('"')[0]
    assert "240" in client.get(address).content.decode()
    made = client.post(address, {"size": "100x50", "format": "pdf", "copies": "1"})
    assert "Quantity: 240 EA" in text(made.content)
    assert prints(Lot.objects.get(material=material))


@pytest.mark.parametrize(
    ("kind", "query", "status"),
    [("lots", "", 200), ("lots", "?lot=NONE", 409), ("lots", "?ids=x", 409),
     ("lots", "?ids=999", 409), ("lots", "?batch=7", 409), ("locations", "?within=NONE", 409),
     ("locations", "?lot=%00", 200),
     ("nonsense", "", 404)],
)  # fmt: skip
def test_a_choice_that_leads_nowhere_is_told(
    plant: Plant, kind: str, query: str, status: int
) -> None:
    assert signed_in("operator").get(f"/labels/{kind}/{query}").status_code == status


def test_a_range_of_locations(plant: Plant) -> None:
    client = signed_in("supervisor")
    codes = sorted(f"{plant.site.code}-{name}" for name in ("A1", "A2", "BUF", "CAGE"))
    address = f"/labels/locations/?first={codes[0]}&last={codes[-1]}"
    made = client.post(address, {"size": "A4-24", "format": "pdf", "copies": "1"})
    [page] = scans(made.content)
    assert sorted(one.data for one in page) == codes


@pytest.mark.parametrize("model", [Lot, Container, Location, Demand])
def test_chosen_rows_of_the_admin_lead_to_their_labels(
    plant: Plant, tablets: Material, model: type[Model]
) -> None:
    plant.lot(material=tablets)
    plant.order((tablets, 1))
    line = stock.NewContainer(code="P1", location=plant.a1)
    stock.new_container(lines=[line], by=plant.operator, at=plant.now)
    rows = model._default_manager.order_by("pk").values_list("pk", flat=True)
    client, path = (
        signed_in("supervisor"),
        reverse(f"admin:{model._meta.label_lower.replace('.', '_')}_changelist"),
    )
    answer = client.post(path, {"action": "print_labels", "_selected_action": [rows[0]]})
    assert answer.status_code == 302
    assert client.get(answer["Location"]).status_code == 200
    assert "print_labels" not in signed_in("auditor").get(path).content.decode()


def test_who_may_not_print_gets_no_button_and_no_page(plant: Plant) -> None:
    lot, client = plant.lot(), signed_in("auditor")
    assert "/labels/" not in client.get(f"/lots/{lot.pk}/").content.decode()
    assert client.get(f"/labels/lots/?ids={lot.pk}").status_code == 403
    assert client.post(f"/labels/lots/?ids={lot.pk}", {}).status_code == 403
