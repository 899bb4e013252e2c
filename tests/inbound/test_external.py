"""External identifiers: things put, found and named by what other systems call them."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import connection, connections
from django.test import Client
from django.urls import reverse

from integration.models import ExternalId
from inventory import codes
from inventory.actions import save_master
from inventory.models import AuditEntry, Location, Lot, Material, RefusedAttempt
from tests.api.conftest import Api, api_as  # noqa: F401 - a fixture
from tests.factories import MaterialFactory, UserFactory
from tests.plant import Plant

BASE = "/api/v1/external/ERP"
BODY = {"name": "Paracetamol", "kind": "raw", "base_unit": "KGM", "code": "RM-1"}


@pytest.fixture
def erp(api_as: Callable[..., Api]) -> Api:  # noqa: F811
    return api_as("integrator")


def put(api: Api, path: str, body: Any, **headers: str) -> Any:
    return api.put(f"{BASE}/{path}/", body, format="json", headers=headers or None)


def refusal(answer: Any) -> str:
    assert answer.status_code == 409, answer.json()
    return str(answer.json()["code"])


def test_a_material_is_made_changed_and_left_alone(erp: Api) -> None:
    made = put(erp, "materials/4711", BODY)
    assert (made.status_code, made.json()["code"]) == (201, "RM-1")
    entries = AuditEntry.objects.count()
    again = put(erp, "materials/4711", BODY)
    assert (again.status_code, again.json()) == (200, made.json())
    assert AuditEntry.objects.count() == entries
    changed = put(erp, "materials/4711", {"name": "Paracetamol fine"})
    assert (changed.status_code, changed.json()["name"]) == (200, "Paracetamol fine")
    entry = AuditEntry.objects.latest("pk")
    assert entry.changes == {"name": ["Paracetamol", "Paracetamol fine"]}
    assert erp.get(f"{BASE}/materials/4711/").json() == changed.json()
    assert erp.get(f"{BASE}/materials/4712/").status_code == 404


def test_without_a_code_the_identifier_is_it(erp: Api) -> None:
    body = {name: value for name, value in BODY.items() if name != "code"}
    assert put(erp, "materials/4711", body).json()["code"] == "4711"


def test_a_known_code_is_that_thing_and_two_systems_may_name_it(erp: Api) -> None:
    material = MaterialFactory(code="RM-1")
    assert put(erp, "materials/4711", {"code": "RM-1"}).status_code == 201
    mes = erp.put("/api/v1/external/MES/materials/A/", {"code": "RM-1"}, format="json")
    assert mes.status_code == 201
    assert Material.objects.get() == material
    listed = erp.get("/api/v1/external-ids/", {"material": "RM-1"}).json()["results"]
    assert {(row["source"], row["identifier"]) for row in listed} == {("ERP", "4711"), ("MES", "A")}
    assert refusal(put(erp, "materials/4712", {"code": "RM-1"})) == "external_id_taken"


def test_a_label_that_leads_to_a_material_does_not_make_it_that_one(erp: Api) -> None:
    MaterialFactory(code="RM-1", gtin="04006381333931")
    body = {**BODY, "code": "04006381333931"}
    assert put(erp, "materials/04006381333931", body).status_code == 201
    assert Material.objects.count() == 2


def test_the_same_checks_as_everywhere(erp: Api, plant: Plant) -> None:
    lot = plant.lot(10, material=plant.material(code="RM-9"))
    assert put(erp, "materials/9", {"code": "RM-9"}).status_code == 201
    assert refusal(put(erp, "materials/9", {"base_unit": "EA"})) == "material_in_use"
    assert RefusedAttempt.objects.latest("pk").verb == "integration.put_material"
    bad = put(erp, "materials/10", BODY | {"gtin": "123"})
    assert bad.status_code == 400
    assert bad.json()["errors"][0]["field"] == "gtin"
    assert not ExternalId.objects.filter(identifier="10").exists()
    assert put(erp, "materials/11", BODY | {"colour": "red"}).json()["code"] == "invalid"
    assert put(erp, "materials/11", BODY | {"source": "MES"}).status_code == 400
    strange = put(erp, "materials/1 1", BODY)
    assert (strange.status_code, strange.json()["errors"][0]["code"]) == (400, "bad_identifier")
    assert put(erp, "materials/12", [BODY]).status_code == 400
    assert put(erp, "materials/12", BODY | {"shelf_life_days": 2**70}).status_code == 400
    assert Lot.objects.get() == lot


def test_a_location_within_one_that_the_system_named(erp: Api, plant: Plant) -> None:
    area = {"name": "Hall", "site": plant.site.code, "kind": "storage"}
    assert put(erp, "locations/H", area | {"code": "HALL-7"}).status_code == 201
    bin_ = put(erp, "locations/H-1", area | {"parent": "H", "code": "HALL-7-1"})
    assert (bin_.status_code, bin_.json()["path"]) == (201, "HALL-7/HALL-7-1/")
    assert refusal(put(erp, "locations/H", {"parent": "H-1"})) == "location_loop"
    assert refusal(put(erp, "locations/H", {"parent": "X"})) == "external_unknown"
    short = put(erp, "locations/H", {"gln": "123"})
    assert (short.status_code, short.json()["errors"][0]["code"]) == (400, "bad_gln")
    closed = put(erp, "locations/H", {"is_open": False})
    assert closed.json()["is_open"] is False
    assert Location.objects.get(code="HALL-7").name == "Hall"


def test_a_lot_is_announced_and_filled_in_until_quality_has_decided(erp: Api, plant: Plant) -> None:
    material = plant.material(code="RM-1", shelf_life_days=100)
    body = {"material": "RM-1", "number": "L1"}
    made = put(erp, "lots/777", body)
    assert (made.status_code, made.json()["code"], made.json()["status"]) == (
        201, "RM-1/L1", "quarantine",
    )  # fmt: skip
    filled = put(erp, "lots/777", body | {"made_on": "2026-01-01", "supplier_lot": "S1"})
    assert (filled.status_code, filled.json()["expires_on"]) == (200, "2026-04-11")
    entries = AuditEntry.objects.count()
    put(erp, "lots/777", {"material": "RM-1", "made_on": "2026-01-01"})
    assert AuditEntry.objects.count() == entries
    assert refusal(put(erp, "lots/777", body | {"made_on": "2026-01-02"})) == "lot_differs"
    assert refusal(put(erp, "lots/777", body | {"number": "L2"})) == "external_id_taken"
    assert refusal(put(erp, "lots/778", {"material": "?"})) == "external_unknown"
    decided = plant.lot(5, material=material)
    late = {"material": "RM-1", "number": decided.number, "supplier_lot": "S9"}
    assert refusal(put(erp, "lots/779", late)) == "lot_already_decided"
    assert Lot.objects.get(code="RM-1/L1").balances.count() == 0
    call_command("check_ledger")


def test_a_lot_of_the_same_number_is_of_another_material(erp: Api, plant: Plant) -> None:
    plant.material(code="RM-1"), plant.material(code="RM-2")
    assert put(erp, "lots/A", {"material": "RM-1", "number": "L1"}).status_code == 201
    assert put(erp, "lots/B", {"material": "RM-2", "number": "L1"}).status_code == 201


def test_codes_are_taken_by_system_as_well(erp: Api, plant: Plant) -> None:
    lot = plant.lot(100)
    ExternalId.objects.create(source="ERP", kind="lot", identifier="L-9", lot=lot)
    moved = erp.do("move", {"lot": "ERP:L-9", "target": plant.a2.code})
    assert moved.status_code == 200, moved.json()
    assert codes.find(Lot, ["MES:L-9", "ERP:", ":L-9", "ERP:L-8"]) == {}


def test_only_who_may_puts(api_as: Callable[..., Api]) -> None:  # noqa: F811
    operator = api_as("operator")
    assert put(operator, "materials/4711", BODY).status_code == 403
    assert RefusedAttempt.objects.get().code == "permission_denied"
    assert operator.get(f"{BASE}/materials/4711/").status_code == 404
    assert put(Api(), "materials/4711", BODY).status_code == 401
    assert operator.post(f"{BASE}/materials/4711/").status_code == 405


def test_a_key_makes_a_repetition_harmless(erp: Api) -> None:
    key = {"Idempotency-Key": "k1"}
    assert put(erp, "materials/1", BODY, **key).status_code == 201
    again = put(erp, "materials/1", BODY, **key)
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert put(erp, "materials/2", BODY, **key).status_code == 422


def test_one_thing_has_one_name_in_a_system(plant: Plant) -> None:
    first, second = plant.material(), plant.material()

    def named(**what: Any) -> ExternalId:
        row = ExternalId(source="ERP", **what)
        return save_master(row, by=plant.operator, at=plant.now)

    named(identifier="1", material=first)
    named(identifier="1", location=plant.a1)
    for wrong in (
        {"identifier": "1", "material": second},
        {"identifier": "2", "material": first},
        {"identifier": "3"},
        {"identifier": "3", "material": second, "location": plant.a2},
        {"identifier": "a/b", "material": second},
    ):
        with pytest.raises(ValidationError):
            named(**wrong)


@pytest.mark.django_db
def test_people_enter_and_move_them_in_the_admin(client: Client, plant: Plant) -> None:
    first, second = plant.material(), plant.material()
    client.force_login(UserFactory(role="supervisor", is_staff=True))
    page = reverse("admin:integration_externalid_add")
    form = {"source": "ERP", "identifier": "4711", "material": first.pk}
    assert client.post(page, form).status_code == 302
    row = ExternalId.objects.get()
    assert (row.kind, AuditEntry.objects.latest("pk").action) == ("material", "master.create")
    change = reverse("admin:integration_externalid_change", args=[row.pk])
    assert client.post(change, form | {"material": second.pk}).status_code == 200  # no reason
    moved = form | {"material": second.pk, "reason": "mixed up"}
    assert client.post(change, moved).status_code == 302
    entry = AuditEntry.objects.latest("pk")
    assert (entry.reason, list(entry.changes)) == ("mixed up", ["material"])
    page = client.get(reverse("admin:integration_externalid_changelist"), {"q": "4711"})
    assert second.code in page.content.decode()


@pytest.mark.django_db(transaction=True)
def test_first_puts_at_once_make_one_thing() -> None:
    user = UserFactory(role="integrator")
    answers: list[int] = []

    def work() -> None:
        api = Api()
        api.force_authenticate(user)
        answers.append(put(api, "materials/4711", BODY).status_code)
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(5)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert sorted(answers) == [200] * 4 + [201], connection.vendor
    assert (Material.objects.count(), ExternalId.objects.count()) == (1, 1)
    assert AuditEntry.objects.filter(action="master.create").count() == 2
