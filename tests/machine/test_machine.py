"""All verbs at random: the product does what the model says, and its invariants hold."""

from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from inventory import actions as stock
from inventory.models import Location, Material, Movement
from inventory.verbs import REGISTRY
from staging import clock
from staging.checks import breaches
from staging.models import Alert
from tests.machine.driver import Driver
from tests.machine.lines import LINES, number
from tests.plant import Plant

pytestmark = pytest.mark.django_db

OWN_RULES = {"reverse", "acknowledge"}
"""Verbs that name what has happened before: the machine has rules of their own for them."""

HOW = st.sampled_from(["all", "all", "once", "partial"])
"""All lines or none, the same with a repeated key, or what can be done, with a repeated key."""


class Work(RuleBasedStateMachine):
    """One plant with two materials and a product, four lots, two orders, two shipments, boxes."""

    plant: ClassVar[Plant]

    def __init__(self) -> None:
        super().__init__()
        self.block = transaction.atomic()
        self.block.__enter__()
        self.driver = Driver(self.plant)

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.block.__exit__(None, None, None)

    @rule(back=st.integers(0, 5), several=st.booleans(), how=HOW)
    def reverse(self, back: int, several: bool, how: str) -> None:
        """One of the last movements, or two of them in one request."""
        rows = list(Movement.objects.order_by("-pk")[: back + 1])
        self.driver.reverse(rows[-2:] if several else rows[-1:], how)

    @rule(of=number, how=HOW)
    def acknowledge(self, of: int, how: str) -> None:
        alerts = list(Alert.objects.order_by("-pk"))
        if alerts:
            self.driver.acknowledge(alerts[of % len(alerts)], how)

    @rule()
    def sweep(self) -> None:
        clock.sweep(by=self.plant.operator, at=timezone.now())
        again = clock.sweep(by=self.plant.operator, at=timezone.now())
        assert again == {"raised": 0, "closed": 0}

    @invariant()
    def the_ledger_is_sound(self) -> None:
        assert breaches() == []


def driving(verb: str) -> Callable[..., None]:
    """The rule that carries a verb out, on one line mostly."""

    def carry_out(self: Any, lines: list[dict[str, Any]], how: str) -> None:
        self.driver.call(verb, lines, how)

    carry_out.__name__ = verb
    line = LINES[verb]
    one_or_more = st.tuples(line).map(list) | st.lists(line, min_size=1, max_size=3)
    made: Callable[..., None] = rule(lines=one_or_more, how=HOW)(carry_out)
    return made


for _name in LINES:
    setattr(Work, _name, driving(_name))


def test_no_verb_is_left_out() -> None:
    assert set(LINES) | OWN_RULES == set(REGISTRY)


def test_whatever_is_done_comes_out_as_the_model_says(
    plant: Plant, request: pytest.FixtureRequest
) -> None:
    Work.plant = furnished(plant)
    profile = request.config.getoption("--hypothesis-profile") or "machine"
    run_state_machine_as_test(Work, settings=settings.get_profile(profile))


def furnished(plant: Plant) -> Plant:
    """What there is when the machine begins."""
    materials = [plant.material(code=code) for code in ("M0", "M1")]
    product = plant.material(code="P", kind="finished", initial_status="released")
    for n in range(4):
        plant.lot(40, material=materials[n % 2], expires_in=10 + n, number=f"N{n}")
    needs = [(material, 30) for material in materials]
    for n in range(2):
        plant.order(*needs, product=product, reference=f"D{n}")
    for n in range(2, 4):
        plant.shipment(*needs, (product, 10), reference=f"D{n}")
    boxes = [stock.NewContainer(code=f"BOX{n}", location=plant.a1) for n in range(3)]
    plant.do(stock.new_container, *boxes)
    Location.objects.filter(pk=plant.l2.pk).update(capacity=2)
    plant.l2.refresh_from_db()
    assert Material.objects.count() == 3
    return plant
