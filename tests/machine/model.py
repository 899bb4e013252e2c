"""What the machine believes: stock, claims, quality and demands, as dictionaries.

Quantities are kept by (lot, place, box), claims by (demand, state, lot, place, box). Nothing is
read from the database here, and nothing is shared with the product's own code.
"""

from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Self

ZERO = Decimal(0)
KINDS = {
    "a1": "storage", "a2": "storage", "cage": "quarantine", "l1": "staging", "l2": "staging",
    "dock": "staging", "wc": "work_center", "truck": "transit",
}  # fmt: skip
"""The places that are really there; all others (supplier, customer …) are virtual."""

CAPACITY = {"l2": 2}
Place = tuple[str, str, str | None]
Claim = tuple[str, str, str, str, str | None]


class No(Exception):  # noqa: N818 - the model's own refusal
    """The model refuses, with this code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def require(condition: object, code: str) -> None:
    if not condition:
        raise No(code)


@dataclass
class Demand:
    kind: str
    needs: dict[str, Decimal]
    closed: bool = False


@dataclass
class Hold:
    """An open hold on a lot, box, place or material."""

    kind: str
    name: str


@dataclass
class Model:
    at: datetime
    material: dict[str, str] = field(default_factory=dict)
    expiry: dict[str, int | None] = field(default_factory=dict)
    status: dict[str, str] = field(default_factory=dict)
    permits: dict[str, set[str]] = field(default_factory=dict)
    parents: dict[str, set[str]] = field(default_factory=dict)
    inspections: list[tuple[str, bool, str]] = field(default_factory=list)
    holds: dict[int, Hold] = field(default_factory=dict)
    boxes: dict[str, str] = field(default_factory=dict)
    numbered: set[str] = field(default_factory=set)
    demands: dict[str, Demand] = field(default_factory=dict)
    stock: dict[Place, Decimal] = field(default_factory=dict)
    claims: dict[Claim, tuple[Decimal, datetime]] = field(default_factory=dict)
    used: dict[tuple[str, str], Decimal] = field(default_factory=dict)

    def copy(self) -> Self:
        return deepcopy(self)

    # --- stock ------------------------------------------------------------------------------

    def claimed(self, at: Place) -> Decimal:
        return sum((qty for key, (qty, _since) in self.claims.items() if key[2:] == at), ZERO)

    def free(self, at: Place) -> Decimal:
        return self.stock.get(at, ZERO) - self.claimed(at)

    def rows(self, lot: str) -> list[Place]:
        """Where the lot is on hand, in the order in which it came there."""
        return [key for key, quantity in self.stock.items() if key[0] == lot and quantity > 0]

    def content(self, box: str) -> Decimal:
        return sum((qty for key, qty in self.stock.items() if key[2] == box), ZERO)

    def pick(
        self,
        lot: str,
        source: str | None,
        box: str | None,
        among: Iterable[Place] | None = None,
    ) -> Place:
        """The one place to take from; loose stock stands before what is packed."""
        found = [
            key
            for key in (self.rows(lot) if among is None else among)
            if source in (None, key[1]) and box in (None, key[2])
        ]
        if source and not box and len(found) > 1:
            found = [key for key in found if key[2] is None] or found
        require(found, "not_here")
        require(len(found) == 1, "source_needed")
        return found[0]

    def amount(self, quantity: Decimal | None, otherwise: Decimal) -> Decimal:
        if quantity is None:
            require(otherwise > 0, "not_enough")
            return otherwise
        require(quantity > 0, "quantity_not_above_zero")
        return quantity

    def add(self, at: Place, quantity: Decimal) -> None:
        self.stock[at] = self.stock.get(at, ZERO) + quantity

    def move(self, at: Place, to: str, quantity: Decimal, *, carries: bool = True) -> str | None:
        """Take free stock to another place. The box that it then stands in: a box goes along
        when all that it holds goes."""
        lot, place, box = at
        require(self.free(at) >= quantity, "not_enough")
        whole = carries and box is not None and place != to and self.content(box) == quantity
        if whole and box:
            self.boxes[box] = to
        self.stock[at] -= quantity
        if to in KINDS:
            self.add((lot, to, box if whole else None), quantity)
        return box if whole else None

    def hold_to_capacity(self, lane: str) -> None:
        here = [key for key, quantity in self.stock.items() if key[1] == lane and quantity > 0]
        positions = {key[2] or key[0] for key in here}
        require(len(positions) <= CAPACITY.get(lane, len(positions)), "lane_full")

    # --- claims -----------------------------------------------------------------------------

    def aged(self, matches: Callable[[Claim], bool]) -> list[Claim]:
        """The claims that match, the oldest first."""
        found = [key for key in self.claims if matches(key)]
        return sorted(found, key=lambda key: self.claims[key][1])

    def claim(self, key: Claim, quantity: Decimal, since: datetime | None = None) -> None:
        """What joins a claim keeps the older clock."""
        had, older = self.claims.get(key, (ZERO, since or self.at))
        self.claims[key] = (had + quantity, min(older, since or self.at))

    def unclaim(self, key: Claim, quantity: Decimal) -> None:
        had, since = self.claims[key]
        if had == quantity:
            del self.claims[key]
        else:
            self.claims[key] = (had - quantity, since)

    def committed(self, demand: str, material: str, *states: str) -> Decimal:
        return sum(
            (
                quantity
                for key, (quantity, _since) in self.claims.items()
                if key[0] == demand and key[1] in states and self.material[key[2]] == material
            ),
            ZERO,
        )

    def consumed(self, demand: str, material: str | None = None) -> Decimal:
        return sum(
            (
                quantity
                for (of, lot), quantity in self.used.items()
                if of == demand and material in (None, self.material[lot])
            ),
            ZERO,
        )

    def missing(self, demand: str, material: str) -> Decimal:
        """What is not yet staged or beyond."""
        done = self.committed(demand, material, "staged", "issued")
        return self.demands[demand].needs[material] - done - self.consumed(demand, material)

    def settle(self, demand: str, material: str) -> None:
        """Give needless reservations up, the youngest first."""
        missing = self.missing(demand, material)
        require(missing >= 0, "more_than_required")
        surplus = self.committed(demand, material, "reserved") - missing
        own = self.aged(
            lambda key: key[:2] == (demand, "reserved") and self.material[key[2]] == material
        )
        for key in reversed(own):
            part = min(self.claims[key][0], surplus)
            if part > 0:
                self.unclaim(key, part)
                surplus -= part

    # --- quality ----------------------------------------------------------------------------

    def hold(self, kind: str, name: str) -> None:
        """An open hold; its number is known once the database has given it."""
        self.holds[min([0, *self.holds]) - 1] = Hold(kind, name)

    def held(self, lot: str, places: Iterable[str], box: str | None) -> bool:
        under = {("lot", lot), ("material", self.material[lot]), ("container", box)}
        under |= {("location", place) for place in places}
        return any((hold.kind, hold.name) in under for hold in self.holds.values())

    def gate(self, asks: str, at: Place, to: str, demand: str) -> None:
        """May the lot do this, here, for this?"""
        lot, place, box = at
        require(not self.held(lot, (place, to), box), "lot_on_hold")
        status = self.status[lot]
        require(status in ("released", "restricted"), f"lot_{status}")
        require(status == "released" or demand in self.permits[lot], "lot_restricted")
        require(asks != "stage" or KINDS[place] != "quarantine", "stands_in_quarantine")
