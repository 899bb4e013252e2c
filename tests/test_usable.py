"""What is usable is sifted before the gate judges it: it must come out as if all were judged."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Sum
from django.utils import timezone

from inventory import actions as stock
from inventory.models import Balance, Container, Lot
from staging import stops
from staging.picture import usable
from tests.plant import Plant


def judged_one_by_one(lot: Lot) -> Decimal:
    """The same question to the gate, about every balance."""
    balances = Balance.objects.filter(lot__material=lot.material_id, quantity__gt=0)
    fit = stops.with_stop(balances, timezone.localdate()).filter(stop="")
    return fit.aggregate(sum=Sum("quantity"))["sum"] or Decimal(0)


def expire(lot: Lot) -> None:
    Lot.objects.filter(pk=lot.pk).update(expires_on=timezone.localdate() - timedelta(days=1))


STOPPED: dict[str, Callable[[Plant, Lot], Any]] = {
    "lot": lambda plant, lot: plant.hold(lot=lot),
    "material": lambda plant, lot: plant.hold(material=lot.material),
    "place": lambda plant, lot: plant.hold(location=plant.a1),
    "container": lambda plant, lot: plant.hold(container=Container.objects.get(code="PAL-1")),
    "expired": lambda plant, lot: expire(lot),
    "quarantine": lambda plant, lot: Lot.objects.filter(pk=lot.pk).update(status="quarantine"),
}


@pytest.mark.parametrize("stop", STOPPED)
def test_what_is_stopped_is_not_usable(plant: Plant, stop: str) -> None:
    material = plant.material()
    lot, other = plant.lot(60, material=material), plant.lot(7, material=material, at=plant.a2)
    plant.do(stock.new_container, stock.NewContainer(code="PAL-1", location=plant.a1))
    pallet = Container.objects.get(code="PAL-1")
    plant.do(stock.pack, stock.Pack(lot=lot, container=pallet, quantity=Decimal(60)))
    on = timezone.localdate()
    assert usable([material], on) == {material.pk: Decimal(67)}
    STOPPED[stop](plant, lot)
    left = usable([material], on).get(material.pk, Decimal(0))
    assert left == judged_one_by_one(other) < 67
