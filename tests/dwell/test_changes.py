"""What due times rest on changes: they follow, whoever changes it, and however much stands."""

import threading
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.db import connection, transaction
from django.utils import timezone

from inventory import actions as stock
from inventory.actions import save_master
from inventory.models import Location, Lot
from staging import actions as staging
from staging import tasks
from staging.alerting.clock import sweep
from staging.dwell import changes
from staging.models import (
    Alert,
    Demand,
    DwellChange,
    DwellTerms,
    SpecialDay,
    StagedStock,
    WorkingTime,
)
from tests.core.budget.counting import statements
from tests.dwell.conftest import HOUR, NOON, Policies, calendar
from tests.plant import Plant

PATIENCE = 30


class TestFollowing:
    @pytest.fixture(autouse=True)
    def _at_noon(self, travel: time_machine.Traveller) -> None:
        """The plant's own clock starts at noon, before the plant is built."""

    @pytest.fixture
    def row(self, plant: Plant, in_force: Policies) -> StagedStock:
        """Due in nine hours, of work where a calendar says so."""
        in_force(
            {"critical_after": 9, "counted": "working"},
            {"category": "api", "critical_after": 1},
            {"kind": "shipment", "critical_after": 2},
            {"purpose": "wip_buffer", "critical_after": 3},
            {"area": plant.a2, "critical_after": 4},
        )
        lot = plant.lot(10)
        plant.stage(plant.order((lot.material, 10), needed_at=NOON + 99 * HOUR), lot)
        changes.catch_up(timezone.now())
        return StagedStock.objects.get()

    def due_in(self, row: StagedStock) -> float:
        """Hours, once the clock has caught up."""
        changes.catch_up(timezone.now())
        assert not DwellChange.objects.exists()
        row.refresh_from_db()
        assert row.due_at is not None
        return (row.due_at - row.since) / HOUR

    def saved(self, plant: Plant, thing: Any, **columns: Any) -> None:
        for name, value in columns.items():
            setattr(thing, name, value)
        save_master(thing, by=plant.qa, at=plant.now, reason="other")

    def test_a_material_changes(self, plant: Plant, row: StagedStock) -> None:
        material = row.lot.material
        self.saved(plant, material, category="api")
        assert self.due_in(row) == 1
        self.saved(plant, material, dwell_limit=HOUR / 2)
        assert self.due_in(row) == 0.5

    def test_a_lane_changes(self, plant: Plant, row: StagedStock) -> None:
        lane = Location.objects.get(pk=plant.l1.pk)
        self.saved(plant, lane, dwell_limit=5 * HOUR)
        assert self.due_in(row) == 5
        self.saved(plant, lane, purpose="wip_buffer")
        assert self.due_in(row) == 3
        self.saved(plant, lane, parent=plant.a2, purpose="line_side")
        assert self.due_in(row) == 4
        self.saved(plant, lane, parent=None, dwell_limit=None)
        assert self.due_in(row) == 9

    def test_a_demand_changes(self, plant: Plant, row: StagedStock) -> None:
        Demand.objects.update(kind="shipment", customer=plant.customer)
        assert self.due_in(row) == 2

    def test_calendars_and_special_days_change(self, plant: Plant, row: StagedStock) -> None:
        calendar(plant, ("34", "08:00", "20:00"))
        assert self.due_in(row) == 21  # eight hours today, and one tomorrow
        holiday = SpecialDay(site=plant.site, day=(NOON + timedelta(days=1)).date(), name="Feast")
        self.saved(plant, holiday)
        assert self.due_in(row) == 7 * 24 - 3  # a week later
        self.saved(plant, holiday, works_like=4)
        assert self.due_in(row) == 21

    def test_a_site_moves_its_clocks(self, plant: Plant, row: StagedStock) -> None:
        calendar(plant, ("34", "08:00", "20:00"))
        assert self.due_in(row) == 21
        self.saved(plant, plant.site, time_zone="Europe/Berlin")  # where it is two hours later
        assert self.due_in(row) == 21
        assert WorkingTime.objects.filter(starts_at=NOON - 6 * HOUR).exists()

    def test_a_transfer_and_its_undoing_take_the_lane_s_policy(
        self, plant: Plant, row: StagedStock
    ) -> None:
        move = staging.Transfer(lot=row.lot, target=plant.buf)
        moved = plant.do(staging.transfer, move).movements[0]
        assert StagedStock.objects.get().due_at == NOON + 3 * HOUR
        plant.do(staging.reverse, stock.Reversal(movement=moved, reason="back"))
        assert StagedStock.objects.get().due_at == NOON + 9 * HOUR

    def test_working_time_is_known_ahead_by_the_night_s_sweep(
        self, plant: Plant, row: StagedStock, travel: time_machine.Traveller
    ) -> None:
        calendar(plant, ("34", "08:00", "20:00"))
        assert self.due_in(row) == 21
        known = WorkingTime.objects.latest("starts_at").starts_at
        tasks.flag_missed()
        assert WorkingTime.objects.latest("starts_at").starts_at == known
        travel.shift(timedelta(days=201))
        tasks.flag_missed()
        assert WorkingTime.objects.latest("starts_at").starts_at == known + timedelta(days=201)

    def test_nothing_is_written_where_nothing_changes(self, plant: Plant, row: StagedStock) -> None:
        self.saved(plant, row.lot.material, category="other")
        assert changes.catch_up(timezone.now()) == 0


def test_many_positions_take_as_many_statements_as_one(plant: Plant, in_force: Policies) -> None:
    def put(count: int) -> int:
        for _number in range(count):
            lot = plant.lot(10)
            plant.stage(plant.order((lot.material, 10)), lot)
        in_force({"critical_after": 5 + count})
        # What was in flight at the change before: here all is one transaction, which never ends.
        DwellTerms.objects.update(cluster="", since=None, until=None)
        return len(statements(lambda: changes.catch_up(timezone.now())))

    put(1)
    few = put(1)
    assert put(5) == few


def test_staging_reads_the_terms_by_one_statement(plant: Plant, in_force: Policies) -> None:
    def stage() -> list[str]:
        lot = plant.lot(10)
        order = plant.order((lot.material, 10))
        return statements(lambda: plant.stage(order, lot))

    in_force({"critical_after": 5})
    stage()
    found = stage()
    [read] = [sql for sql in found if "staging_dwell" in sql and not sql.startswith("INSERT")]
    assert "staging_dwellterms" in read


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_what_is_staged_while_a_policy_changes_ends_with_the_right_due_time(
    plant: Plant, in_force: Policies
) -> None:
    """A staging reads the old policies and commits after the clock has counted everything again."""
    in_force({"critical_after": 9})
    lots: list[Lot] = [plant.lot(10) for _ in range(3)]
    orders = [plant.order((lot.material, 10)) for lot in lots]
    plant.stage(orders[0], lots[0])
    tasks.flag_stale()
    staged, counted = threading.Event(), threading.Event()

    def slowly() -> None:
        with transaction.atomic():
            plant.stage(orders[1], lots[1], plant.l2)
            staged.set()
            counted.wait(PATIENCE)
        connection.close()

    thread = threading.Thread(target=slowly)
    thread.start()
    assert staged.wait(PATIENCE)
    in_force({"critical_after": 2})
    plant.stage(orders[2], lots[2])
    tasks.flag_stale()
    counted.set()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert sorted(hours()) == [2, 2, 9]
    tasks.flag_stale()
    assert hours() == [2, 2, 2]


def hours() -> list[float]:
    rows = StagedStock.objects.values_list("since", "due_at")
    return [(due_at - since) / HOUR for since, due_at in rows]


def test_an_installation_with_stock_is_brought_up(plant: Plant) -> None:
    """The migration names what there was anew; the next sweep works out the rest."""
    migration = import_module("staging.migrations.0012_dwell_policies")
    lot = plant.lot(10, material=plant.material(dwell_limit=10 * HOUR))
    plant.stage(plant.order((lot.material, 10)), lot)
    row = StagedStock.objects.get()
    StagedStock.objects.update(
        since=row.since - 11 * HOUR, due_at=row.since - HOUR, warn_at=None, rings_at=None
    )
    alert = Alert.objects.create(
        reason="dwell_exceeded",
        commitment=row,
        lot=lot,
        location=plant.l1,
        site=plant.l1.site,
        raised_at=plant.now,
    )
    migration.rename_alerts(apps, None)
    migration.count_what_stands(apps, None)
    told = sweep(by=plant.operator, at=timezone.now())
    assert told == {"raised": 0, "closed": 0, "regraded": 1}  # no rule knew the old reason
    alert.refresh_from_db()
    assert (alert.reason, alert.severity) == ("dwell_critical", "critical")
    assert alert.closed_at is None
    after = StagedStock.objects.get()
    assert (after.warn_at, after.rings_at) == (row.since - 3 * HOUR, None)
