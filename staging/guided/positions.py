"""What is left to do, in the order of the walk: what to fetch, what stands there."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.utils import timezone

from inventory.models import Balance, Container, Location, Lot
from staging import unstaging
from staging.actions.allocation import Suggestion, suggest_all
from staging.guided.known import Known
from staging.models import Commitment, Demand, Requirement, State

MOST = 1000
"""Positions read for a page; a lane or demand with more is worked off from the front."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A quantity of a lot at a place. `stop` is why it may not be used, if it may not."""

    lot: Lot
    location: Location
    container: Container | None
    quantity: Decimal
    requirement: Requirement | None = None
    reserved: bool = False
    stop: str = ""

    @property
    def choice(self) -> str:
        """What a tap on it says, instead of its scans."""
        return urlencode(self.given)

    @property
    def given(self) -> dict[str, str]:
        given = {"lot": self.lot.code}
        if self.container:
            given["container"] = self.container.code
        return given

    @property
    def taken_there(self) -> str:
        """A tap that also says where it is taken from, for stock in storage."""
        line = {"line": str(self.requirement.line)} if self.requirement else {}
        return urlencode(self.given | {"source": self.location.code} | line)


@dataclass(frozen=True, slots=True)
class Walk:
    """What to fetch for demands, place by place, and the lines with what nothing is there for."""

    picks: list[Position]
    lines: list[Suggestion]

    @property
    def short(self) -> list[Suggestion]:
        return [line for line in self.lines if line.short > 0]


def walk(demands: Sequence[Demand]) -> Walk:
    """What is reserved for the demands, and what would fill the rest, first expired first out.

    Three statements, however many demands and lines.
    """
    lines = suggest_all(demands)
    reserved = _read(
        Commitment.objects.open().filter(
            state=State.RESERVED, requirement__demand__in=[demand.pk for demand in demands]
        )
    )
    suggested = [
        Position(
            lot=balance.lot, location=balance.location, container=balance.container,
            quantity=quantity, requirement=line.requirement,
        )
        for line in lines
        for balance, quantity in line.parts
    ]  # fmt: skip
    return Walk(_in_order([*reserved, *suggested]), lines)


def picks(known: Known) -> list[Position]:
    """What to fetch for the demand."""
    if known.demand is None or known.demand.closed_at is not None:
        return []
    return walk([known.demand]).picks


def committed(known: Known) -> list[Position]:
    """What the demand has there, or what stands in the lane, in the states the flow takes."""
    if known.demand is None and "lane" not in known.places:
        return []
    return _in_order(_read(_claims(known)))


def claims(known: Known) -> list[Commitment]:
    """The open commitments that what is known means: of its lot, container, demand and lane."""
    rows = _claims(known)
    if known.lot is not None:
        rows = rows.filter(lot=known.lot)
    if known.container is not None:
        rows = rows.filter(container=known.container)
    return list(rows.order_by("pk"))


def standing(known: Known) -> list[Position]:
    """What the books say stands at the location that is counted; how much, the counter says."""
    location = known.places.get("location")
    if location is None:
        return []
    rows = Balance.objects.on_hand().filter(location=location)
    rows = rows.select_related("lot__material", "container").order_by("lot__code", "pk")
    return [
        Position(lot=row.lot, location=location, container=row.container, quantity=row.quantity)
        for row in rows[:MOST]
    ]


def lying(known: Known) -> list[Position]:
    """What stands in lanes for nobody, in the lane that was said or anywhere."""
    return _in_order(
        Position(
            lot=row.lot, location=row.location, container=row.container,
            quantity=row.quantity - row.bound,
        )
        for row in unbound(known).order_by("pk")[:MOST]
    )  # fmt: skip


def unbound(known: Known) -> "QuerySet[Balance]":
    rows = unstaging.unstage_list()
    place = known.places.get("lane") or known.places.get("source")
    return rows.filter(location=place) if place else rows


def none(known: Known) -> list[Position]:
    """Nothing is known to be left."""
    return []


def _claims(known: Known) -> "QuerySet[Commitment]":
    rows = Commitment.objects.open().filter(state__in=known.flow.states)
    if known.demand is not None:
        rows = rows.filter(requirement__demand=known.demand)
    if lane := known.places.get("lane"):
        rows = rows.filter(location=lane)
    return rows.select_related("lot__material", "location", "container", "requirement__demand")


def _read(rows: Any) -> list[Position]:
    rows = rows.with_stop(timezone.localdate()).select_related(
        "lot__material", "location", "container", "requirement__demand"
    )
    return [
        Position(
            lot=row.lot, location=row.location, container=row.container, quantity=row.quantity,
            requirement=row.requirement, reserved=row.state == State.RESERVED, stop=row.stop,
        )
        for row in rows.order_by("pk")[:MOST]
    ]  # fmt: skip


def _in_order(found: Iterable[Position]) -> list[Position]:
    return sorted(
        found, key=lambda at: (at.location.walk_order, at.location.path, at.lot.code, at.quantity)
    )
