"""After a sweep there is an alert for all that the gate would stop, and for nothing else.

The sweep looks only where something can have changed; the gate is asked here about everything.
"""

import random
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone

from inventory import actions as stock
from inventory import audit
from inventory.models import Container, Location, Lot
from quality import gate
from quality.models import Hold, LotChange, RestrictedUse, RuleSet, UsageRule
from staging import actions as staging
from staging import stops, tasks
from staging.alerting import clock
from staging.models import Alert, Commitment, Demand, PullTask, StagedStock
from staging.suspects import STOPPED
from tests.factories import LocationFactory
from tests.plant import Plant

NOON = datetime.fromisoformat("2026-05-20T12:00:00+00:00")
DAY = timedelta(days=1)


class Doings:
    """What people and time can do to staged stock, in any order."""

    def __init__(self, plant: Plant, seed: int, clock_hand: time_machine.Traveller) -> None:
        self.plant, self.hand = plant, clock_hand
        self.random = random.Random(seed)
        gate.lines._rules.cache_clear()  # another seed had other rules at the same version and time
        self.lots = [plant.lot(9, expires_in=self.random.randrange(1, 9)) for _ in range(6)]
        orders = [plant.order((lot.material, 9)) for lot in self.lots]
        for lot, order in zip(self.lots, orders, strict=True):
            plant.stage(order, lot, self.random.choice([plant.l1, plant.l2]))
        self.pallet = Container.objects.create(code="PALLET", location=plant.l1)
        self.inner = Container.objects.create(code="INNER", location=plant.l1, parent=self.pallet)
        self.crate = Container.objects.create(code="CRATE", location=plant.l1)
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

    def repack(self) -> None:
        """Into a container that may be on hold, out of it, or into another."""
        parent = self.random.choice([None, self.pallet, self.crate])
        Container.objects.filter(pk=self.inner.pk).update(parent=parent)

    def hold_crate(self) -> None:
        self.plant.hold(container=self.crate)

    def relocate(self) -> None:
        """The lane comes to lie in a place that may be on hold."""
        path = self.random.choice(["", self.plant.l1.path]) + f"{self.plant.l2.code}/"
        Location.objects.filter(pk=self.plant.l2.pk).update(path=path)

    def reschedule(self) -> None:
        when = timezone.now() + self.random.choice([-1, 1, 30]) * timedelta(hours=1)
        demands = Demand.objects.order_by("?").values("pk")[:2]
        Demand.objects.filter(pk__in=[row["pk"] for row in demands]).update(needed_at=when)

    def rename(self) -> None:
        """The demand that a restricted lot was permitted to is another one now."""
        demand = self.random.choice(Demand.objects.all())
        Demand.objects.filter(pk=demand.pk).update(reference=f"{demand.reference}x")

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
             self.permit, self.new_rules, self.repurpose, self.repack, self.hold_crate,
             self.relocate, self.reschedule, self.rename, self.issue_and_back]
        )  # fmt: skip


@pytest.mark.parametrize("seed", range(8))
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
            assert alerted(*STOPPED) == set(blocked.values_list("pk", flat=True)), done
            late = StagedStock.objects.filter(requirement__demand__needed_at__lte=timezone.now())
            assert alerted("next_step_overdue") == set(late.values_list("pk", flat=True)), done
            assert not LotChange.objects.exists()


def alerted(*reasons: str) -> set[Any]:
    alerts = list(Alert.objects.open().filter(reason__in=reasons))
    assert len(alerts) == len({alert.commitment_id for alert in alerts}), "one at a time"
    return {alert.commitment_id for alert in alerts}


def reject(plant: Plant, lot: Lot) -> None:
    Lot.objects.filter(pk=lot.pk).update(status="rejected")


def hold(plant: Plant, lot: Lot) -> None:
    plant.hold(material=lot.material)


def put_earlier(plant: Plant, lot: Lot) -> None:
    Demand.objects.update(needed_at=timezone.now() - timedelta(hours=1))


@pytest.mark.parametrize("change", [reject, hold, put_earlier])
def test_the_night_finds_what_no_note_was_left_of(
    plant: Plant, change: Callable[[Plant, Lot], None]
) -> None:
    with time_machine.travel(NOON, tick=False) as hand:
        lot = plant.lot(9)
        plant.stage(plant.order((lot.material, 9), needed_at=NOON + 9 * DAY), lot)
        hand.shift(timedelta(hours=3))  # so that it is not looked at for being new
        tasks.flag_stale()
        Commitment.objects.update(id=UUID(int=1))
        change(plant, lot)
        LotChange.objects.all().delete()
        assert tasks.flag_stale() == {"raised": 0, "closed": 0}
        assert tasks.flag_missed() == {"raised": 1, "closed": 0}
        assert tasks.flag_missed() == {"raised": 0, "closed": 0}


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("change", [reject, hold, put_earlier])
def test_what_is_changed_while_a_sweep_runs_is_there_for_the_next(
    plant: Plant, change: Callable[[Plant, Lot], None]
) -> None:
    lot = plant.lot(9)
    plant.stage(plant.order((lot.material, 9)), lot)
    tasks.flag_stale()
    changed, swept = threading.Event(), threading.Event()

    def slowly() -> None:
        with transaction.atomic():
            change(plant, lot)
            changed.set()
            swept.wait(60)
        connection.close()

    thread = threading.Thread(target=slowly)
    thread.start()
    assert changed.wait(60)
    assert tasks.flag_stale() == {"raised": 0, "closed": 0}
    swept.set()
    thread.join(60)
    PullTask.objects.all().delete()  # a hold has raised one, which names the commitment
    Commitment.objects.update(id=UUID(int=1))  # not to be looked at for being new
    assert tasks.flag_stale() == {"raised": 1, "closed": 0}
    assert tasks.flag_stale() == {"raised": 0, "closed": 0}


def test_the_places_under_a_hold_are_found_by_their_path(plant: Plant) -> None:
    site = plant.site
    hall = LocationFactory(site=site, code="HALL")
    inside = LocationFactory(site=site, code="HALL-LANE", parent=hall)
    LocationFactory(site=site, code="HALL2")  # which only begins alike
    plant.hold(location=hall)
    plant.lift(plant.hold(location=plant.l1))
    assert sorted(stops.places_under(Hold.objects.open())) == sorted([hall.pk, inside.pk])
    assert stops.places_under(Hold.objects.none()) == []
