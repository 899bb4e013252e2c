"""The resources: what is shown, filters, ordering, pages, and a fixed number of statements."""

from datetime import time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inventory import actions as stock
from inventory.errors import Refused
from inventory.models import Container, Material, Movement
from inventory.verbs import REGISTRY, carry_out
from quality import actions as quality
from quality.models import Inspection, Outcome
from staging import actions as staging
from staging.models import (
    Alert,
    Commitment,
    DwellPolicy,
    DwellSet,
    Shift,
    SiteCalendar,
    SpecialDay,
    StagedStock,
)
from tests.contract.openapi import document
from tests.plans import in_force
from tests.plant import Plant
from tests.standing import built_once

pytestmark = pytest.mark.django_db

ONE = Decimal(1)

LISTS = (
    "sites", "locations", "units", "materials", "lots", "containers", "balances", "movements",
    "lot-links", "audit-entries", "holds", "inspections", "inspection-plans", "due-inspections",
    "attachments", "decisions", "usage-rules", "demands",
    "allocations", "staged-stock", "alerts", "refused-attempts", "unstage-tasks",
    "dwell-policies", "dwell-sets", "site-calendars", "special-days",
)  # fmt: skip


def codes(answer: Any, field: str = "code") -> list[Any]:
    assert answer.status_code == 200, answer.json()
    return [row[field] for row in answer.json()["results"]]


def busy(plant: Plant) -> None:
    """One more of everything."""
    lot = plant.lot(100, expires_in=30)
    plant.do(quality.split_lot, stock.Split(lot=lot, number=f"{lot.number}-A", quantity=ONE))
    code = f"PAL{Container.objects.count()}"
    plant.do(stock.new_container, stock.NewContainer(code=code, location=plant.a1))
    container = Container.objects.get(code=code)
    plant.do(stock.pack, stock.Pack(lot=lot, container=container, quantity=ONE))
    plant.hold(container=container)
    result = quality.Result(lot=lot, characteristic="pH", value="7")
    plant.do(quality.record_inspection, result, result, by=plant.lab)
    failed = quality.Result(lot=lot, characteristic="pH", value="9", passed=False)
    [inspection] = plant.do(quality.record_inspection, failed, by=plant.lab)
    verdict = quality.Verdict(inspection=inspection, outcome=Outcome.ACCEPT, reason="it may")
    plant.do(quality.dispose_inspection, verdict)
    file = ContentFile(b"%PDF-1.7", "certificate.pdf")
    quality.attach(lot=lot, inspection=inspection, file=file, by=plant.lab, at=plant.now)
    in_force(plant, planned := plant.material())
    plant.lot(material=planned, released=False)
    too_much = stock.Move(lot=lot, target=plant.a2, quantity=Decimal(999))
    with pytest.raises(Refused):
        carry_out(REGISTRY["move"], [too_much], by=plant.operator, at=plant.now)
    demand = plant.order((lot.material, 10), (plant.material(), 5))
    plant.stage(demand, lot, quantity=4, source=plant.a1)
    plant.do(staging.allocate, staging.AllocationLine(demand=demand))
    Alert.objects.create(
        reason="dwell_critical", site=plant.l1.site, lot=lot, location=plant.l1,
        raised_at=plant.now,
        commitment=Commitment.objects.filter(lot=lot, state="staged").get(),
    )  # fmt: skip
    number = DwellSet.objects.count() + 1
    policies = DwellSet.objects.create(version=number, note="x")
    DwellPolicy.objects.create(dwell_set=policies, lane=plant.l1, note="Line-side")
    first = plant.now.date() + timedelta(days=number)
    week = SiteCalendar.objects.create(site=plant.site, valid_from=first)
    Shift.objects.create(calendar=week, name="Early", days="12345", starts=time(6), ends=time(14))
    SpecialDay.objects.create(site=plant.site, day=first, name="Holiday")
    called_off = plant.order((lot.material, 1))
    plant.stage(called_off, lot, quantity=1, source=plant.a1)
    plant.do(staging.cancel_demand, staging.Cancellation(demand=called_off, reason="r"))


@built_once
def one_of_everything(plant: Plant) -> Plant:
    busy(plant)
    return plant


@built_once
def two_of_everything(one_of_everything: Plant) -> Plant:
    busy(one_of_everything)
    return one_of_everything


def test_a_list_costs_the_same_however_long_it_is(one_of_everything: Plant, api_as: Any) -> None:
    """One test for all lists: to make them longer costs more than to read them."""
    api = api_as("auditor")

    def read(path: str) -> tuple[int, int]:
        """How long a list is, and how many statements it took."""
        with CaptureQueriesContext(connection) as statements:
            rows = codes(api.read(f"{path}/"), "code" if path == "units" else "id")
        return len(rows), len(statements)

    for path in LISTS * 2:  # what is kept from one request to the next
        read(path)
    short = {path: read(path) for path in LISTS}
    for _n in range(3):
        busy(one_of_everything)
    longer = {path: read(path) for path in LISTS}
    for path in LISTS:
        assert short[path][1] <= 3, path
        assert longer[path][1] == short[path][1], path
        fixed = path in ("sites", "locations", "units", "usage-rules")
        assert longer[path][0] > short[path][0] or fixed, path


@pytest.mark.parametrize("path", LISTS)
def test_each_row_is_read_alone_as_in_its_list(
    path: str, one_of_everything: Plant, api_as: Any
) -> None:
    api = api_as("auditor")
    [row] = api.read(f"{path}/", page_size=1).json()["results"]
    name = row.get("reference") if path == "demands" else row.get("code")
    by_code = ("sites", "locations", "units", "materials", "containers", "demands")
    alone = api.read(f"{path}/{name if path in by_code else row['id']}/").json()
    changing = {"age_seconds"}
    assert {k: v for k, v in alone.items() if k not in changing} == {
        k: v for k, v in row.items() if k not in changing
    }


@pytest.mark.parametrize("path", LISTS)
def test_every_ordering_runs_through_all_pages_both_ways(
    path: str, two_of_everything: Plant, api_as: Any
) -> None:
    api = api_as("auditor")
    parameters = document()["paths"][f"/api/v1/{path}/"]["get"]["parameters"]
    [orderings] = [p["schema"]["enum"] for p in parameters if p["name"] == "ordering"]
    key = "code" if path == "units" else "id"
    everything = codes(api.read(f"{path}/", page_size=500), key)
    for ordering in orderings:
        page = api.read(f"{path}/", ordering=ordering, page_size=3)
        seen, last = codes(page, key), page
        while (url := last.json()["next"]) is not None:
            last = api.get(url)
            seen += codes(last, key)
        assert sorted(seen, key=str) == sorted(everything, key=str)
        back = codes(last, key)
        while (url := last.json()["previous"]) is not None:
            last = api.get(url)
            back = codes(last, key) + back
        assert back == seen


def test_pages_stay_whole_while_others_write(plant: Plant, api: Any) -> None:
    for number in range(4):
        plant.lot(number=f"N{number}", material=plant.material(code=f"M{number}"))
    first = api.read("lots/", page_size=2)
    plant.lot(number="LATER")
    second = api.get(first.json()["next"])
    assert codes(first) + codes(second) == ["M3/N3", "M2/N2", "M1/N1", "M0/N0"]


@pytest.mark.parametrize(
    "cursor", ["x", "bnVsbA==", "WzAsIHt9LCAxXQ==", "WzAsICJhIiwgImIiXQ==", "WzAsIG51bGwsIG51bGxd"]
)
def test_a_foreign_cursor_is_not_found(cursor: str, plant: Plant, api: Any) -> None:
    answer = api.read("lots/", cursor=cursor)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        ("lots/", {"stauts": "released"}, "unknown_parameter"),
        ("lots/", {"status": "good"}, "invalid_choice"),
        ("lots/", {"ordering": "expires_on"}, "unknown_ordering"),
        ("lots/", {"ordering": "id,code"}, "unknown_ordering"),
        ("lots/", {"expires_before": "soon"}, "invalid"),
        ("movements/", {"batch": "x"}, "invalid"),
        ("staged-stock/", {"blocked": "maybe"}, "invalid"),
        ("sites/", {"is_active": "maybe"}, "invalid"),
        ("lots/", {"page_size": "501"}, "out_of_range"),
        ("lots/", {"page_size": "0"}, "out_of_range"),
        ("on-hand/", {"by": "colour"}, "invalid_choice"),
        ("on-hand/", {"stauts": "x"}, "unknown_parameter"),
    ],
)
def test_a_wrong_parameter_is_refused_not_ignored(
    path: str, query: dict[str, str], code: str, api: Any
) -> None:
    answer = api.read(path, **query)
    assert answer.status_code == 400
    [error] = answer.json()["errors"]
    assert (error["field"], error["code"]) == (next(iter(query)), code)


@pytest.mark.parametrize("path", ["materials/%00/", "demands/%00/", "lots/" + "9" * 40 + "/"])
def test_a_name_that_nothing_can_have_is_not_found(path: str, api: Any) -> None:
    assert api.read(path).status_code == 404


def test_materials_locations_and_sites(plant: Plant, api: Any) -> None:
    plant.material(code="STEEL", name="Steel sheet", gtin="4006381333931")
    plant.pieces(code="BOLT", name="Bolt M8", kind="component")
    assert codes(api.read("materials/")) == ["BOLT", "STEEL"]
    assert codes(api.read("materials/", code="BOLT,STEEL", ordering="-code")) == ["STEEL", "BOLT"]
    assert codes(api.read("materials/", name="sheet")) == ["STEEL"]
    assert codes(api.read("materials/", gtin="4006381333931")) == ["STEEL"]
    assert codes(api.read("materials/", kind="component")) == ["BOLT"]
    assert api.read("materials/BOLT/").json()["base_unit"] == "EA"
    assert codes(api.read("locations/", kind="staging", purpose="wip_buffer")) == [plant.buf.code]
    assert codes(api.read("locations/", within=plant.l1.code)) == [plant.l1.code]
    assert codes(api.read("locations/", within="NOWHERE")) == []
    assert codes(api.read("sites/")) == [plant.site.code]


def test_lots(plant: Plant, api: Any) -> None:
    old = plant.lot(1, number="OLD", expires_in=1)
    new = plant.lot(1, number="NEW", expires_in=90, released=False)
    limit = (timezone.localdate() + timedelta(days=30)).isoformat()
    assert codes(api.read("lots/", number="OLD")) == [old.code]
    assert codes(api.read("lots/", material=new.material.code)) == [new.code]
    assert codes(api.read("lots/", status="released")) == [old.code]
    assert codes(api.read("lots/", expires_before=limit)) == [old.code]
    assert codes(api.read("lots/", expires_from=limit)) == [new.code]
    removal = stock.Removal(lot=old, quantity=ONE, reason="old")
    plant.do(stock.scrap, removal)
    assert codes(api.read("lots/", on_hand=True)) == [new.code]
    assert codes(api.read("lots/", on_hand=False)) == [old.code]


def test_balances_and_movements(plant: Plant, api: Any) -> None:
    lot = plant.lot("2.500")
    [row] = api.read("balances/", lot=lot.code).json()["results"]
    assert (row["quantity"], row["free"], row["unit"]) == ("2.5", "2.5", "KGM")
    assert codes(api.read("balances/", within=plant.a2.code), "lot") == []
    [line] = api.read("movements/", lot=lot.code, kind="receive").json()["results"]
    assert (line["source"], line["target"]) == (f"{plant.site.code}-SUPPLIER", plant.a1.code)
    assert (line["actor"], line["surface"]) == (plant.operator.user.username, "command")
    assert codes(api.read("movements/", location=plant.a1.code), "id") == [line["id"]]
    moment = Movement.objects.get().recorded_at
    assert codes(api.read("movements/", recorded_from=moment.isoformat()), "id") == [line["id"]]
    assert codes(api.read("movements/", recorded_before=moment.isoformat()), "id") == []


def test_holds_inspections_decisions_and_rules(plant: Plant, api: Any) -> None:
    lot = plant.lot()
    lifted, still = plant.hold(lot=lot), plant.hold(location=plant.a1)
    plant.lift(lifted)
    assert codes(api.read("holds/", open=True), "id") == [still.pk]
    assert codes(api.read("holds/", open=False), "id") == [lifted.pk]
    assert codes(api.read("holds/", location=plant.a1.code), "id") == [still.pk]
    found = quality.Result(lot=lot, characteristic="pH", value="9", upper=Decimal(8))
    plant.do(quality.record_inspection, found, by=plant.lab)
    [inspection] = api.read("inspections/", lot=lot.code, passed=False).json()["results"]
    assert inspection["id"] == Inspection.objects.get().pk
    assert inspection["results"][0]["upper"] == "8"
    [decision] = api.read("decisions/", kind="release", lot=lot.code).json()["results"]
    assert (decision["from_status"], decision["to_status"]) == ("quarantine", "released")
    rules = api.read("usage-rules/", in_force=True, status="released").json()["results"]
    assert [(rule["effect"], rule["version"]) for rule in rules] == [("allow", 1)]


def test_demands_by_their_derived_state(plant: Plant, api: Any) -> None:
    lot = plant.lot(10)
    ready = plant.order((lot.material, 4), reference="PO-READY")
    plant.order((lot.material, 100), reference="PO-PLANNED")
    plant.stage(ready, lot)
    assert codes(api.read("demands/", state="ready"), "reference") == ["PO-READY"]
    assert codes(api.read("demands/", state="planned"), "reference") == ["PO-PLANNED"]
    assert len(codes(api.read("demands/", material=lot.material.code), "reference")) == 2
    demand = api.read("demands/PO-READY/").json()
    assert demand["state"] == "ready"
    assert demand["requirements"] == [
        {
            "line": 1, "material": lot.material.code, "unit": "KGM", "lot": None, "quantity": "4",
            "reserved": "0", "staged": "4", "issued": "0", "used": "0", "short": "0",
        }
    ]  # fmt: skip
    plant.do(
        staging.allocate,
        staging.AllocationLine(demand=ready.__class__.objects.get(reference="PO-PLANNED")),
    )
    [line] = api.read("demands/PO-PLANNED/").json()["requirements"]
    assert (line["reserved"], line["short"]) == ("6", "94")
    assert codes(api.read("allocations/", demand="PO-PLANNED"), "quantity") == ["6"]


def test_staged_stock_shows_what_stops_it_and_how_old_it_is(plant: Plant, api: Any) -> None:
    fine, held = plant.lot(), plant.lot()
    soon = plant.order((fine.material, 5), (held.material, 5))
    late = plant.order((fine.material, 5), needed_at=plant.now - timedelta(hours=1))
    plant.stage(soon, fine, quantity=5)
    plant.stage(soon, held, plant.l2)
    plant.stage(late, fine, plant.l2)
    StagedStock.objects.filter(lot=held).update(since=plant.now - timedelta(hours=2))
    plant.hold(lot=held)
    assert codes(api.read("staged-stock/", blocked=True), "lot") == [held.code]
    assert codes(api.read("staged-stock/", blocked=False), "lot") == [fine.code, fine.code]
    assert codes(api.read("staged-stock/", stale=True), "demand") == [late.reference]
    assert len(codes(api.read("staged-stock/", stale=False), "lot")) == 2
    assert len(codes(api.read("staged-stock/", location=plant.l2.code), "lot")) == 2
    [row] = api.read("staged-stock/", lot=held.code).json()["results"]
    assert (row["stop"], row["stale"], row["purpose"]) == ("lot_on_hold", False, "line_side")
    assert 7190 < row["age_seconds"] < 7300
    [row] = api.read("staged-stock/", demand=late.reference).json()["results"]
    assert (row["stop"], row["stale"]) == ("", True)


def test_alerts_and_the_audit_trail(plant: Plant, api_as: Any) -> None:
    lot = plant.lot()
    made = [
        Alert.objects.create(
            reason="without_demand",
            site=place.site,
            lot=lot,
            location=place,
            raised_at=plant.now,
            **closed,
        )
        for place, closed in ((plant.l1, {}), (plant.l2, {"closed_at": plant.now}))
    ]
    auditor = api_as("auditor")
    assert codes(auditor.read("alerts/", open=True), "id") == [made[0].pk]
    assert codes(auditor.read("alerts/", acknowledged=False), "id") == [made[1].pk, made[0].pk]
    assert codes(auditor.read("alerts/", acknowledged=True), "id") == []
    [entry] = auditor.read("audit-entries/", action="inventory.receive").json()["results"]
    assert (entry["subject"], entry["surface"]) == (lot.code, "command")
    by_subject = auditor.read("audit-entries/", subject_type="inventory.lot", subject_id=lot.pk)
    assert len(codes(by_subject, "id")) == 2
    assert Material.objects.count() == 1
