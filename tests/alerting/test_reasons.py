"""Every reason: raised once, not before, closed by itself when its cause is gone, raised again."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.utils import timezone

from inventory import actions as stock
from inventory.models import Container, Lot, LotStatus
from quality.models import LotChange
from staging import actions as staging
from staging.alerting import clock
from staging.models import Alert, AlertReason, AlertRule
from tests.alerting.scenes import (
    DAY,
    HOUR,
    LATER,
    NOON,
    SCENES,
    change,
    find,
    place,
    staged,
    status,
    switch,
)  # fmt: skip
from tests.core.budget.counting import statements
from tests.factories import SiteFactory
from tests.plant import Plant

AWAITED = AlertReason.RELEASE_AWAITED


@pytest.fixture
def hand() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture(autouse=True)
def _at_noon(hand: time_machine.Traveller) -> None:
    """The plant's own clock starts at noon, before the plant is built."""


def sweep(plant: Plant) -> None:
    """Once; another finds nothing left to do, nor does one that looks at everything."""
    clock.sweep(by=plant.operator, at=timezone.now())
    for thorough in (False, True):
        again = clock.sweep(by=plant.operator, at=timezone.now(), thorough=thorough)
        assert not any(again.values()), list(Alert.objects.order_by("-pk")[:5])


def reason_of(name: str) -> AlertReason:
    return AlertReason(name.removesuffix("_packed"))


def is_open(name: str) -> bool:
    found = Alert.objects.open().filter(reason=reason_of(name))
    assert len(found) <= 1
    return bool(found)


def test_each_reason_has_its_scene() -> None:
    assert {reason_of(name) for name in SCENES} == set(AlertReason)


@pytest.mark.parametrize("name", SCENES)
def test_it_is_raised_and_closed_with_its_cause(
    plant: Plant, hand: time_machine.Traveller, name: str
) -> None:
    for step, expected in enumerate(SCENES[name](plant, hand)):
        sweep(plant)
        assert is_open(name) is expected, f"{name}, step {step}"


@pytest.mark.parametrize("name", SCENES)
def test_it_is_neither_raised_nor_left_open_where_the_rule_says_so(
    plant: Plant, hand: time_machine.Traveller, name: str
) -> None:
    """Switched off, it is closed; on again, it is raised if there is cause and the clock raises
    it."""
    reason = reason_of(name)
    switch(reason, enabled=False)
    for expected in SCENES[name](plant, hand):
        sweep(plant)
        assert not is_open(name)
        if expected:
            break
    switch(reason, enabled=True)
    sweep(plant)
    by_verb = {"demand_retimed", "demand_rerouted", "reservation_lost"}
    assert is_open(name) is (reason not in by_verb)
    AlertRule.objects.create(reason=reason, site=plant.site, severity="notice", enabled=False)
    sweep(plant)
    assert not is_open(name)
    AlertRule.objects.filter(site=plant.site).update(site=SiteFactory())
    sweep(plant)
    assert is_open(name) is (reason not in by_verb)


def test_a_position_has_one_alert_of_what_quality_says(plant: Plant) -> None:
    lot = staged(plant)
    hold = plant.hold(lot=lot)
    sweep(plant)
    status(lot, "rejected")
    sweep(plant)
    assert [row.reason for row in Alert.objects.open()] == ["lot_on_hold"]
    plant.lift(hold)
    sweep(plant)
    assert [row.reason for row in Alert.objects.open()] == ["lot_rejected"]
    for stop in ("quarantine", "closed"):
        status(lot, stop)
        sweep(plant)
        [alert] = Alert.objects.open()
        assert (alert.reason, alert.detail) == ("not_usable", f"lot_{stop}")


@pytest.mark.parametrize(
    ("last_day", "midnight"),
    [("2026-03-08", "2026-03-09T04:00:00+00:00"), ("2026-11-01", "2026-11-02T05:00:00+00:00")],
)
def test_a_day_ends_at_midnight_also_when_clocks_change(
    plant: Plant, hand: time_machine.Traveller, last_day: str, midnight: str
) -> None:
    """Expiry and retest count by the day of the installation, of 23 or 25 hours."""
    with timezone.override("America/New_York"):
        ends = datetime.fromisoformat(midnight)
        hand.move_to(ends - 2 * DAY)
        lots = [staged(plant), staged(plant)]
        for lot, column in zip(lots, ("expires_on", "retest_on"), strict=True):
            Lot.objects.filter(pk=lot.pk).update(**{column: last_day})
        hand.move_to(ends - timedelta(seconds=1))
        sweep(plant)
        assert not is_open("lot_expired")
        assert not is_open("retest_due")
        hand.move_to(ends)
        sweep(plant)
        assert is_open("lot_expired")
        assert is_open("retest_due")


def test_the_lead_of_a_site_counts_before_the_general_one(
    plant: Plant, hand: time_machine.Traveller
) -> None:
    plant.order((plant.material(), 1), needed_at=NOON + 10 * HOUR)
    sweep(plant)
    assert not is_open("demand_short")
    rule = AlertRule.objects.create(
        reason="demand_short", site=plant.site, severity="notice", lead=10 * HOUR
    )
    sweep(plant)
    assert is_open("demand_short")
    AlertRule.objects.filter(pk=rule.pk).update(lead=HOUR)
    sweep(plant)
    assert not is_open("demand_short")


def test_what_one_thing_left_is_told_of_once(plant: Plant) -> None:
    """Reduced and then cancelled: the last is what there is to know. What stands there beyond that
    has an alert of its own."""
    lot = plant.lot(20)
    order = plant.order((lot.material, 10), needed_at=NOON + 9 * DAY)
    plant.stage(order, lot)
    less = (staging.Need(material=lot.material, quantity=Decimal(6)),)
    change(plant, order, requirements=less, reconcile=True)
    sweep(plant)
    plant.do(staging.cancel_demand, staging.Cancellation(demand=order, reason="gone"))
    sweep(plant)
    assert [row.reason for row in Alert.objects.open()] == ["demand_cancelled"]
    find(plant, lot, 15)
    sweep(plant)
    reasons = Alert.objects.open().order_by("reason").values_list("reason", flat=True)
    assert list(reasons) == ["demand_cancelled", "without_demand"]


def scrap(plant: Plant, lot: Lot, hand: time_machine.Traveller) -> Iterator[bool]:
    [movement] = plant.do(
        stock.scrap, stock.Removal(lot=lot, quantity=Decimal(10), reason="dropped")
    )
    yield True
    plant.do(staging.reverse, stock.Reversal(movement=movement, reason="another one"))
    yield False


def count_away(plant: Plant, lot: Lot, hand: time_machine.Traveller) -> Iterator[bool]:
    for quantity, waited_for in ((4, True), (10, False)):
        count = stock.Count(lot=lot, location=plant.a1, quantity=Decimal(quantity), reason="so")
        plant.do(stock.adjust, count)
        yield waited_for


def expire(plant: Plant, lot: Lot, hand: time_machine.Traveller) -> Iterator[bool]:
    hand.shift(4 * DAY)
    yield True
    Lot.objects.filter(pk=lot.pk).update(expires_on=NOON + 9 * DAY)
    yield False


def hold_its_box(plant: Plant, lot: Lot, hand: time_machine.Traveller) -> Iterator[bool]:
    [box, pallet] = plant.do(
        stock.new_container,
        *(stock.NewContainer(code=code, location=plant.a1) for code in ("BOX", "PALLET")),
    )
    lot.balances.update(container=box)  # as if it had come so packed
    plant.hold(container=pallet)
    yield False
    Container.objects.filter(pk=box.pk).update(parent=pallet)
    yield True


@pytest.mark.parametrize("doing", [scrap, count_away, expire, hold_its_box])
def test_a_lot_is_waited_for_once_others_can_be_used_no_more(
    plant: Plant, hand: time_machine.Traveller, doing: Callable[..., Iterator[bool]]
) -> None:
    material = plant.material()
    plant.lot(10, material=material, released=False)
    other = plant.lot(10, material=material, expires_in=4)
    plant.order((material, 10), needed_at=LATER)
    hand.shift(2 * DAY)
    sweep(plant)
    assert not is_open("release_awaited")
    for expected in doing(plant, other, hand):
        sweep(plant)
        assert is_open("release_awaited") is expected


def test_what_comes_usable_is_noticed_with_the_next_sweep(
    plant: Plant, hand: time_machine.Traveller
) -> None:
    """And what is not enough, or of something else, closes nothing."""
    material, other = plant.material(), plant.material()
    for one in (material, other):
        plant.lot(10, material=one, released=False)
        plant.order((one, 10), needed_at=LATER)
        one.initial_status = LotStatus.RELEASED
        one.save()
    hand.shift(2 * DAY)
    sweep(plant)
    assert Alert.objects.open().of(AWAITED).count() == 2
    for quantity, left in ((4, 2), (6, 1)):
        hand.shift(HOUR)
        plant.lot(quantity, material=material, released=False)
        assert not LotChange.objects.exists()  # nothing tells the clock of it
        sweep(plant)
        assert Alert.objects.open().of(AWAITED).count() == left
    assert Alert.objects.open().of(AWAITED).get().lot.material == other


def test_a_sweep_takes_the_same_statements_however_much_there_is(
    plant: Plant, hand: time_machine.Traveller
) -> None:
    """Of each kind something comes due at once: one of it, and then three."""
    place(plant, plant.dock, routes="NORTH")
    place(plant, plant.l1, capacity=1, capacity_policy="warn", dwell_limit=HOUR)

    def cost(count: int) -> list[str]:
        sweep(plant)
        for _n in range(count):
            lots = [staged(plant), staged(plant)]
            status(lots[0], "rejected")
            goods = plant.lot(10)
            shipment = plant.shipment((goods.material, 10), route="SOUTH")
            plant.stage(shipment, goods, plant.dock)
            plant.order((goods.material, 5))
        hand.shift(DAY)  # so that each begins a day
        return statements(lambda: clock.sweep(by=plant.operator, at=timezone.now()))

    cost(1)  # from then on there are open alerts of each kind
    few, many = ([sql.split()[:4] for sql in cost(n)] for n in (1, 3))
    assert few == many
    assert {row.reason for row in Alert.objects.open()} >= {
        "dwell_critical", "lot_rejected", "wrong_lane", "demand_short", "next_step_overdue",
        "lane_over_capacity",
    }  # fmt: skip
