"""The guided flows: scan by scan, what is asked for, what is done, what is refused and offered."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from inventory import actions as stock
from inventory.guided import GUIDED
from inventory.models import Balance, Container, Lot, MaterialUnit, Movement, RefusedAttempt, Unit
from inventory.verbs import REGISTRY
from quality.models import Effect
from staging import actions as staging
from staging.models import Commitment, Demand
from tests.core.test_rules import in_force
from tests.factories import UserFactory
from tests.plant import Plant

SCAN, SCAN_AND_VERB = 29, 32
"""Statements of a scan that is rehearsed, and of one that ends in a verb, with all that the page
shows: session, person and permissions, codes, the verb, the walk, the kit."""

HTMX = {"HX-Request": "true"}


class Scanner:
    """Somebody with a scanner: each scan is posted with what the page before it knew."""

    def __init__(self, client: Client, flow: str, query: str = "") -> None:
        self.client = client
        self.path = f"/guided/{flow}/"
        self.answer = client.get(self.path + query, headers=HTMX)

    def scan(self, text: str = "", **more: str) -> Any:
        return self._send({"scan": text, **more})

    def tap(self, label: str) -> Any:
        """Press the first button whose label begins so."""
        offers = [offer for refusal in self.step.refusals for offer in refusal.facts["offers"]]
        found = next(o for o in [*offers, *self.step.keep] if str(o.label).startswith(label))
        return self._send({"choice": found.choice})

    def choose(self, choice: str) -> Any:
        return self._send({"choice": choice})

    def _send(self, values: dict[str, str]) -> Any:
        context = self.answer.context
        known = {"reason": context["known"].reason} | context["given"]
        key = {"key": str(context["key"])}
        self.answer = self.client.post(self.path, known | key | values, headers=HTMX)
        return self.answer

    @property
    def step(self) -> Any:
        return self.answer.context["step"]

    @property
    def asks(self) -> str:
        prompt = self.answer.context["prompt"]
        return f"{prompt.asks} | {prompt.what}"

    @property
    def code(self) -> str:
        return str(self.step.refusals[0].code) if self.step.refusals else ""

    @property
    def address(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.answer["HX-Replace-Url"]).query))


@pytest.fixture
def floor(plant: Plant, client: Client) -> Client:
    client.force_login(plant.operator.user)
    return client


def pallet(plant: Plant, code: str, *lots: Lot, quantity: Any = None) -> Container:
    """A pallet at A1 with all of the lots, or a quantity of each."""
    line = stock.NewContainer(code=code, location=plant.a1, kind="pallet")
    [container] = plant.do(stock.new_container, line)
    for lot in lots:
        amount = None if quantity is None else Decimal(quantity)
        plant.do(stock.pack, stock.Pack(lot=lot, container=container, quantity=amount))
    return container


def staged(plant: Plant, demand: Demand) -> list[tuple[str, str, Decimal]]:
    rows = Commitment.objects.open().filter(requirement__demand=demand, state="staged")
    rows = rows.select_related("lot", "location").order_by("lot__code", "location__code")
    return [(row.lot.code, row.location.code, row.quantity) for row in rows]


# --- stage --------------------------------------------------------------------------------------


def test_one_pallet_is_staged_by_three_scans(plant: Plant, floor: Client) -> None:
    lot = plant.lot(40)
    order = plant.order((lot.material, 40))
    box = pallet(plant, "PAL-1", lot)
    at = Scanner(floor, "stage")
    assert at.asks == "Scan the demand | "
    at.scan(order.reference)
    assert at.asks.startswith(f"Scan the lot or pallet | Line 1: 40 KGM of {lot.material}")
    assert at.answer.context["prompt"].at.location == plant.a1
    at.scan("PAL-1")
    assert at.asks == f"Scan the lane | Line 1: 40 KGM of {lot} from {plant.a1}"
    assert not Movement.objects.filter(kind="stage").exists()
    answer = at.scan(plant.l1.code)
    assert answer.status_code == 200
    assert 'data-feedback="accepted"' in answer.content.decode()
    assert staged(plant, order) == [(lot.code, plant.l1.code, 40)]
    box.refresh_from_db()
    assert box.location == plant.l1
    assert at.address == {"demand": order.reference}
    assert answer.context["kit"].percent == 100


@pytest.mark.parametrize("order_of_scans", ["dil", "dli", "ldi", "lid", "idl", "ild"])
def test_the_order_of_scans_is_free(plant: Plant, floor: Client, order_of_scans: str) -> None:
    lot = plant.lot(10)
    order = plant.order((lot.material, 4))
    codes = {"d": order.reference, "i": lot.code, "l": plant.l1.code}
    at = Scanner(floor, "stage")
    for letter in order_of_scans:
        at.scan(codes[letter])
    assert staged(plant, order) == [(lot.code, plant.l1.code, 4)]


def test_a_lane_scanned_before_stays_and_one_scanned_after_does_not(
    plant: Plant, floor: Client
) -> None:
    lots = [plant.lot(10) for _n in range(4)]
    order = plant.order(*[(lot.material, 10) for lot in lots])
    at = Scanner(floor, "stage", f"?demand={order.reference}")
    at.scan(lots[0].code)
    at.scan(plant.l1.code)
    assert "lane" not in at.address
    at.scan(lots[1].code)  # nothing is staged to a lane that nobody scanned for it
    assert [code for code, _lane, _n in staged(plant, order)] == [lots[0].code]
    at.scan(plant.l2.code)
    at.tap(f"Keep {plant.l2.code}")
    assert "stays" in at.answer.content.decode()
    at.scan(lots[2].code)
    at.scan(lots[3].code)
    assert at.address["lane"] == plant.l2.code
    lanes = [lane for _lot, lane, _n in staged(plant, order)]
    assert sorted(lanes) == [plant.l1.code, *[plant.l2.code] * 3]
    assert at.asks.endswith(f"Nothing more can be fetched for {order}.")


def test_the_walk_is_asked_for_in_its_order(plant: Plant, floor: Client) -> None:
    far, near = plant.lot(10, at=plant.a1), plant.lot(10, at=plant.a2)
    plant.a1.walk_order, plant.a2.walk_order = 20, 10
    plant.a1.save()
    plant.a2.save()
    order = plant.order((far.material, 10), (near.material, 10))
    at = Scanner(floor, "stage", f"?demand={order.reference}")
    assert at.asks.startswith("Scan the lot or pallet | Line 2: ")
    assert [p.lot for p in at.answer.context["positions"]] == [near, far]
    at = Scanner(floor, "stage", f"?demand={order.reference}&line=1")
    assert at.asks.startswith("Scan the lot or pallet | Line 1: ")


def test_what_is_reserved_is_fetched_first(plant: Plant, floor: Client) -> None:
    early = plant.lot(10, expires_in=300)
    late = plant.lot(10, material=early.material, expires_in=600)
    order = plant.order((early.material, 15))
    line = staging.AllocationLine(demand=order, lot=late, quantity=Decimal(6))
    plant.do(staging.allocate, line)
    at = Scanner(floor, "stage", f"?demand={order.reference}")
    found = {(p.lot.code, p.quantity, p.reserved) for p in at.answer.context["positions"]}
    assert found == {(late.code, Decimal(6), True), (early.code, Decimal(9), False)}


def test_a_quantity_may_be_typed_before_or_after_in_another_unit(
    plant: Plant, floor: Client
) -> None:
    lot = plant.lot(100)
    MaterialUnit.objects.create(
        material=lot.material, unit=Unit.objects.get(code="TNE"), numerator=1000, denominator=1
    )
    order = plant.order((lot.material, 50))
    at = Scanner(floor, "stage", f"?demand={order.reference}&lane={plant.l1.code}")
    at.scan("12.5")
    assert at.address["quantity"] == "12.5"
    at.scan(lot.code)
    assert staged(plant, order) == [(lot.code, plant.l1.code, Decimal("12.5"))]
    assert "quantity" not in at.address
    at = Scanner(floor, "stage", f"?demand={order.reference}")
    at.scan(lot.code)
    assert at.asks.endswith(f"37.5 KGM of {lot} from {plant.a1}")
    at.scan("0,01 TNE")
    assert at.asks.endswith(f"10 KGM of {lot} from {plant.a1}")
    at.scan(plant.l1.code)
    assert staged(plant, order) == [(lot.code, plant.l1.code, Decimal("22.5"))]


def test_a_lot_in_several_places_is_answered_by_its_place(plant: Plant, floor: Client) -> None:
    lot = plant.lot(30)
    plant.do(stock.move, stock.Move(lot=lot, target=plant.a2, quantity=Decimal(10)))
    order = plant.order((lot.material, 20), (plant.material(), 1))
    at = Scanner(floor, "stage", f"?demand={order.reference}")
    at.scan(lot.code)
    assert at.code == "source_needed"
    assert at.asks == f"Scan the place it is taken from | {lot}"
    at.scan(plant.a2.code)
    at.scan(plant.l1.code)
    at.scan(lot.code)  # now in one place only
    assert at.asks == f"Scan the lane | Line 1: 10 KGM of {lot} from {plant.a1}"
    assert staged(plant, order) == [(lot.code, plant.l1.code, 10)]


def test_a_place_can_be_tapped(plant: Plant, floor: Client) -> None:
    lot = plant.lot(30)
    pallet(plant, "PAL-2", lot, quantity=10)
    order = plant.order((lot.material, 20))
    at = Scanner(floor, "stage", f"?demand={order.reference}")
    at.scan(lot.code)
    assert at.code == "source_needed"
    at.tap("PAL-2")
    assert at.asks == f"Scan the lane | Line 1: 10 KGM of {lot} from {plant.a1}"


@pytest.mark.parametrize("separator", ["\x1d", ""])
def test_a_weight_in_the_label_fills_the_quantity_in(
    plant: Plant, floor: Client, separator: str
) -> None:
    material = plant.material(gtin="09506000134352")
    lot = plant.lot(100, material=material, number="AB7", expires_in=300)
    order = plant.order((material, 50))
    at = Scanner(floor, "stage", f"?demand={order.reference}")
    day = lot.expires_on.strftime("%y%m%d")  # type: ignore[union-attr]
    at.scan(f"0109506000134352310300125017{day}10AB7{separator}")
    assert at.asks.endswith(f"1.25 KGM of {lot} from {plant.a1}")
    at.scan(plant.l1.code)
    assert staged(plant, order) == [(lot.code, plant.l1.code, Decimal("1.25"))]
    at.scan("(01)09506000134352(30)12(10)AB7")  # twelve pieces of what is weighed: no word
    assert at.asks.endswith(f"48.75 KGM of {lot} from {plant.a1}")


def test_a_count_is_not_taken_from_a_label(plant: Plant, floor: Client) -> None:
    lot = plant.lot(100, material=plant.material(gtin="09506000134352"), number="AB7")
    at = Scanner(floor, "count", f"?location={plant.a1.code}")
    at.scan("(01)09506000134352(3100)000090(10)AB7")
    assert at.asks == f"Enter how much is there | {lot}"
    assert not Movement.objects.filter(kind="adjust").exists()


def test_a_label_that_is_wrong_or_differs_says_so(plant: Plant, floor: Client) -> None:
    material = plant.material(gtin="09506000134352")
    plant.lot(100, material=material, number="AB7", expires_in=300)
    at = Scanner(floor, "put-away")
    for label, code in (
        ("(01)09506000134352(17)200101(10)AB7", "label_differs"),
        ("(01)09506000134353(10)AB7", "bad_check_digit"),
        ("]E09506000134352", "not_in_code"),
    ):
        assert at.scan(label).status_code == 422, label
        assert at.code == code, label
    assert "lot" not in at.address


def test_a_pallet_is_known_by_its_sscc(plant: Plant, floor: Client) -> None:
    lot = plant.lot(10)
    order = plant.order((lot.material, 10))
    line = stock.NewContainer(code="PAL-8", sscc="106141412345678908", location=plant.a1)
    [box] = plant.do(stock.new_container, line)
    plant.do(stock.pack, stock.Pack(lot=lot, container=box))
    at = Scanner(floor, "stage", f"?demand={order.reference}")
    at.scan("(00)106141412345678908")
    assert at.address["container"] == "PAL-8"


# --- refused ------------------------------------------------------------------------------------


def test_a_held_lot_is_refused_at_once_and_the_right_one_just_works(
    plant: Plant, floor: Client
) -> None:
    bad = plant.lot(10, expires_in=300)
    good = plant.lot(10, material=bad.material, expires_in=600)
    order = plant.order((bad.material, 10))
    plant.hold(lot=bad)
    at = Scanner(floor, "stage", f"?demand={order.reference}")
    answer = at.scan(bad.code)
    assert answer.status_code == 409
    assert at.code == "lot_on_hold"
    assert 'data-feedback="refused"' in answer.content.decode()
    assert "lot" not in at.address
    [attempt] = RefusedAttempt.objects.all()
    assert (attempt.code, attempt.lot, attempt.location) == ("lot_on_hold", bad, None)
    at.scan(good.code)
    at.scan(plant.l1.code)
    assert staged(plant, order) == [(good.code, plant.l1.code, 10)]


def test_an_alternative_is_one_tap(plant: Plant, floor: Client) -> None:
    bad = plant.lot(10, released=False)
    good = plant.lot(10, material=bad.material)
    order = plant.order((bad.material, 10))
    at = Scanner(floor, "stage", f"?demand={order.reference}&lane={plant.l1.code}")
    assert at.scan(bad.code).status_code == 409
    at.tap(f"Take {good}")
    assert staged(plant, order) == [(good.code, plant.l1.code, 10)]


def test_a_wrong_material_is_refused_and_what_is_needed_offered(
    plant: Plant, floor: Client
) -> None:
    other, needed = plant.lot(10), plant.lot(10)
    order = plant.order((needed.material, 10))
    at = Scanner(floor, "stage", f"?demand={order.reference}")
    at.scan(other.code)
    assert at.code == "not_required"
    at.tap(needed.code)
    assert at.asks.startswith("Scan the lane")


@pytest.mark.parametrize("wrong", ["a2", "cage", "wc"])
def test_a_wrong_lane_is_refused_and_lanes_are_offered(
    plant: Plant, floor: Client, wrong: str
) -> None:
    lot = plant.lot(10)
    order = plant.order((lot.material, 10))
    at = Scanner(floor, "stage", f"?demand={order.reference}")
    at.scan(lot.code)
    at.scan(getattr(plant, wrong).code)
    if wrong == "wc":
        assert RefusedAttempt.objects.get().location == plant.wc
        assert at.code == "wrong_location_kind"
        labels = [str(offer.label) for offer in at.step.refusals[0].facts["offers"]]
        assert labels[0].startswith(plant.l1.code)
        at.tap(plant.l2.code)
        assert staged(plant, order) == [(lot.code, plant.l2.code, 10)]
    else:  # storage is taken for the place that the lot is fetched from
        assert at.code == "not_here"
        assert at.address["lot"] == lot.code


def test_a_full_lane_is_refused_and_the_lot_kept(plant: Plant, floor: Client) -> None:
    plant.l1.capacity = 1
    plant.l1.save()
    first, lot = plant.lot(1), plant.lot(10)
    plant.stage(plant.order((first.material, 1)), first)
    order = plant.order((lot.material, 10))
    at = Scanner(floor, "stage", f"?demand={order.reference}")
    at.scan(lot.code)
    at.scan(plant.l1.code)
    assert at.code == "lane_full"
    assert at.address == {"demand": order.reference, "lot": lot.code}
    at.scan(plant.l2.code)
    assert staged(plant, order) == [(lot.code, plant.l2.code, 10)]


def test_more_than_is_needed_is_refused_with_what_is(plant: Plant, floor: Client) -> None:
    lot = plant.lot(40)
    order = plant.order((lot.material, 15))
    pallet(plant, "PAL-3", lot)
    at = Scanner(floor, "stage", f"?demand={order.reference}&lane={plant.l1.code}")
    at.scan("PAL-3")
    assert at.code == "more_than_required"
    at.tap("Take 15")
    assert staged(plant, order) == [(lot.code, plant.l1.code, 15)]


def test_a_demand_that_has_all_wants_no_more(plant: Plant, floor: Client) -> None:
    lot = plant.lot(40)
    order = plant.order((lot.material, 15))
    plant.stage(order, lot)
    at = Scanner(floor, "stage", f"?demand={order.reference}&lane={plant.l1.code}")
    at.scan(lot.code)
    assert at.code == "more_than_required"
    assert "lot" not in at.address


def test_a_closed_demand_is_refused(plant: Plant, floor: Client) -> None:
    order = plant.order((plant.material(), 1))
    plant.do(staging.cancel_demand, staging.DemandEnd(demand=order, reason="no"))
    at = Scanner(floor, "stage")
    at.scan(order.reference)
    assert at.code == "demand_closed"
    assert at.address == {}


def test_what_names_nothing_is_said_so(plant: Plant, floor: Client) -> None:
    at = Scanner(floor, "stage")
    answer = at.scan("no-such-thing")
    assert (answer.status_code, at.code) == (422, "unknown_code")
    assert at.scan("12 XYZ").status_code == 422
    assert at.scan("007").status_code == 422  # an article number is no quantity
    assert at.scan("\x00").status_code == 200


def test_a_bare_number_means_the_lot_that_is_needed(plant: Plant, floor: Client) -> None:
    plant.lot(1, number="SAME")
    lot = plant.lot(5, number="SAME")
    at = Scanner(floor, "put-away")
    at.scan("SAME")
    assert at.code == "ambiguous_code"
    at.tap(lot.code)
    assert at.address["lot"] == lot.code
    order = plant.order((lot.material, 5))
    at = Scanner(floor, "stage", f"?demand={order.reference}")
    at.scan("SAME")
    assert at.address["lot"] == lot.code


def test_a_reason_is_asked_for_where_a_rule_wants_one(plant: Plant, floor: Client) -> None:
    lot = plant.lot(10)
    order = plant.order((lot.material, 10))
    in_force(plant, {"effect": Effect.REASON, "action": "stage"})
    at = Scanner(floor, "stage", f"?demand={order.reference}&lane={plant.l1.code}")
    at.scan(lot.code)
    assert at.code == "reason_needed"
    assert at.asks.startswith("Say why")
    assert 'name="reason" value="" maxlength="200" required data-focus="first"' in (
        at.answer.content.decode()
    )
    at.scan("", reason="agreed with QA")
    assert Movement.objects.get(kind="stage").reason == "agreed with QA"
    assert "reason" not in at.address


# --- the other flows ----------------------------------------------------------------------------


def test_issue_is_one_scan_or_the_whole_kit(plant: Plant, floor: Client) -> None:
    lots = [plant.lot(10) for _n in range(3)]
    order = plant.order(*[(lot.material, 10) for lot in lots])
    for lot in lots:
        plant.stage(order, lot)
    at = Scanner(floor, "issue")
    at.scan(lots[0].code)
    assert Movement.objects.filter(kind="issue").count() == 1
    at.scan(order.reference)
    assert "Issue all of it: 2 positions" in at.answer.content.decode()
    at.choose("all=1")
    assert Movement.objects.filter(kind="issue").count() == 3
    assert at.answer.context["positions"] == []


def test_issue_of_a_lot_for_two_demands_asks_which(plant: Plant, floor: Client) -> None:
    lot = plant.lot(10)
    orders = [plant.order((lot.material, 5)) for _n in range(2)]
    for order in orders:
        plant.stage(order, lot)
    at = Scanner(floor, "issue")
    at.scan(lot.code)
    assert at.code == "demand_needed"
    at.scan(orders[1].reference)
    assert Movement.objects.get(kind="issue").reference == orders[1].reference


def test_a_shipment_is_not_issued_and_an_order_not_shipped(plant: Plant, floor: Client) -> None:
    order, shipment = plant.order((plant.material(), 1)), plant.shipment((plant.pieces(), 1))
    for flow, demand in (("issue", shipment), ("load", order), ("ship", order)):
        at = Scanner(floor, flow)
        at.scan(demand.reference)
        assert at.code == "wrong_demand_kind", flow


def test_a_mixed_pallet_is_loaded_and_a_whole_shipment_shipped(plant: Plant, floor: Client) -> None:
    goods = [plant.lot(10, material=plant.pieces()) for _n in range(3)]
    shipment = plant.shipment(*[(lot.material, 10) for lot in goods])
    box = pallet(plant, "PAL-4", goods[0], goods[1])
    at = Scanner(floor, "stage", f"?demand={shipment.reference}&lane={plant.dock.code}")
    at.scan("PAL-4")
    at.scan(goods[2].code)
    assert len(staged(plant, shipment)) == 3
    at = Scanner(floor, "load")
    at.scan(shipment.reference)
    assert not at.answer.context["whole"]  # onto which vehicle?
    at.scan(plant.truck.code)
    assert at.answer.context["whole"]
    at.scan("PAL-4")
    box.refresh_from_db()
    assert box.location == plant.truck
    assert at.address == {"demand": shipment.reference, "vehicle": plant.truck.code,
                          "stays": "vehicle"}  # fmt: skip
    at.choose("all=1")
    assert not Commitment.objects.open().filter(state="staged").exists()
    at = Scanner(floor, "ship")
    at.scan(shipment.reference)
    at.choose("all=1")
    assert Movement.objects.filter(kind="ship").count() == 3
    assert len({row.batch for row in Movement.objects.filter(kind="ship")}) == 1
    assert Demand.objects.with_state().get(pk=shipment.pk).state == "completed"


def test_a_whole_lane_is_loaded(plant: Plant, floor: Client) -> None:
    goods = [plant.lot(10, material=plant.pieces()) for _n in range(2)]
    for lot in goods:
        plant.stage(plant.shipment((lot.material, 10)), lot, plant.dock)
    at = Scanner(floor, "load", f"?vehicle={plant.truck.code}")
    at.scan(plant.dock.code)
    at.choose("all=1")
    assert Movement.objects.filter(kind="load", target=plant.truck).count() == 2


def test_nothing_of_a_whole_shipment_goes_if_a_part_is_held(plant: Plant, floor: Client) -> None:
    goods = [plant.lot(10, material=plant.pieces()) for _n in range(2)]
    shipment = plant.shipment(*[(lot.material, 10) for lot in goods])
    for lot in goods:
        plant.stage(shipment, lot, plant.dock)
    plant.hold(lot=goods[1])
    at = Scanner(floor, "ship", f"?demand={shipment.reference}")
    at.choose("all=1")
    assert at.code == "lot_on_hold"
    assert not Movement.objects.filter(kind="ship").exists()
    at.scan(goods[0].code)
    assert Movement.objects.get(kind="ship").lot == goods[0]


def test_a_lot_is_shipped_without_naming_its_shipment(plant: Plant, floor: Client) -> None:
    lot = plant.lot(10, material=plant.pieces())
    plant.stage(plant.shipment((lot.material, 10)), lot, plant.dock)
    at = Scanner(floor, "ship")
    at.scan(lot.code)
    assert Movement.objects.filter(kind="ship").count() == 1
    at.scan(lot.code)
    assert at.code == "not_committed"


def test_put_away_lot_by_lot_and_pallet(plant: Plant, floor: Client) -> None:
    lots = [plant.lot(10) for _n in range(3)]
    box = pallet(plant, "PAL-5", lots[0], lots[1])
    at = Scanner(floor, "put-away")
    at.scan("PAL-5")
    at.scan(plant.a2.code)
    box.refresh_from_db()
    assert box.location == plant.a2
    at.scan(lots[2].code)
    at.scan(plant.l1.code)
    assert at.code == "wrong_location_kind"
    at.scan(plant.a2.code)
    assert Balance.objects.filter(location=plant.a2, quantity__gt=0).count() == 3


def test_unstage_back_to_storage(plant: Plant, floor: Client) -> None:
    lot = plant.lot(10)
    order = plant.order((lot.material, 10))
    plant.stage(order, lot)
    at = Scanner(floor, "unstage")
    at.scan(plant.l1.code)
    assert [p.lot for p in at.answer.context["positions"]] == [lot]
    at.scan(lot.code)
    at.scan(plant.a2.code)
    assert staged(plant, order) == []
    assert Balance.objects.get(lot=lot, quantity__gt=0).location == plant.a2


def test_a_place_is_counted_lot_by_lot(plant: Plant, floor: Client) -> None:
    lots = [plant.lot(10), plant.lot(20)]
    pallet(plant, "PAL-6", lots[1])
    at = Scanner(floor, "count")
    assert at.asks == "Scan the location you count | "
    at.scan(plant.a1.code)
    page = at.answer.content.decode()
    assert lots[0].code in page
    at.scan(lots[0].code)
    assert at.asks == f"Enter how much is there | {lots[0]}"
    assert 'data-scan="quantity"' in at.answer.content.decode()
    at.scan("9.5")
    movement = Movement.objects.get(kind="adjust")
    assert (movement.lot, movement.quantity, movement.reason) == (
        lots[0],
        Decimal("0.5"),
        "Counted",
    )
    assert at.address["location"] == plant.a1.code
    at.scan("PAL-6")
    answer = at.scan("20")  # it agrees: nothing moves, and that is said
    assert Movement.objects.filter(kind="adjust").count() == 1
    assert "PAL-6 · 20" in answer.content.decode()
    at.scan(lots[0].code)
    at.scan("0", reason="gone")
    assert Movement.objects.filter(kind="adjust").last().reason == "gone"


@pytest.mark.parametrize("standing", ["storage", "lane", "work centre", "truck", "pallet"])
def test_to_quarantine_from_wherever_it_stands(plant: Plant, floor: Client, standing: str) -> None:
    shipped = standing == "truck"
    lot = plant.lot(10, material=plant.pieces() if shipped else None)
    code = lot.code
    if standing == "pallet":
        code = pallet(plant, "PAL-7", lot).code
    elif standing != "storage":
        make = plant.shipment if shipped else plant.order
        plant.stage(make((lot.material, 10)), lot, plant.dock if shipped else plant.l1)
    if standing == "work centre":
        plant.do(staging.issue, staging.Issue(lot=lot))
    if standing == "truck":
        plant.do(staging.load, staging.Loading(lot=lot, vehicle=plant.truck))
    plant.hold(lot=lot)
    at = Scanner(floor, "quarantine")
    at.scan(code)
    at.scan(plant.cage.code)
    kinds = {"storage": "move", "lane": "unstage", "work centre": "return", "truck": "unload",
             "pallet": "move"}  # fmt: skip
    assert Movement.objects.last().kind == kinds[standing]
    assert Balance.objects.get(lot=lot, quantity__gt=0).location == plant.cage
    assert not Commitment.objects.open().filter(lot=lot).exists()


def test_a_nested_pallet_is_not_taken_apart_unasked(plant: Plant, floor: Client) -> None:
    lot = plant.lot(10)
    outer, inner = pallet(plant, "OUT-1"), pallet(plant, "IN-1", lot)
    Container.objects.filter(pk=inner.pk).update(parent=outer)
    order = plant.order((lot.material, 10))
    at = Scanner(floor, "stage", f"?demand={order.reference}")
    at.scan("OUT-1")
    assert at.code == "holds_others"
    at.tap("IN-1")
    assert at.asks.startswith("Scan the lane")
    Container.objects.filter(pk=inner.pk).update(parent=None)
    at.scan("OUT-1")
    assert at.code == "empty_container"


# --- undo, repeats, who may ---------------------------------------------------------------------


def stage_one(plant: Plant, floor: Client) -> tuple[Scanner, Demand]:
    lot = plant.lot(10)
    order = plant.order((lot.material, 10))
    at = Scanner(floor, "stage", f"?demand={order.reference}&lane={plant.l1.code}")
    at.scan(lot.code)
    return at, order


def test_the_last_action_is_undone_and_leads_back(plant: Plant, floor: Client) -> None:
    at, order = stage_one(plant, floor)
    batch = Movement.objects.get(kind="stage").batch
    assert f"/work/undo/{batch}/" in at.answer.content.decode()
    values = {"back": at.answer.context["address"]}
    answer = floor.post(f"/work/undo/{batch}/", values, follow=True)
    assert answer.redirect_chain[-1][0] == values["back"]
    assert "Undone" in answer.content.decode()
    assert staged(plant, order) == []


@pytest.mark.parametrize("back", ["https://elsewhere.example/", "//elsewhere.example/", ""])
def test_undo_leads_nowhere_else(plant: Plant, floor: Client, back: str) -> None:
    stage_one(plant, floor)
    batch = Movement.objects.get(kind="stage").batch
    answer = floor.post(f"/work/undo/{batch}/", {"back": back, "verb": "stage"})
    assert answer["Location"] == "/work/stage/"


def test_after_ten_minutes_a_press_undoes_nothing(
    plant: Plant, floor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage_one(plant, floor)
    batch = Movement.objects.get(kind="stage").batch
    later = timezone.now() + timedelta(minutes=11)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert f"/work/undo/{batch}/" not in floor.get("/guided/stage/").content.decode()
    answer = floor.post(f"/work/undo/{batch}/", follow=True)
    assert "more than ten minutes ago" in answer.content.decode()
    assert not Movement.objects.filter(kind="reverse").exists()


def test_a_scan_sent_twice_has_one_effect(plant: Plant, floor: Client) -> None:
    lot = plant.lot(10)
    order = plant.order((lot.material, 10))
    values = {"demand": order.reference, "lane": plant.l1.code, "stays": "lane", "key": "k1",
              "quantity": "3"}  # fmt: skip
    for _time in range(2):
        answer = floor.post("/guided/stage/", values | {"scan": lot.code}, headers=HTMX)
        assert 'data-feedback="accepted"' in answer.content.decode()
    assert Movement.objects.filter(kind="stage").count() == 1
    assert len(floor.session["done"]) == 1
    other = floor.post("/guided/stage/", values | {"scan": lot.code, "quantity": "4"}, headers=HTMX)
    assert other.status_code == 409


def test_a_whole_shipment_sent_twice_has_one_effect(plant: Plant, floor: Client) -> None:
    lot = plant.lot(10, material=plant.pieces())
    shipment = plant.shipment((lot.material, 10))
    plant.stage(shipment, lot, plant.dock)
    values = {"demand": shipment.reference, "choice": "all=1", "key": "whole"}
    for _time in range(2):
        answer = floor.post("/guided/ship/", values, headers=HTMX)
        assert 'data-feedback="accepted"' in answer.content.decode()
    assert Movement.objects.filter(kind="ship").count() == 1
    assert floor.post("/guided/ship/", values | {"key": "k"}, headers=HTMX).status_code == 409


def test_it_works_without_a_script(plant: Plant, floor: Client) -> None:
    lot = plant.lot(10)
    order = plant.order((lot.material, 10))
    page = floor.post("/guided/stage/", {"scan": order.reference}, follow=True)
    assert page.redirect_chain == [(f"/guided/stage/?demand={order.reference}", 302)]
    values = page.context["given"] | {"key": "k"}
    page = floor.post("/guided/stage/", values | {"scan": lot.code}, follow=True)
    values = page.context["given"] | {"key": "k2"}
    page = floor.post("/guided/stage/", values | {"scan": plant.l1.code}, follow=True)
    assert "<html" in page.content.decode()
    assert 'data-feedback="accepted"' in page.content.decode()
    assert staged(plant, order) == [(lot.code, plant.l1.code, 10)]


def test_to_open_an_address_never_does_anything(plant: Plant, floor: Client) -> None:
    lot = plant.lot(10)
    order = plant.order((lot.material, 10))
    at = Scanner(floor, "stage", f"?demand={order.reference}&lot={lot.code}&lane={plant.l1.code}")
    assert at.asks.startswith("Confirm")
    assert staged(plant, order) == []
    at.scan("")
    assert staged(plant, order) == [(lot.code, plant.l1.code, 10)]


@pytest.mark.parametrize("name", ["stage", "put-away", "count", "quarantine", "no-such"])
def test_a_flow_asks_for_the_permission_of_its_verb(db: None, client: Client, name: str) -> None:
    user = UserFactory(role="auditor")
    client.force_login(user)
    expected = 403 if name in GUIDED else 404
    assert client.get(f"/guided/{name}/").status_code == expected
    assert client.post(f"/guided/{name}/", {}).status_code == expected
    if name in GUIDED:
        permission = Permission.objects.get(
            codename=REGISTRY[GUIDED[name].verb].name,
            content_type__app_label__in=("inventory", "staging"),
        )
        user.user_permissions.add(permission)
        assert client.get(f"/guided/{name}/").status_code == 200


def test_another_verb_of_a_flow_asks_for_its_own_permission(plant: Plant, client: Client) -> None:
    lot = plant.lot(10)
    plant.stage(plant.order((lot.material, 10)), lot)
    user = UserFactory(role="auditor")
    user.user_permissions.add(Permission.objects.get(codename="move"))
    client.force_login(user)
    at = Scanner(client, "quarantine")
    given = {"lot": lot.code, "target": plant.cage.code}
    assert client.post("/guided/quarantine/", given, headers=HTMX).status_code == 403
    assert RefusedAttempt.objects.get(verb="staging.unstage").code == "permission_denied"
    assert at.answer.status_code == 200


def test_work_leads_to_the_flows_first(plant: Plant, floor: Client) -> None:
    page = floor.get("/work/").content.decode()
    paths = [reverse("staging:guided", args=[name]) for name in GUIDED]
    assert all(path in page for path in paths)
    assert page.index(paths[0]) < page.index("/work/put-away/")


# --- what it costs ------------------------------------------------------------------------------


@pytest.mark.parametrize(("many", "allocated"), [(1, False), (8, False), (8, True)])
def test_a_scan_costs_the_same_however_many_lines(
    plant: Plant, floor: Client, many: int, allocated: bool
) -> None:
    lots = [plant.lot(5) for _n in range(many)]
    order = plant.order(*[(lot.material, 3) for lot in lots])
    if allocated:
        plant.do(staging.allocate, staging.AllocationLine(demand=order))
    at = Scanner(floor, "stage", f"?demand={order.reference}")
    with CaptureQueriesContext(connection) as rehearsed:
        at.scan(lots[0].code)
    with CaptureQueriesContext(connection) as carried_out:
        at.scan(plant.l1.code)
    assert len(rehearsed) <= SCAN
    assert len(carried_out) <= SCAN_AND_VERB


def test_a_whole_shipment_costs_the_same_however_many_lots(plant: Plant, floor: Client) -> None:
    taken = []
    for many in (2, 9):
        goods = [plant.lot(10, material=plant.pieces()) for _n in range(many)]
        shipment = plant.shipment(*[(lot.material, 10) for lot in goods])
        for lot in goods:
            plant.stage(shipment, lot, plant.dock)
        at = Scanner(floor, "load", f"?demand={shipment.reference}&vehicle={plant.truck.code}")
        with CaptureQueriesContext(connection) as statements:
            at.choose("all=1")
        assert at.step.done
        taken.append(len(statements))
    assert taken[0] == taken[1]
    assert taken[1] <= SCAN_AND_VERB


def test_a_pick_list_costs_the_same_however_many_demands(
    plant: Plant, floor: Client, django_assert_max_num_queries: Any
) -> None:
    lots = [plant.lot(20) for _n in range(3)]
    orders = [plant.order(*[(lot.material, 3) for lot in lots]) for _n in range(4)]
    plant.do(staging.allocate, staging.AllocationLine(demand=orders[0]))
    query = "&".join(f"demand={order.reference}" for order in orders)
    with django_assert_max_num_queries(9):
        page = floor.get(f"/picks/?{query}")
    assert page.status_code == 200


# --- pick lists ---------------------------------------------------------------------------------


def test_a_pick_list_shares_stock_among_demands(plant: Plant, floor: Client) -> None:
    lot = plant.lot(10)
    other = plant.lot(10, at=plant.a2)
    first = plant.order((lot.material, 8), (other.material, 1))
    second = plant.order((lot.material, 8), needed_at=plant.now + timedelta(hours=9))
    page = floor.get(f"/picks/?demand={second.reference}&demand={first.reference}&demand=NONE")
    found = [
        (place["location"].code, at.requirement.demand.reference, at.quantity)
        for place in page.context["places"]
        for at in place["picks"]
    ]
    assert found == [
        (plant.a1.code, second.reference, 2),
        (plant.a1.code, first.reference, 8),
        (plant.a2.code, first.reference, 1),
    ]
    [short] = page.context["short"]
    assert (short.requirement.demand, short.short) == (second, 6)
    assert page.context["unknown"] == ["NONE"]
    text = page.content.decode()
    link = f"/guided/stage/?demand={first.reference}&amp;lot="
    assert link in text
    assert "Scan a demand" in floor.get("/picks/").content.decode()


def test_a_line_of_the_pick_list_starts_the_flow_there(plant: Plant, floor: Client) -> None:
    lot = plant.lot(10)
    order = plant.order((plant.lot(1).material, 1), (lot.material, 4))
    page = floor.get(f"/picks/?demand={order.reference}")
    [pick] = [at for place in page.context["places"] for at in place["picks"] if at.lot == lot]
    at = Scanner(floor, "stage", f"?demand={order.reference}&{pick.taken_there}")
    assert at.asks.startswith("Scan the lane")
    at.scan(plant.l1.code)
    assert staged(plant, order) == [(lot.code, plant.l1.code, 4)]


def test_a_pick_list_is_for_who_may_see_demands(db: None, client: Client) -> None:
    client.force_login(UserFactory(role="integrator"))
    assert client.get("/picks/").status_code == 403
