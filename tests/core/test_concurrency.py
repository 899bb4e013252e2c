"""Many at once, on PostgreSQL, with real commits: nothing is lost, doubled or left waiting."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Sum

from inventory import actions as stock
from inventory import verbs
from inventory.errors import Refused
from inventory.ledger import Book
from inventory.models import AuditEntry, Balance, Container, Location, Lot
from quality import actions as quality
from staging import actions as staging
from staging.alerting import clock
from staging.checks import breaches
from staging.models import Alert, Allocation, Demand, PullTask, StagedStock
from tests import waiting
from tests.plant import Plant

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

D = Decimal
PATIENCE = 60


def at_once(*acts: Callable[[], Any]) -> list[str]:
    """Run everything at the same moment, each on its own connection. What came of each: `done`, or
    the code of its refusal. Anything else that was raised, a deadlock say, is raised here."""
    start = threading.Barrier(len(acts))
    outcomes: list[str] = [""] * len(acts)
    crashes: list[BaseException] = []

    def run(index: int, act: Callable[[], Any]) -> None:
        try:
            start.wait(PATIENCE)
            act()
            outcomes[index] = "done"
        except Refused as refusal:
            outcomes[index] = str(refusal.code)
        except BaseException as crash:  # the thread must hand it over
            crashes.append(crash)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads), "somebody waits for ever"
    if crashes:
        raise crashes[0]
    assert breaches() == []
    return outcomes


# --- one balance, many takers -------------------------------------------------------------------


def test_eight_stagings_get_exactly_what_exists(plant: Plant) -> None:
    lot = plant.lot(50)
    orders = [plant.order((lot.material, 10)) for _ in range(8)]
    outcomes = at_once(*[lambda o=o: plant.stage(o, lot, quantity=10) for o in orders])
    assert Counter(outcomes)["done"] == 5
    assert set(outcomes) <= {"done", "not_enough", "not_here"}
    assert StagedStock.objects.aggregate(sum=Sum("quantity"))["sum"] == 50


def test_eight_moves_get_exactly_what_exists(plant: Plant) -> None:
    lot = plant.lot(50)
    line = stock.Move(lot=lot, source=plant.a1, target=plant.a2, quantity=D(10))
    outcomes = at_once(*[lambda: plant.do(stock.move, line)] * 8)
    assert Counter(outcomes)["done"] == 5
    assert lot.balances.get(location=plant.a2).quantity == 50


def test_eight_reservations_get_exactly_what_exists(plant: Plant) -> None:
    lot = plant.lot(50)
    orders = [plant.order((lot.material, 10)) for _ in range(8)]
    lines = [staging.AllocationLine(demand=order) for order in orders]
    outcomes = at_once(*[lambda x=x: plant.do(staging.allocate, x) for x in lines])
    assert Counter(outcomes) == {"done": 5, "nothing_to_allocate": 3}
    assert Allocation.objects.aggregate(sum=Sum("quantity"))["sum"] == 50


def test_one_demand_is_filled_once(plant: Plant) -> None:
    lots = [plant.lot(10)]
    lots += [plant.lot(10, material=lots[0].material) for _ in range(5)]
    order = plant.order((lots[0].material, 20))
    outcomes = at_once(*[lambda x=x: plant.stage(order, x, quantity=10) for x in lots])
    assert Counter(outcomes) == {"done": 2, "more_than_required": 4}


def test_a_lane_is_filled_once(plant: Plant) -> None:
    Location.objects.filter(pk=plant.l1.pk).update(capacity=2)
    lots = [plant.lot(10) for _ in range(6)]
    orders = [plant.order((lot.material, 10)) for lot in lots]
    pairs = zip(orders, lots, strict=True)
    outcomes = at_once(*[lambda o=o, x=x: plant.stage(o, x) for o, x in pairs])
    assert Counter(outcomes) == {"done": 2, "lane_full": 4}


# --- a hold and a staging -----------------------------------------------------------------------

TARGETS: dict[str, Callable[[Plant, Lot, Container], dict[str, Any]]] = {
    "lot": lambda plant, lot, box: {"lot": lot},
    "material": lambda plant, lot, box: {"material": lot.material},
    "supplier lot": lambda plant, lot, box: {"supplier_lot": lot.supplier_lot},
    "container": lambda plant, lot, box: {"container": box},
    "lane": lambda plant, lot, box: {"location": plant.l1},
    "source": lambda plant, lot, box: {"location": plant.a1},
}


def boxed(plant: Plant) -> tuple[Lot, Container]:
    lot = plant.lot(10, supplier_lot="SUP-1")
    plant.do(stock.new_container, stock.NewContainer(code="BOX", location=plant.a1))
    box = Container.objects.get()
    plant.do(stock.pack, stock.Pack(lot=lot, container=box))
    return lot, box


@pytest.mark.parametrize("target", TARGETS)
def test_a_hold_waits_for_a_staging_in_flight_and_then_wins(plant: Plant, target: str) -> None:
    """The staging has asked the gate and not committed yet: the hold may not come in between."""
    lot, box = boxed(plant)
    order = plant.order((lot.material, 10))
    asked, held = threading.Event(), threading.Event()
    came_in_between: list[bool] = []
    ordinary = Book.save

    def slow_down(book: Book) -> None:
        asked.set()
        came_in_between.append(held.wait(0.4))  # it would come now, if nothing kept it
        ordinary(book)

    def stage() -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Book, "save", slow_down)
            plant.stage(order, lot)

    def hold() -> None:
        assert asked.wait(PATIENCE)
        plant.hold(**TARGETS[target](plant, lot, box))
        held.set()

    assert at_once(stage, hold) == ["done", "done"]
    assert set(came_in_between) == {False}
    blocked = StagedStock.objects.blocked(plant.now.date()).count()
    assert blocked == (0 if target == "source" else 1)
    assert PullTask.objects.open().count() == blocked  # raised by the hold, not by a sweep


@pytest.mark.parametrize("target", [name for name in TARGETS if name != "lane"])
def test_a_hold_waits_for_a_reservation_in_flight_and_takes_it_back(
    plant: Plant, target: str
) -> None:
    """Others reserve more of the lot's free stock meanwhile, or are refused."""
    lot, box = boxed(plant)
    orders = [plant.order((lot.material, 2)) for _ in range(4)]

    def allocate(order: Demand) -> None:
        plant.do(staging.allocate, staging.AllocationLine(demand=order, lot=lot))

    outcomes = at_once(
        *[lambda o=o: allocate(o) for o in orders],
        lambda: plant.hold(**TARGETS[target](plant, lot, box)),
    )
    assert set(outcomes) <= {"done", "lot_on_hold"}
    assert not Allocation.objects.exists()
    assert Alert.objects.open().count() == outcomes.count("done") - 1
    assert not list(breaches())


@pytest.mark.parametrize("target", TARGETS)
def test_a_staging_after_a_hold_is_refused(plant: Plant, target: str) -> None:
    lot, box = boxed(plant)
    order = plant.order((lot.material, 10))
    placed = threading.Event()

    def hold() -> None:
        with transaction.atomic():
            plant.hold(**TARGETS[target](plant, lot, box))
            placed.set()
            time.sleep(0.3)  # the staging is under way meanwhile, and must not get through

    def stage() -> None:
        assert placed.wait(PATIENCE)
        plant.stage(order, lot)

    assert at_once(hold, stage) == ["done", "lot_on_hold"]
    assert not StagedStock.objects.exists()


def test_whatever_the_order_a_hold_and_a_staging_never_both_win(plant: Plant) -> None:
    for _round in range(4):
        lot = plant.lot(10)
        order = plant.order((lot.material, 10))
        outcomes = at_once(
            lambda x=lot: plant.hold(lot=x), lambda o=order, x=lot: plant.stage(o, x)
        )
        assert outcomes[0] == "done"
        stopped = StagedStock.objects.blocked(plant.now.date()).filter(lot=lot).count()
        assert (outcomes[1] == "done") == (stopped == 1)
        assert outcomes[1] in ("done", "lot_on_hold")


# --- two ways at once ---------------------------------------------------------------------------


def test_reversal_against_issue(plant: Plant) -> None:
    lot = plant.lot(10)
    movement = plant.stage(plant.order((lot.material, 10)), lot).movements[0]
    outcomes = at_once(
        lambda: plant.do(staging.reverse, stock.Reversal(movement=movement, reason="r")),
        lambda: plant.do(staging.issue, staging.Issue(lot=lot)),
    )
    assert sorted(outcomes) == ["done", "not_committed"]


def test_two_reversals(plant: Plant) -> None:
    movement = plant.lot(10).movements.get()
    line = stock.Reversal(movement=movement, reason="r")
    outcomes = at_once(*[lambda: plant.do(staging.reverse, line)] * 4)
    assert sorted(outcomes) == ["already_reversed"] * 3 + ["done"]


def test_two_cancels(plant: Plant) -> None:
    lot = plant.lot(10)
    order = plant.order((lot.material, 10))
    plant.stage(order, lot)
    line = staging.DemandEnd(demand=order, reason="r")
    outcomes = at_once(*[lambda: plant.do(staging.cancel_demand, line)] * 3)
    assert sorted(outcomes) == ["demand_closed", "demand_closed", "done"]


def test_cancelling_against_staging(plant: Plant) -> None:
    for _round in range(3):
        lots = [plant.lot(10)]
        lots += [plant.lot(10, material=lots[0].material) for _ in range(3)]
        order = plant.order((lots[0].material, 40))
        end = staging.DemandEnd(demand=order, reason="r")
        stagings = [lambda x=x, o=order: plant.stage(o, x) for x in lots]
        outcomes = at_once(lambda e=end: plant.do(staging.cancel_demand, e), *stagings)
        assert outcomes[0] == "done"
        assert set(outcomes[1:]) <= {"done", "demand_closed"}


def test_a_new_lot_is_received_twice_at_once(plant: Plant) -> None:
    material = plant.material()
    lines = [
        stock.Receipt(material=material, number=n, quantity=D(5), location=plant.a1)
        for n in ("N1", "N2", "N3")
    ]
    forward = [lambda: plant.do(stock.receive, *lines)] * 3
    backward = [lambda: plant.do(stock.receive, *reversed(lines))] * 3
    assert set(at_once(*forward, *backward)) == {"done"}
    assert [row.quantity for row in Balance.objects.all()] == [30, 30, 30]


def test_the_same_new_names_at_once(plant: Plant) -> None:
    crate = stock.NewContainer(code="C1", location=plant.a1)
    outcomes = at_once(*[lambda: plant.do(stock.new_container, crate)] * 3)
    assert sorted(outcomes) == ["code_taken", "code_taken", "done"]
    material = plant.material()
    outcomes = at_once(*[lambda: plant.order((material, 1), reference="PO-1")] * 3)
    assert sorted(outcomes) == ["done", "reference_taken", "reference_taken"]
    order = plant.order((material, 1), product=material)
    output = staging.Output(demand=order, number="F", quantity=D(1), location=plant.a1)
    outcomes = at_once(*[lambda: plant.do(staging.produce, output)] * 3)
    assert sorted(outcomes) == ["done", "lot_exists", "lot_exists"]


def test_opposite_orders_never_deadlock(plant: Plant) -> None:
    lots = [plant.lot(100) for _ in range(4)]
    orders = [plant.order(*[(lot.material, 50) for lot in lots]) for _ in range(2)]
    lines = [
        staging.Staging(demand=order, lot=lot, lane=lane, quantity=D(5))
        for order, lane in zip(orders, (plant.l1, plant.l2), strict=True)
        for lot in lots
    ]
    forward = [lambda: plant.do(staging.stage, *lines)] * 3
    backward = [lambda: plant.do(staging.stage, *reversed(lines))] * 3
    assert at_once(*forward, *backward) == ["done"] * 6
    assert StagedStock.objects.aggregate(sum=Sum("quantity"))["sum"] == 6 * 8 * 5


def reversal_of_staging(plant: Plant, low: Lot, high: Lot) -> Callable[[], Any]:
    order = plant.order((low.material, 10), (high.material, 10))
    plant.do(staging.allocate, staging.AllocationLine(demand=order, lot=low))
    movement = plant.stage(order, high).movements[0]
    return lambda: plant.do(staging.reverse, stock.Reversal(movement=movement, reason="r"))


def reversal_of_merge(plant: Plant, low: Lot, high: Lot) -> Callable[[], Any]:
    done = plant.do(quality.merge_lots, stock.Merge(lot=high, into=low, quantity=D(5)))
    movement = next(row for row in done if row.lot_id == high.pk)
    return lambda: plant.do(staging.reverse, stock.Reversal(movement=movement, reason="r"))


def staging_of_reserved(plant: Plant, low: Lot, high: Lot) -> Callable[[], Any]:
    order = plant.order((low.material, 10), (high.material, 10))
    plant.do(staging.allocate, staging.AllocationLine(demand=order, lot=low))
    return lambda: plant.stage(order, high)


def cancelling(plant: Plant, low: Lot, high: Lot) -> Callable[[], Any]:
    order = plant.order((low.material, 10), (high.material, 10))
    plant.stage(order, low)
    plant.do(staging.allocate, staging.AllocationLine(demand=order, lot=high))
    line = staging.DemandEnd(demand=order, reason="r")
    return lambda: plant.do(staging.cancel_demand, line)


def merging(plant: Plant, low: Lot, high: Lot) -> Callable[[], Any]:
    return lambda: plant.do(quality.merge_lots, stock.Merge(lot=high, into=low, quantity=D(5)))


def holding_a_place(plant: Plant, low: Lot, high: Lot) -> Callable[[], Any]:
    return lambda: plant.hold(location=plant.a1)


TAKERS = [
    reversal_of_staging, reversal_of_merge, staging_of_reserved, cancelling, merging,
    holding_a_place,
]  # fmt: skip


@pytest.mark.parametrize("taker", TAKERS)
def test_nobody_holds_one_lot_and_comes_back_for_a_lower_one(
    plant: Plant, taker: Callable[[Plant, Lot, Lot], Callable[[], Any]]
) -> None:
    """Whoever does would wait for somebody who locks in order and waits for him."""
    low = plant.lot(10)
    high = plant.lot(10, material=low.material if taker in (merging, reversal_of_merge) else None)
    act = taker(plant, low, high)
    held, looked = threading.Event(), threading.Event()

    def hold_low() -> None:
        with transaction.atomic():
            Lot.objects.filter(pk=low.pk).locked().get()
            held.set()
            assert looked.wait(PATIENCE)

    def act_then() -> None:
        assert held.wait(PATIENCE)
        act()

    def look() -> None:
        assert held.wait(PATIENCE)
        waiting.until(waiting.somebody_waits)
        try:
            with transaction.atomic():
                list(Lot.objects.filter(pk=high.pk).select_for_update(nowait=True))
        finally:
            looked.set()

    assert at_once(hold_low, act_then, look) == ["done"] * 3


def test_a_container_moves_or_is_packed(plant: Plant) -> None:
    for _round in range(3):
        lot, other = plant.lot(10), plant.lot(10)
        code = f"C{_round}"
        plant.do(stock.new_container, stock.NewContainer(code=code, location=plant.a1))
        box = Container.objects.get(code=code)
        plant.do(stock.pack, stock.Pack(lot=lot, container=box))
        order = plant.order((lot.material, 10))
        outcomes = at_once(
            lambda o=order, x=lot: plant.stage(o, x),
            lambda x=other, b=box: plant.do(stock.pack, stock.Pack(lot=x, container=b)),
            lambda b=box: plant.do(
                stock.move_container, stock.MoveContainer(container=b, target=plant.a2)
            ),
        )
        assert set(outcomes) <= {"done", "not_here", "container_claimed", "container_busy"}


def test_an_idempotency_key_has_one_effect(plant: Plant) -> None:
    lot = plant.lot(100)
    line = stock.Move(lot=lot, target=plant.a2, source=plant.a1, quantity=D(10))
    verb = verbs.REGISTRY["move"]
    answers: list[Any] = []

    def act() -> None:
        answers.append(
            verbs.carry_out(verb, [line], by=plant.operator, at=plant.now, key="K", asked="same")
        )

    assert at_once(*[act] * 8) == ["done"] * 8
    assert lot.balances.get(location=plant.a2).quantity == 10
    assert Counter(replayed for _answer, replayed in answers) == {False: 1, True: 7}
    assert len({answer["movements"][0]["id"] for answer, _replayed in answers}) == 1


def test_two_sweeps_raise_once(plant: Plant) -> None:
    lot = plant.lot(10)
    plant.stage(plant.order((lot.material, 10)), lot)
    plant.hold(lot=lot)
    counts: list[dict[str, int]] = []
    sweeps = [lambda: counts.append(clock.sweep(by=plant.operator, at=plant.now))] * 3
    assert set(at_once(*sweeps)) == {"done"}
    assert sum(count["raised"] for count in counts) == 1
    assert Alert.objects.count() == 1
    assert AuditEntry.objects.filter(action="staging.sweep").count() == 1


def test_a_decision_waits_its_turn(plant: Plant) -> None:
    lot = plant.lot(10, released=False)
    outcomes = at_once(*[lambda: plant.release(lot)] * 2)
    assert outcomes == ["done", "done"]
    statuses = lot.decisions.order_by("pk").values_list("from_status", flat=True)
    assert list(statuses) == ["quarantine", "released"]
