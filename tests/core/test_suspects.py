"""After a sweep there is an alert for all that the gate would stop, and for nothing else.

The sweep looks only where something can have changed; the gate is asked here about everything.
"""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.utils import timezone

from inventory import actions as stock
from inventory import audit
from inventory.models import Container, Location, Lot
from quality.models import Hold, LotChange, RestrictedUse, RuleSet, UsageRule
from staging import actions as staging
from staging import clock
from staging.models import Alert, StagedStock
from tests.plant import Plant

NOON = datetime.fromisoformat("2026-05-20T12:00:00+00:00")
DAY = timedelta(days=1)


class Doings:
    """What people and time can do to staged stock, in any order."""

    def __init__(self, plant: Plant, seed: int, clock_hand: time_machine.Traveller) -> None:
        self.plant, self.hand = plant, clock_hand
        self.random = random.Random(seed)
        self.lots = [plant.lot(9, expires_in=self.random.randrange(1, 9)) for _ in range(6)]
        orders = [plant.order((lot.material, 9)) for lot in self.lots]
        for lot, order in zip(self.lots, orders, strict=True):
            plant.stage(order, lot, self.random.choice([plant.l1, plant.l2]))
        self.pallet = Container.objects.create(code="PALLET", location=plant.l1)
        self.inner = Container.objects.create(code="INNER", location=plant.l1, parent=self.pallet)
        boxed = StagedStock.objects.filter(location=plant.l1).first()
        if boxed:  # as if it had come so packed
            boxed.lot.balances.filter(location=plant.l1).update(container=self.inner)
            StagedStock.objects.filter(pk=boxed.pk).update(container=self.inner)

    def pick(self) -> Lot:
        return self.random.choice(self.lots)

    def hold(self) -> None:
        target: dict[str, Any] = self.random.choice(
            [{"lot": self.pick()}, {"material": self.pick().material},
             {"location": self.plant.l1}, {"container": self.pallet}]
        )  # fmt: skip
        self.plant.hold(**target)

    def lift(self) -> None:
        if hold := Hold.objects.open().first():
            self.plant.lift(hold)

    def wait(self) -> None:
        self.hand.shift(self.random.choice([DAY, 3 * DAY, timedelta(hours=5)]))

    def go_back(self) -> None:
        self.hand.shift(-2 * DAY)

    def decide(self) -> None:
        status = self.random.choice(["released", "quarantine", "rejected", "restricted"])
        Lot.objects.filter(pk=self.pick().pk).update(status=status)

    def new_dates(self) -> None:
        day = timezone.localdate() + self.random.choice([-1, 0, 1, 40]) * DAY
        column = self.random.choice(["expires_on", "retest_on"])
        Lot.objects.filter(pk=self.pick().pk).update(**{column: day})

    def permit(self) -> None:
        staged = self.random.choice(StagedStock.objects.select_related("requirement__demand"))
        until = self.random.choice([None, timezone.localdate()])
        reference = staged.requirement.demand.reference
        RestrictedUse.objects.update_or_create(
            lot=staged.lot, reference=reference, defaults={"until": until}
        )

    def new_rules(self) -> None:
        last = RuleSet.objects.order_by("-version")[0]
        system = User.objects.get(username="system")
        new = RuleSet.objects.create(
            version=last.version + 1, note="n", activated_at=timezone.now(), activated_by=system
        )
        for rule in last.rules.filter(purpose=""):
            UsageRule.objects.create(
                rule_set=new, status=rule.status, effect=rule.effect, note="n", cleared_by="QA"
            )
        UsageRule.objects.create(
            rule_set=new, status="released", effect="deny", note="n",
            material=self.pick().material, purpose=self.random.choice(["line_side", "kitting"]),
        )  # fmt: skip

    def repurpose(self) -> None:
        other = self.random.choice(["line_side", "kitting"])
        Location.objects.filter(pk=self.plant.l2.pk).update(purpose=other)

    def issue_and_back(self) -> None:
        """What is stopped while it is away comes back, which the gate is not asked about."""
        row = StagedStock.objects.filter(container=None).blocked(timezone.localdate())
        usable = StagedStock.objects.filter(container=None).exclude(pk__in=row.values("pk")).first()
        if usable is None:
            return
        issue = staging.Issue(lot=usable.lot, lane=usable.location)
        moved = self.plant.do(staging.issue, issue).movements[0]
        Lot.objects.filter(pk=usable.lot_id).update(status="rejected")
        self.sweep()
        self.plant.do(staging.reverse, stock.Reversal(movement=moved, reason="back"))

    def sweep(self) -> None:
        clock.sweep(by=audit.system(), at=timezone.now())

    def any(self) -> Callable[[], None]:
        return self.random.choice(
            [self.hold, self.lift, self.wait, self.go_back, self.decide, self.new_dates,
             self.permit, self.new_rules, self.repurpose, self.issue_and_back]
        )  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
def test_a_sweep_misses_nothing_and_leaves_nothing(plant: Plant, seed: int) -> None:
    with time_machine.travel(NOON, tick=False) as hand:
        doings = Doings(plant, seed, hand)
        done: list[str] = []
        for _step in range(14):
            doing = doings.any()
            done.append(doing.__name__)
            doing()
            if doings.random.random() < 0.3:
                continue
            doings.sweep()
            blocked = StagedStock.objects.all().blocked(timezone.localdate())
            alerts = Alert.objects.open().filter(reason="not_usable")
            expected = set(blocked.values_list("pk", flat=True))
            assert set(alerts.values_list("commitment", flat=True)) == expected, done
            assert not LotChange.objects.exists()


def test_a_thorough_look_finds_what_no_mark_was_left_of(plant: Plant) -> None:
    lot = plant.lot(9)
    plant.stage(plant.order((lot.material, 9)), lot)
    clock.sweep(by=audit.system(), at=timezone.now())
    Lot.objects.filter(pk=lot.pk).update(status="rejected")
    LotChange.objects.all().delete()
    assert LotChange.objects.count() == 0
    counts = clock.sweep(by=audit.system(), at=timezone.now(), thorough=True)
    assert counts["raised"] == 1
