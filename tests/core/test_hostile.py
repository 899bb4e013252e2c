"""Attempts to stage unusable material, to lose or double stock, or to make an action crash."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from inventory import actions as stock
from inventory.genealogy import trace
from inventory.models import AuditEntry, Balance, Container, Location, Lot, MaterialUnit, Unit
from inventory.units import to_base
from quality import actions as quality
from quality.models import Meaning
from staging import actions as staging
from staging.checks import breaches
from staging.models import Allocation, Commitment, Demand, Requirement, StagedStock
from tests.core.refusal import refused
from tests.plant import Plant

D = Decimal


@pytest.fixture(autouse=True)
def _sound_afterwards(db: None) -> Any:
    yield
    assert breaches() == []


def drum(plant: Plant, *lots: Lot, code: str = "DRUM1", at: Location | None = None) -> Container:
    """A container with all the free stock of the lots that stand where it does."""
    plant.do(stock.new_container, stock.NewContainer(code=code, location=at or plant.a1))
    container = Container.objects.get(code=code)
    if lots:
        plant.do(stock.pack, *[stock.Pack(lot=lot, container=container) for lot in lots])
    return container


def held(lot: Lot, location: Location) -> Decimal:
    rows = Balance.objects.filter(lot=lot, location=location)
    return sum((row.quantity for row in rows), D(0))


# --- lines of one request that want the same thing ----------------------------------------------


def test_two_lines_share_what_one_balance_has(plant: Plant) -> None:
    lot = plant.lot(100)
    first, second = plant.order((lot.material, 60)), plant.order((lot.material, 60))
    lines = [staging.Staging(demand=d, lot=lot, lane=plant.l1) for d in (first, second)]
    plant.do(staging.stage, *lines)
    assert [row.quantity for row in StagedStock.objects.order_by("requirement")] == [60, 40]


def test_a_reservation_is_taken_once(plant: Plant) -> None:
    lot = plant.lot(100)
    first, second = plant.order((lot.material, 40)), plant.order((lot.material, 40))
    for demand in (first, second):
        plant.do(staging.allocate, staging.AllocationLine(demand=demand))
    line = staging.Deallocation(lot=lot, demand=first)
    with refused("not_committed", line=1):
        plant.do(staging.deallocate, line, line)
    assert Allocation.objects.count() == 2


@pytest.mark.parametrize("verb", ["unstage", "issue", "transfer"])
def test_staged_stock_is_taken_once(plant: Plant, verb: str) -> None:
    lot = plant.lot(100)
    first, second = plant.order((lot.material, 40)), plant.order((lot.material, 40))
    plant.stage(first, lot)
    plant.stage(second, lot)
    line = {
        "unstage": staging.Unstaging(lot=lot, demand=first, target=plant.a2),
        "issue": staging.Issue(lot=lot, demand=first),
        "transfer": staging.Transfer(lot=lot, demand=first, target=plant.l2),
    }[verb]
    with refused("not_committed", line=1):
        plant.do(getattr(staging, verb), line, line)


def test_a_borrower_gets_no_more_than_it_needs(plant: Plant) -> None:
    lot = plant.lot(100)
    lender, other = plant.order((lot.material, 40)), plant.order((lot.material, 40))
    borrower = plant.order((lot.material, 50))
    plant.stage(lender, lot)
    plant.stage(other, lot)
    lines = [
        staging.Borrowing(lot=lot, demand=d, borrower=borrower, reason="urgent", quantity=D(40))
        for d in (lender, other)
    ]
    with refused("more_than_required", line=1):
        plant.do(staging.borrow, *lines)
    with refused("same_demand"):
        plant.do(
            staging.borrow, staging.Borrowing(lot=lot, demand=lender, borrower=lender, reason="x")
        )


def test_a_place_is_counted_once(plant: Plant) -> None:
    lot = plant.lot(100)
    line = stock.Count(lot=lot, location=plant.a1, quantity=D(95), reason="count")
    with refused("counted_twice", line=1):
        plant.do(stock.adjust, line, line)


def test_staging_another_lot_gives_the_reservation_up(plant: Plant) -> None:
    first = plant.lot(60, expires_in=10)
    second = plant.lot(60, material=first.material, expires_in=20)
    order = plant.order((first.material, 60))
    plant.do(staging.allocate, staging.AllocationLine(demand=order))
    outcome = plant.stage(order, second, quantity=40)
    assert Allocation.objects.get().quantity == 20
    assert "no longer reserved" in outcome.warnings[0]
    assert first.balances.get().reserved == 20


def test_undoing_an_unstaging_does_not_overfill_the_demand(plant: Plant) -> None:
    first, order_of = plant.lot(60), 60
    second = plant.lot(60, material=first.material)
    order = plant.order((first.material, order_of))
    plant.stage(order, first)
    back = plant.do(staging.unstage, staging.Unstaging(lot=first, target=plant.a1)).movements[0]
    plant.stage(order, second)
    with refused("more_than_required"):
        plant.do(staging.reverse, stock.Reversal(movement=back, reason="oops"))


# --- containers ---------------------------------------------------------------------------------


def test_a_container_of_two_lots_goes_as_one(plant: Plant) -> None:
    lots = [plant.lot(10), plant.lot(20)]
    order = plant.order(*[(lot.material, lot.balances.get().quantity) for lot in lots])
    container = drum(plant, *lots)
    lines = [staging.Staging(demand=order, lot=lot, lane=plant.l1) for lot in lots]
    plant.do(staging.stage, *lines)
    container.refresh_from_db()
    assert container.location == plant.l1
    assert set(StagedStock.objects.values_list("container", flat=True)) == {container.pk}
    plant.do(staging.transfer, *[staging.Transfer(lot=lot, target=plant.l2) for lot in lots])
    plant.do(staging.issue, *[staging.Issue(lot=lot) for lot in lots])
    container.refresh_from_db()
    assert container.location == plant.wc


def test_what_is_left_keeps_the_container(plant: Plant) -> None:
    lots = [plant.lot(10), plant.lot(20)]
    order = plant.order((lots[0].material, 10))
    container = drum(plant, *lots)
    plant.stage(order, lots[0])
    container.refresh_from_db()
    assert container.location == plant.a1
    assert StagedStock.objects.get().container is None


def test_a_container_with_containers_in_it_stays(plant: Plant) -> None:
    outer_lot, inner_lot = plant.lot(10), plant.lot(10)
    outer, inner = drum(plant, outer_lot), drum(plant, inner_lot, code="INNER")
    Container.objects.filter(pk=inner.pk).update(parent=outer)
    order = plant.order((outer_lot.material, 10))
    plant.stage(order, outer_lot)
    outer.refresh_from_db()
    assert outer.location == plant.a1


def test_shipped_in_its_container_it_comes_back_in_it(plant: Plant) -> None:
    lots = [plant.lot(10), plant.lot(20)]
    shipment = plant.shipment(*[(lot.material, lot.balances.get().quantity) for lot in lots])
    container = drum(plant, *lots)
    plant.do(
        staging.stage,
        *[staging.Staging(demand=shipment, lot=lot, lane=plant.dock) for lot in lots],
    )
    shipped = plant.do(
        staging.ship, *[staging.Shipping(demand=shipment, lot=lot) for lot in lots]
    ).movements
    for movement in shipped:
        plant.do(staging.reverse, stock.Reversal(movement=movement, reason="wrong truck"))
        assert breaches() == []
    container.refresh_from_db()
    assert container.location == plant.dock
    assert Balance.objects.filter(container=container, quantity__gt=0).count() == 2


def test_undoing_a_receipt_leaves_the_container(plant: Plant) -> None:
    container = drum(plant)
    lot = plant.lot(10, container=container)
    plant.do(stock.reverse, stock.Reversal(movement=lot.movements.get(), reason="wrong"))
    container.refresh_from_db()
    assert container.location == plant.a1


def test_a_container_that_moved_on_stops_the_reversal(plant: Plant) -> None:
    lot = plant.lot(10)
    container = drum(plant, lot)
    out = plant.do(stock.unpack, stock.Pack(lot=lot, container=container))[0]
    plant.do(stock.move_container, stock.MoveContainer(container=container, target=plant.a2))
    with refused("container_elsewhere"):
        plant.do(stock.reverse, stock.Reversal(movement=out, reason="mistake"))


def test_a_claimed_container_is_not_moved_past_its_demand(plant: Plant) -> None:
    lot = plant.lot(10)
    container = drum(plant, lot)
    plant.do(staging.allocate, staging.AllocationLine(demand=plant.order((lot.material, 4))))
    line = stock.MoveContainer(container=container, target=plant.a2)
    with refused("container_claimed"):
        plant.do(stock.move_container, line)
    plant.stage(Demand.objects.get(), lot)
    plant.do(stock.move_container, line)
    with refused("same_place"):
        plant.do(stock.move_container, line)


def test_a_hold_on_the_pallet_stops_what_is_packed_in_it(plant: Plant) -> None:
    lot = plant.lot(10)
    inner = drum(plant, lot, code="INNER")
    middle, pallet = drum(plant, code="MIDDLE"), drum(plant, code="PALLET")
    Container.objects.filter(pk=inner.pk).update(parent=middle)
    Container.objects.filter(pk=middle.pk).update(parent=pallet)
    order = plant.order((lot.material, 10))
    hold = plant.hold(container=pallet)
    with refused("lot_on_hold"):
        plant.stage(order, lot)
    plant.lift(hold)
    Container.objects.filter(pk=inner.pk).update(parent=None)
    plant.stage(order, lot)
    Container.objects.filter(pk=inner.pk).update(parent=middle)
    Container.objects.filter(parent=None).update(location=plant.l1)
    Container.objects.filter(pk=middle.pk).update(location=plant.l1)
    plant.hold(container=pallet)
    assert StagedStock.objects.blocked(timezone.localdate()).count() == 1


# --- quality cannot be gone round ---------------------------------------------------------------


def test_nothing_is_picked_from_quarantine(plant: Plant) -> None:
    lot = plant.lot(10, at=plant.cage)
    order = plant.order((lot.material, 10))
    with refused("stands_in_quarantine"):
        plant.stage(order, lot)
    with refused("stands_in_quarantine"):
        plant.stage(order, lot, source=plant.cage)
    undecided = plant.lot(10, material=lot.material, at=plant.cage, released=False)
    with refused("lot_quarantine"):
        plant.stage(order, undecided)


def test_a_hold_on_the_area_stops_its_lanes(plant: Plant) -> None:
    Location.objects.filter(pk=plant.l1.pk).update(parent=plant.a2, path=f"{plant.a2.path}L1/")
    lot = plant.lot(10)
    plant.hold(location=plant.a2)
    Location.objects.filter(pk=plant.l1.pk).update(path=f"{plant.a2.path}{plant.l1.code}/")
    with refused("lot_on_hold"):
        plant.stage(plant.order((lot.material, 10)), lot)


def test_a_rejected_part_does_not_slip_back_by_undoing_the_split(plant: Plant) -> None:
    lot = plant.lot(10)
    part = plant.do(quality.split_lot, stock.Split(lot=lot, number="P", quantity=D(4)))[0]
    reversal = stock.Reversal(movement=part.movements.get(), reason="mistake")
    hold = plant.hold(lot=part)
    with refused("lot_on_hold"):
        plant.do(staging.reverse, reversal)
    plant.lift(hold)
    line = quality.Rejection(lot=part, meaning=Meaning.APPROVAL, reason="bad", password="secret")
    plant.do(quality.reject, line, by=plant.qa)
    with refused("lots_differ"):
        plant.do(staging.reverse, reversal)


def test_a_failed_inspection_follows_the_parts(plant: Plant) -> None:
    lot = plant.lot(10, released=False)
    result = quality.Result(lot=lot, characteristic="purity", value="low", passed=False)
    plant.do(quality.record_inspection, result, by=plant.lab)
    part = plant.do(quality.split_lot, stock.Split(lot=lot, number="P", quantity=D(4)))[0]
    with refused("inspection_failed"):
        plant.release(part)
    line = quality.Release(lot=part, meaning=Meaning.APPROVAL, reason="ok", password="secret")
    with refused("signer_recorded_result"):
        plant.do(quality.release, line, by=plant.lab)
    again = quality.Result(lot=part, characteristic="purity", value="high")
    plant.do(quality.record_inspection, again, by=plant.lab)
    plant.release(part)


@pytest.mark.parametrize(
    ("code", "into"),
    [
        ("merge_material", lambda plant, lot: plant.lot(10)),
        ("merge_status", lambda plant, lot: plant.lot(10, material=lot.material, released=False)),
        ("merge_expiry", lambda plant, lot: plant.lot(10, material=lot.material, expires_in=40)),
    ],
)
def test_nothing_of_a_lot_is_escaped_by_merging(plant: Plant, code: str, into: Any) -> None:
    lot = plant.lot(10, expires_in=30)
    with refused(code):
        plant.do(quality.merge_lots, stock.Merge(lot=lot, into=into(plant, lot)))


def test_retest_is_not_escaped_by_merging(plant: Plant) -> None:
    material = plant.material(retest_days=30)
    old = plant.lot(10, material=material, made_on=timezone.localdate() - timedelta(days=29))
    new = plant.lot(10, material=material)
    with refused("merge_retest"):
        plant.do(quality.merge_lots, stock.Merge(lot=old, into=new))


def test_a_restriction_to_blank_is_none(plant: Plant) -> None:
    lot = plant.lot(10, released=False)
    line = quality.Restriction(
        lot=lot, references=(" D1 ", ""), meaning=Meaning.APPROVAL, reason="r", password="secret"
    )
    plant.do(quality.restrict, line, by=plant.qa)
    assert list(lot.restricted_uses.values_list("reference", flat=True)) == ["D1"]
    first, second = plant.order((lot.material, 5)), plant.order((lot.material, 5))
    assert first.reference == "D1"
    plant.stage(first, lot)
    with refused("lot_restricted"):
        plant.stage(second, lot)


def test_held_goods_can_leave_the_truck(plant: Plant) -> None:
    lot = plant.lot(10)
    shipment = plant.shipment((lot.material, 10))
    plant.stage(shipment, lot, plant.dock)
    plant.do(staging.load, staging.Loading(lot=lot, vehicle=plant.truck))
    plant.hold(lot=lot)
    with refused("lot_on_hold"):
        plant.do(staging.unload, staging.Unloading(lot=lot, target=plant.dock))
    off = plant.do(staging.unload, staging.Unloading(lot=lot, target=plant.cage)).movements[0]
    assert held(lot, plant.cage) == 10
    with refused("lot_on_hold"):
        plant.do(staging.reverse, stock.Reversal(movement=off, reason="no"))


def test_output_has_its_dates(plant: Plant) -> None:
    product = plant.material(shelf_life_days=10, retest_days=5)
    order = plant.order((plant.material(), 1), product=product)
    line = staging.Output(demand=order, number="F1", quantity=D(1), location=plant.a1)
    plant.do(staging.produce, line)
    lot, today = Lot.objects.get(number="F1"), timezone.localdate()
    assert (lot.made_on, lot.expires_on) == (today, today + timedelta(days=10))
    assert lot.retest_on == today + timedelta(days=5)


# --- the record ---------------------------------------------------------------------------------


def test_the_trail_says_what_was_borrowed_from_whom(plant: Plant) -> None:
    lot = plant.lot(10)
    lender, borrower = plant.order((lot.material, 10)), plant.order((lot.material, 4))
    plant.stage(lender, lot)
    line = staging.Borrowing(lot=lot, demand=lender, borrower=borrower, reason="urgent")
    plant.do(staging.borrow, line)
    entry = AuditEntry.objects.get(action="staging.borrow")
    assert entry.reason == "urgent"
    assert entry.facts["claims"] == [
        f"4 of {lot} @ {plant.l1}: staged for {lender} → staged for {borrower} (urgent)"
    ]


def test_each_line_keeps_its_own_reason(plant: Plant) -> None:
    material = plant.material()
    orders = [plant.order((material, 1)), plant.order((material, 1))]
    lines = [staging.DemandEnd(demand=o, reason=f"because {o}") for o in orders]
    plant.do(staging.cancel_demand, *lines)
    entries = AuditEntry.objects.filter(action="staging.cancel_demand")
    assert [entry.reason for entry in entries] == [f"because {order}" for order in orders]
    with refused("reason_needed"):
        plant.do(staging.complete_demand, lines[0], staging.DemandEnd(demand=orders[0], reason=" "))


def test_what_was_not_consumed_after_all_is_no_parent(plant: Plant) -> None:
    lot, product = plant.lot(10), plant.material()
    order = plant.order((lot.material, 10), product=product)
    plant.stage(order, lot)
    plant.do(staging.issue, staging.Issue(lot=lot))
    used = plant.do(staging.consume, staging.Consumption(lot=lot)).movements[0]
    output = staging.Output(demand=order, number="F1", quantity=D(1), location=plant.a1)
    plant.do(staging.produce, output)
    made = Lot.objects.get(number="F1")
    assert trace(made, "back").lots == [lot]
    plant.do(staging.reverse, stock.Reversal(movement=used, reason="not used"))
    assert trace(made, "back").lots == []


# --- bad but well-typed input -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quantity", "code"),
    [
        ("0", "quantity_not_above_zero"),
        ("-1", "quantity_not_above_zero"),
        ("NaN", "quantity_not_above_zero"),
        ("sNaN", "quantity_not_above_zero"),
        ("Infinity", "quantity_not_above_zero"),
        ("1E+999999", "quantity_too_large"),
        ("1000000000", "quantity_too_large"),
        ("1E-999999", "quantity_too_fine"),
        ("0.0000001", "quantity_too_fine"),
    ],
)
def test_odd_quantities_are_refused_everywhere(plant: Plant, quantity: str, code: str) -> None:
    lot, odd = plant.lot(100), D(quantity)
    order = plant.order((lot.material, 10))
    plant.stage(order, lot, quantity=5)
    unit = lot.material.base_unit
    attempts = [
        (stock.receive, stock.Receipt(
            material=lot.material, number="X", quantity=odd, location=plant.a1)),
        (stock.move, stock.Move(lot=lot, source=plant.a1, target=plant.a2, quantity=odd)),
        (stock.scrap, stock.Removal(lot=lot, source=plant.a1, quantity=odd, reason="r")),
        (staging.stage, staging.Staging(demand=order, lot=lot, lane=plant.l1, quantity=odd)),
        (staging.unstage, staging.Unstaging(lot=lot, target=plant.a1, quantity=odd, unit=unit)),
        (staging.allocate, staging.AllocationLine(demand=order, lot=lot, quantity=odd)),
        (quality.split_lot, stock.Split(lot=lot, number="P", quantity=odd, source=plant.a1)),
    ]  # fmt: skip
    for verb, line in attempts:
        with refused(code):
            plant.do(verb, line)


def test_a_balance_cannot_outgrow_its_record(plant: Plant) -> None:
    lot = plant.lot(999_999_999, released=False)
    with refused("quantity_too_large"):
        plant.lot(1, material=lot.material, number=lot.number)


def test_thirds_stay_exact(plant: Plant) -> None:
    material = plant.pieces()
    third = MaterialUnit(material=material, unit_id="XBX", numerator=D(1), denominator=D(3))
    third.save()
    box = Unit.objects.get(code="XBX")
    assert to_base(material, D(3), box) == 1
    assert to_base(material, D("2.1E+1"), box) == 7
    with refused("quantity_too_fine"):
        to_base(material, D(1), box)


def test_nothing_free_is_refused_not_posted(plant: Plant) -> None:
    lot = plant.lot(10)
    plant.do(staging.allocate, staging.AllocationLine(demand=plant.order((lot.material, 10))))
    with refused("not_enough"):
        plant.do(stock.move, stock.Move(lot=lot, target=plant.a2))
    other = plant.lot(10, material=lot.material)
    with refused("not_enough"):
        plant.do(quality.merge_lots, stock.Merge(lot=lot, into=other))


def test_a_serial_is_never_halved(plant: Plant) -> None:
    lot = plant.lot(1, material=plant.material(tracking="serial"))
    with refused("serial_is_one"):
        plant.do(stock.move, stock.Move(lot=lot, target=plant.a2, quantity=D("0.5")))
    with refused("serial_is_one"):
        plant.do(quality.split_lot, stock.Split(lot=lot, number="P", quantity=D("0.5")))


def test_dates_beyond_the_calendar_are_refused(plant: Plant) -> None:
    material = plant.material(shelf_life_days=30)
    with refused("date_too_late"):
        plant.lot(1, material=material, made_on=date.max)
    never = plant.material(min_remaining_days=2**31 - 1, dwell_limit=timedelta(days=3_000_000))
    lot = plant.lot(1, material=never, expires_in=5)
    with refused("shelf_life_short"):
        plant.stage(plant.order((never, 1)), lot)
    limitless = plant.lot(1, material=plant.material(dwell_limit=timedelta(days=3_000_000)))
    plant.stage(plant.order((limitless.material, 1)), limitless)
    assert StagedStock.objects.get().due_at is None


def test_numbers_given_twice_in_one_request(plant: Plant) -> None:
    lot = plant.lot(10)
    part = stock.Split(lot=lot, number="P", quantity=D(1))
    with refused("lot_exists", line=1):
        plant.do(quality.split_lot, part, part)
    output = staging.Output(
        demand=plant.order((lot.material, 1), product=plant.material()),
        number="F1", quantity=D(1), location=plant.a1,
    )  # fmt: skip
    with refused("lot_exists", line=1):
        plant.do(staging.produce, output, output)
    crate = stock.NewContainer(code="C1", location=plant.a1, sscc="106141411234567897")
    with refused("code_taken", line=1):
        plant.do(stock.new_container, crate, crate)
    plant.do(stock.new_container, crate)
    with refused("code_taken"):
        other = stock.NewContainer(code="C2", location=plant.a1, sscc=crate.sscc)
        plant.do(stock.new_container, other)
    with refused("bad_code"):
        plant.do(stock.new_container, stock.NewContainer(code="C 3", location=plant.a1))


def test_producing_for_a_demand_without_requirements(plant: Plant) -> None:
    order = plant.order((plant.material(), 1), product=plant.material())
    Requirement.objects.all().delete()
    with refused("requirements_needed"):
        line = staging.Output(demand=order, number="F1", quantity=D(1), location=plant.a1)
        plant.do(staging.produce, line)


def test_closed_and_virtual_places_take_nothing(plant: Plant) -> None:
    lot = plant.lot(10)
    order = plant.order((lot.material, 10))
    virtual = Location.objects.get(site=plant.site, kind="scrap")
    with refused("wrong_location_kind"):
        plant.stage(order, lot, virtual)
    with refused("wrong_location_kind"):
        plant.do(stock.move, stock.Move(lot=lot, target=virtual))
    with refused("wrong_location_kind"):
        plant.do(stock.new_container, stock.NewContainer(code="C", location=virtual))
    Location.objects.filter(pk=plant.l1.pk).update(is_open=False)
    with refused("location_closed"):
        plant.stage(order, lot)
    Location.objects.filter(pk=plant.a1.pk).update(is_open=False)
    with refused("location_closed"):
        plant.stage(order, lot, plant.l2)
    with refused("nothing_to_allocate"):
        plant.do(staging.allocate, staging.AllocationLine(demand=order))


def test_a_cancelled_demand_takes_nothing(plant: Plant) -> None:
    lot = plant.lot(10)
    order = plant.order((lot.material, 10))
    moved = plant.stage(order, lot).movements[0]
    plant.do(staging.cancel_demand, staging.DemandEnd(demand=order, reason="gone"))
    assert not Commitment.objects.open().exists()
    assert held(lot, plant.l1) == 10
    with refused("demand_closed"):
        plant.do(staging.assign, staging.Assignment(demand=order, lot=lot, lane=plant.l1))
    with refused("demand_closed"):
        plant.do(staging.reverse, stock.Reversal(movement=moved, reason="r"))
    plant.do(stock.move, stock.Move(lot=lot, target=plant.a1))


def test_completing_frees_what_is_still_staged(plant: Plant) -> None:
    lot = plant.lot(10)
    order = plant.order((lot.material, 10))
    plant.stage(order, lot)
    plant.do(staging.issue, staging.Issue(lot=lot, quantity=D(4)))
    end = staging.DemandEnd(demand=order, reason="done")
    with refused("still_issued"):
        plant.do(staging.complete_demand, end)
    plant.do(staging.consume, staging.Consumption(lot=lot))
    plant.do(staging.complete_demand, end)
    assert lot.balances.get(location=plant.l1).bound == 0


def test_a_demand_is_not_cut_below_what_it_has(plant: Plant) -> None:
    lot = plant.lot(10)
    order = plant.order((lot.material, 10))
    plant.stage(order, lot, quantity=4)
    plant.do(staging.allocate, staging.AllocationLine(demand=order))

    def cut(quantity: int) -> staging.DemandChange:
        need = staging.Need(material=lot.material, quantity=D(quantity))
        return staging.DemandChange(demand=order, reason="less", requirements=(need,))

    with refused("below_committed"):
        plant.do(staging.change_demand, cut(9))
    plant.do(staging.deallocate, staging.Deallocation(lot=lot))
    plant.do(staging.change_demand, cut(4))
    with refused("more_than_required"):
        plant.stage(order, lot)


def test_part_loaded_part_staged_needs_the_place(plant: Plant) -> None:
    lot = plant.lot(10)
    shipment = plant.shipment((lot.material, 10))
    plant.stage(shipment, lot, plant.dock)
    plant.do(staging.load, staging.Loading(lot=lot, vehicle=plant.truck, quantity=D(4)))
    with refused("lane_needed"):
        plant.do(staging.ship, staging.Shipping(demand=shipment, lot=lot))
    plant.do(staging.ship, staging.Shipping(demand=shipment, lot=lot, lane=plant.truck))
    plant.do(staging.ship, staging.Shipping(demand=shipment, lot=lot))
    assert Demand.objects.with_state().get().state == "completed"


def test_unstaging_into_the_same_lane_frees_it_there(plant: Plant) -> None:
    lot = plant.lot(10)
    order = plant.order((lot.material, 10))
    Location.objects.filter(pk=plant.l1.pk).update(capacity=1)
    plant.stage(order, lot)
    outcome = plant.do(staging.unstage, staging.Unstaging(lot=lot, target=plant.l1))
    assert outcome.movements == []
    assert lot.balances.get(location=plant.l1).free == 10
    plant.do(staging.assign, staging.Assignment(demand=order, lot=lot, lane=plant.l1))


def test_output_does_not_overfill_the_lane(plant: Plant) -> None:
    Location.objects.filter(pk=plant.buf.pk).update(capacity=1)
    order = plant.order((plant.material(), 1), product=plant.material())
    plant.buf.refresh_from_db()

    def output(number: str) -> staging.Output:
        return staging.Output(demand=order, number=number, quantity=D(1), location=plant.buf)

    plant.do(staging.produce, output("F1"))
    with refused("lane_full"):
        plant.do(staging.produce, output("F2"))


def test_a_lot_of_another_material_is_no_need(plant: Plant) -> None:
    lot, other = plant.lot(1), plant.material()
    need = staging.Need(material=other, quantity=D(1), lot=lot)
    order = plant.order((other, 1))
    with refused("other_material"):
        change = staging.DemandChange(demand=order, reason="r", requirements=(need,))
        plant.do(staging.change_demand, change)


def test_fefo_passes_over_a_held_place(plant: Plant) -> None:
    lot = plant.lot(10)
    plant.do(stock.move, stock.Move(lot=lot, target=plant.a2, quantity=D(5)))
    plant.hold(location=plant.a1)
    plant.do(staging.allocate, staging.AllocationLine(demand=plant.order((lot.material, 5))))
    assert Allocation.objects.get().location == plant.a2


def test_reserving_says_what_of_and_no_more_than_needed(plant: Plant) -> None:
    lot = plant.lot(10)
    order = plant.order((lot.material, 5))
    with refused("lot_needed"):
        plant.do(staging.allocate, staging.AllocationLine(demand=order, quantity=D(1)))
    with refused("more_than_required"):
        line = staging.AllocationLine(demand=order, lot=lot, quantity=D(6))
        plant.do(staging.allocate, line)


def test_parts_of_a_kilogram_add_up(plant: Plant) -> None:
    lots = [plant.lot(D("0.7"))]
    lots.append(plant.lot(D("0.1"), material=lots[0].material))
    order = plant.order((lots[0].material, D("0.8")))
    for lot in lots:
        plant.stage(order, lot)
    assert Demand.objects.with_state().get().state == "ready"


@pytest.mark.parametrize(
    ("column", "value"), [("code", "OTHER"), ("base_unit_id", "GRM"), ("tracking", "serial")]
)
def test_a_material_with_lots_keeps_what_counts(plant: Plant, column: str, value: str) -> None:
    material = plant.lot(10).material
    setattr(material, column, value)
    with refused("material_in_use"):
        stock.save_master(material, by=plant.operator, at=plant.now)
