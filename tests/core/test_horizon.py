"""A sweep asks about each commitment once, and misses none that came to light late."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.utils import timezone

from inventory import audit
from inventory import in_flight as now
from inventory.models import Location, Lot
from staging import tasks
from staging.alerting import clock
from staging.horizon import COMPARABLE, Horizon
from staging.models import Alert, AlertRule, ClockMark, Demand, StagedStock
from staging.suspects import Look
from tests.core.budget.counting import statements
from tests.plant import Plant

pytestmark = pytest.mark.postgres
PATIENCE = 60

IN_THIS_DATABASE = """
    least(
        pg_snapshot_xmax(pg_current_snapshot())::text::bigint,
        (SELECT min(backend_xid::text::bigint) FROM pg_stat_activity
         WHERE datname = current_database())
    )
"""


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what is in flight in the databases of other test processes, on the same cluster.

    It would only make a sweep ask once more.
    """
    monkeypatch.setattr(now, "OLDEST", IN_THIS_DATABASE)


@dataclass
class Ready:
    """A lot and a demand for it, so that staging is all there is to do."""

    plant: Plant
    lot: Lot
    order: Demand

    def stage(self, lane: Location | None = None) -> UUID:
        self.plant.stage(self.order, self.lot, lane)
        return StagedStock.objects.get(lot=self.lot).pk


def ready(plant: Plant, **kwargs: Any) -> Ready:
    lot = plant.lot(9)
    return Ready(plant, lot, plant.order((lot.material, 9), **kwargs))


def asked_about() -> set[UUID]:
    """What the next sweep asks about for being new."""
    with transaction.atomic():
        look = Look.begin(timezone.now())
        assert not look.thorough
        found = set(look.new.values_list("pk", flat=True))
        look.end()
    return found


@contextmanager
def in_flight(one: Ready) -> Iterator[list[UUID]]:
    """Staged in a transaction that is open as long as the block runs, then committed."""
    staged, looked = threading.Event(), threading.Event()
    keys: list[UUID] = []

    def slowly() -> None:
        with transaction.atomic():
            keys.append(one.stage(one.plant.l2))  # nobody waits for its lane
            staged.set()
            looked.wait(PATIENCE)
        connection.close()

    thread = threading.Thread(target=slowly)
    thread.start()
    assert staged.wait(PATIENCE)
    yield keys
    looked.set()
    thread.join(PATIENCE)
    assert not thread.is_alive()


@pytest.mark.django_db(transaction=True)
def test_nothing_is_asked_about_twice_and_nothing_in_flight_is_missed(plant: Plant) -> None:
    first, second, third, slow, last = (ready(plant) for _ in range(5))
    before = first.stage()
    tasks.flag_stale()
    assert asked_about() == set()
    new = {second.stage(), third.stage()}
    assert asked_about() == new
    assert asked_about() == set()
    StagedStock.objects.filter(pk=before).update(quantity=8)  # written anew
    with in_flight(slow) as late:
        assert asked_about() == {before}
        after = last.stage()
        assert late[0] < after
        assert asked_about() >= {after}
    assert asked_about() >= {*late}
    assert asked_about() == set()


@pytest.mark.django_db(transaction=True)
def test_what_is_staged_in_flight_for_an_overdue_demand_is_flagged_by_the_next_sweep(
    plant: Plant,
) -> None:
    AlertRule.objects.filter(reason="demand_short").update(enabled=False)
    slow = ready(plant, needed_at=timezone.now() - timedelta(hours=1))
    other = ready(plant)
    tasks.flag_stale()
    with in_flight(slow) as late:
        other.stage()
        assert tasks.flag_stale() == {"raised": 0, "closed": 0}
    assert tasks.flag_stale() == {"raised": 1, "closed": 0}
    assert [alert.commitment_id for alert in Alert.objects.open()] == late
    assert tasks.flag_stale() == {"raised": 0, "closed": 0}


@pytest.mark.django_db(transaction=True)
def test_many_new_ones_take_as_many_statements_as_one(plant: Plant) -> None:
    def sweep() -> int:
        return len(statements(lambda: clock.sweep(by=audit.system(), at=timezone.now())))

    AlertRule.objects.filter(reason="demand_short").update(enabled=False)
    one, *many = (ready(plant) for _ in range(6))
    tasks.flag_stale()
    idle = sweep()
    one.stage()
    few = sweep()
    for each in many:
        each.stage()
    assert (sweep(), idle) == (few, few - 5)
    # What stands is asked about again as long as an older transaction of anybody's is open.
    assert idle == 17
    assert idle in (sweep() for _ in range(50))


@pytest.mark.parametrize(
    "moved",
    [{"cluster": "1"}, {"horizon": None}, {"horizon": 2**62}, {"horizon": -COMPARABLE}],
    ids=["another cluster", "none yet", "a backup that was put back", "wrapped around"],
)
def test_what_cannot_be_compared_makes_it_look_at_everything(
    plant: Plant, moved: dict[str, Any]
) -> None:
    tasks.flag_stale()
    assert not Look.begin(timezone.now()).thorough
    ClockMark.objects.update(**moved)
    assert Look.begin(timezone.now()).thorough
    tasks.flag_stale()
    mark, now = ClockMark.objects.get(), Horizon.now()
    assert now is not None
    assert now.can_tell_since(mark)  # others write to the same cluster meanwhile
    assert not Look.begin(timezone.now()).thorough
