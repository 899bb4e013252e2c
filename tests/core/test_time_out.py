"""Time out of storage: the stored clock is what a plain model of the same movements says."""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory import actions as stock
from inventory import exposure
from inventory.actions import save_master
from inventory.checks import breaches
from inventory.errors import Refused
from inventory.exposure import NONE
from inventory.models import Location, Lot, Material, Movement
from quality import gate
from quality.models import GatedAction
from tests.core.refusal import refused
from tests.plant import Plant

HOUR = timedelta(hours=1)
START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Cold:
    """A plant with a fridge of two shelves, all else not cold; a material that may be out for ten
    hours."""

    plant: Plant = field(default_factory=Plant)
    clock: datetime = START

    def __post_init__(self) -> None:
        fridge = self.plant._place("FRIDGE", condition="2-8")
        self.shelf = self.plant._place("SHELF", parent=fridge)
        self.other = self.plant._place("OTHER", parent=fridge)
        self.hall = self.plant._place("HALL", condition="ambient")
        self.material = self.plant.material(
            storage_condition="2-8", out_of_storage_budget=10 * HOUR, initial_status="released"
        )

    def later(self, hours: float) -> None:
        self.clock += hours * HOUR

    def do(self, verb: Any, *lines: Any) -> Any:
        return verb(lines=list(lines), by=self.plant.operator, at=self.clock)

    def receive(self, number: str = "N1", quantity: int = 10, at: Location | None = None) -> Lot:
        line = stock.Receipt(
            material=self.material, number=number, quantity=Decimal(quantity),
            location=at or self.shelf,
        )  # fmt: skip
        self.do(stock.receive, line)
        return Lot.objects.get(material=self.material, number=number)

    def move(self, lot: Lot, target: Location, quantity: int | None = None, **more: Any) -> Any:
        amount = None if quantity is None else Decimal(quantity)
        return self.do(stock.move, stock.Move(lot=lot, target=target, quantity=amount, **more))[0]

    def reverse(self, movement: Movement) -> None:
        self.do(stock.reverse, stock.Reversal(movement=movement, reason="mistake"))

    def used(self, lot: Lot) -> float:
        return exposure.used(fresh(lot), self.clock) / HOUR


def fresh(lot: Lot) -> Lot:
    return Lot.objects.select_related("material").get(pk=lot.pk)


def sound() -> bool:
    return not [breach for breach in breaches() if breach.startswith("time out")]


@pytest.fixture
def cold(db: None) -> Cold:
    return Cold()


def test_counts_from_leaving_to_returning_and_adds_up(cold: Cold) -> None:
    lot = cold.receive()
    for out in (3, 4):
        cold.later(5)
        cold.move(lot, cold.hall)
        assert fresh(lot).out_since == cold.clock
        cold.later(out)
        cold.move(lot, cold.shelf)
    assert cold.used(lot) == 7
    assert fresh(lot).out_ends_at is None
    cold.move(lot, cold.hall)
    assert fresh(lot).out_ends_at == cold.clock + 3 * HOUR
    assert sound()


def test_runs_while_any_part_is_out(cold: Cold) -> None:
    lot = cold.receive()
    cold.move(lot, cold.hall, 4)
    cold.later(2)
    cold.move(lot, cold.hall, 6, source=cold.shelf)
    cold.later(1)
    cold.move(lot, cold.shelf, 9, source=cold.hall)
    cold.later(1)
    cold.move(lot, cold.other, 1, source=cold.hall)
    cold.later(9)
    assert cold.used(lot) == 4
    assert sound()


def test_a_place_that_states_no_condition_counts_as_out(cold: Cold) -> None:
    lot = cold.receive(at=cold.plant.a1)
    cold.later(2)
    assert cold.used(lot) == 2


def test_what_left_the_plant_is_no_longer_counted(cold: Cold) -> None:
    lot = cold.receive(at=cold.hall)
    cold.later(2)
    cold.do(stock.scrap, stock.Removal(lot=lot, quantity=Decimal(10), reason="old"))
    cold.later(50)
    assert cold.used(lot) == 2
    assert sound()


def test_once_used_up_it_stays_used_up(cold: Cold) -> None:
    lot = cold.receive()
    cold.move(lot, cold.hall)
    left = cold.clock
    cold.later(11)
    cold.move(lot, cold.shelf)
    assert fresh(lot).out_ends_at == left + 10 * HOUR
    with refused("time_out_exceeded"):
        cold.plant.stage(cold.plant.order((cold.material, 5)), fresh(lot))


def test_a_reversal_restores_what_was(cold: Cold) -> None:
    lot = cold.receive()
    out = cold.move(lot, cold.hall)
    cold.later(11)
    cold.reverse(out)
    assert cold.used(lot) == 0
    assert fresh(lot).out_ends_at is None
    cold.move(lot, cold.hall)
    cold.later(1)
    back = cold.move(lot, cold.shelf)
    cold.later(4)
    cold.reverse(back)
    assert cold.used(lot) == 5
    assert sound()


def test_a_part_inherits_and_a_merge_takes_the_worse(cold: Cold) -> None:
    lot = cold.receive()
    cold.move(lot, cold.hall)
    cold.later(3)
    cold.move(lot, cold.shelf)
    cold.do(stock.split_lot, stock.Split(lot=lot, number="N1-A", quantity=Decimal(4)))
    part = Lot.objects.get(number="N1-A")
    assert cold.used(part) == 3
    young = cold.receive("N2")
    merged, _arrived = cold.do(stock.merge_lots, stock.Merge(lot=part, into=young))
    assert cold.used(young) == 3
    assert sound()
    cold.reverse(merged)
    assert cold.used(young) == 0
    assert sound()


def test_a_place_that_changes_its_condition_starts_and_stops_clocks(cold: Cold) -> None:
    lot = cold.receive()
    began = timezone.now()
    change(cold.shelf.parent, condition="ambient")
    assert fresh(lot).out_since >= began
    change(cold.shelf, condition="2-8")
    assert fresh(lot).out_since is None
    assert fresh(lot).out_used > NONE
    assert sound()


def test_the_first_condition_stated_is_taken_to_have_held_before(cold: Cold) -> None:
    lot = cold.receive(at=cold.plant.a1)
    cold.later(20)
    change(cold.plant.a1, condition="2-8")
    assert cold.used(lot) == 0
    assert sound()


def test_a_budget_given_later_counts_what_was(cold: Cold) -> None:
    Material.objects.update(out_of_storage_budget=None)
    lot = cold.receive(at=cold.hall)
    cold.later(4)
    assert (cold.used(lot), fresh(lot).out_since) == (0, None)
    change(Material.objects.get(pk=cold.material.pk), out_of_storage_budget=6 * HOUR)
    assert cold.used(lot) == 4
    assert fresh(lot).out_ends_at == START + 6 * HOUR
    change(Material.objects.get(pk=cold.material.pk), out_of_storage_budget=None)
    assert fresh(lot).out_since is None
    assert sound()


def test_check_ledger_names_a_clock_that_was_tampered_with(cold: Cold) -> None:
    lot = cold.receive(at=cold.hall)
    Lot.objects.filter(pk=lot.pk).update(out_used=NONE, out_since=None, out_ends_at=None)
    assert [str(lot) in breach for breach in breaches()] == [True]


def change(row: Any, **columns: Any) -> None:
    row.refresh_from_db()
    for name, value in columns.items():
        setattr(row, name, value)
    save_master(row, by=Plant().qa, at=timezone.now(), reason="changed")


# --- against a plain model ----------------------------------------------------------------------


@dataclass
class Event:
    """What happened, in minutes from the start: how much went from one of the places to another."""

    minute: int
    source: int | None
    target: int | None
    quantity: int
    undone: bool = False


COLD_PLACES = (0, 1)


def expected(events: list[Event], now: int) -> int:
    """Minute by minute: was any of it out?"""
    return sum(
        any(
            quantity > 0
            for place, quantity in standing(events, minute).items()
            if place not in COLD_PLACES
        )
        for minute in range(now)
    )


def standing(events: list[Event], minute: int) -> dict[int, int]:
    places = dict.fromkeys(range(4), 0)
    for event in events:
        if event.minute <= minute and not event.undone:
            if event.source is not None:
                places[event.source] -= event.quantity
            if event.target is not None:
                places[event.target] += event.quantity
    return places


steps = st.tuples(
    st.sampled_from(["move", "move", "move", "undo", "scrap"]),
    st.integers(0, 3), st.integers(0, 3), st.integers(1, 10), st.integers(0, 9),
)  # fmt: skip


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(drawn=st.lists(steps, max_size=8))
def test_the_clock_is_what_a_plain_model_says(cold: Cold, drawn: list[Any]) -> None:
    cold.clock = START
    lot = cold.receive(f"H{Lot.objects.count()}")
    places = (cold.shelf, cold.other, cold.hall, cold.plant.a2)
    events, movements = [Event(0, None, 0, 10)], [Movement.objects.get(lot=lot)]
    minute = 0
    for kind, source, target, quantity, wait in drawn:
        minute += wait
        cold.clock = START + timedelta(minutes=minute)
        there = standing(events, minute)
        if kind == "undo":
            index = quantity % len(events)
            with suppress(Refused):  # it was undone before, or what it brought has gone on
                cold.reverse(movements[index])
                events[index].undone = True
            continue
        if there[source] < quantity or source == target:
            continue
        if kind == "scrap":
            line = stock.Removal(
                lot=lot, quantity=Decimal(quantity), reason="old", source=places[source]
            )
            movements += cold.do(stock.scrap, line)
            events.append(Event(minute, source, None, quantity))
        else:
            movements.append(cold.move(lot, places[target], quantity, source=places[source]))
            events.append(Event(minute, source, target, quantity))
    now = minute + 5
    used = exposure.used(fresh(lot), START + timedelta(minutes=now))
    assert used == timedelta(minutes=expected(events, now))
    assert sound()


def test_the_gate_names_the_moment_and_who_clears_it(cold: Cold) -> None:
    lot = cold.receive(at=cold.hall)
    cold.later(10)
    use = gate.Use(GatedAction.STAGE, fresh(lot), cold.hall, cold.plant.l1)
    [verdict] = gate.examine([use], timezone.localdate())
    assert verdict.refusal is not None
    assert verdict.refusal.code == "time_out_exceeded"
