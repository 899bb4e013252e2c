"""A plant at random work, and what it looked like after each step."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import F

from inventory import actions as stock
from inventory.errors import Refused
from inventory.models import Balance, Movement
from staging import actions as staging
from staging.models import Commitment, Demand, Requirement, State
from tests.plant import Plant

DAYS = 12


@dataclass
class Work:
    """Steps drawn from a seed, in the order of time, each an action of the product.

    `snapshots` holds, for each moment, what was staged or further for each requirement by the
    commitments then, and what the activity had given back; `stood` which positions stood in a lane.
    """

    plant: Plant
    seed: int
    steps: int
    snapshots: list[tuple[datetime, dict[int, Decimal]]] = field(default_factory=list)
    stood: list[tuple[datetime, list[Commitment]]] = field(default_factory=list)
    done: int = 0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.now = self.plant.now
        self.at = self.now - timedelta(days=DAYS)
        self.given_back: dict[int, Decimal] = {}
        self.materials = [self.plant.material(), self.plant.pieces()]
        self.lots = [self.plant.lot(500, material=m) for m in self.materials for _n in range(2)]
        self.demands = [self._demand(number) for number in range(8)]

    def _demand(self, number: int) -> Demand:
        chosen = self.random.sample(self.materials, self.random.choice([1, 2]))
        needs = [
            (m, "7.5" if m == self.materials[0] else self.random.choice([5, 8])) for m in chosen
        ]
        order = self.plant.shipment if number % 4 == 3 else self.plant.order
        hours = self.random.uniform(0, (DAYS + 1) * 24)
        needed = self.now - timedelta(days=DAYS) + timedelta(hours=hours)
        return order(*needs, reference=f"W{number}", needed_at=needed)

    def play(self) -> "Work":
        for _step in range(self.steps):
            left = self.now - self.at
            self.at += left * self.random.uniform(0, 2.5 / self.steps)
            self._step()
            self._look()
        return self

    def _step(self) -> None:
        verb, line = self.random.choices(
            [self._stage, self._issue, self._unstage, self._transfer, self._free, self._assign,
             self._borrow, self._consume, self._give_back, self._load, self._unload,
             self._reverse],
            weights=[9, 3, 2, 2, 3, 4, 3, 2, 2, 2, 2, 2],
        )[0]()  # fmt: skip
        if line is None:
            return
        before = self._progress()
        try:
            verb(lines=[line], by=self.plant.operator, at=self.at)
        except Refused:
            return
        self.done += 1
        undone = isinstance(line, stock.Reversal) and line.movement.kind == "return"
        if verb is staging.return_remainder or undone:
            for pk, there in self._progress().items():
                back = before.get(pk, Decimal(0)) - there
                self.given_back[pk] = self.given_back.get(pk, Decimal(0)) + back

    @staticmethod
    def _progress() -> dict[int, Decimal]:
        rows: Any = Requirement.objects.with_progress()
        return {row.pk: row.progressed for row in rows}

    def _look(self) -> None:
        there = self._progress()
        for pk, back in self.given_back.items():
            there[pk] += back
        self.snapshots.append((self.at, there))
        standing = Commitment.objects.open().filter(state=State.STAGED)
        related = ("location", "lot", "requirement__demand")
        self.stood.append((self.at, list(standing.select_related(*related))))

    def staged_at(self, requirement: int, moment: datetime) -> Decimal:
        """What had been staged for a requirement by then, as it was seen then."""
        seen = [there for at, there in self.snapshots if at <= moment]
        return seen[-1][requirement] if seen else Decimal(0)

    def standing_at(self, moment: datetime) -> list[Commitment]:
        """The positions that stood in a lane then, as it was seen then."""
        seen = [there for at, there in self.stood if at < moment]
        return seen[-1] if seen else []

    # --- steps --------------------------------------------------------------------------------

    def _quantity(self) -> Decimal:
        return Decimal(self.random.choice(["1", "2", "3", "5", "8"]))

    def _lane(self) -> Any:
        return self.random.choice([self.plant.l1, self.plant.l2, self.plant.buf, self.plant.dock])

    def _staged(self, state: str = State.STAGED) -> Any:
        rows = list(Commitment.objects.open().filter(state=state).order_by("pk"))
        return self.random.choice(rows) if rows else None

    def _stage(self) -> Any:
        return staging.stage, staging.Staging(
            demand=self.random.choice(self.demands), lot=self.random.choice(self.lots),
            lane=self._lane(), quantity=self._quantity(),
        )  # fmt: skip

    def _of_staged(self, make: Any, state: str = State.STAGED) -> Any:
        row = self._staged(state)
        return None if row is None else make(row, self.random.random() < 0.5)

    def _unstage(self) -> Any:
        return staging.unstage, self._of_staged(lambda row, half: staging.Unstaging(
            demand=row.requirement.demand, lot=row.lot, lane=row.location, target=self.plant.a2,
            quantity=row.quantity / 2 if half and row.lot.material == self.materials[0] else None,
        ))  # fmt: skip

    def _free(self) -> Any:
        return staging.unstage, self._of_staged(lambda row, _half: staging.Unstaging(
            demand=row.requirement.demand, lot=row.lot, lane=row.location, target=row.location,
        ))  # fmt: skip

    def _transfer(self) -> Any:
        return staging.transfer, self._of_staged(lambda row, _half: staging.Transfer(
            demand=row.requirement.demand, lot=row.lot, lane=row.location, target=self._lane(),
        ))  # fmt: skip

    def _issue(self) -> Any:
        return staging.issue, self._of_staged(lambda row, _half: staging.Issue(
            demand=row.requirement.demand, lot=row.lot, lane=row.location,
        ))  # fmt: skip

    def _load(self) -> Any:
        return staging.load, self._of_staged(lambda row, _half: staging.Loading(
            demand=row.requirement.demand, lot=row.lot, lane=row.location, vehicle=self.plant.truck,
        ))  # fmt: skip

    def _unload(self) -> Any:
        return staging.unload, self._of_staged(lambda row, half: staging.Unloading(
            demand=row.requirement.demand, lot=row.lot,
            target=self.plant.a1 if half else self.plant.dock,
        ), State.ISSUED)  # fmt: skip

    def _consume(self) -> Any:
        return staging.consume, self._of_staged(lambda row, half: staging.Consumption(
            demand=row.requirement.demand, lot=row.lot,
            quantity=Decimal(1) if half else None,
        ), State.ISSUED)  # fmt: skip

    def _give_back(self) -> Any:
        return staging.return_remainder, self._of_staged(lambda row, _half: staging.Remainder(
            demand=row.requirement.demand, lot=row.lot, target=self.plant.a1,
            quantity=Decimal(1),
        ), State.ISSUED)  # fmt: skip

    def _assign(self) -> Any:
        free = Balance.objects.filter(location__kind="staging", quantity__gt=F("bound"))
        if not (rows := list(free.order_by("pk"))):
            return staging.assign, None
        row = self.random.choice(rows)
        return staging.assign, staging.Assignment(
            demand=self.random.choice(self.demands), lot=row.lot, lane=row.location,
            quantity=min(row.free, self._quantity()),
        )  # fmt: skip

    def _borrow(self) -> Any:
        return staging.borrow, self._of_staged(lambda row, _half: staging.Borrowing(
            demand=row.requirement.demand, lot=row.lot, lane=row.location,
            borrower=self.random.choice(self.demands), reason="urgent",
        ))  # fmt: skip

    def _reverse(self) -> Any:
        movement = Movement.objects.exclude(kind="reverse").order_by("-pk").first()
        if movement is None or movement.kind == "receive":
            return stock.reverse, None
        return staging.reverse, stock.Reversal(movement=movement, reason="slip")
