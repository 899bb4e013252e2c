"""What a client does next: drawn at random, from the few things that everybody wants."""

import random
from collections import deque
from collections.abc import Callable
from typing import Any

from config.torture import world
from config.torture.journal import movements_of

Line = dict[str, Any]
QUANTITIES = ("1", "2", "2.5", "3", "7", "20")
MANY = frozenset({"stage", "move", "unstage", "transfer", "issue", "receive", "load", "adjust"})
"""Verbs that are sometimes asked for several lines at once, in any order of lots."""


class Plan:
    """Draws requests, and remembers what earlier answers gave to work on."""

    def __init__(self, client: str, seed: str) -> None:
        self.client = client
        self.rng = random.Random(seed)  # noqa: S311 - a test that can be repeated
        self.holds: list[str] = []
        self.parts: deque[tuple[str, str]] = deque(maxlen=5)
        self.demands: deque[str] = deque(maxlen=3)
        self.last_movement = 0
        self.made = 0

    def draw(self) -> tuple[str, list[Line]]:
        """The next verb and its lines."""
        if self.holds and self.chance(0.5):
            signed = {"meaning": "review", "reason": "looked at", "password": world.PASSWORD}
            return "lift_hold", [{"hold": self.holds.pop(0), **signed}]
        verb = self.rng.choices(VERBS, WEIGHTS)[0]
        if verb == "cancel_demand" and not self.demands:
            verb = "create_demand"  # the others' demands are needed by everybody
        many = self.rng.randint(2, 5) if verb in MANY and self.chance(0.15) else 1
        return verb, [LINES[verb](self) for _ in range(many)]

    def learn(self, verb: str, asked: list[Line], answer: Any) -> None:
        """Remember what an acknowledged answer made."""
        self.last_movement = max(
            (row["id"] for row in movements_of(answer)), default=self.last_movement
        )
        if verb == "place_hold":
            self.holds += [row["id"] for row in answer["objects"] if row["type"] == "hold"]
        elif verb == "split_lot":
            self.parts.append((asked[0]["number"], asked[0]["lot"]))
        elif verb == "create_demand":
            self.demands.append(asked[0]["reference"])

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    # --- things --------------------------------------------------------------------------------

    @property
    def bay(self) -> str:
        return self.rng.choice(world.BAYS)

    @property
    def raw(self) -> str:
        return self.rng.choice(world.RAW_LOTS)

    @property
    def goods(self) -> str:
        return self.rng.choice(world.GOODS_LOTS)

    @property
    def box(self) -> str:
        return self.rng.choice(world.BOXES)

    @property
    def quantity(self) -> str:
        return self.rng.choice(QUANTITIES)

    @property
    def any_lot(self) -> str:
        return self.rng.choice(world.RAW_LOTS + world.GOODS_LOTS)

    @property
    def order(self) -> str:
        own = list(self.demands)
        return self.rng.choice(own if own and self.chance(0.2) else world.ORDERS)

    def new_name(self, kind: str) -> str:
        self.made += 1
        return f"{kind}-{self.client}-{self.made}"

    def task(self) -> tuple[str, str, str]:
        """A demand, a lot that it can use, and a lane for it: production three times in four."""
        if self.chance(0.75):
            return self.order, self.raw, self.rng.choice(world.LANES)
        return self.rng.choice(world.SHIPMENTS), self.goods, self.rng.choice(world.DOCKS)

    # --- lines ---------------------------------------------------------------------------------

    def receive(self) -> Line:
        is_raw = self.chance(0.6)
        lot = self.raw if is_raw else self.goods
        material = world.RAW if is_raw else world.GOODS
        return {"material": material, "number": lot, "quantity": "50", "location": self.bay}

    def move(self) -> Line:
        source, target = self.rng.sample([*world.BAYS, world.CAGE], 2)
        quantity = self.quantity
        return {"lot": self.any_lot, "source": source, "target": target, "quantity": quantity}

    def scrap(self) -> Line:
        return {"lot": self.any_lot, "source": self.bay, "quantity": "1", "reason": "broken"}

    def adjust(self) -> Line:
        place = self.rng.choice(world.BAYS + world.LANES + world.DOCKS)
        counted = str(self.rng.randint(0, 120))
        return {"lot": self.any_lot, "location": place, "quantity": counted, "reason": "counted"}

    def pack(self) -> Line:
        return {"lot": self.any_lot, "container": self.box, "quantity": self.quantity}

    def move_container(self) -> Line:
        return {"container": self.box, "target": self.bay}

    def new_container(self) -> Line:
        return {"code": self.new_name("TRT-C"), "location": self.bay}

    def split(self) -> Line:
        number = self.new_name("TRT-S")
        return {"lot": self.raw, "number": number, "quantity": "2", "source": self.bay}

    def merge(self) -> Line:
        if not self.parts:
            return {"lot": self.raw, "into": self.raw, "quantity": "1", "source": self.bay}
        part, whole = self.rng.choice(self.parts)
        return {"lot": part, "into": whole}

    def stage(self) -> Line:
        demand, lot, lane = self.task()
        line = {"demand": demand, "lot": lot, "lane": lane, "quantity": self.quantity}
        return line | ({"container": self.box} if self.chance(0.2) else {"source": self.bay})

    def assign(self) -> Line:
        demand, lot, lane = self.task()
        return {"demand": demand, "lot": lot, "lane": lane, "quantity": self.quantity}

    def unstage(self) -> Line:
        demand, lot, lane = self.task()
        quantity = self.quantity
        where = {"lane": lane, "target": self.bay}
        return {"demand": demand, "lot": lot, "quantity": quantity, **where}

    def transfer(self) -> Line:
        is_raw = self.chance(0.75)
        source, target = self.rng.sample(world.LANES if is_raw else world.DOCKS, 2)
        lot = self.raw if is_raw else self.goods
        return {"lot": lot, "lane": source, "target": target, "quantity": self.quantity}

    def borrow(self) -> Line:
        lender, borrower = self.rng.sample(world.ORDERS, 2)
        return {
            "lot": self.raw, "demand": lender, "borrower": borrower, "quantity": self.quantity,
            "lane": self.rng.choice(world.LANES), "reason": "in a hurry",
        }  # fmt: skip

    def allocate(self) -> Line:
        demand, lot, _lane = self.task()
        return {"demand": demand, "lot": lot, "quantity": self.quantity, "source": self.bay}

    def deallocate(self) -> Line:
        demand, lot, _lane = self.task()
        return {"demand": demand, "lot": lot, "quantity": self.quantity}

    def issue(self) -> Line:
        lane, quantity = self.rng.choice(world.LANES), self.quantity
        return {"lot": self.raw, "lane": lane, "demand": self.order, "quantity": quantity}

    def consume(self) -> Line:
        return {"lot": self.raw, "demand": self.order, "quantity": self.quantity}

    def return_remainder(self) -> Line:
        return self.consume() | {"target": self.bay}

    def produce(self) -> Line:
        return {
            "demand": self.order, "number": self.new_name("TRT-P"), "quantity": "5",
            "location": self.bay, "material": world.GOODS,
        }  # fmt: skip

    def load(self) -> Line:
        line = {"lot": self.goods, "vehicle": world.TRUCK, "lane": self.rng.choice(world.DOCKS)}
        return line | {"demand": self.rng.choice(world.SHIPMENTS), "quantity": self.quantity}

    def unload(self) -> Line:
        line = {"lot": self.goods, "target": self.rng.choice(world.DOCKS)}
        return line | {"demand": self.rng.choice(world.SHIPMENTS), "quantity": self.quantity}

    def ship(self) -> Line:
        demand = self.rng.choice(world.SHIPMENTS)
        line = {"demand": demand, "lot": self.goods, "quantity": self.quantity}
        return line | {"lane": self.rng.choice([world.TRUCK, *world.DOCKS])}

    def place_hold(self) -> Line:
        target = self.rng.choice(
            [("lot", self.any_lot), ("container", self.box), ("location", world.LANES[0])]
        )
        return {"reason": "looks odd", target[0]: target[1]}

    def create_demand(self) -> Line:
        return {
            "reference": self.new_name("TRT-PO"), "kind": "production", "site": world.SITE,
            "needed_at": "2090-01-01T00:00:00Z", "work_center": world.WORK_CENTER,
            "requirements": [{"material": world.RAW, "quantity": "30"}],
        }  # fmt: skip

    def cancel_demand(self) -> Line:
        return {"demand": self.rng.choice(list(self.demands)), "reason": "not needed"}

    def reverse(self) -> Line:
        """One of the latest movements, whoever made it."""
        latest = max(self.last_movement, 1)
        movement = self.rng.randint(max(1, latest - 15), latest + 3)
        return {"movement": movement, "reason": "a mistake"}


LINES: dict[str, Callable[[Plan], Line]] = {
    "receive": Plan.receive,
    "move": Plan.move,
    "scrap": Plan.scrap,
    "adjust": Plan.adjust,
    "pack": Plan.pack,
    "unpack": Plan.pack,
    "move_container": Plan.move_container,
    "new_container": Plan.new_container,
    "split_lot": Plan.split,
    "merge_lots": Plan.merge,
    "stage": Plan.stage,
    "assign": Plan.assign,
    "unstage": Plan.unstage,
    "transfer": Plan.transfer,
    "borrow": Plan.borrow,
    "allocate": Plan.allocate,
    "deallocate": Plan.deallocate,
    "issue": Plan.issue,
    "consume": Plan.consume,
    "return_remainder": Plan.return_remainder,
    "produce": Plan.produce,
    "load": Plan.load,
    "unload": Plan.unload,
    "ship": Plan.ship,
    "place_hold": Plan.place_hold,
    "create_demand": Plan.create_demand,
    "cancel_demand": Plan.cancel_demand,
    "reverse": Plan.reverse,
}
OFTEN = {
    "stage": 16, "move": 7, "issue": 8, "consume": 6, "reverse": 6, "receive": 5, "load": 6,
    "transfer": 6, "unstage": 5, "assign": 5, "adjust": 4, "ship": 4, "return_remainder": 4,
    "pack": 5, "allocate": 4, "unpack": 3, "borrow": 3, "move_container": 3,
}  # fmt: skip
VERBS = list(LINES)
WEIGHTS = [OFTEN.get(verb, 2) for verb in VERBS]
