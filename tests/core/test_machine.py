"""All verbs at random on a small plant: after every step the ledger is sound, and the totals are
those of a model that only adds and subtracts."""

from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import Any, ClassVar

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from inventory import actions as stock
from inventory.errors import Refused
from inventory.models import Balance, Container, Lot, Movement
from quality import actions as quality
from quality.models import Hold, Meaning
from staging import actions as staging
from staging import clock
from staging.checks import breaches
from staging.models import Demand, StagedStock
from tests.core.documented import documented
from tests.plant import Plant

D = Decimal
LOTS, DEMANDS, BOXES = 4, 4, 3
quantity = st.sampled_from([None, D(1), D(3), D("2.5"), D(40)])
lot = st.integers(0, LOTS - 1)
demand = st.integers(0, DEMANDS - 1)
box = st.integers(0, BOXES - 1)
store = st.sampled_from(["a1", "a2", "cage"])
lane = st.sampled_from(["l1", "l2", "dock"])
maybe = st.booleans()


class Work(RuleBasedStateMachine):
    """One plant, two materials, four lots, two orders, two shipments, three containers."""

    plant: ClassVar[Plant]
    lots: ClassVar[list[Lot]]
    demands: ClassVar[list[Demand]]
    boxes: ClassVar[list[Container]]

    def __init__(self) -> None:
        super().__init__()
        self.block = transaction.atomic()
        self.block.__enter__()
        self.total: dict[int, Decimal] = defaultdict(lambda: D(0))
        self.used: dict[int, Decimal] = defaultdict(lambda: D(0))
        for row in Balance.objects.all():
            self.total[row.lot_id] += row.quantity

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.block.__exit__(None, None, None)

    # --- the model --------------------------------------------------------------------------

    def attempt(self, verb: Callable[..., Any], *lines: Any, by: Any = None) -> list[Movement]:
        """Do it or be refused; keep the model's totals by what the answer says was moved."""
        try:
            with transaction.atomic():
                done = self.plant.do(verb, *lines, by=by)
        except Refused as refusal:
            codes = {found.code for found in refusal.all}
            assert codes <= documented(verb)
            return []
        moved = getattr(done, "movements", done)
        return [row for row in moved if isinstance(row, Movement)]

    def leaves(self, movements: list[Movement]) -> None:
        for row in movements:
            self.total[row.lot_id] -= row.quantity

    def place(self, name: str) -> Any:
        return getattr(self.plant, name)

    # --- stock ------------------------------------------------------------------------------

    @initialize()
    def begin(self) -> None:
        assert breaches() == []

    @rule(lot=lot, to=store, source=store, quantity=quantity)
    def move(self, lot: int, to: str, source: str, quantity: Decimal | None) -> None:
        line = stock.Move(
            lot=self.lots[lot], source=self.place(source), target=self.place(to),
            quantity=quantity,
        )  # fmt: skip
        self.attempt(stock.move, line)

    @rule(lot=lot, at=store, change=st.sampled_from([D(-2), D(0), D(5)]))
    def count(self, lot: int, at: str, change: Decimal) -> None:
        here = Balance.objects.filter(
            lot=self.lots[lot], location=self.place(at), container=None
        ).first()
        counted = (here.quantity if here else D(0)) + change
        if counted >= 0:
            line = stock.Count(
                lot=self.lots[lot], location=self.place(at), quantity=counted, reason="count"
            )
            for _row in self.attempt(stock.adjust, line):
                self.total[self.lots[lot].pk] += change

    @rule(lot=lot, quantity=st.sampled_from([D(1), D(3)]), at=store)
    def scrap(self, lot: int, quantity: Decimal, at: str) -> None:
        line = stock.Removal(
            lot=self.lots[lot], quantity=quantity, reason="broken", source=self.place(at)
        )
        self.leaves(self.attempt(stock.scrap, line))

    @rule(lot=lot, box=box, quantity=quantity, out=maybe)
    def pack(self, lot: int, box: int, quantity: Decimal | None, out: bool) -> None:
        line = stock.Pack(lot=self.lots[lot], container=self.boxes[box], quantity=quantity)
        self.attempt(stock.unpack if out else stock.pack, line)

    @rule(box=box, to=store)
    def move_container(self, box: int, to: str) -> None:
        line = stock.MoveContainer(container=self.boxes[box], target=self.place(to))
        self.attempt(stock.move_container, line)

    # --- quality ----------------------------------------------------------------------------

    @rule(lot=lot, box=box, at=st.sampled_from(["a1", "l1", "dock"]), what=st.integers(0, 2))
    def hold(self, lot: int, box: int, at: str, what: int) -> None:
        target = [
            {"lot": self.lots[lot]}, {"container": self.boxes[box]}, {"location": self.place(at)}
        ][what]  # fmt: skip
        if Hold.objects.open().count() < 2:
            self.plant.hold(**target)

    @rule()
    def lift(self) -> None:
        for hold in Hold.objects.open():
            self.plant.lift(hold)

    @rule(lot=lot, reopen=maybe)
    def decide(self, lot: int, reopen: bool) -> None:
        signed: dict[str, Any] = {
            "lot": self.lots[lot], "meaning": Meaning.APPROVAL, "reason": "r",
            "password": "secret",
        }  # fmt: skip
        verb, line = (
            (quality.reopen, quality.Reopening(**signed))
            if reopen
            else (quality.release, quality.Release(**signed))
        )
        self.attempt(verb, line, by=self.plant.qa)

    # --- staging ----------------------------------------------------------------------------

    @rule(demand=demand, lot=lot, chosen=maybe, quantity=quantity)
    def allocate(self, demand: int, lot: int, chosen: bool, quantity: Decimal | None) -> None:
        line = staging.AllocationLine(
            demand=self.demands[demand], lot=self.lots[lot] if chosen else None, quantity=quantity
        )
        self.attempt(staging.allocate, line)

    @rule(demand=demand, lot=lot, quantity=quantity)
    def deallocate(self, demand: int, lot: int, quantity: Decimal | None) -> None:
        line = staging.Deallocation(
            demand=self.demands[demand], lot=self.lots[lot], quantity=quantity
        )
        self.attempt(staging.deallocate, line)

    @rule(
        wanted=st.lists(st.tuples(demand, lot, quantity), min_size=1, max_size=3),
        lane=lane,
        source=st.sampled_from([None, None, "a1", "a2"]),
    )
    def stage(
        self, wanted: list[tuple[int, int, Decimal | None]], lane: str, source: str | None
    ) -> None:
        lines = [
            staging.Staging(
                demand=self.demands[demand], lot=self.lots[lot], quantity=quantity,
                lane=self.place(lane), source=self.place(source) if source else None,
            )
            for demand, lot, quantity in wanted
        ]  # fmt: skip
        self.attempt(staging.stage, *lines)

    @rule(demand=demand, lot=lot, lane=lane, quantity=quantity)
    def assign(self, demand: int, lot: int, lane: str, quantity: Decimal | None) -> None:
        line = staging.Assignment(
            demand=self.demands[demand], lot=self.lots[lot], lane=self.place(lane),
            quantity=quantity,
        )  # fmt: skip
        self.attempt(staging.assign, line)

    @rule(
        demand=demand,
        lot=lot,
        quantity=quantity,
        twice=maybe,
        verb=st.sampled_from(["unstage", "transfer", "issue", "load", "ship"]),
        to=st.sampled_from(["a1", "cage", "l1", "l2", "dock"]),
    )
    def take(
        self, demand: int, lot: int, quantity: Decimal | None, twice: bool, verb: str, to: str
    ) -> None:
        shared: dict[str, Any] = {
            "demand": self.demands[demand], "lot": self.lots[lot], "quantity": quantity
        }  # fmt: skip
        makes: dict[str, Callable[[], Any]] = {
            "unstage": lambda: staging.Unstaging(**shared, target=self.place(to)),
            "transfer": lambda: staging.Transfer(**shared, target=self.place(to)),
            "issue": lambda: staging.Issue(**shared),
            "load": lambda: staging.Loading(**shared, vehicle=self.plant.truck),
            "ship": lambda: staging.Shipping(**shared),
        }
        lines = [makes[verb]()] * (2 if twice else 1)
        moved = self.attempt(getattr(staging, verb), *lines)
        if verb == "ship":
            self.leaves(moved)

    @rule(
        demand=demand,
        lot=lot,
        quantity=quantity,
        verb=st.sampled_from(["consume", "return_remainder", "unload"]),
    )
    def after(self, demand: int, lot: int, quantity: Decimal | None, verb: str) -> None:
        shared: dict[str, Any] = {
            "demand": self.demands[demand], "lot": self.lots[lot], "quantity": quantity
        }  # fmt: skip
        makes: dict[str, Callable[[], Any]] = {
            "consume": lambda: staging.Consumption(**shared),
            "return_remainder": lambda: staging.Remainder(**shared, target=self.plant.a2),
            "unload": lambda: staging.Unloading(**shared, target=self.plant.dock),
        }
        moved = self.attempt(getattr(staging, verb), makes[verb]())
        if verb == "consume":
            self.leaves(moved)

    @rule(lender=demand, borrower=demand, lot=lot, quantity=quantity)
    def borrow(self, lender: int, borrower: int, lot: int, quantity: Decimal | None) -> None:
        line = staging.Borrowing(
            lot=self.lots[lot], demand=self.demands[lender], borrower=self.demands[borrower],
            reason="urgent", quantity=quantity,
        )  # fmt: skip
        self.attempt(staging.borrow, line)

    @rule(back=st.integers(1, 6), several=maybe)
    def reverse(self, back: int, several: bool) -> None:
        """One of the last movements, or two of them in one request."""
        rows = list(Movement.objects.order_by("-pk")[: back + 1])
        rows = rows[-2:] if several else rows[-1:]
        lines = [stock.Reversal(movement=row, reason="mistake") for row in rows]
        for row in self.attempt(staging.reverse, *lines):
            if row.target.is_virtual:
                self.total[row.lot_id] -= row.quantity
            if row.source.is_virtual:
                self.total[row.lot_id] += row.quantity

    @rule(demand=demand, quantity=st.sampled_from([D(5), D(30), D(60)]))
    def change(self, demand: int, quantity: Decimal) -> None:
        need = staging.Need(material=self.lots[demand % 2].material, quantity=quantity)
        line = staging.DemandChange(
            demand=self.demands[demand], reason="new plan", requirements=(need,)
        )
        self.attempt(staging.change_demand, line)

    @rule(demand=demand, cancel=maybe, sure=st.integers(0, 5))
    def end(self, demand: int, cancel: bool, sure: int) -> None:
        if sure == 0:
            line = staging.DemandEnd(demand=self.demands[demand], reason="r")
            self.attempt(staging.cancel_demand if cancel else staging.complete_demand, line)

    @rule()
    def sweep(self) -> None:
        clock.sweep(by=self.plant.operator, at=self.plant.now)
        again = clock.sweep(by=self.plant.operator, at=self.plant.now)
        assert again == {"raised": 0, "closed": 0}

    # --- what must hold ---------------------------------------------------------------------

    @invariant()
    def the_ledger_is_sound(self) -> None:
        assert breaches() == []

    @invariant()
    def totals_are_the_models(self) -> None:
        on_hand: dict[int, Decimal] = defaultdict(lambda: D(0))
        for row in Balance.objects.filter(quantity__gt=0):
            on_hand[row.lot_id] += row.quantity
        assert {pk: total for pk, total in self.total.items() if total} == on_hand

    @invariant()
    def staged_is_in_lanes(self) -> None:
        lanes = {"staging"}
        assert set(StagedStock.objects.values_list("location__kind", flat=True)) <= lanes


def test_whatever_is_done_the_ledger_is_sound(plant: Plant) -> None:
    materials = [plant.material(), plant.material()]
    Work.plant = plant
    Work.lots = [
        plant.lot(40, material=materials[n % 2], expires_in=10 + n, number=f"N{n}")
        for n in range(LOTS)
    ]
    needs = [(material, 30) for material in materials]
    Work.demands = [plant.order(*needs), plant.order(*needs)]
    Work.demands += [plant.shipment(*needs), plant.shipment(*needs)]
    codes = [f"BOX{n}" for n in range(BOXES)]
    plant.do(stock.new_container, *[stock.NewContainer(code=c, location=plant.a1) for c in codes])
    Work.boxes = list(Container.objects.order_by("pk"))
    type(plant.l2).objects.filter(pk=plant.l2.pk).update(capacity=2)
    for name in ("a1", "l2"):
        getattr(plant, name).refresh_from_db()
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    run_state_machine_as_test(
        Work,
        settings=settings(
            max_examples=8, stateful_step_count=30, deadline=None, suppress_health_check=checks
        ),
    )


pytestmark = pytest.mark.django_db
