"""Lanes and demands are rebuilt as they stood. The random machine (tests/machine) compares them
with what was read at the time, after everything that can happen; here is what it does not do."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from inventory import actions as stock
from inventory.errors import Refused
from inventory.models import Container, Location, Lot, Unit
from quality import actions as quality
from quality.models import Meaning
from staging import actions as staging
from staging.alerting import clock as alarm
from staging.models import ClaimHistory, ClaimStep, Commitment, Demand
from staging.past import changes
from staging.past.board import board_then
from staging.past.kit import DemandStood, demand_then
from staging.past.moment import Known, Moment, require_past
from staging.past.standing import Lane, Stood, lanes_then
from tests.core.budget.counting import statements
from tests.past.conftest import MINUTE, NOON
from tests.plant import Plant

pytestmark = pytest.mark.django_db

Go = Callable[[float], datetime]


@pytest.fixture
def go(clock: time_machine.Traveller) -> Go:
    """Let minutes pass; the moment at which they have, and after which something may happen."""

    def on(minutes: float) -> datetime:
        clock.shift(timedelta(minutes=minutes))
        at = timezone.now()
        clock.shift(timedelta(seconds=1))
        return at

    return on


def lane(place: Location, at: datetime, known: Known = Known.NOW) -> Lane:
    return lanes_then([place], Moment(at, known)).lanes[0]


def quantities(rows: list[Stood]) -> dict[str, Decimal]:
    return {one.lot.number: one.quantity for one in rows}


def lines(demand: Demand, at: datetime, known: Known = Known.NOW) -> dict[int, list[Decimal]]:
    found: list[Any] = demand_then(demand, Moment(at, known)).kit.lines
    return {line.line: [line.quantity, line.reserved, line.staged, line.used] for line in found}


def test_what_was_entered_late_counts_when_it_happened_or_when_it_was_known(
    plant: Plant, go: Go
) -> None:
    lot = plant.lot(10, number="A")
    order = plant.order((lot.material, 8))
    happened = go(10)
    go(60)
    line = staging.Staging(demand=order, lot=lot, lane=plant.l1, quantity=Decimal(3))
    staging.stage(lines=[line], by=plant.operator, at=happened)
    between, after = happened + 20 * MINUTE, go(1)
    assert quantities(lane(plant.l1, between).staged) == {"A": 3}
    assert quantities(lane(plant.l1, between, Known.THEN).staged) == {}
    assert lane(plant.l1, happened).staged[0].since == happened
    assert quantities(lane(plant.l1, happened - MINUTE).staged) == {}
    assert quantities(lane(plant.l1, after, Known.THEN).staged) == {"A": 3}
    assert lines(order, between) == {1: [8, 0, 3, 0]}
    assert lines(order, between, Known.THEN) == {1: [8, 0, 0, 0]}


def test_what_was_added_later_with_an_earlier_time_made_it_older_only_then(
    plant: Plant, go: Go
) -> None:
    """Its age, and when it was to be warned of, were others as they were known before."""
    Location.objects.filter(pk=plant.l1.pk).update(dwell_limit=timedelta(hours=5))
    plant.l1.refresh_from_db()
    lot = plant.lot(10, number="A")
    order = plant.order((lot.material, 8))
    early, later = go(10), go(60)
    for at, quantity in ((later, 3), (early, 2)):
        between = go(1)
        line = staging.Staging(demand=order, lot=lot, lane=plant.l1, quantity=Decimal(quantity))
        staging.stage(lines=[line], by=plant.operator, at=at)
    [then] = lane(plant.l1, between, Known.THEN).staged
    [now] = lane(plant.l1, go(1), Known.THEN).staged
    assert [(one.quantity, one.since) for one in (then, now)] == [(3, later), (5, early)]
    assert then.claim
    assert now.claim
    assert then.claim.due_at == later + timedelta(hours=5)
    assert now.claim.due_at == early + timedelta(hours=5)


def test_claimed_times_that_contradict_each_other_are_said_to(plant: Plant, go: Go) -> None:
    lot = plant.lot(10, number="A")
    early, _late = go(10), go(60)
    plant.do(stock.put_away, stock.Move(lot=lot, target=plant.a2))
    plant.do(stock.move, stock.Move(lot=lot, target=plant.a1))
    order = plant.order((lot.material, 4))
    plant.stage(order, lot, quantity=4)
    line = staging.Unstaging(lot=lot, target=plant.a1)
    staging.unstage(lines=[line], by=plant.operator, at=early)  # before it was staged
    assert (lane(plant.l1, early + MINUTE).staged, lane(plant.l1, early + MINUTE).unclear) == (
        [],
        1,
    )
    assert lane(plant.l1, early + MINUTE, Known.THEN).unclear == 0


def test_units_containers_and_what_is_borrowed(plant: Plant, go: Go) -> None:
    lot = plant.lot(10, number="A")
    first, second = plant.order((lot.material, 8)), plant.order((lot.material, 8))
    plant.do(stock.new_container, stock.NewContainer(code="BOX", location=plant.a1))
    box = Container.objects.get()
    plant.do(stock.pack, stock.Pack(lot=lot, container=box, quantity=Decimal("2.5")))
    gram = Unit.objects.get(code="GRM")
    kilo = lot.material.units.create(unit=gram, numerator=1, denominator=1000)
    assert kilo
    line = staging.Staging(
        demand=first, lot=lot, lane=plant.l1, container=box, quantity=Decimal(2500), unit=gram
    )
    plant.do(staging.stage, line)
    packed = go(5)
    loan = staging.Borrowing(lot=lot, borrower=second, demand=first, reason="sooner",
                             quantity=Decimal(1))  # fmt: skip
    plant.do(staging.borrow, loan)
    lent = go(5)
    plant.do(staging.transfer, staging.Transfer(lot=lot, target=plant.l2, demand=first))
    go(5)
    [one] = lane(plant.l1, packed).staged
    assert (one.container, one.quantity, one.lot.material.base_unit_id) == (
        box,
        Decimal("2.5"),
        "KGM",
    )
    whose = {one.demand and one.demand.row: one.quantity for one in lane(plant.l1, lent).staged}
    assert whose == {first: Decimal("1.5"), second: Decimal(1)}
    assert lane(plant.l1, packed).occupied == lane(plant.l1, lent).occupied == 1


def test_what_quality_said_then(plant: Plant, go: Go) -> None:
    lot = plant.lot(10, number="A", expires_in=30)
    order = plant.order((lot.material, 8))
    plant.stage(order, lot, quantity=4)
    fine = go(5)
    hold = plant.hold(location=plant.l1)
    held = go(5)
    plant.lift(hold)
    lifted = go(5)
    sign = {"lot": lot, "meaning": Meaning.APPROVAL, "reason": "odd", "password": "secret"}
    plant.do(quality.reject, quality.Rejection(**sign), by=plant.qa)
    rejected = go(5)
    plant.do(quality.reopen, quality.Reopening(**sign), by=plant.qa)
    permit = quality.Restriction(**sign, references=(order.reference,))
    plant.do(quality.restrict, permit, by=plant.qa)
    restricted = go(5)
    retest = quality.Release(**sign, retest_on=date(2026, 5, 30))
    plant.do(quality.release, retest, by=plant.qa)
    expired = go(60 * 24 * 31)

    def said(at: datetime) -> tuple[str, list[str]]:
        [one] = lane(plant.l1, at).staged
        return one.status, one.stops

    assert said(fine) == ("released", [])
    assert said(held) == ("released", ["lot_on_hold"])
    assert lane(plant.l1, held).staged[0].holds == [hold]
    assert said(lifted) == ("released", [])
    assert said(rejected) == ("rejected", ["lot_rejected"])
    assert said(restricted) == ("restricted", [])
    assert said(expired) == ("released", ["lot_expired", "lot_retest_due"])
    assert demand_then(order, Moment(held)).blocked == {order.requirements.get().pk: Decimal(4)}


def test_a_retest_date_that_was_set_later_did_not_count_before(plant: Plant, go: Go) -> None:
    lot = plant.lot(10)
    Lot.objects.filter(pk=lot.pk).update(retest_on=date(2026, 5, 22))
    plant.stage(plant.order((lot.material, 8)), lot, quantity=4)
    due = go(60 * 24 * 4)
    sign = {"meaning": Meaning.APPROVAL, "reason": "fine", "password": "secret"}
    lot.refresh_from_db()
    again = quality.Release(lot=lot, **sign, retest_on=date(2027, 5, 22))
    plant.do(quality.reopen, quality.Reopening(lot=lot, **sign), by=plant.qa)
    plant.do(quality.release, again, by=plant.qa)
    now = go(5)
    assert lane(plant.l1, due).staged[0].stops == ["lot_retest_due"]
    assert lane(plant.l1, now).staged[0].stops == []


class TestDemands:
    def test_lines_are_what_they_were(self, plant: Plant, go: Go) -> None:
        """Also two lines of one material, of which one asks for a lot."""
        lot, other = plant.lot(50, number="A"), plant.material()
        line = staging.NewDemand(
            reference="PO", kind="production", site=plant.site, needed_at=NOON + 99 * MINUTE,  # type: ignore[arg-type]
            work_center=plant.wc, requirements=(
                staging.Need(material=lot.material, quantity=Decimal(8)),
                staging.Need(material=lot.material, quantity=Decimal(6), lot=lot),
            ),
        )  # fmt: skip
        [order] = plant.do(staging.create_demand, line)
        made = go(5)
        needs = (
            staging.Need(material=lot.material, quantity=Decimal(9)),
            staging.Need(material=lot.material, quantity=Decimal(0), lot=lot),
            staging.Need(material=other, quantity=Decimal(3)),
        )
        change = staging.DemandChange(
            demand=order, reason="new plan", requirements=needs, route="R7",
            needed_at=NOON + 300 * MINUTE,
        )  # fmt: skip
        plant.do(staging.change_demand, change)
        changed = go(5)
        order.refresh_from_db()
        before, after = (demand_then(order, Moment(at)) for at in (made, changed))
        assert lines(order, made) == {1: [8, 0, 0, 0], 2: [6, 0, 0, 0]}
        assert lines(order, changed) == {1: [9, 0, 0, 0], 2: [0, 0, 0, 0], 3: [3, 0, 0, 0]}
        assert (before.demand.needed_at, before.demand.route) == (NOON + 99 * MINUTE, "")
        assert (after.demand.needed_at, after.demand.route) == (NOON + 300 * MINUTE, "R7")

    def test_one_that_was_cut_down_while_it_ran(self, plant: Plant, go: Go) -> None:
        lot = plant.lot(50)
        order = plant.order((lot.material, 30))
        plant.stage(order, lot, quantity=20)
        plant.do(staging.issue, staging.Issue(lot=lot, work_center=plant.wc, quantity=Decimal(10)))
        plant.do(staging.consume, staging.Consumption(lot=lot, quantity=Decimal(4)))
        ran = go(5)
        end = staging.Cancellation(demand=order, reason="stopped", reconcile=True)
        plant.do(staging.cancel_demand, end)
        cut = go(5)
        back = staging.Remainder(lot=lot, target=plant.a1)
        plant.do(staging.return_remainder, back)
        plant.do(staging.complete_demand, staging.DemandEnd(demand=order, reason="over"))
        over = go(5)
        assert [lines(order, at)[1] for at in (ran, cut, over)] == [
            [30, 0, 10, 4], [4, 0, 0, 4], [4, 0, 0, 4],
        ]  # fmt: skip
        order.refresh_from_db()
        stood: list[DemandStood] = [demand_then(order, Moment(at)) for at in (ran, cut, over)]
        assert [one.state for one in stood] == ["started", "started", "completed"]
        assert [one.demand.closed for one in stood] == [False, False, True]

    def test_before_it_was_made_there_was_none(self, plant: Plant, go: Go) -> None:
        plant.lot(10)
        early = go(5)
        go(5)
        order = plant.order((plant.material(), 8))
        with pytest.raises(Refused) as refused:
            demand_then(order, Moment(early))
        assert refused.value.code == "before_first_record"


def test_alerts_that_were_open(plant: Plant, go: Go) -> None:
    """One that was closed and raised again was not open in between."""
    lot = plant.lot(10)
    order = plant.order((lot.material, 8))
    plant.stage(order, lot, quantity=4)
    seen: dict[datetime, int] = {}
    for _time in range(2):
        hold = plant.hold(lot=lot)
        alarm.sweep(by=plant.operator, at=go(1))
        seen[go(1)] = 1
        plant.lift(hold)
        alarm.sweep(by=plant.operator, at=go(1))
        seen[go(1)] = 0
    for then in (lambda at: lane(plant.l1, at), lambda at: demand_then(order, Moment(at))):
        found = {at: [alert.reason for alert in then(at).alerts] for at in seen}
        assert {at: reasons.count("lot_on_hold") for at, reasons in found.items()} == seen


class TestWhatIsKnown:
    def test_claims_from_before_their_steps_were_kept(self, plant: Plant, go: Go) -> None:
        """The stock is known all the same, and it is said from when on the rest is."""
        lot = plant.lot(10, number="A")
        order = plant.order((lot.material, 8))
        plant.stage(order, lot, quantity=4)
        early = go(5)
        since = timezone.now()
        migration = import_module("staging.migrations.0018_as_it_stood")
        migration.begin(apps, None)
        assert ClaimHistory.objects.get().since == since
        found = lanes_then([plant.l1], Moment(early))
        assert found.claims_since == since
        assert (found.lanes[0].staged, quantities(found.lanes[0].loose)) == ([], {"A": 4})
        stood = demand_then(order, Moment(early))
        assert (stood.claims_since, stood.state) == (since, "")
        later = lanes_then([plant.l1], Moment(go(5)))
        assert (later.claims_since, quantities(later.lanes[0].staged)) == (None, {"A": 4})

    def test_the_future_and_the_time_before_anything(self, plant: Plant, go: Go) -> None:
        with pytest.raises(Refused) as refused:
            require_past(Moment(NOON), NOON)
        assert refused.value.code == "before_first_record"  # there is nothing at all yet
        plant.lot(10)
        for at, code in ((NOON - MINUTE, "before_first_record"), (NOON + MINUTE, "time_in_future")):
            with pytest.raises(Refused) as refused:
                require_past(Moment(at), NOON)
            assert refused.value.code == code
        require_past(Moment(NOON), NOON)


class TestSteps:
    def test_each_change_of_a_claim_leaves_one(self, plant: Plant) -> None:
        """And counting due times anew, or an alarm that rang, none."""
        lot = plant.lot(20)
        order = plant.order((lot.material, 10))
        plant.do(staging.allocate, staging.AllocationLine(demand=order))
        plant.stage(order, lot, quantity=4)
        Commitment.objects.update(rings_at=None, due_at=NOON)
        found = ClaimStep.objects.values_list("state", "change")
        assert sorted(found) == [("reserved", -4), ("reserved", 10), ("staged", 4)]

    def test_they_are_never_changed(self, plant: Plant) -> None:
        lot = plant.lot(20)
        plant.stage(plant.order((lot.material, 10)), lot, quantity=4)
        for change in ("UPDATE staging_claimstep SET change = 9", "DELETE FROM staging_claimstep"):
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(change)


class TestChanges:
    def test_one_can_step_through_them(self, plant: Plant, go: Go) -> None:
        lot = plant.lot(20)
        order = plant.order((lot.material, 10))
        moments = []
        for act in (
            lambda: plant.stage(order, lot, quantity=4),
            lambda: plant.hold(lot=lot),
            lambda: plant.do(staging.unstage, staging.Unstaging(lot=lot, target=plant.l1)),
            lambda: plant.do(stock.put_away, stock.Move(lot=lot, source=plant.l1, target=plant.a1)),
        ):
            moments.append(go(60) + timedelta(seconds=1))
            act()
        go(60)
        for known in Known:
            found, at = [], timezone.now()
            while (before := self._around(plant.l1, at, known).previous) and before >= moments[0]:
                found.append(before)
                at = before
            assert found == moments[::-1]
            assert self._around(plant.l1, moments[0], known).next == moments[1]
            assert self._around(plant.l1, moments[3], known).next is None

    def test_however_long_ago_the_last_one_was(self, plant: Plant, go: Go) -> None:
        lot = plant.lot(20)
        go(1)
        plant.stage(plant.order((lot.material, 10)), lot, quantity=4)
        staged = timezone.now()
        assert self._around(plant.l1, go(60 * 24 * 40), Known.NOW).previous == staged

    def test_of_a_demand(self, plant: Plant, go: Go) -> None:
        lot = plant.lot(20)
        made = timezone.now()
        order = plant.order((lot.material, 10))
        go(1)
        staged = timezone.now()
        plant.stage(order, lot, quantity=4)
        go(1)
        at = Moment(staged)
        stood = demand_then(order, at)
        found = changes.around_demand(order, [stood.kit.lines[0].pk], stood.positions, at)
        assert (found.previous, found.next) == (made, None)

    def _around(self, place: Location, at: datetime, known: Known) -> changes.Around:
        moment = Moment(at, known)
        stood = lanes_then([place], moment).lanes[0].everything
        return changes.around_lanes([place.pk], stood, moment)


def test_what_it_costs_does_not_grow(plant: Plant, go: Go) -> None:
    """Neither with what stood there nor with what has happened since, nor with the lanes."""

    def some(count: int) -> tuple[int, int]:
        lots = [plant.lot(9, material=material) for _n in range(count)]
        order = plant.order((material, 9 * count))
        for lot in lots:
            plant.stage(order, lot)
        at = Moment(go(5))
        for lot in lots:
            plant.do(staging.transfer, staging.Transfer(lot=lot, target=plant.l2, demand=order))
        plant.hold(lot=lots[0])
        go(5)
        places = Location.objects.filter(site=plant.site)

        def of_board() -> None:
            lanes = board_then(places, at).stood.lanes
            stood = [one for lane in lanes for one in lane.everything]
            changes.around_lanes([lane.location.pk for lane in lanes], stood, at)

        of_demand = statements(lambda: demand_then(order, at))
        return len(statements(of_board)), len(of_demand)

    material = plant.material()
    few = some(1)
    assert few == some(4)
    assert few <= (27, 14)
