"""What a flow knows so far. It travels in the page and its address, never in a process."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl

from inventory import codes
from inventory.models import Container, Location, Lot, Unit
from inventory.units import LARGEST, plain
from inventory.wording import recorded
from staging.models import Demand
from staging.worklists.at_stop import AtStop, at_stop

if TYPE_CHECKING:
    from staging.guided.flows import Flow

ITEM = ("lot", "container", "source", "quantity", "unit", "asking", "all", "reason")
"""What belongs to one lot or container, and goes when another is scanned or it is done."""

BLANK: Mapping[str, Any] = {
    "demand": None, "line": None, "lot": None, "container": None, "quantity": None, "unit": None,
    "asking": "", "all": False, "reason": "",
}  # fmt: skip
"""What a field is when nothing is known of it."""

LONGEST = 200

LONGEST_KEY = 19
"""Digits that a key of the database has at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The demand, the lot or container, the places by their fields, and how much.

    `stays` are the places that were scanned before an item: they hold for the next ones too.
    `asking` is the field that the last refusal asked for; a scan that can answer it does. `at` is
    the stop of a worklist whose work it is, if it is one's.
    """

    flow: "Flow"
    demand: Demand | None = None
    lot: Lot | None = None
    container: Container | None = None
    places: Mapping[str, Location] = field(default_factory=dict)
    quantity: Decimal | None = None
    unit: Unit | None = None
    reason: str = ""
    line: int | None = None
    stays: frozenset[str] = frozenset()
    asking: str = ""
    all: bool = False
    at: AtStop | None = None

    @property
    def has_item(self) -> bool:
        return self.all or self.lot is not None or self.container is not None

    @property
    def item(self) -> Lot | Container | None:
        return self.lot or self.container

    def value(self, name: str) -> Any:
        """What a verb's field of this name is, as far as it is known."""
        return self.places[name] if name in self.places else getattr(self, name, None)

    @property
    def given(self) -> dict[str, str]:
        """As codes, for the form and the address."""
        texts = {
            name: str(getattr(self, name) or "")
            for name in ("demand", "lot", "container", "unit", "reason", "line", "asking")
        }
        texts |= {name: place.code for name, place in self.places.items()}
        texts["unit"] = self.unit.code if self.unit else ""
        texts["quantity"] = plain(self.quantity) if self.quantity is not None else ""
        texts["stays"] = ",".join(sorted(self.stays))
        if self.at:
            texts |= {"stop": str(self.at.given.pk), "walk": self.at.walk}
        return {name: text for name, text in texts.items() if text}

    @property
    def said(self) -> dict[str, str]:
        """What a key stands for: without what was filled in at a stop, which is gone once it is
        done."""
        if self.at is None:
            return self.given
        filled_in = {"demand"} | ({"container", "quantity", "unit"} if self.lot else set())
        counted = {"quantity", "unit"} if "quantity" in self.flow.asks else set()
        return {n: text for n, text in self.given.items() if n not in filled_in - counted}

    def without(self, *names: str) -> Self:
        """The same without these; all of the item where a part of what names it goes."""
        gone = set(names)
        if gone & {"lot", "container", "all"}:
            gone |= set(ITEM) - ({self.flow.here} if self.at else set())
        values: dict[str, Any] = {name: blank for name, blank in BLANK.items() if name in gone}
        values["places"] = {name: row for name, row in self.places.items() if name not in gone}
        values["stays"] = self.stays - gone
        return replace(self, **values)

    def ready(self) -> Self:
        """With the flow's own reason, until another is given; at a stop, with what is known of what
        was scanned there."""
        known = self._at_stop() if self.at and self.item else self
        if self.at:  # a difference found there is explained by who finds it
            return known
        return known if known.reason else replace(known, reason=recorded(self.flow.reason))

    def _at_stop(self) -> Self:
        """The demand that the stop is about, and the container that the lot stands in there."""
        assert self.at is not None  # noqa: S101 - asked by `ready`
        stop, demand, container = self.at.stop, self.demand, self.container
        if stop is None or stop.takes_many:
            return self
        if demand is None and not (stop.container and container and self.lot is None):
            demand = stop.demand if stop.is_bound else None
        if container is None and self.lot is not None:
            container = stop.stands_in(self.lot)
        quantity, unit = self.quantity, self.unit
        if quantity is None and self.lot is not None and self.flow.name == "unstage":
            quantity, unit = self.at.surplus(), None
        return replace(self, demand=demand, container=container, quantity=quantity, unit=unit)

    def next(self) -> Self:
        """What holds for the next item, once this one is done."""
        passing = [name for name in self.places if name not in self.stays]
        kept = self.reason if self.flow.reason else ""
        at = self.at if self.at and self.at.takes_many else None
        own = () if at or not self.at else ("demand", self.flow.here)
        return replace(self.without("lot", *passing, *own), reason=kept, at=at)


def fields(flow: "Flow") -> list[str]:
    """The names under which a flow's page and address say what is known."""
    places = dict.fromkeys(["source", *(place.field for place in flow.places)])
    plain_ones = ("quantity", "unit", "reason", "line", "stays", "asking", "all", "stop", "walk")
    return ["demand", "lot", "container", *places, *plain_ones]


def chosen(given: Mapping[str, str], choice: Mapping[str, str]) -> dict[str, str]:
    """What is given once something was tapped: another item brings its own particulars only."""
    kept = dict(given)
    if {"lot", "container"} & set(choice):
        kept = {name: text for name, text in kept.items() if name not in ITEM}
    return kept | {"asking": ""} | dict(choice)


def told(given: Mapping[str, str], scan: str, choice: str) -> tuple[dict[str, str], str]:
    """What is given and what is scanned, once a scan was made or something was tapped instead."""
    if choice:
        tapped = dict(parse_qsl(choice, keep_blank_values=True))
        scan = tapped.pop("scan", "")
        return chosen(given, tapped), scan
    return dict(given), scan


def read(
    flow: "Flow", given: Mapping[str, str], scan: str = ""
) -> tuple[Known, dict[type[Any], Any]]:
    """What the codes name, and the things that a scan names, by kind. One statement for each kind
    of thing; a code that names nothing any more is left out."""
    texts = {
        name: given.get(name, "").replace("\x00", "").strip()[:LONGEST] for name in fields(flow)
    }
    places = [name for name in texts if name in ("source", *(p.field for p in flow.places))]
    wanted: dict[type[Any], list[str]] = {
        Demand: [texts["demand"]],
        Container: [texts["container"]],
        Lot: [texts["lot"]],
        Location: [texts[name] for name in places],
    }
    found = {kind: codes.find(kind, [*named, scan]) for kind, named in wanted.items()}
    hits = {kind: rows[scan] for kind, rows in found.items() if scan in rows}
    places_known = {n: row for n in places if (row := _one(found[Location], texts[n]))}
    before = not (texts["lot"] or texts["container"])  # no item yet: each place was said first
    known = Known(
        flow=flow,
        demand=_one(found[Demand], texts["demand"]),
        lot=_one(found[Lot], texts["lot"]),
        container=_one(found[Container], texts["container"]),
        places=places_known,
        quantity=number(texts["quantity"]),
        unit=_unit(texts["unit"]),
        reason=texts["reason"],
        line=int(texts["line"]) if texts["line"].isdecimal() else None,
        stays=frozenset(places_known if before else texts["stays"].split(",")) & set(places),
        asking=texts["asking"] if texts["asking"] in texts else "",
        all=bool(texts["all"]),
        at=at_stop(int(texts["stop"]), texts["walk"]) if _is_number(texts["stop"]) else None,
    )
    return known, hits


def _one(found: Mapping[str, Any], code: str) -> Any:
    row = found.get(code)
    return None if row is codes.MANY else row


def _is_number(text: str) -> bool:
    """Whether it can be the number of a row: digits, and not more than a key has."""
    return text.isascii() and text.isdigit() and len(text) < LONGEST_KEY


def _unit(code: str) -> Unit | None:
    return _one(codes.find(Unit, [code]), code) if code else None


def number(text: str) -> Decimal | None:
    """A quantity as a person writes it, with a point or a comma; else None."""
    try:
        value = Decimal(text.replace(",", "."))
    except InvalidOperation:
        return None
    return value if value.is_finite() and abs(value) <= LARGEST else None
