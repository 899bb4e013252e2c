"""Everything that a hold touches, at once: sums, lists, the recall report and the pull list."""

import csv
import hashlib
import io
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from inventory import actions as stock
from inventory.models import AuditEntry, Location, Lot
from quality import actions as quality
from quality.models import Hold
from staging import actions as staging
from staging.models import PullTask
from staging.reach import Reach
from tests.api.conftest import Api
from tests.factories import UserFactory
from tests.plant import Plant

pytestmark = pytest.mark.django_db

D = Decimal


def story(plant: Plant) -> tuple[Lot, Lot]:
    """A raw lot in every state, and what was made of it, half of which has been shipped."""
    raw = plant.lot(100, supplier_lot="SUP-1")
    product = plant.material()
    order = plant.order((raw.material, 30), product=product, reference="MADE")
    plant.stage(order, raw)
    plant.do(staging.issue, staging.Issue(lot=raw, demand=order))
    plant.do(staging.consume, staging.Consumption(lot=raw, demand=order, quantity=D(20)))
    output = staging.Output(demand=order, number="FG", quantity=D(10), location=plant.a2)
    plant.do(staging.produce, output)
    made = Lot.objects.get(material=product)
    plant.release(made)
    plant.stage(plant.order((raw.material, 15), reference="STAGED"), raw, plant.l2)
    plant.do(staging.allocate, staging.AllocationLine(
        demand=plant.order((raw.material, 5), reference="RESERVED"), lot=raw))  # fmt: skip
    ship(plant, made, 4, "SHIP-1")
    ship(plant, made, 2, "SHIP-2")
    return raw, made


def ship(plant: Plant, lot: Lot, quantity: int, reference: str) -> Any:
    shipment = plant.shipment((lot.material, quantity), reference=reference, carrier="DHL")
    plant.stage(shipment, lot, plant.dock)
    return plant.do(staging.ship, staging.Shipping(lot=lot, demand=shipment)).movements


def reader(role: str) -> Client:
    client = Client()
    client.force_login(UserFactory(role=role))
    return client


def parts(reach: Reach, lot: Lot) -> dict[str, int]:
    [total] = [one for one in reach.totals() if one.material == lot.material.code]
    return {name: int(value) for name, value in total.parts.items() if value}


TARGETS: dict[str, Any] = {
    "lot": lambda p, raw: {"lot": raw},
    "material": lambda p, raw: {"material": raw.material},
    "supplier lot": lambda p, raw: {"supplier_lot": "SUP-1"},
}


@pytest.mark.parametrize("target", TARGETS)
def test_every_kind_of_place_is_kept_apart(plant: Plant, target: str) -> None:
    raw, _made = story(plant)
    reach = Reach(plant.hold(**TARGETS[target](plant, raw)))
    assert parts(reach, raw) == {
        "general": 55, "staged": 15, "in_process": 10, "total": 80, "consumed": 20,
    }  # fmt: skip
    assert [one.material for one in reach.totals()] == [raw.material.code]
    assert [(demand, len(claims)) for demand, claims in reach.lost_reservations()] == [
        ("RESERVED", 1)
    ]
    assert reach.countdown() == {"raised": 1, "open": 1}
    assert sum(row.quantity for row in reach.positions()) == 80
    states = {(row.state, str(row.requirement.demand)) for row in reach.commitments()}
    assert states == {("staged", "STAGED"), ("issued", "MADE")}
    assert not reach.customers()


def test_on_request_with_all_that_was_made(plant: Plant) -> None:
    raw, made = story(plant)
    reach = Reach(plant.hold(lot=raw), descendants=True)
    assert [link.far for link in reach.made] == [made]
    assert parts(reach, made) == {"general": 4, "total": 4, "shipped": 6}
    [row] = reach.customers()
    assert (row["quantity"], row["shipments"], row["lots"]) == (6, 2, 1)
    assert {one.reference for one in reach.shipments()} == {"SHIP-1", "SHIP-2"}


def test_what_was_reversed_is_not_shipped(plant: Plant) -> None:
    _raw, made = story(plant)
    [movement] = ship(plant, made, 1, "SHIP-3")
    hold = plant.hold(lot=made)
    assert parts(Reach(hold), made)["shipped"] == 7
    plant.do(staging.reverse, stock.Reversal(movement=movement, reason="never left"))
    assert parts(Reach(hold), made)["shipped"] == 6


def test_a_place_reaches_what_stands_there_and_where_its_lots_have_gone(plant: Plant) -> None:
    raw, made = story(plant)
    assert parts(Reach(plant.hold(location=plant.a2)), made) == {
        "general": 4, "total": 4, "shipped": 6,
    }  # fmt: skip
    lane = Reach(plant.hold(location=plant.l2))
    assert parts(lane, raw) == {"staged": 15, "total": 15, "consumed": 20}
    plant.do(staging.unstage, staging.Unstaging(lot=raw, lane=plant.l2, target=plant.cage))
    assert parts(Reach(lane.hold), raw) == {"consumed": 20}


def test_it_counts_down_to_zero_and_says_who_pulled(plant: Plant) -> None:
    raw, _made = story(plant)
    hold = plant.hold(lot=raw)
    page = reader("qa").get(f"/holds/{hold.pk}/reach/").content.decode()
    assert "<strong>1</strong>" in page
    unstaging = staging.Unstaging(lot=raw, lane=plant.l2, target=plant.cage)
    plant.do(staging.unstage, unstaging)
    page = reader("qa").get(f"/holds/{hold.pk}/reach/").content.decode()
    assert "<strong>0</strong>" in page
    assert plant.cage.code in page
    assert plant.operator.user.username in page


def cost(hold: Hold) -> int:
    client = reader("qa")
    client.get(f"/holds/{hold.pk}/reach/?made")
    with CaptureQueriesContext(
        connection,
    ) as found:
        client.get(f"/holds/{hold.pk}/reach/?made")
    return len(found)


def test_a_reach_costs_the_same_for_one_position_and_for_many(plant: Plant) -> None:
    raw, made = story(plant)
    hold = plant.hold(lot=raw)
    few = cost(hold)
    plant.lift(hold)
    for _number in range(5):
        plant.stage(plant.order((raw.material, 2)), raw, plant.buf)
    for number in range(3):
        ship(plant, made, 1, f"MORE-{number}")
    assert cost(plant.hold(lot=raw)) == few


# --- the recall report ----------------------------------------------------------------------------


def test_the_recall_file_is_recorded_with_its_checksum(plant: Plant) -> None:
    raw, made = story(plant)
    hold = plant.hold(lot=raw)
    answer = reader("qa").post(f"/holds/{hold.pk}/recall/?made")
    content = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    assert [(row["demand"], row["lot"], row["quantity"], row["carrier"]) for row in rows] == [
        ("SHIP-1", made.number, "4", "DHL"), ("SHIP-2", made.number, "2", "DHL"),
    ]  # fmt: skip
    finished = AuditEntry.objects.get(action="audit.exported")
    assert finished.facts["sha256"] == hashlib.sha256(content).hexdigest()
    assert (finished.facts["records"], finished.facts["rows"]) == ("recall", 2)
    assert (finished.facts["hold"], finished.facts["descendants"]) == (hold.pk, True)


def test_the_report_lists_each_customer_to_sign(plant: Plant) -> None:
    raw, _made = story(plant)
    Location.objects.filter(pk=plant.customer.pk).update(name="<b>Clinic</b>")
    hold = plant.hold(lot=raw)
    page = reader("auditor").get(f"/holds/{hold.pk}/recall/?made").content.decode()
    assert "&lt;b&gt;Clinic&lt;/b&gt;" in page
    assert page.count("SHIP-") == 2
    assert "Approved by" in page
    assert "SHIP-" not in reader("auditor").get(f"/holds/{hold.pk}/recall/").content.decode()


# --- lists, and who may -------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["pulls", "demands", "shipped", "consumed", "positions"])
def test_each_list_has_a_page_of_its_own(plant: Plant, part: str) -> None:
    raw, made = story(plant)
    hold = plant.hold(lot=raw)
    page = reader("operator").get(f"/holds/{hold.pk}/reach/{part}/?made")
    wanted = made if part == "shipped" else raw
    assert wanted.code in page.content.decode()


@pytest.mark.parametrize("path", ["/holds/0/reach/", f"/holds/{10**30}/reach/",
                                  "/holds/0/recall/"])  # fmt: skip
def test_no_such_hold(db: None, path: str) -> None:
    assert reader("qa").get(path).status_code == 404


def test_the_pull_list_leads_along_the_way(plant: Plant) -> None:
    for order, lane in enumerate([plant.l2, plant.l1]):
        Location.objects.filter(pk=lane.pk).update(walk_order=order)
    lots = [plant.lot(10) for _ in range(2)]
    for lot, lane in zip(lots, [plant.l1, plant.l2], strict=True):
        plant.stage(plant.order((lot.material, 10)), lot, lane)
        plant.hold(lot=lot)
    page = reader("operator").get("/pulls/").content.decode()
    assert page.index(f"lane={plant.l2.code}") < page.index(f"lane={plant.l1.code}")
    assert "/work/unstage/" in page
    assert "/work/unstage/" not in reader("auditor").get("/pulls/").content.decode()
    plant.do(staging.unstage, *[staging.Unstaging(lot=lot, target=plant.cage) for lot in lots])
    assert "Nothing is to be pulled" in reader("operator").get("/pulls/").content.decode()


def test_the_demand_says_what_it_lost(plant: Plant) -> None:
    raw, _made = story(plant)
    hold = plant.hold(lot=raw)
    page = reader("operator").get("/demands/RESERVED/").content.decode()
    assert f"hold {hold.pk}" in page
    assert "A hold took away" not in reader("operator").get("/demands/STAGED/").content.decode()


def test_the_same_over_the_api(plant: Plant) -> None:
    raw, made = story(plant)
    hold = plant.hold(lot=raw)
    api = Api()
    api.force_authenticate(UserFactory(role="integrator"))
    found = api.read(f"holds/{hold.pk}/reach/").json()
    assert (found["pulls_raised"], found["pulls_open"], found["made"]) == (1, 1, [])
    [total] = found["totals"]
    assert (total["general"], total["staged"], total["in_process"]) == ("55", "15", "10")
    [lost] = found["lost_reservations"]
    assert lost["demand"] == "RESERVED"
    found = api.read(f"holds/{hold.pk}/reach/", descendants="true").json()
    assert [one["lot"] for one in found["made"]] == [made.code]
    assert found["customers"][0]["quantity"] == "6"
    lists = {name: api.read(f"holds/{hold.pk}/reach/{name}/", descendants="true", page_size=1)
             for name in ("positions", "shipments")}  # fmt: skip
    [shipped] = lists["shipments"].json()["results"]
    assert (shipped["demand"], shipped["lot"], shipped["quantity"]) == ("SHIP-2", made.code, "2")
    assert lists["positions"].json()["next"]
    [task] = api.read("pull-tasks/", open="true", hold=hold.pk).json()["results"]
    assert (task["lot"], task["quantity"], task["done_at"]) == (raw.code, "15", None)
    plant.lift(hold)
    [task] = api.read("pull-tasks/", open="false", demand="STAGED").json()["results"]
    assert task["done_at"]
    assert PullTask.objects.count() == 1
    held = quality.NewHold(supplier_lot="SUP-1", reason="again")
    [again] = plant.do(quality.place_hold, held, by=plant.qa)
    [row] = api.read("holds/", supplier_lot="SUP-1").json()["results"]
    assert row["id"] == again.pk
    assert api.read("holds/0/reach/").status_code == 404
    assert api.read(f"holds/{hold.pk}/reach/positions/", color="red").status_code == 400
