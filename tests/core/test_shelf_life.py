"""Remaining shelf life by material and customer, and the times that a lot shows."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.utils import timezone

from inventory.actions import save_master
from inventory.models import Location, Lot, Material
from quality import actions as quality
from quality import gate
from quality.clocks import clocks_of
from quality.models import Meaning, RestrictedUse, ShelfLifeRule
from staging import actions as staging
from staging.alerting import clock
from staging.models import Alert, Allocation, StagedStock
from tests.core.refusal import refused
from tests.plant import Plant

SIGNED: dict[str, Any] = {"meaning": Meaning.APPROVAL, "reason": "fine", "password": "secret"}


def rule(
    plant: Plant, days: int | None, *, material: Material | None = None, anybody: bool = False
) -> ShelfLifeRule:
    row = ShelfLifeRule(material=material, customer=None if anybody else plant.customer, days=days)
    return save_master(row, by=plant.qa, at=timezone.now())


@pytest.mark.parametrize(
    ("own", "any_one", "any_material", "exact", "days"),
    [
        (0, None, None, None, 0),
        (0, 5, None, None, 5),
        (7, 5, None, None, 7),
        (7, 5, 3, None, 3),
        (7, 5, 0, None, 0),
        (7, 5, 3, 9, 9),
    ],
)
def test_the_most_specific_counts(
    plant: Plant,
    own: int,
    any_one: int | None,
    any_material: int | None,
    exact: int | None,
    days: int,
) -> None:
    material = plant.material(min_remaining_days=own)
    rule(plant, any_one, anybody=True)
    rule(plant, any_material)
    rule(plant, exact, material=material)
    assert gate.ShelfLives.read().days(material, plant.customer.pk) == days


def test_a_customer_who_asks_for_more_is_sent_a_younger_lot(plant: Plant) -> None:
    old = plant.lot(10, expires_in=20)
    material = old.material
    young = plant.lot(10, material=material, expires_in=90)
    rule(plant, 60, material=material)
    shipment, order = plant.shipment((material, 5)), plant.order((material, 5))
    with refused("shelf_life_short") as caught:
        plant.stage(shipment, old, plant.dock)
    facts = caught.value.facts  # type: ignore[attr-defined]
    assert [row["lot"] for row in facts["alternatives"]] == [young.code]
    [suggestion] = staging.suggest(shipment)
    assert [balance.lot for balance, _part in suggestion.parts] == [young]
    plant.do(staging.allocate, staging.AllocationLine(demand=shipment))
    plant.do(staging.allocate, staging.AllocationLine(demand=order))
    reserved = {
        row.requirement.demand_id: row.lot
        for row in Allocation.objects.select_related("requirement", "lot")
    }
    assert reserved == {shipment.pk: young, order.pk: old}


def test_asked_again_when_it_is_loaded_and_shipped(plant: Plant) -> None:
    lot = plant.lot(10, expires_in=20)
    shipment = plant.shipment((lot.material, 10))
    plant.stage(shipment, lot, plant.dock)
    asked = rule(plant, 60)
    with refused("shelf_life_short"):
        plant.do(staging.load, staging.Loading(lot=lot, vehicle=plant.truck))
    save_master(_with(asked, days=10), by=plant.qa, at=timezone.now(), reason="agreed")
    plant.do(staging.load, staging.Loading(lot=lot, vehicle=plant.truck))


def _with(row: Any, **columns: Any) -> Any:
    for name, value in columns.items():
        setattr(row, name, value)
    return row


def test_what_was_staged_in_time_for_production_may_be_used_up(plant: Plant) -> None:
    lot = plant.lot(10, material=plant.material(min_remaining_days=5), expires_in=5)
    plant.stage(plant.order((lot.material, 10)), lot)
    with time_machine.travel(timezone.now() + timedelta(days=2)):
        assert not StagedStock.objects.all().blocked(timezone.localdate())
        plant.do(staging.issue, staging.Issue(lot=lot))


@pytest.mark.parametrize("scope", ["material for every customer", "twice", "not a customer"])
def test_a_rule_that_cannot_be(plant: Plant, scope: str) -> None:
    material = plant.material()
    rule(plant, 5, material=material)
    row = {
        "material for every customer": ShelfLifeRule(material=material, days=5),
        "twice": ShelfLifeRule(material=material, customer=plant.customer, days=6),
        "not a customer": ShelfLifeRule(material=material, customer=plant.a1, days=6),
    }[scope]
    with pytest.raises(ValidationError):
        save_master(row, by=plant.qa, at=timezone.now())


# --- the sweep ----------------------------------------------------------------------------------


def alerts() -> list[str]:
    by_quality = Alert.objects.open().filter(reason__in=("shelf_life_short", "not_usable"))
    return list(by_quality.values_list("detail", flat=True))


def test_the_sweep_finds_what_got_too_old_for_its_customer(plant: Plant) -> None:
    lot = plant.lot(10, expires_in=20)
    rule(plant, 18)
    plant.stage(plant.shipment((lot.material, 10)), lot, plant.dock)
    now = timezone.now()
    clock.sweep(by=plant.operator, at=now)
    clock.sweep(by=plant.operator, at=now + timedelta(days=2))
    assert alerts() == []
    clock.sweep(by=plant.operator, at=now + timedelta(days=3))
    assert alerts() == ["shelf_life_short"]


def test_the_sweep_finds_what_a_new_rule_stops_and_lets_go_again(plant: Plant) -> None:
    lot = plant.lot(10, expires_in=20)
    plant.stage(plant.shipment((lot.material, 10)), lot, plant.dock)
    clock.sweep(by=plant.operator, at=timezone.now())
    asked = rule(plant, 60, material=lot.material)
    clock.sweep(by=plant.operator, at=timezone.now())
    assert alerts() == ["shelf_life_short"]
    save_master(_with(asked, days=None), by=plant.qa, at=timezone.now(), reason="agreed")
    clock.sweep(by=plant.operator, at=timezone.now())
    assert alerts() == []
    material = Material.objects.get(pk=lot.material_id)
    save_master(_with(material, min_remaining_days=40), by=plant.qa, at=timezone.now(), reason="x")
    clock.sweep(by=plant.operator, at=timezone.now())
    assert alerts() == ["shelf_life_short"]


def test_the_sweep_finds_what_was_out_for_too_long(plant: Plant) -> None:
    fridge = plant._place("FRIDGE", condition="2-8")
    material = plant.material(storage_condition="2-8", out_of_storage_budget=timedelta(hours=6))
    lot = plant.lot(10, material=material, at=fridge)
    done = plant.stage(plant.order((material, 10)), lot)
    now = timezone.now()
    clock.sweep(by=plant.operator, at=now + timedelta(hours=5))
    assert alerts() == []
    clock.sweep(by=plant.operator, at=now + timedelta(hours=7))
    assert alerts() == ["time_out_exceeded"]
    assert done.movements


# --- what a lot shows ---------------------------------------------------------------------------


def test_a_lot_shows_its_times_and_who_would_refuse_it(plant: Plant) -> None:
    material = plant.material(
        min_remaining_days=5, storage_condition="2-8", out_of_storage_budget=timedelta(hours=10)
    )
    lot = plant.lot(10, material=material, expires_in=20)  # in A1, of which no condition is known
    rule(plant, 60)
    restrict(plant, lot, references=("SO-1",), until=timezone.localdate())
    lot = Lot.objects.select_related("material").get(pk=lot.pk)
    shown = clocks_of(lot, timezone.now())
    assert [(row.kind, row.state) for row in shown] == [
        ("expiry", "soon"), ("shelf_life", "soon"), ("shelf_life", "over"),
        ("time_out", "running"), ("restriction", "soon"),
    ]  # fmt: skip
    assert shown[2].whom == plant.customer.code
    assert 35_900 < (shown[3].seconds_left or 0) <= 36_000


def restrict(plant: Plant, *lots: Lot, **more: Any) -> None:
    lines = [quality.Restriction(lot=lot, **SIGNED, **more) for lot in lots]
    plant.do(quality.restrict, *lines, by=plant.qa)


def test_one_signature_gives_many_restrictions_a_new_end(plant: Plant) -> None:
    first, second = plant.lot(), plant.lot()
    restrict(plant, first, references=("SO-1", "SO-2"))
    restrict(plant, second, references=("SO-3",), until=timezone.localdate())
    until = timezone.localdate() + timedelta(days=30)
    restrict(plant, first, second, until=until)
    uses = RestrictedUse.objects.order_by("reference").values_list("lot", "reference", "until")
    assert list(uses) == [
        (first.pk, "SO-1", until), (first.pk, "SO-2", until), (second.pk, "SO-3", until),
    ]  # fmt: skip
    with refused("references_needed"):
        restrict(plant, plant.lot(), until=until)


def test_a_branch_has_the_condition_of_the_nearest_place_that_states_one(plant: Plant) -> None:
    hall = plant._place("HALL", condition="ambient")
    room = plant._place("ROOM", parent=hall)
    rack = plant._place("RACK", parent=room, condition="15-25")
    assert (room.zone, rack.zone) == ("ambient", "15-25")
    save_master(_with(hall, condition="2-8"), by=plant.qa, at=timezone.now(), reason="cooled")
    zones = dict(Location.objects.values_list("pk", "zone"))
    assert (zones[room.pk], zones[rack.pk]) == ("2-8", "15-25")
