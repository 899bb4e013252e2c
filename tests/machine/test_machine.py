"""All verbs at random: the product does what the model says, and its invariants hold."""

from itertools import cycle
from typing import Any, ClassVar

import hypothesis
import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from inventory import actions as stock
from inventory.models import Location, Material, Movement, Site
from inventory.verbs import REGISTRY
from staging.alerting import clock
from staging.checks import breaches
from staging.models import Alert
from staging.past.moment import Known
from tests.machine import past
from tests.machine.driver import Driver
from tests.machine.events import faults_of_what_is_told
from tests.machine.lines import GOES_ON, LINES, TAKES, asking, number
from tests.plant import Plant

pytestmark = pytest.mark.django_db

OWN_RULES = {
    "reverse", "acknowledge", "snooze", "wake", "assign_alert", "countersign", "withdraw_proposal",
}  # fmt: skip
"""Verbs that name what has happened before: the machine has rules of their own for them."""

Asked = tuple[str, list[dict[str, Any]]]
"""A verb, and its lines as they were drawn."""

OFTEN = 8
"""Steps from one snapshot to the next."""

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
        self.past: list[past.Snapshot] = []
        self.steps = 0

    def teardown(self) -> None:
        try:
            assert breaches() == []
            assert faults_of_what_is_told() == []
            for snapshot, known in zip(self.past, cycle(Known), strict=False):
                assert past.rebuilt(snapshot, known) == snapshot
        finally:
            transaction.set_rollback(True)
            self.block.__exit__(None, None, None)

    @initialize(asked=st.lists(asking("stage", "allocate"), min_size=3, max_size=6))
    def begin(self, asked: list[Asked]) -> None:
        """Something is staged and reserved before the rest begins."""
        for verb, lines in asked:
            self.driver.call(verb, lines, "all")

    @rule(asked=asking("stage", "assign", "allocate", "produce"), how=HOW)
    def make_ready(self, asked: Asked, how: str) -> None:
        self.driver.call(*asked, how)

    @rule(asked=asking(*TAKES), how=HOW)
    def take(self, asked: Asked, how: str) -> None:
        self.driver.call(*asked, how)

    @rule(of=number, to=number, drawn=st.data(), how=HOW)
    def go_on(self, of: int, to: int, drawn: st.DataObject, how: str) -> None:
        """What is claimed goes a step further, or back."""
        claims = list(self.driver.model.claims)
        if claims:
            demand, state, lot, *_at = claims[of % len(claims)]
            verbs = GOES_ON[self.driver.model.demands[demand].kind, state]
            verb = verbs[to % len(verbs)]
            line = drawn.draw(LINES[verb].filter(lambda line: "like" in line))
            del line["like"]
            self.driver.call(verb, [line | {"demand": demand, "lot": lot}], how)

    @rule(asked=asking(*LINES), how=HOW)
    def do_anything(self, asked: Asked, how: str) -> None:
        self.driver.call(*asked, how)

    @rule(of=number, withdrawn=st.booleans(), how=HOW)
    def two_people(self, of: int, withdrawn: bool, how: str) -> None:
        self.driver.two_people(of, withdrawn, how)

    @rule(back=st.integers(0, 5), several=st.booleans(), how=HOW)
    def reverse(self, back: int, several: bool, how: str) -> None:
        """One of the last movements, or two of them in one request."""
        rows = list(Movement.objects.order_by("-pk")[: back + 1])
        self.driver.reverse(rows[-2:] if several else rows[-1:], how)

    @rule(of=number, how=HOW)
    def watch(self, of: int, how: str) -> None:
        """The clock raises each alert once, and misses nothing that a look at everything finds;
        somebody acknowledges one."""
        clock.sweep(by=self.plant.operator, at=timezone.now())
        for thorough in (False, True):
            again = clock.sweep(by=self.plant.operator, at=timezone.now(), thorough=thorough)
            assert not again["raised"], thorough
            assert not again["closed"], thorough
        alerts = list(Alert.objects.order_by("-pk"))
        if alerts:
            alert = alerts[of % len(alerts)]
            self.driver.acknowledge(alert, how)
            self.driver.put_off(alert, how)

    @invariant()
    def the_present_becomes_the_past(self) -> None:
        """Now and then all that stands is noted; when all is over, it is rebuilt and compared."""
        self.steps += 1
        if self.steps % OFTEN == 0:
            self.past.append(past.now())

    @invariant()
    def the_ledger_is_sound(self) -> None:
        """Looked at after every other step, and when all is over: what is wrong in it stays."""
        assert self.steps % 2 or breaches() == []


def test_no_verb_is_left_out() -> None:
    assert set(LINES) | OWN_RULES == set(REGISTRY)


def test_whatever_is_done_comes_out_as_the_model_says(
    plant: Plant, request: pytest.FixtureRequest, settings: Any
) -> None:
    settings.LOCKOUT_FAILURES = 10**6  # the machine guesses on and on
    Work.plant = furnished(plant)
    profile = request.config.getoption("--hypothesis-profile") or "machine"
    run_state_machine_as_test(Work, settings=hypothesis.settings.get_profile(profile))


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
    Site.objects.update(gs1_prefix="9521234")
    Location.objects.filter(pk=plant.l2.pk).update(capacity=2)
    plant.l2.refresh_from_db()
    assert Material.objects.count() == 3
    return plant
