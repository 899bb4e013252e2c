"""The reading pages: who may open them, what they show, and what they cost."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inventory import actions as stock
from inventory import genealogy, on_hand
from inventory.models import AuditEntry, Balance, Container, Location, Lot
from quality import actions as quality
from quality.models import Hold, InspectionKind, Meaning
from staging import actions as staging
from staging import stops
from staging.alerting import clock
from staging.models import Alert, Demand
from staging.views import locations, materials
from staging.views.lot_parts import tree
from tests.factories import UserFactory
from tests.plant import Plant
from tests.standing import built_once

ROLES = ("operator", "supervisor", "qa", "auditor", "integrator", "")
"""Everybody; '' is a stranger."""

READERS = {
    "operator": 200,
    "supervisor": 200,
    "qa": 200,
    "auditor": 200,
    "integrator": 403,
    "": 302,
}
TRAIL = READERS | {"operator": 403}
EXPORT = dict.fromkeys(ROLES, 403) | {"auditor": 200, "": 302}

PAGES: dict[str, dict[str, int]] = {
    "/stock/": READERS,
    "/stock/?by=lot": READERS,
    "/stock/?by=location": READERS,
    "/stock/?by=demand": READERS,
    "/stock/?by=lot&download=csv": READERS,
    "/lots/": READERS,
    "/lots/{lot}/": READERS,
    "/lots/{lot}/dossier/": TRAIL,
    "/locations/": READERS,
    "/locations/{place}/": READERS,
    "/as-it-stood/": READERS,
    "/as-it-stood/?download=csv": READERS,
    "/as-it-stood/lanes/{place}/": READERS,
    "/as-it-stood/demands/PO-1/": READERS,
    "/containers/{container}/": READERS,
    "/materials/{material}/": READERS,
    "/alerts/": READERS,
    "/alerts/count/": READERS,
    "/notices/": READERS,
    "/notices/count/": READERS,
    "/notices/settings/": READERS,
    "/pulls/": READERS,
    "/unstage-list/": READERS,
    "/worklist/": READERS,
    "/holds/{hold}/reach/": READERS,
    "/holds/{hold}/reach/shipped/": READERS,
    "/holds/{hold}/recall/": READERS,
    "/refused-attempts/": TRAIL,
    "/refused-attempts/?download=csv&table=days": TRAIL,
    "/numbers/": TRAIL,
    "/numbers/report/": TRAIL,
    "/numbers/report.pdf": TRAIL,
    "/numbers/on-time/?download=csv&table=trend": TRAIL,
    "/lots/{lot}/genealogy/": READERS,
    "/audit/": TRAIL,
    "/audit/{entry}/": TRAIL,
    "/audit/export/": EXPORT,
    "/audit/export/{entry}/manifest/": EXPORT | {"auditor": 404},
}
"""For each page, the status that each role gets. The last entry is no export: no manifest."""


@built_once
def lot(plant: Plant) -> Lot:
    """A lot with a bit of everything: staged, reserved, held, inspected, in a container."""
    material = plant.material(safety_stock=Decimal(500))
    lot = plant.lot(100, material=material, released=False, expires_in=90)
    result = quality.Result(
        lot=lot, kind=InspectionKind.RECEIPT, characteristic="Assay", value="99.1",
        unit="%", lower=Decimal(98), upper=Decimal(102), remark="fresh",
    )  # fmt: skip
    plant.do(quality.record_inspection, result, by=plant.lab)
    plant.release(lot)
    order = plant.order((material, 60), reference="PO-1")
    plant.stage(order, lot, quantity=25)
    plant.do(staging.allocate, staging.AllocationLine(demand=order, quantity=Decimal(30), lot=lot))
    plant.do(stock.new_container, stock.NewContainer(code="PAL-1", location=plant.a1))
    pallet = Container.objects.get(code="PAL-1")
    plant.do(stock.pack, stock.Pack(lot=lot, container=pallet, quantity=Decimal(10)))
    plant.hold(lot=lot, reason="Foreign particle")
    clock.sweep(by=plant.operator, at=timezone.now())
    return lot


def reader(role: str, **kwargs: Any) -> Client:
    client = Client()
    if role:
        client.force_login(UserFactory(role=role, **kwargs))
    return client


@pytest.fixture
def auditor(db: None) -> Client:
    return reader("auditor")


def text(answer: Any) -> str:
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return str(body.decode())


def main(answer: Any) -> str:
    """What stands between header and footer."""
    return text(answer).split('<main id="main"')[1].split("</main>")[0]


# --- who may ------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
def test_every_page_for_every_role(plant: Plant, lot: Lot, role: str) -> None:
    entry = AuditEntry.objects.get(action="quality.place_hold").pk
    hold = Hold.objects.values_list("pk", flat=True)[0]
    places = {
        "hold": hold,
        "lot": lot.pk,
        "place": plant.l1.code,
        "container": "PAL-1",
        "entry": entry,
    }
    client = reader(role)
    for path, expected in PAGES.items():
        answer = client.get(path.format(material=lot.material.code, **places))
        assert answer.status_code == expected[role], path
        if not role:
            assert answer["Location"].startswith("/sign-in/")


def test_the_auditor_reads_all_and_is_offered_nothing_to_change(lot: Lot, auditor: Client) -> None:
    for path in (f"/lots/{lot.pk}/", "/alerts/", f"/materials/{lot.material.code}/"):
        assert "/work/" not in main(auditor.get(path))
    for path in ("/stock/", f"/lots/{lot.pk}/", "/alerts/", "/audit/"):
        assert auditor.post(path).status_code == 405


@pytest.mark.parametrize(
    "path", ["/lots/0/", f"/lots/{10**30}/", "/locations/NONE/", "/containers/NONE/",
             "/materials/NONE/", "/audit/0/"],
)  # fmt: skip
def test_what_is_not_there_is_not_found(auditor: Client, path: str) -> None:
    assert auditor.get(path).status_code == 404


@pytest.mark.parametrize(
    "query",
    ["after=x", f"after={10**30}", "before=%00", "q=%00", "who=nobody", "action=x", "since=now",
     "batch=7", "status=x", "site=NONE", "condition=x", "reason=x", "state=x", "by=x",
     "location=NONE"],
)  # fmt: skip
def test_a_query_that_makes_no_sense_breaks_nothing(auditor: Client, query: str) -> None:
    for path in ("/stock/", "/lots/", "/alerts/", "/audit/"):
        assert auditor.get(f"{path}?{query}").status_code == 200, path


# --- what they show -----------------------------------------------------------------------------


HEADINGS = {
    "general": "General", "reserved": "Reserved", "staged": "Staged", "in_process": "In process",
    "in_transit": "In transit",
}  # fmt: skip
assert set(HEADINGS) == set(on_hand.PARTS)


def test_stock_adds_up_however_it_is_grouped(plant: Plant, lot: Lot, auditor: Client) -> None:
    other = plant.lot(7, material=plant.pieces(), at=plant.a2)
    shipment = plant.shipment((other.material, 7))
    plant.stage(shipment, other, plant.dock)
    plant.do(staging.load, staging.Loading(lot=other, vehicle=plant.truck, quantity=Decimal(3)))
    order, spare = Demand.objects.get(reference="PO-1"), plant.lot(30, material=lot.material)
    line = staging.AllocationLine(demand=order, quantity=Decimal(30), lot=spare)
    plant.do(staging.allocate, line)  # the hold has broken the reservation there was
    everything = sum(Balance.objects.values_list("quantity", flat=True))
    for by in ("material", "lot", "location"):
        rows = list(csv.DictReader(io.StringIO(text(auditor.get(f"/stock/?by={by}&download=csv")))))
        for row in rows:
            parts = [Decimal(row[heading]) for heading in HEADINGS.values()]
            assert sum(parts) == Decimal(row["On hand"]), row
        assert sum(Decimal(row["On hand"]) for row in rows) == everything
    rows = list(csv.DictReader(io.StringIO(text(auditor.get("/stock/?by=demand&download=csv")))))
    claimed = {
        row["Demand"]: {part: Decimal(row[name]) for part, name in HEADINGS.items()} for row in rows
    }
    assert claimed["PO-1"] == {
        "general": 0, "reserved": 30, "staged": 25, "in_process": 0, "in_transit": 0,
    }  # fmt: skip
    assert claimed[shipment.reference]["staged"] == 4
    assert claimed[shipment.reference]["in_transit"] == 3


def test_safety_stock_is_marked_when_what_is_usable_falls_below(plant: Plant, db: None) -> None:
    material = plant.material(safety_stock=Decimal(50))
    lot = plant.lot(60, material=material)
    client = reader("supervisor")
    assert "Below" not in text(client.get("/stock/"))
    plant.hold(lot=lot)
    page = text(client.get(f"/stock/?q={material.code}"))
    assert "Below" in page
    assert "Below safety stock" in text(client.get(f"/materials/{material.code}/"))


def test_a_material_without_any_stock_shows_when_it_should_be_kept(plant: Plant) -> None:
    material = plant.material(safety_stock=Decimal(5))
    client = reader("supervisor")
    assert material.code in text(client.get("/stock/"))
    assert material.code not in text(client.get(f"/stock/?site={plant.site.code}"))


def test_what_is_restricted_does_not_count_as_usable(plant: Plant) -> None:
    lot = plant.lot(60, material=plant.material(safety_stock=Decimal(1)))
    order = plant.order((lot.material, 10))
    line = quality.Restriction(
        lot=lot, references=(order.reference,), meaning=Meaning.APPROVAL, reason="trial",
        password="secret",
    )  # fmt: skip
    plant.do(quality.restrict, line, by=plant.qa)
    rows = csv.DictReader(io.StringIO(text(reader("qa").get("/stock/?download=csv"))))
    assert next(iter(rows))["Usable"] == "0"


def test_stock_is_filtered(plant: Plant, lot: Lot, auditor: Client) -> None:
    other = plant.lot(5, material=plant.pieces(category="Solvents"), at=plant.a2, released=False)

    def found(query: str) -> set[str]:
        page = text(auditor.get(f"/stock/?by=lot&download=csv&{query}"))
        return {row["Lot"] for row in csv.DictReader(io.StringIO(page))}

    assert found("") == {lot.code, other.code}
    assert found(f"q={lot.number}") == {lot.code}
    assert found("category=solv") == {other.code}
    assert found("status=quarantine") == {other.code}
    assert found(f"location={plant.a2.code}") == {other.code}
    assert found(f"site={plant.site.code}&kind=raw") == {lot.code, other.code}
    assert found("kind=finished") == set()


@pytest.mark.parametrize(
    ("query", "kept"),
    [("condition=awaiting", "new"), ("condition=on_hold", "held"), ("condition=expired", "old"),
     ("condition=retest_due", "due"), ("status=quarantine", "new"), ("q=HELD", "held")],
)  # fmt: skip
def test_lots_are_filtered(plant: Plant, auditor: Client, query: str, kept: str) -> None:
    lots = {
        "new": plant.lot(released=False, number="NEW"),
        "held": plant.lot(number="HELD", at=plant.a2),
        "old": plant.lot(number="OLD"),
        "due": plant.lot(number="DUE"),
    }
    yesterday = timezone.localdate() - timedelta(days=1)
    Lot.objects.filter(pk=lots["old"].pk).update(expires_on=yesterday)
    Lot.objects.filter(pk=lots["due"].pk).update(retest_on=yesterday)
    plant.hold(location=plant.a2)
    page = text(auditor.get(f"/lots/?{query}"))
    assert {name for name, lot in lots.items() if lot.code in page} == {kept}


def test_the_lot_page_tells_it_all(plant: Plant, lot: Lot) -> None:
    page = text(reader("qa", is_staff=True).get(f"/lots/{lot.pk}/"))
    for words in (
        "Foreign particle", "On hold", "Assay", "fresh", "Approval", "fine", "PO-1", "PAL-1",
        plant.l1.code, "Receive 100 KGM", "Hold", "On hold while staged", "Lift this hold",
        f"/admin/inventory/lot/{lot.pk}/change/", "Released",
    ):  # fmt: skip
        assert words in page, words


def test_a_hold_on_the_place_or_the_material_stops_the_lot_too(plant: Plant) -> None:
    lot = plant.lot(10)
    for target in ({"location": plant.a1}, {"material": lot.material}):
        hold = plant.hold(reason="Leaking roof", **target)
        assert "Leaking roof" in text(reader("operator").get(f"/lots/{lot.pk}/"))
        plant.lift(hold)


def test_a_lot_of_which_a_part_is_held_is_only_partly_on_hold(plant: Plant) -> None:
    lot = plant.lot(10)
    plant.do(stock.move, stock.Move(lot=lot, quantity=Decimal(4), target=plant.a2))
    hold = plant.hold(location=plant.a2)
    today = timezone.localdate()
    assert stops.held_among([lot], today) == {lot.pk: "partly_on_hold"}
    assert "Partly on hold" in text(reader("qa").get("/lots/"))
    plant.hold(location=plant.a1)
    assert stops.held_among([lot], today) == {lot.pk: "on_hold"}
    plant.lift(hold)
    plant.hold(lot=lot)
    assert stops.held_among([lot], today) == {lot.pk: "on_hold"}


def test_both_clocks_show_where_they_differ(plant: Plant) -> None:
    earlier = plant.now - timedelta(hours=3)
    material = plant.material()
    line = stock.Receipt(material=material, number="L", quantity=Decimal(1), location=plant.a1)
    stock.receive(lines=[line], by=plant.operator, at=earlier)
    page = text(reader("auditor").get(f"/lots/{Lot.objects.get().pk}/"))
    assert f"said to have happened {earlier:%Y-%m-%d %H:%M}" in page


def test_genealogy_is_nested_and_stops_at_what_is_shown_already(plant: Plant) -> None:
    raw = plant.lot(30, number="RAW")
    parts = [
        stock.Split(lot=raw, number=number, quantity=Decimal(5)) for number in ("P1", "P2")
    ]  # fmt: skip
    plant.do(quality.split_lot, *parts, by=plant.qa)
    first, second = Lot.objects.get(number="P1"), Lot.objects.get(number="P2")
    plant.do(quality.merge_lots, stock.Merge(lot=first, into=second), by=plant.qa)
    nodes, left_out = tree(raw, genealogy.trace(raw, "forward"), forward=True)
    assert left_out == 0
    assert [node.link.far for node in nodes] == [first, second]
    assert [node.link.far for node in nodes[0].below] == [second]
    page = text(reader("auditor").get(f"/lots/{raw.pk}/"))
    assert f'href="/lots/{second.pk}/"' in page
    assert "by splitting" in page


def test_the_location_page_shows_what_stands_below_it_as_well(plant: Plant, lot: Lot) -> None:
    hall = plant._place("HALL")
    shelf = plant._place("SHELF", parent=hall)
    other = plant.lot(3, at=shelf)
    page = text(reader("operator").get(f"/locations/{hall.code}/"))
    assert other.code in page
    assert lot.code not in page
    lane = text(reader("operator").get(f"/locations/{plant.l1.code}/"))
    assert lot.code in lane
    assert "PO-1" in lane
    assert "On hold while staged" in lane


def test_alerts_are_acknowledged_from_the_list(plant: Plant, lot: Lot) -> None:
    Alert.objects.exclude(reason="lot_on_hold").update(closed_at=plant.now)  # of the same lot
    alert = Alert.objects.open().get()
    client = reader("operator")
    assert f"/alerts/{alert.pk}/#act" in text(client.get("/alerts/"))
    assert text(client.get("/alerts/count/")) == "1"
    line = staging.Acknowledgement(alert=alert, reason="QA is on it")
    plant.do(staging.acknowledge, line)
    page = main(client.get("/alerts/"))
    assert "QA is on it" in page
    assert "#act" not in page
    assert text(client.get("/alerts/count/")) == ""
    assert lot.code not in text(client.get("/alerts/?acknowledged=no"))
    assert lot.code not in main(client.get("/alerts/?state=closed&reason=lot_on_hold"))
    assert lot.code in text(client.get("/alerts/?state=all&reason=lot_on_hold"))


def test_pages_follow_on_each_other_without_gap_or_repeat(plant: Plant, auditor: Client) -> None:
    material = plant.material()
    made = Lot.objects.bulk_create(
        Lot(material=material, number=f"{n:03}", code=f"{material.code}/{n:03}") for n in range(120)
    )
    seen, path = [], "/lots/"
    while path:
        page = auditor.get(path).context["page"]
        seen += [row.pk for row in page.rows]
        last, path = page, f"/lots/{page.next}" if page.next else ""
    assert seen == [row.pk for row in made]
    middle = auditor.get(f"/lots/{last.previous}").context["page"]
    assert [row.pk for row in middle.rows] == seen[50:100]
    first = auditor.get(f"/lots/{middle.previous}").context["page"]
    assert [row.pk for row in first.rows] == seen[:50]
    assert first.previous == ""


def test_names_from_outside_are_never_markup(plant: Plant, auditor: Client) -> None:
    nasty = "<script>alert(1)</script>"
    material = plant.material(name=nasty)
    lot = plant.lot(10, material=material, number=nasty, supplier_lot="<b>x</b>", released=False)
    plant.hold(lot=lot, reason=nasty)
    paths = [
        "/stock/", "/stock/?by=lot", "/lots/", f"/lots/{lot.pk}/", f"/materials/{material.code}/",
        f"/locations/{plant.a1.code}/", "/audit/", f"/lots/?q={nasty}", f"/audit/?about={nasty}",
        f"/audit/{AuditEntry.objects.get(action='quality.place_hold').pk}/",
    ]  # fmt: skip
    for path in paths:
        page = text(auditor.get(path))
        assert nasty not in page, path
        assert "<b>x</b>" not in page, path
        assert "&lt;script&gt;" in page, path


# --- more than a page shows ---------------------------------------------------------------------


def test_all_that_is_staged_at_a_place_can_be_paged_through(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locations, "MOST_SHOWN", 2)
    lots = [plant.lot(5) for _number in range(5)]
    for lot in lots:
        plant.stage(plant.order((lot.material, 5)), lot)
    client, query, met = reader("operator"), "", []
    for _page in range(3):
        answer = client.get(f"/locations/{plant.l1.code}/{query}")
        met.append([row.lot for row in answer.context["staged"]])
        query = answer.context["next"]
    assert met == [lots[:2], lots[2:4], lots[4:]]
    assert query == ""
    assert answer.context["previous"].endswith("#staged")
    assert answer.context["more_standing"]
    assert f"/stock/?by=lot&amp;location={plant.l1.code}" in text(answer)


def test_a_material_shows_the_most_urgent_and_names_the_list_of_the_others(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(materials, "MOST_SHOWN", 2)
    material = plant.material()
    lots = [plant.lot(5, material=material, expires_in=60 + day) for day in range(3)]
    plant.hold(lot=lots[0])
    orders = [
        plant.order((material, 5), needed_at=plant.now + timedelta(days=day)) for day in range(3)
    ]
    page = reader("operator").get(f"/materials/{material.code}/")
    assert [(lot, free) for lot, _badges, free in page.context["lots"]] == [
        (lots[0], 0),
        (lots[1], 5),
    ]
    assert [line.demand for line in page.context["waiting"]] == orders[:2]
    listed = reader("operator").get(f"/demands/?q={material.code}")
    assert f"/demands/?q={material.code}" in text(page)
    for order in orders:
        assert order.reference in text(listed)


# --- what they cost -----------------------------------------------------------------------------


def statements(client: Client, path: str) -> int:
    client.get(path)  # what is cached once is not counted
    with CaptureQueriesContext(connection) as counted:
        assert client.get(path).status_code == 200
    return len(counted)


@pytest.mark.parametrize(
    ("path", "most"),
    [("/stock/", 12), ("/stock/?by=lot", 12), ("/stock/?by=location", 12),
     ("/stock/?by=demand", 12), ("/lots/", 12), ("/locations/", 10), ("/alerts/", 12),
     ("/audit/", 10)],
)  # fmt: skip
def test_lists_cost_the_same_however_many_rows(
    plant: Plant, lot: Lot, auditor: Client, path: str, most: int
) -> None:
    before = statements(auditor, path)
    _grow(plant)
    assert statements(auditor, path) == before <= most


@pytest.mark.parametrize(
    ("page", "most"),
    [
        (lambda plant, lot: f"/lots/{lot.pk}/", 34),
        (lambda plant, lot: f"/locations/{plant.l1.code}/", 20),
        (lambda plant, lot: f"/materials/{lot.material.code}/", 20),
        (lambda plant, lot: "/containers/PAL-1/", 18),
    ],
)
def test_pages_of_one_thing_cost_the_same_however_much_happened(
    plant: Plant, lot: Lot, page: Callable[[Plant, Lot], str], most: int, auditor: Client
) -> None:
    path = page(plant, lot)
    before = statements(auditor, path)
    _grow(plant, lot)
    assert statements(auditor, path) == before <= most


def _grow(plant: Plant, lot: Lot | None = None) -> None:
    """More of everything: lots, demands, staged stock, holds, alerts, history."""
    for _ in range(3):
        more = plant.lot(20, material=lot.material if lot else plant.material())
        order = plant.order((more.material, 10))
        plant.stage(order, more, quantity=5)
        plant.hold(lot=more)
    if lot:
        hold = plant.hold(lot=lot, reason="again")
        plant.lift(hold)
        plant.hold(lot=lot, reason="and again")
    clock.sweep(by=plant.operator, at=timezone.now())
    assert Location.objects.exists()
