"""Each refusal that an action's own docstring names, brought about and told by its code."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from inventory import actions as stock
from inventory.models import Container, Location, Lot, Material, Movement, Site, SsccSeries
from quality import actions as quality
from quality.models import (
    Inspection,
    InspectionPlan,
    Meaning,
    Proposal,
    RestrictedUse,
    RuleSet,
    UsageRule,
)
from staging import actions as staging
from staging.alerting import clock
from staging.models import Alert, AlertRule, Demand
from tests.core.documented import own, verbs
from tests.core.refusal import refused
from tests.factories import LocationFactory, UserFactory
from tests.plans import in_force, results
from tests.plant import Plant
from tests.standing import built_once

D = Decimal


class Scene:
    """A lot of 100 in A1, and short words to bring it into any state."""

    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        self.lot = plant.lot(100, number="L1")
        self.material = self.lot.material
        self.today = timezone.localdate()

    def order(self, quantity: int = 60, **kwargs: Any) -> Demand:
        return self.plant.order((self.material, quantity), **kwargs)

    def shipment(self, quantity: int = 60) -> Demand:
        return self.plant.shipment((self.material, quantity))

    def staged(self, lane: str = "l1", demand: Demand | None = None) -> Demand:
        demand = demand or self.order()
        self.plant.stage(demand, self.lot, getattr(self.plant, lane), quantity=20)
        return demand

    def issued(self, demand: Demand | None = None) -> Demand:
        demand = self.staged(demand=demand)
        self.plant.do(staging.issue, staging.Issue(lot=self.lot, demand=demand))
        return demand

    def loaded(self) -> Demand:
        demand = self.staged(demand=self.shipment())
        self.plant.do(staging.load, staging.Loading(lot=self.lot, vehicle=self.plant.truck))
        return demand

    def ended(self, demand: Demand | None = None) -> Demand:
        demand = demand or self.order()
        self.plant.do(staging.complete_demand, staging.DemandEnd(demand=demand, reason="r"))
        return demand

    def reserved(self, demand: Demand | None = None, **kwargs: Any) -> Demand:
        demand = demand or self.order()
        line = staging.AllocationLine(demand=demand, lot=self.lot, quantity=D(20), **kwargs)
        self.plant.do(staging.allocate, line)
        return demand

    def spread(self) -> None:
        """Half of the lot in A2."""
        line = stock.Move(lot=self.lot, target=self.plant.a2, quantity=D(50))
        self.plant.do(stock.move, line)

    def closed(self, name: str) -> Location:
        place: Location = getattr(self.plant, name)
        place.is_open = False
        place.save()
        return place

    def box(self, code: str = "BOX", at: str = "a1", *, full: bool = False) -> Container:
        line = stock.NewContainer(code=code, location=getattr(self.plant, at))
        self.plant.do(stock.new_container, line)
        box = Container.objects.get(code=code)
        if full:
            self.plant.do(stock.pack, stock.Pack(lot=self.lot, container=box))
        return box

    def numbered_box(self) -> Container:
        box = self.box()
        Container.objects.filter(pk=box.pk).update(sscc="106141412345678908")
        return box

    def all_given_out(self) -> Location:
        """A place at a site whose prefix has no numbers left."""
        Site.objects.filter(pk=self.plant.site.pk).update(gs1_prefix="952123456789")
        SsccSeries.objects.create(prefix="952123456789", extension=0, next_serial=10_000)
        self.plant.a1.refresh_from_db()
        return self.plant.a1

    def last(self) -> Movement:
        return Movement.objects.order_by("pk").last()  # type: ignore[return-value]

    def status(self, status: str) -> Lot:
        Lot.objects.filter(pk=self.lot.pk).update(status=status)
        return self.lot

    def dated(self, **dates: Any) -> Lot:
        Lot.objects.filter(pk=self.lot.pk).update(
            **{name: self.today + timedelta(days=days) for name, days in dates.items()}
        )
        return self.lot

    def two_people(self) -> None:
        Material.objects.update(second_signer=True)

    def proposed(self) -> Proposal:
        """A release that `lab` has signed."""
        self.two_people()
        line = signed(quality.Release, self)
        self.plant.do(quality.release, line, by=self.plant.lab)
        return Proposal.objects.select_related("lot").get()

    def serial(self) -> Lot:
        return self.plant.lot(1, material=self.plant.material(tracking="serial"), number="S1")

    def elsewhere(self) -> Lot:
        """A lot whose material no demand of the scene needs."""
        return self.plant.lot(10, number="X1")

    def alert(self) -> Alert:
        self.staged()
        self.plant.hold(lot=self.lot)
        clock.sweep(by=self.plant.operator, at=self.plant.now)
        return Alert.objects.get(reason="lot_on_hold")

    def inspected(self, *, passed: bool) -> Lot:
        line = quality.Result(lot=self.lot, characteristic="c", value="v", passed=passed)
        self.plant.do(quality.record_inspection, line, by=self.plant.lab)
        return self.lot


# --- a line of each verb, with what the attempt changes ------------------------------------------


def receipt(s: Scene, **kwargs: Any) -> stock.Receipt:
    line = {"material": s.material, "number": "R1", "quantity": D(1), "location": s.plant.a1}
    return stock.Receipt(**(line | kwargs))


def announcement(s: Scene, **kwargs: Any) -> stock.Announcement:
    return stock.Announcement(**{"material": s.material, "number": "R1"} | kwargs)


def again(lot: Lot, **kwargs: Any) -> stock.Announcement:
    """A lot that is known, as somebody else knows it."""
    return stock.Announcement(material=lot.material, number=lot.number, **kwargs)


def move(s: Scene, **kwargs: Any) -> stock.Move:
    return stock.Move(**({"lot": s.lot, "target": s.plant.a2} | kwargs))


def by_plan(s: Scene, characteristic: str, value: str, **kwargs: Any) -> quality.Result:
    """A result of a lot whose material has a plan in force."""
    if not InspectionPlan.objects.exists():
        in_force(s.plant, s.material)
    line = {"lot": s.lot, "characteristic": characteristic, "value": value}
    return quality.Result(**(line | kwargs))


def whole(s: Scene, **kwargs: Any) -> tuple[quality.Result, ...]:
    """All that the plan asks for."""
    return (by_plan(s, "Identity", "pass"), *results(s.lot, **kwargs)[1:])


def planned(s: Scene, outcome: str = "", value: str = "90") -> Inspection:
    """An inspection by plan that failed, mostly, and what was decided on it."""
    lines = (whole(s)[0], *results(s.lot, value, value)[1:])
    [made] = s.plant.do(quality.record_inspection, *lines, by=s.plant.lab)
    if outcome:
        s.plant.do(quality.dispose_inspection, verdict(s, made, outcome=outcome))
    return Inspection.objects.get(pk=made.pk)


def verdict(s: Scene, inspection: Inspection, **kwargs: Any) -> quality.Verdict:
    line = {"inspection": inspection, "outcome": "accept", "reason": "r"}
    return quality.Verdict(**(line | kwargs))


def received_by_plan(s: Scene) -> Lot:
    material = s.plant.material()
    in_force(s.plant, material)
    return s.plant.lot(material=material, released=False)


def removal(s: Scene, **kwargs: Any) -> stock.Removal:
    return stock.Removal(**({"lot": s.lot, "quantity": D(1), "reason": "r"} | kwargs))


def count(s: Scene, **kwargs: Any) -> stock.Count:
    line = {"lot": s.lot, "location": s.plant.a1, "quantity": D(90), "reason": "r"}
    return stock.Count(**(line | kwargs))


def signed(kind: type[Any], s: Scene, **kwargs: Any) -> Any:
    line = {"lot": s.lot, "meaning": Meaning.APPROVAL, "reason": "r", "password": "secret"} | kwargs
    return kind(**{name: value for name, value in line.items() if value is not None})


def to_lift(s: Scene, **kwargs: Any) -> quality.Lift:
    return signed(quality.Lift, s, hold=s.plant.hold(lot=s.lot), lot=None, **kwargs)


def to_countersign(s: Scene, **kwargs: Any) -> quality.Countersignature:
    return signed(quality.Countersignature, s, proposal=s.proposed(), lot=None, **kwargs)


def changed_after(s: Scene, line: Any) -> Any:
    s.spread()
    return line


def to_stage(s: Scene, **kwargs: Any) -> staging.Staging:
    line = {"demand": kwargs.pop("demand", None) or s.order(), "lot": s.lot, "lane": s.plant.l1}
    return staging.Staging(**(line | kwargs))


def demand(s: Scene, **kwargs: Any) -> staging.NewDemand:
    line = {
        "reference": "NEW", "kind": "production", "site": s.plant.site,
        "needed_at": s.plant.now, "requirements": (need(s),),
    }  # fmt: skip
    return staging.NewDemand(**(line | kwargs))


def need(s: Scene, **kwargs: Any) -> staging.Need:
    return staging.Need(**({"material": s.material, "quantity": D(5)} | kwargs))


def change(s: Scene, of: Demand, *needs: staging.Need, **kwargs: Any) -> staging.DemandChange:
    return staging.DemandChange(**{"demand": of, "reason": "r", "requirements": needs} | kwargs)


def output(s: Scene, **kwargs: Any) -> staging.Output:
    order = kwargs.pop("demand", None) or s.order(product=kwargs.pop("product", s.material))
    line = {"demand": order, "number": "F1", "quantity": D(1), "location": s.plant.a2}
    return staging.Output(**(line | kwargs))


def borrowing(s: Scene, **kwargs: Any) -> staging.Borrowing:
    borrower = kwargs.pop("borrower", None) or s.order(30)
    line = {"lot": s.lot, "borrower": borrower, "reason": "r", "demand": kwargs.pop("of", None)}
    return staging.Borrowing(**(line | kwargs))


def undo(movement: Movement, reason: str = "r") -> stock.Reversal:
    return stock.Reversal(movement=movement, reason=reason)


def end(of: Demand, reason: str = "r") -> staging.DemandEnd:
    return staging.DemandEnd(demand=of, reason=reason)


Attempt = Callable[[Scene], Any]
"""Sets the scene and gives the line, or the lines, that are refused."""


def on_committed(line: Callable[..., Any], reach: Callable[..., Any]) -> dict[str, Attempt]:
    """What every verb refuses that takes from commitments; `reach` brings a demand that far."""

    def two_demands(s: Scene) -> Any:
        reach(s)
        reach(s)
        return line(s)

    def too_much(s: Scene) -> Any:
        reach(s)
        return line(s, quantity=D(21))

    return {
        "not_committed": lambda s: line(s),
        "demand_needed": two_demands,
        "not_enough": too_much,
    }


def after(first: Callable[[], Any], then: Callable[[], Any]) -> Any:
    first()
    return then()


def in_two_lanes(s: Scene, line: Any) -> Any:
    order = s.staged("l1")
    s.staged("l2", demand=order)
    return line(s)


def at_two_centres(s: Scene, line: Any) -> Any:
    order = s.issued()
    other = LocationFactory(site=s.plant.site, code="WC2", kind="work_center")
    s.staged(demand=order)
    s.plant.do(staging.issue, staging.Issue(lot=s.lot, work_center=other))
    return line(s)


def unstaging(s: Scene, **kwargs: Any) -> staging.Unstaging:
    return staging.Unstaging(**({"lot": s.lot, "target": s.plant.a1} | kwargs))


def issue(s: Scene, **kwargs: Any) -> staging.Issue:
    return staging.Issue(lot=s.lot, **kwargs)


def consumption(s: Scene, **kwargs: Any) -> staging.Consumption:
    return staging.Consumption(lot=s.lot, **kwargs)


def remainder(s: Scene, **kwargs: Any) -> staging.Remainder:
    return staging.Remainder(**({"lot": s.lot, "target": s.plant.a1} | kwargs))


def loading(s: Scene, **kwargs: Any) -> staging.Loading:
    return staging.Loading(**({"lot": s.lot, "vehicle": s.plant.truck} | kwargs))


def shipping(s: Scene, **kwargs: Any) -> staging.Shipping:
    of = kwargs.pop("demand", None) or Demand.objects.first() or s.shipment()
    return staging.Shipping(lot=s.lot, demand=of, **kwargs)


def deallocation(s: Scene, **kwargs: Any) -> staging.Deallocation:
    return staging.Deallocation(lot=s.lot, **kwargs)


def staged_shipment(s: Scene) -> Demand:
    return s.staged("dock", demand=s.shipment())


def ruled(s: Scene, effect: str) -> Any:
    """Staging under a stricter rule beside the one that allows it."""
    rule_set = RuleSet.objects.create(
        version=2, note="n", activated_at=s.plant.now, activated_by=s.plant.qa.user
    )
    for said in ("allow", effect):
        UsageRule.objects.create(rule_set=rule_set, status="released", effect=said)
    return to_stage(s)


def lane_full(s: Scene, line: Any) -> Any:
    Location.objects.update(capacity=1)
    s.plant.stage(s.plant.order((s.elsewhere().material, 5)), Lot.objects.get(number="X1"))
    s.plant.l1.refresh_from_db()
    return line


def needs_lot(s: Scene) -> Demand:
    other = s.plant.lot(5, material=s.material, number="L2")
    line = demand(s, requirements=(need(s, lot=other),))
    made: Demand = s.plant.do(staging.create_demand, line)[0]
    return made


def two_of_material(s: Scene) -> tuple[Any, ...]:
    return (need(s), need(s))


def foreign(s: Scene) -> staging.Need:
    return need(s, lot=s.elsewhere())


def reopened_stock(s: Scene) -> Any:
    """A demand that got other stock after an unstaging, which is then undone."""
    order = s.order(20)
    s.staged(demand=order)
    s.plant.do(staging.unstage, unstaging(s))
    movement = s.last()
    s.staged(demand=order)
    return undo(movement)


def split(s: Scene, *, hold: bool) -> Any:
    line = stock.Split(lot=s.lot, number="P1", quantity=D(5))
    part = s.plant.do(quality.split_lot, line)[0]
    if hold:
        s.plant.hold(lot=part)
    else:
        s.plant.do(quality.reject, signed(quality.Rejection, s, lot=part), by=s.plant.qa)
    return undo(s.last())


def unpacked_then_moved(s: Scene) -> Any:
    box = s.box(full=True)
    s.plant.do(stock.unpack, stock.Pack(lot=s.lot, container=box))
    movement = s.last()
    s.plant.do(stock.move_container, stock.MoveContainer(container=box, target=s.plant.a2))
    return undo(movement)


def move_box(s: Scene, to: str = "a2", **kwargs: Any) -> stock.MoveContainer:
    return stock.MoveContainer(container=s.box(**kwargs), target=getattr(s.plant, to))


def merged(s: Scene) -> tuple[Lot, Lot]:
    return s.lot, s.plant.lot(5, material=s.material, number="L2")


def merge(s: Scene) -> stock.Merge:
    lot, into = merged(s)
    return stock.Merge(lot=lot, into=into)


REFUSALS: dict[str, dict[str, Attempt]] = {
    "receive": {
        "material_inactive": lambda s: receipt(s, material=_inactive(s.material)),
        "number_needed": lambda s: receipt(s, number=" "),
        "wrong_location_kind": lambda s: receipt(s, location=s.plant.l1),
        "location_closed": lambda s: receipt(s, location=s.closed("a2")),
        "lot_differs": lambda s: receipt(s, number="L1", expires_on=s.today),
        "lot_already_decided": lambda s: receipt(s, number="L1"),
        "serial_twice": lambda s: receipt(
            s, material=_trusted(s.serial()), number="S1", quantity=D(1)
        ),
        "serial_is_one": lambda s: receipt(s, material=s.serial().material, quantity=D(2)),
        "expiry_before_made": lambda s: receipt(
            s, made_on=s.today, expires_on=s.today - timedelta(days=1)
        ),
        "date_too_late": lambda s: receipt(
            s, material=s.plant.material(shelf_life_days=9), made_on=date.max
        ),
        "container_elsewhere": lambda s: receipt(s, container=s.box(at="a2")),
    },
    "announce": {
        "material_inactive": lambda s: announcement(s, material=_inactive(s.material)),
        "number_needed": lambda s: announcement(s, number=" "),
        "lot_differs": lambda s: again(s.plant.lot(expires_in=30), expires_on=s.today),
        "lot_already_decided": lambda s: again(s.plant.lot(), supplier_lot="B"),
        "expiry_before_made": lambda s: announcement(
            s, made_on=s.today, expires_on=s.today - timedelta(days=1)
        ),
        "date_too_late": lambda s: announcement(
            s, material=s.plant.material(shelf_life_days=9), made_on=date.max
        ),
    },
    "put_away": {
        "wrong_location_kind": lambda s: move(s, target=s.plant.truck),
        "location_closed": lambda s: move(s, target=s.closed("a2")),
        "not_here": lambda s: move(s, source=s.plant.cage),
        "source_needed": lambda s: after(s.spread, lambda: move(s, target=s.plant.cage)),
        "not_enough": lambda s: move(s, quantity=D(101)),
        "same_place": lambda s: move(s, target=s.plant.a1),
    },
    "scrap": {
        "reason_needed": lambda s: removal(s, reason=" "),
        "not_enough": lambda s: removal(s, quantity=D(101)),
        "not_here": lambda s: removal(s, source=s.plant.a2),
        "source_needed": lambda s: after(s.spread, lambda: removal(s)),
    },
    "adjust": {
        "reason_needed": lambda s: count(s, reason=""),
        "below_claims": lambda s: after(s.reserved, lambda: count(s, quantity=D(19))),
        "counted_twice": lambda s: (count(s), count(s)),
        "container_elsewhere": lambda s: count(s, container=s.box(at="a2")),
        "wrong_location_kind": lambda s: count(s, location=s.plant.customer),
        "location_closed": lambda s: count(s, location=s.closed("a1")),
        "serial_twice": lambda s: count(
            s, lot=s.serial(), location=s.plant.a2, quantity=D(1)
        ),
        "serial_is_one": lambda s: count(s, lot=s.serial(), quantity=D(3)),
    },
    "new_container": {
        "code_taken": lambda s: stock.NewContainer(code=s.box().code, location=s.plant.a1),
        "bad_code": lambda s: stock.NewContainer(code="a b", location=s.plant.a1),
        "bad_sscc": lambda s: stock.NewContainer(code="B", sscc="1" * 18, location=s.plant.a1),
        "wrong_location_kind": lambda s: stock.NewContainer(code="B", location=s.plant.customer),
        "no_gs1_prefix": lambda s: stock.NewContainer(
            code="B", location=s.plant.a1, numbered=True
        ),
        "sscc_exhausted": lambda s: stock.NewContainer(
            code="B", location=s.all_given_out(), numbered=True
        ),
    },
    "number_container": {
        "no_gs1_prefix": lambda s: stock.Numbering(container=s.box()),
        "numbered_already": lambda s: stock.Numbering(container=s.numbered_box()),
        "sscc_exhausted": lambda s: stock.Numbering(container=(s.all_given_out(), s.box())[1]),
    },
    "pack": {
        "not_here": lambda s: stock.Pack(lot=s.lot, container=s.box(at="a2")),
        "not_enough": lambda s: stock.Pack(lot=s.lot, container=s.box(), quantity=D(101)),
    },
    "unpack": {
        "not_here": lambda s: stock.Pack(lot=s.lot, container=s.box()),
        "not_enough": lambda s: stock.Pack(
            lot=s.lot, container=s.box(full=True), quantity=D(101)
        ),
    },
    "move_container": {
        "container_claimed": lambda s: after(
            lambda: (s.box(full=True), s.reserved()),
            lambda: stock.MoveContainer(container=Container.objects.get(), target=s.plant.a2),
        ),
        "wrong_location_kind": lambda s: move_box(s, "l1"),
        "location_closed": lambda s: after(lambda: s.closed("a2"), lambda: move_box(s)),
        "same_place": lambda s: move_box(s, "a1", full=True),
    },
    "merge_lots": {
        "lot_on_hold": lambda s: after(lambda: s.plant.hold(lot=s.lot), lambda: merge(s)),
        "lot_restricted": lambda s: after(
            lambda: RestrictedUse.objects.create(lot=s.lot, reference="D"), lambda: merge(s)
        ),
    },
    "reverse_stock": {
        "already_reversed": lambda s: after(
            lambda: s.plant.do(stock.reverse, undo(s.last())), lambda: undo(s.lot.movements.first())
        ),
        "bound_movement": lambda s: after(s.staged, lambda: undo(s.last())),
        "container_elsewhere": unpacked_then_moved,
        "lots_differ": lambda s: split(s, hold=False),
        "not_enough": lambda s: after(s.reserved, lambda: undo(s.last())),
        "reason_needed": lambda s: undo(s.last(), " "),
        "reversal_of_reversal": lambda s: after(
            lambda: s.plant.do(stock.reverse, undo(s.last())), lambda: undo(s.last())
        ),
    },
    "reverse": {
        "already_reversed": lambda s: after(
            lambda: s.plant.do(staging.reverse, undo(s.last())),
            lambda: undo(s.lot.movements.first()),
        ),
        "container_elsewhere": unpacked_then_moved,
        "demand_closed": lambda s: after(lambda: s.ended(s.staged()), lambda: undo(s.last())),
        "lot_on_hold": lambda s: split(s, hold=True),
        "lots_differ": lambda s: split(s, hold=False),
        "more_than_required": reopened_stock,
        "not_committed": lambda s: after(s.issued, lambda: undo(_of_kind(s, "stage"))),
        "not_enough": lambda s: after(s.reserved, lambda: undo(s.last())),
        "reason_needed": lambda s: undo(s.last(), ""),
        "reversal_of_reversal": lambda s: after(
            lambda: s.plant.do(staging.reverse, undo(s.last())), lambda: undo(s.last())
        ),
    },
    "place_hold": {
        "hold_target": lambda s: quality.NewHold(reason="r", lot=s.lot, material=s.material),
        "reason_needed": lambda s: quality.NewHold(reason="", lot=s.lot),
    },
    "lift_hold": {
        "hold_not_open": lambda s: (
            to_lift(s),
        ) * 2,
        "reason_needed": lambda s: to_lift(s, reason=" "),
        "signer_placed_hold": lambda s: after(s.two_people, lambda: to_lift(s)),
    },
    "record_inspection": {
        "result_not_a_number": lambda s: quality.Result(
            lot=s.lot, characteristic="c", value="x", lower=D(1)
        ),
        "limits_crossed": lambda s: quality.Result(
            lot=s.lot, characteristic="c", value="1", lower=D(2), upper=D(1)
        ),
        "limit_out_of_range": lambda s: quality.Result(
            lot=s.lot, characteristic="c", value="1", lower=D("NaN")
        ),
        "characteristic_unknown": lambda s: by_plan(s, "Odour", "none"),
        "sample_unknown": lambda s: by_plan(s, "Assay", "99", sample=3),
        "plan_differs": lambda s: by_plan(s, "Assay", "99", unit="mg"),
        "result_not_pass_or_fail": lambda s: by_plan(s, "Identity", "fine"),
        "result_too_fine": lambda s: by_plan(s, "Assay", "99.55"),
        "result_implausible": lambda s: by_plan(s, "Assay", "9"),
        "result_twice": lambda s: (*whole(s), by_plan(s, "Identity", "pass")),
        "result_missing": lambda s: by_plan(s, "Identity", "pass"),
        "disposition_needed": lambda s: after(lambda: planned(s), lambda: whole(s)),
    },
    "dispose_inspection": {
        "reason_needed": lambda s: verdict(s, planned(s), reason=" "),
        "inspection_passed": lambda s: verdict(s, planned(s, value="99")),
        "inspection_superseded": lambda s: verdict(
            s, after(lambda: planned(s, "reinspect"),
                     lambda: (Inspection.objects.get(), planned(s))[0]),
        ),
        "reinspection_due": lambda s: verdict(s, planned(s, "reinspect")),
        "disposer_recorded_results": lambda s: after(
            lambda: setattr(s.plant, "operator", s.plant.lab),
            lambda: verdict(s, planned(s)),
        ),
    },
    "release": {
        "reason_needed": lambda s: signed(quality.Release, s, reason=""),
        "wrong_status": lambda s: after(
            lambda: s.status("rejected"), lambda: signed(quality.Release, s)
        ),
        "signer_recorded_result": lambda s: after(
            lambda: (s.inspected(passed=True), setattr(s.plant, "qa", s.plant.lab)),
            lambda: signed(quality.Release, s),
        ),
        "inspection_due": lambda s: signed(quality.Release, s, lot=received_by_plan(s)),
        "disposition_needed": lambda s: signed(quality.Release, s, lot=planned(s).lot),
        "inspection_failed": lambda s: signed(quality.Release, s, lot=s.inspected(passed=False)),
        "lot_expired": lambda s: signed(quality.Release, s, lot=s.dated(expires_on=-1)),
        "lot_retest_due": lambda s: signed(quality.Release, s, lot=s.dated(retest_on=-1)),
        "lot_changed": lambda s: signed(quality.Release, s, expected="another"),
        "signer_placed_hold": lambda s: after(
            lambda: (s.two_people(), s.plant.hold(lot=s.lot)), lambda: signed(quality.Release, s)
        ),
    },
    "countersign": {
        "reason_needed": lambda s: to_countersign(s, reason=" "),
        "proposal_closed": lambda s: (to_countersign(s),) * 2,
        "same_signer": lambda s: after(
            lambda: setattr(s.plant, "qa", s.plant.lab), lambda: to_countersign(s)
        ),
        "lot_changed": lambda s: changed_after(s, to_countersign(s)),
    },
    "withdraw_proposal": {
        "reason_needed": lambda s: quality.Withdrawal(proposal=s.proposed(), reason=" "),
        "proposal_closed": lambda s: (quality.Withdrawal(proposal=s.proposed(), reason="r"),) * 2,
    },
    "restrict": {
        "references_needed": lambda s: signed(quality.Restriction, s, references=(" ",)),
        "until_passed": lambda s: signed(
            quality.Restriction, s, references=("D",), until=s.today - timedelta(days=1)
        ),
    },
    "reject": {
        "lot_changed": lambda s: signed(quality.Rejection, s, expected="another"),
        "reason_needed": lambda s: signed(quality.Rejection, s, reason=""),
        "wrong_status": lambda s: signed(quality.Rejection, s, lot=s.status("closed")),
    },
    "reopen": {
        "lot_changed": lambda s: signed(quality.Reopening, s, expected="another"),
        "reason_needed": lambda s: signed(quality.Reopening, s, reason=""),
        "wrong_status": lambda s: signed(quality.Reopening, s, lot=s.status("quarantine")),
    },
    "close_lot": {
        "lot_changed": lambda s: signed(quality.Closing, s, expected="another"),
        "reason_needed": lambda s: signed(quality.Closing, s, reason=""),
        "wrong_status": lambda s: signed(quality.Closing, s, lot=s.status("closed")),
        "still_on_hand": lambda s: signed(quality.Closing, s),
    },
    "create_demand": {
        "reference_taken": lambda s: demand(s, reference=s.order().reference),
        "requirements_needed": lambda s: demand(s, requirements=()),
        "material_twice": lambda s: demand(s, requirements=two_of_material(s)),
        "other_material": lambda s: demand(s, requirements=(foreign(s),)),
        "customer_needed": lambda s: demand(s, kind="shipment"),
        "wrong_location_kind": lambda s: demand(s, work_center=s.plant.a1),
        "location_closed": lambda s: demand(s, work_center=s.closed("wc")),
    },
    "change_demand": {
        "reason_needed": lambda s: change(s, s.order(), reason=" "),
        "demand_closed": lambda s: change(s, s.ended()),
        "material_twice": lambda s: change(s, s.order(), *two_of_material(s)),
        "other_material": lambda s: change(s, s.order(), foreign(s)),
        "below_committed": lambda s: change(s, s.staged(), need(s)),
        "wrong_location_kind": lambda s: change(s, s.order(), work_center=s.plant.a1),
        "location_closed": lambda s: change(s, s.order(), work_center=s.closed("wc")),
    },
    "cancel_demand": {
        "reason_needed": lambda s: end(s.order(), ""),
        "demand_closed": lambda s: end(s.ended()),
        "demand_started": lambda s: end(s.issued()),
    },
    "complete_demand": {
        "reason_needed": lambda s: end(s.order(), ""),
        "demand_closed": lambda s: end(s.ended()),
        "still_issued": lambda s: end(s.issued()),
    },
    "allocate": {
        "demand_closed": lambda s: staging.AllocationLine(demand=s.ended()),
        "not_required": lambda s: staging.AllocationLine(demand=s.order(), lot=s.elsewhere()),
        "other_lot_required": lambda s: staging.AllocationLine(demand=needs_lot(s), lot=s.lot),
        "more_than_required": lambda s: staging.AllocationLine(
            demand=s.order(), lot=s.lot, quantity=D(61)
        ),
        "lot_needed": lambda s: staging.AllocationLine(demand=s.order(), quantity=D(1)),
        "nothing_to_allocate": lambda s: staging.AllocationLine(
            demand=s.plant.order((s.plant.material(), 1))
        ),
    },
    "deallocate": on_committed(deallocation, lambda s: s.reserved())
    | {
        "lane_needed": lambda s: after(
            lambda: (s.spread(), s.reserved(d := s.order(), source=s.plant.a1),
                     s.reserved(d, source=s.plant.a2)),
            lambda: deallocation(s),
        ),
    },
    "stage": {
        "lot_on_hold": lambda s: after(lambda: s.plant.hold(lot=s.lot), lambda: to_stage(s)),
        "lot_expired": lambda s: to_stage(s, lot=s.dated(expires_on=-1)),
        "lot_retest_due": lambda s: to_stage(s, lot=s.dated(retest_on=-1)),
        "time_out_exceeded": lambda s: after(
            lambda: Lot.objects.update(out_ends_at=timezone.now() - timedelta(hours=1)),
            lambda: to_stage(s),
        ),
        "lot_quarantine": lambda s: to_stage(s, lot=s.status("quarantine")),
        "lot_rejected": lambda s: to_stage(s, lot=s.status("rejected")),
        "lot_closed": lambda s: to_stage(s, lot=s.status("closed")),
        "lot_restricted": lambda s: to_stage(s, lot=s.status("restricted")),
        "rule_denies": lambda s: ruled(s, "deny"),
        "reason_needed": lambda s: ruled(s, "reason"),
        "shelf_life_short": lambda s: after(
            lambda: Material.objects.update(min_remaining_days=9),
            lambda: to_stage(s, lot=s.dated(expires_on=8)),
        ),
        "demand_closed": lambda s: to_stage(s, demand=s.ended()),
        "not_required": lambda s: to_stage(s, lot=s.elsewhere()),
        "other_lot_required": lambda s: to_stage(s, demand=needs_lot(s)),
        "more_than_required": lambda s: to_stage(s, quantity=D(61)),
        "not_here": lambda s: to_stage(s, source=s.plant.a2),
        "source_needed": lambda s: after(s.spread, lambda: to_stage(s)),
        "not_enough": lambda s: after(
            s.spread, lambda: to_stage(s, source=s.plant.a1, quantity=D(55))
        ),
        "lane_full": lambda s: lane_full(s, to_stage(s)),
        "wrong_location_kind": lambda s: to_stage(s, lane=s.plant.a2),
        "location_closed": lambda s: to_stage(s, lane=s.closed("l1")),
        "same_place": lambda s: to_stage(s, source=s.plant.l1),
        "stands_in_quarantine": lambda s: after(
            lambda: s.plant.do(stock.move, move(s, target=s.plant.cage)),
            lambda: to_stage(s, source=s.plant.cage),
        ),
        "serial_is_one": lambda s: after(
            lambda: s.serial(),
            lambda: to_stage(
                s, lot=(one := Lot.objects.get(number="S1")), quantity=D("0.5"),
                demand=s.plant.order((one.material, 1)),
            ),
        ),
    },
    "unstage": on_committed(unstaging, lambda s: s.staged())
    | {
        "lane_needed": lambda s: in_two_lanes(s, unstaging),
        "wrong_location_kind": lambda s: after(s.staged, lambda: unstaging(s, target=s.plant.l2)),
        "location_closed": lambda s: after(
            s.staged, lambda: unstaging(s, target=s.closed("a2"))
        ),
    },
    "transfer": {
        "same_place": lambda s: after(
            s.staged, lambda: staging.Transfer(lot=s.lot, target=s.plant.l1)
        ),
        "lane_full": lambda s: after(
            lambda: s.staged("l2"),
            lambda: lane_full(s, staging.Transfer(lot=s.lot, target=s.plant.l1)),
        ),
    },
    "borrow": {
        "reason_needed": lambda s: after(s.staged, lambda: borrowing(s, reason=" ")),
        "demand_closed": lambda s: after(s.staged, lambda: borrowing(s, borrower=s.ended())),
        "not_required": lambda s: after(
            s.staged, lambda: borrowing(s, borrower=s.plant.order((s.plant.material(), 1)))
        ),
        "other_lot_required": lambda s: after(
            s.staged, lambda: borrowing(s, borrower=needs_lot(s))
        ),
        "more_than_required": lambda s: after(
            s.staged, lambda: borrowing(s, borrower=s.order(10), quantity=D(11))
        ),
        "same_demand": lambda s: borrowing(s, borrower=s.staged()),
    },
    "issue": on_committed(issue, lambda s: s.staged())
    | {
        "lane_needed": lambda s: in_two_lanes(s, issue),
        "work_center_needed": lambda s: after(
            lambda: (s.staged(), Demand.objects.update(work_center=None)), lambda: issue(s)
        ),
        "wrong_location_kind": lambda s: after(s.staged, lambda: issue(s, work_center=s.plant.a1)),
        "location_closed": lambda s: after(
            s.staged, lambda: issue(s, work_center=s.closed("wc"))
        ),
        "wrong_demand_kind": lambda s: after(lambda: staged_shipment(s), lambda: issue(s)),
    },
    "consume": on_committed(consumption, lambda s: s.issued())
    | {
        "lane_needed": lambda s: at_two_centres(s, consumption),
        "wrong_demand_kind": lambda s: after(s.loaded, lambda: consumption(s)),
    },
    "return_remainder": on_committed(remainder, lambda s: s.issued())
    | {
        "lane_needed": lambda s: at_two_centres(s, remainder),
        "wrong_location_kind": lambda s: after(s.issued, lambda: remainder(s, target=s.plant.l1)),
        "location_closed": lambda s: after(s.issued, lambda: remainder(s, target=s.closed("a2"))),
        "wrong_demand_kind": lambda s: after(s.loaded, lambda: remainder(s)),
    },
    "produce": {
        "product_needed": lambda s: output(s, product=None),
        "lot_exists": lambda s: output(s, number="L1"),
        "number_needed": lambda s: output(s, number=" "),
        "wrong_demand_kind": lambda s: output(s, demand=s.shipment()),
        "demand_closed": lambda s: output(s, demand=s.ended(s.order(product=s.material))),
        "requirements_needed": lambda s: after(
            lambda: s.order(product=s.material).requirements.all().delete(),
            lambda: output(s, demand=Demand.objects.get()),
        ),
        "wrong_location_kind": lambda s: output(s, location=s.plant.truck),
        "location_closed": lambda s: output(s, location=s.closed("a2")),
        "expiry_before_made": lambda s: output(s, expires_on=s.today - timedelta(days=1)),
        "date_too_late": lambda s: output(
            s, product=s.plant.material(shelf_life_days=9), made_on=date.max
        ),
        "serial_is_one": lambda s: output(s, product=s.serial().material, quantity=D(2)),
        "lane_full": lambda s: lane_full(s, output(s, location=s.plant.l1)),
    },
    "load": on_committed(loading, staged_shipment)
    | {
        "lane_needed": lambda s: after(
            lambda: s.staged("l1", demand=staged_shipment(s)), lambda: loading(s)
        ),
        "wrong_demand_kind": lambda s: after(s.staged, lambda: loading(s)),
        "wrong_location_kind": lambda s: after(
            lambda: staged_shipment(s), lambda: loading(s, vehicle=s.plant.a1)
        ),
        "location_closed": lambda s: after(
            lambda: staged_shipment(s), lambda: loading(s, vehicle=s.closed("truck"))
        ),
    },
    "unload": {
        "lane_full": lambda s: after(
            s.loaded, lambda: lane_full(s, staging.Unloading(lot=s.lot, target=s.plant.l1))
        ),
    },
    "ship": {
        "wrong_demand_kind": lambda s: after(s.staged, lambda: shipping(s)),
        "not_committed": lambda s: shipping(s),
        "lane_needed": lambda s: after(
            lambda: s.staged("l1", demand=staged_shipment(s)), lambda: shipping(s)
        ),
        "not_enough": lambda s: after(
            lambda: staged_shipment(s), lambda: shipping(s, quantity=D(21))
        ),
    },
    "acknowledge": {
        "reason_needed": lambda s: staging.Acknowledgement(alert=s.alert(), reason=" "),
        "alert_acknowledged": lambda s: (
            staging.Acknowledgement(alert=s.alert(), reason="r"),
        ) * 2,
        "alert_closed": lambda s: staging.Acknowledgement(alert=_gone(s.alert()), reason="r"),
    },
    "snooze": {
        "reason_needed": lambda s: snoozing(s, reason=" "),
        "alert_closed": lambda s: snoozing(s, alert=_gone(s.alert())),
        "snooze_of_critical": lambda s: snoozing(s, alert=s.alert()),
        "snooze_end_needed": lambda s: snoozing(s, minutes=None),
        "snooze_in_past": lambda s: snoozing(s, minutes=0),
        "snooze_too_long": lambda s: snoozing(s, minutes=10**12),
        "snooze_not_allowed": lambda s: after(
            lambda: AlertRule.objects.update(snooze_at_most=None), lambda: snoozing(s)
        ),
    },
    "wake": {
        "alert_closed": lambda s: staging.Waking(alert=_gone(s.alert())),
        "alert_not_snoozed": lambda s: staging.Waking(alert=s.alert()),
    },
    "assign_alert": {
        "alert_closed": lambda s: staging.Assigning(alert=_gone(s.alert())),
        "alert_assigned": lambda s: staging.Assigning(alert=s.alert()),
        "assignee_unknown": lambda s: staging.Assigning(alert=s.alert(), assignee="nobody-here"),
        "assignee_not_able": lambda s: staging.Assigning(
            alert=s.alert(), assignee=UserFactory().username
        ),
    },
}  # fmt: skip

ONLY_IN_A_RACE = {
    ("move_container", "container_busy"), ("change_demand", "demand_busy"),
    ("cancel_demand", "demand_busy"), ("complete_demand", "demand_busy"),
}  # fmt: skip
ONLY_BY_SETTING = {("release", "review_needed")}
"""Tested in `test_signatures`."""
NOT_VERBS = {
    "save_master", "remove_master", "activate_rules", "change_rules", "draft_rules", "draft_plan",
    "activate_dwell", "change_dwell", "draft_dwell", "enforce_dwell", "write_dwell",
    "put_calendar", "put_special_day", "end_alert_rule",
    "change_plan", "approve_plan", "withdraw_plan", "attach",
}  # fmt: skip
"""Tested with the admin, or on their own: they take no lines."""


def _inactive(material: Material) -> Material:
    material.is_active = False
    return material


def _trusted(lot: Lot) -> Material:
    """More of a decided lot may come when receipts start out as it is."""
    lot.material.initial_status = lot.status
    lot.material.save()
    return lot.material


def _of_kind(s: Scene, kind: str) -> Movement:
    return Movement.objects.filter(kind=kind).latest("pk")


def snoozing(s: Scene, **kwargs: Any) -> staging.Snooze:
    """Of an alert that everybody may put off, unless another is given."""
    if "alert" not in kwargs:
        kwargs["alert"] = s.alert()
        Alert.objects.update(severity="warning")
    return staging.Snooze(**({"minutes": 5, "reason": "r"} | kwargs))


def _gone(alert: Alert) -> Alert:
    Alert.objects.update(closed_at=timezone.now())
    return alert


CASES = [(verb, code) for verb, cases in REFUSALS.items() for code, case in cases.items() if case]
SIGNED = (
    "release", "restrict", "reject", "reopen", "close_lot", "lift_hold", "countersign",
)  # fmt: skip


@built_once
def scene(plant: Plant) -> Scene:
    return Scene(plant)


@pytest.mark.parametrize(("verb", "code"), CASES)
def test_refuses(scene: Scene, verb: str, code: str) -> None:
    plant = scene.plant
    lines = REFUSALS[verb][code](scene)
    lines = lines if isinstance(lines, tuple) else (lines,)
    before = Movement.objects.count()
    with refused(code):
        plant.do(verbs()[verb], *lines, by=plant.qa if verb in SIGNED else None)
    assert Movement.objects.count() == before


def test_every_code_of_every_docstring_is_brought_about() -> None:
    named = {(name, code) for name, verb in verbs().items() for code in own(verb)}
    named = {pair for pair in named - ONLY_IN_A_RACE - ONLY_BY_SETTING if pair[0] not in NOT_VERBS}
    assert named == set(CASES)


@pytest.mark.parametrize("verb", ["issue", "consume", "load", "ship", "transfer", "assign"])
def test_what_is_held_goes_no_further(scene: Scene, verb: str) -> None:
    s, plant = scene, scene.plant
    if verb == "assign":
        order = s.staged()
        plant.do(staging.unstage, unstaging(s, target=plant.l1))
    elif verb == "consume":
        order = s.issued()
    else:
        order = staged_shipment(s) if verb in ("load", "ship") else s.staged()
    plant.hold(lot=s.lot)
    line = {
        "issue": lambda: issue(s),
        "consume": lambda: consumption(s),
        "load": lambda: loading(s),
        "ship": lambda: shipping(s),
        "transfer": lambda: staging.Transfer(lot=s.lot, target=plant.l2),
        "assign": lambda: staging.Assignment(demand=order, lot=s.lot, lane=plant.l1),
    }[verb]()
    with refused("lot_on_hold"):
        plant.do(verbs()[verb], line)
