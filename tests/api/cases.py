"""For every verb: what it takes, once done and once refused. The bodies name things by code."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from inventory import actions as stock
from inventory.models import Container, Lot, Movement, Site
from quality import actions as quality
from quality.models import Proposal
from staging import actions as staging
from staging.models import Alert, Demand
from tests.plant import Plant

Body = dict[str, Any]
SIGNED = {"meaning": "approval", "reason": "fine", "password": "secret"}


@dataclass(frozen=True)
class Case:
    """`bad` is refused with `code`, and has no effect; `good` is then done."""

    good: Body
    bad: Body
    code: str
    role: str = "operator"


CASES: dict[str, Callable[[Plant], Case]] = {}


def case(build: Callable[[Plant], Case]) -> Callable[[Plant], Case]:
    CASES[build.__name__] = build
    return build


def changed(good: Body, **values: Any) -> Body:
    return good | values


# --- stock --------------------------------------------------------------------------------------


@case
def receive(p: Plant) -> Case:
    good = {
        "material": p.material().code,
        "number": "N1",
        "quantity": "2.5",
        "location": p.a1.code,
        "expires_on": "2030-01-31",
    }
    return Case(good, changed(good, location=p.l1.code), "wrong_location_kind")


@case
def put_away(p: Plant) -> Case:
    good = {"lot": p.lot().code, "target": p.a2.code}
    return Case(good, changed(good, target=p.l1.code), "wrong_location_kind")


@case
def move(p: Plant) -> Case:
    good = {"lot": p.lot().code, "target": p.cage.code, "quantity": 1}
    return Case(good, changed(good, source=p.a2.code), "not_here")


@case
def adjust(p: Plant) -> Case:
    good = {"lot": p.lot().code, "location": p.a1.code, "quantity": "0", "reason": "counted"}
    return Case(good, changed(good, quantity="-1"), "quantity_not_above_zero")


@case
def sample(p: Plant) -> Case:
    good = {"lot": p.lot().code, "quantity": "0.25", "reason": "identity"}
    return Case(good, changed(good, quantity="1000"), "not_enough")


@case
def scrap(p: Plant) -> Case:
    good = {"lot": p.lot().code, "quantity": "1", "reason": "torn"}
    return Case(good, changed(good, quantity="0"), "quantity_not_above_zero", "supervisor")


@case
def send_back(p: Plant) -> Case:
    good = {"lot": p.lot().code, "quantity": "1", "reason": "wrong goods"}
    return Case(good, changed(good, unit="EA"), "unit_unknown", "supervisor")


def _pallet(p: Plant, code: str = "PAL1", at: Any = None) -> str:
    p.do(stock.new_container, stock.NewContainer(code=code, location=at or p.a1))
    return code


@case
def new_container(p: Plant) -> Case:
    good = {"code": "PAL1", "location": p.a1.code, "sscc": "106141412345678908"}
    return Case(good, changed(good, sscc="106141412345678900"), "bad_sscc")


@case
def number_container(p: Plant) -> Case:
    Site.objects.filter(pk=p.site.pk).update(gs1_prefix="9521234")
    numbered = stock.NewContainer(code="PAL2", location=p.a1, sscc="106141412345678908")
    p.do(stock.new_container, numbered)
    good = {"container": _pallet(p)}
    return Case(good, changed(good, container="PAL2"), "numbered_already")


@case
def pack(p: Plant) -> Case:
    good = {"lot": p.lot().code, "container": _pallet(p)}
    return Case(good, changed(good, container=_pallet(p, "PAL2", p.a2)), "not_here")


@case
def unpack(p: Plant) -> Case:
    lot, other, code = p.lot(), p.lot(), _pallet(p)
    p.do(stock.pack, stock.Pack(lot=lot, container=Container.objects.get(code=code)))
    good = {"lot": lot.code, "container": code}
    return Case(good, changed(good, lot=other.code), "not_here")


@case
def move_container(p: Plant) -> Case:
    good = {"container": _pallet(p), "target": p.a2.code}
    return Case(good, changed(good, target=p.l1.code), "wrong_location_kind")


@case
def reverse(p: Plant) -> Case:
    first, second = p.lot(released=False), p.lot(released=False)
    done = Movement.objects.get(lot=second)
    p.do(stock.reverse, stock.Reversal(movement=done, reason="typo"))
    good = {"movement": Movement.objects.get(lot=first).pk, "reason": "typo"}
    return Case(good, changed(good, movement=str(done.pk)), "already_reversed")


# --- quality ------------------------------------------------------------------------------------


@case
def place_hold(p: Plant) -> Case:
    lot = p.lot()
    good = {"lot": lot.code, "reason": "suspect"}
    return Case(good, changed(good, material=lot.material.code), "hold_target")


@case
def lift_hold(p: Plant) -> Case:
    lifted = p.hold(lot=p.lot())
    p.lift(lifted)
    good = {"hold": p.hold(lot=p.lot()).pk, **SIGNED}
    return Case(good, changed(good, hold=lifted.pk), "hold_not_open", "qa")


@case
def record_inspection(p: Plant) -> Case:
    good = {"lot": p.lot().code, "characteristic": "pH", "value": "7.1", "lower": 6, "upper": 8.5}
    return Case(good, changed(good, value="sour"), "result_not_a_number", "qa")


@case
def dispose_inspection(p: Plant) -> Case:
    found = [
        p.do(quality.record_inspection, quality.Result(
            lot=p.lot(), characteristic="pH", value="9", passed=passed), by=p.lab)[0]
        for passed in (False, True)
    ]  # fmt: skip
    good = {"inspection": found[0].pk, "outcome": "accept", "reason": "Within the old limits"}
    return Case(good, changed(good, inspection=found[1].pk), "inspection_passed", "qa")


@case
def release(p: Plant) -> Case:
    good = {"lot": p.lot(released=False).code, **SIGNED}
    return Case(good, changed(good, password="guess"), "signature_wrong", "qa")


@case
def restrict(p: Plant) -> Case:
    good = {"lot": p.lot(released=False).code, "references": ["D1", "D2"], **SIGNED}
    return Case(good, changed(good, references=[]), "references_needed", "qa")


@case
def reject(p: Plant) -> Case:
    good = {"lot": p.lot().code, **SIGNED}
    return Case(good, changed(good, password="guess"), "signature_wrong", "qa")


@case
def reopen(p: Plant) -> Case:
    good = {"lot": p.lot().code, **SIGNED}
    return Case(good, changed(good, lot=p.lot(released=False).code), "wrong_status", "qa")


@case
def close_lot(p: Plant) -> Case:
    used_up, left = p.lot(1), p.lot(1)
    p.do(stock.scrap, stock.Removal(lot=used_up, quantity=Decimal(1), reason="old"))
    good = {"lot": used_up.code, **SIGNED}
    return Case(good, changed(good, lot=left.code), "still_on_hand", "qa")


def proposed(p: Plant) -> Proposal:
    """A release that the laboratory has signed."""
    lot = p.lot(released=False, material=p.material(second_signer=True))
    line = quality.Release(lot=lot, **SIGNED)
    [made] = p.do(quality.release, line, by=p.lab)
    return Proposal.objects.get(pk=made.pk)


@case
def countersign(p: Plant) -> Case:
    good = {"proposal": proposed(p).pk, **SIGNED}
    return Case(good, changed(good, password="guess"), "signature_wrong", "qa")


@case
def withdraw_proposal(p: Plant) -> Case:
    good, gone = {"proposal": proposed(p).pk, "reason": "wrong lot"}, proposed(p)
    p.do(quality.withdraw_proposal, quality.Withdrawal(proposal=gone, reason="no"), by=p.qa)
    return Case(good, changed(good, proposal=gone.pk), "proposal_closed", "qa")


@case
def split_lot(p: Plant) -> Case:
    lot = p.lot(number="N1")
    good = {"lot": lot.code, "number": "N1-A", "quantity": "10"}
    return Case(good, changed(good, number="N1"), "lot_exists", "qa")


@case
def merge_lots(p: Plant) -> Case:
    material = p.material()
    first, second = p.lot(material=material), p.lot(material=material)
    good = {"lot": first.code, "into": second.code}
    return Case(good, changed(good, into=first.code), "merge_itself", "qa")


# --- demands ------------------------------------------------------------------------------------


@case
def create_demand(p: Plant) -> Case:
    material = p.material()
    good = {
        "reference": "PO-1",
        "kind": "production",
        "site": p.site.code,
        "needed_at": "2030-06-01T06:00:00+02:00",
        "work_center": p.wc.code,
        "requirements": [{"material": material.code, "quantity": "10"}],
    }
    twice = good["requirements"] * 2
    return Case(good, changed(good, requirements=twice), "material_twice", "supervisor")


@case
def change_demand(p: Plant) -> Case:
    demand, _lot = _staged(p)
    material = demand.requirements.get().material.code
    needs = [{"material": material, "quantity": "120"}]
    good = {"demand": demand.reference, "reason": "more", "requirements": needs}
    less = [{"material": material, "quantity": "1"}]
    return Case(good, changed(good, requirements=less), "below_committed", "supervisor")


@case
def cancel_demand(p: Plant) -> Case:
    started, _lot = _issued(p)
    planned = p.order((p.material(), 1))
    good = {"demand": planned.reference, "reason": "called off"}
    return Case(good, changed(good, demand=started.reference), "demand_started", "supervisor")


@case
def complete_demand(p: Plant) -> Case:
    started, _lot = _issued(p)
    planned = p.order((p.material(), 1))
    good = {"demand": planned.reference, "reason": "short is enough"}
    return Case(good, changed(good, demand=started.reference), "still_issued", "supervisor")


def _alert(p: Plant, **kwargs: Any) -> int:
    about = {"reason": "without_demand", "site": p.site, "lot": p.lot(), "location": p.l1}
    return Alert.objects.create(raised_at=p.now, **about | kwargs).pk


@case
def acknowledge(p: Plant) -> Case:
    good = {"alert": _alert(p), "reason": "fetching it"}
    return Case(good, changed(good, alert=_alert(p, closed_at=p.now)), "alert_closed")


@case
def snooze(p: Plant) -> Case:
    good = {"alert": _alert(p), "minutes": 30, "reason": "after the break"}
    return Case(good, changed(good, minutes=10**6), "snooze_too_long")


@case
def wake(p: Plant) -> Case:
    good = {"alert": _alert(p)}
    later = p.now + timedelta(hours=1)
    Alert.objects.update(snoozed_until=later)
    return Case(good, changed(good, alert=_alert(p)), "alert_not_snoozed")


@case
def assign_alert(p: Plant) -> Case:
    good = {"alert": _alert(p), "assignee": p.qa.user.username}
    return Case(good, changed(good, assignee="nobody-here"), "assignee_unknown")


# --- staging ------------------------------------------------------------------------------------


def _staged(p: Plant, **kwargs: Any) -> tuple[Demand, Lot]:
    lot = p.lot(100)
    demand = p.order((lot.material, 100), **kwargs)
    p.stage(demand, lot)
    return demand, lot


def _issued(p: Plant, **kwargs: Any) -> tuple[Demand, Lot]:
    demand, lot = _staged(p, **kwargs)
    p.do(staging.issue, staging.Issue(lot=lot))
    return demand, lot


@case
def stage(p: Plant) -> Case:
    lot, held = p.lot(), p.lot()
    p.hold(lot=held)
    demand = p.order((lot.material, 10), (held.material, 10))
    good = {"demand": demand.reference, "lot": lot.code, "lane": p.l1.code, "quantity": "10"}
    return Case(good, changed(good, lot=held.code), "lot_on_hold")


@case
def assign(p: Plant) -> Case:
    demand, lot = _staged(p)
    p.do(staging.unstage, staging.Unstaging(lot=lot, target=p.l1))
    good = {"demand": demand.reference, "lot": lot.code, "lane": p.l1.code}
    return Case(good, changed(good, lane=p.l2.code), "not_here")


@case
def unstage(p: Plant) -> Case:
    _demand, lot = _staged(p)
    good = {"lot": lot.code, "target": p.a1.code}
    return Case(good, changed(good, lot=p.lot().code), "not_committed")


@case
def transfer(p: Plant) -> Case:
    _demand, lot = _staged(p)
    good = {"lot": lot.code, "target": p.l2.code}
    return Case(good, changed(good, target=p.l1.code), "same_place")


@case
def borrow(p: Plant) -> Case:
    demand, lot = _staged(p)
    other = p.order((lot.material, 5))
    good = {"lot": lot.code, "borrower": other.reference, "reason": "more urgent"}
    return Case(good, changed(good, borrower=demand.reference), "same_demand", "supervisor")


@case
def allocate(p: Plant) -> Case:
    demand = p.order((p.lot().material, 10))
    nothing = p.order((p.material(), 10))
    good = {"demand": demand.reference}
    return Case(good, changed(good, demand=nothing.reference), "nothing_to_allocate")


@case
def deallocate(p: Plant) -> Case:
    lot = p.lot()
    demand = p.order((lot.material, 10))
    p.do(staging.allocate, staging.AllocationLine(demand=demand))
    good = {"lot": lot.code, "demand": demand.reference}
    return Case(good, changed(good, lot=p.lot().code), "not_committed")


@case
def issue(p: Plant) -> Case:
    _demand, lot = _staged(p)
    good = {"lot": lot.code}
    return Case(good, changed(good, work_center=p.a1.code), "wrong_location_kind")


@case
def consume(p: Plant) -> Case:
    _demand, lot = _issued(p)
    good = {"lot": lot.code, "quantity": "60"}
    return Case(good, changed(good, quantity="101"), "not_enough")


@case
def produce(p: Plant) -> Case:
    demand, _lot = _issued(p, product=p.material(kind="finished"))
    good = {"demand": demand.reference, "number": "F1", "quantity": 5, "location": p.a2.code}
    return Case(good, changed(good, location=p.wc.code), "wrong_location_kind")


@case
def return_remainder(p: Plant) -> Case:
    _demand, lot = _issued(p)
    good = {"lot": lot.code, "target": p.a1.code, "quantity": "40"}
    return Case(good, changed(good, target=p.l1.code), "wrong_location_kind")


# --- shipping -----------------------------------------------------------------------------------


def _in_lane(p: Plant) -> tuple[Demand, Lot]:
    lot = p.lot(10)
    demand = p.shipment((lot.material, 10))
    p.stage(demand, lot, p.dock)
    return demand, lot


@case
def load(p: Plant) -> Case:
    _demand, lot = _in_lane(p)
    good = {"lot": lot.code, "vehicle": p.truck.code}
    return Case(good, changed(good, vehicle=p.a1.code), "wrong_location_kind")


@case
def unload(p: Plant) -> Case:
    _demand, lot = _in_lane(p)
    p.do(staging.load, staging.Loading(lot=lot, vehicle=p.truck))
    good = {"lot": lot.code, "target": p.dock.code}
    return Case(good, changed(good, target=p.wc.code), "wrong_location_kind")


@case
def ship(p: Plant) -> Case:
    demand, lot = _in_lane(p)
    good = {"demand": demand.reference, "lot": lot.code}
    return Case(good, changed(good, lot=p.lot().code), "not_committed")
