"""The staging verbs: a request of so many lines, on demands and stock made for it."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from inventory import actions as stock
from inventory.models import Lot
from quality import actions as quality
from quality.models import Meaning
from staging import actions as staging
from staging.alerting import clock
from staging.models import Alert, DemandKind
from tests.core.budget.setting import (
    D,
    demands,
    in_grams,
    issued,
    lots,
    lots_of,
    newest,
    packed,
    scanned,
    stage,
    staged,
    wanted,
)
from tests.plant import Plant


def stage_lots(plant: Plant, count: int) -> list[Any]:
    found = lots(plant, count)
    demand = wanted(plant, found)
    return [staging.Staging(demand=demand, lot=lot, lane=plant.dock) for lot in found]


def stage_from_the_cold(plant: Plant, count: int) -> list[Any]:
    """Out of the condition that the material needs: the clocks of the lots begin to run."""
    fridge = plant._place(f"FRIDGE{Lot.objects.count()}", condition="2-8")
    found = lots(
        plant, count, at=fridge, storage_condition="2-8", out_of_storage_budget=timedelta(hours=8)
    )
    demand = wanted(plant, found)
    return [staging.Staging(demand=demand, lot=lot, lane=plant.dock) for lot in found]


def stage_for_many(plant: Plant, count: int) -> list[Any]:
    """A demand a line."""
    found = lots(plant, count)
    needing = demands(plant, count, found[0].material)
    pairs = zip(needing, found, strict=True)
    return [staging.Staging(demand=demand, lot=lot, lane=plant.dock) for demand, lot in pairs]


def stage_containers(plant: Plant, count: int) -> list[Any]:
    """Whole containers of restricted lots, reserved before: all that a staging can meet."""
    found, _around = packed(plant, count)
    demand = wanted(plant, found)
    restrictions = [
        quality.Restriction(
            lot=lot, references=(demand.reference,), meaning=Meaning.APPROVAL, reason="ok",
            password="secret",
        )
        for lot in found
    ]  # fmt: skip
    plant.do(quality.restrict, *restrictions, by=plant.qa)
    plant.do(staging.allocate, *[staging.AllocationLine(demand=demand, lot=x) for x in found])
    return [staging.Staging(demand=demand, lot=x, lane=plant.dock) for x in scanned(found)]


def assign(plant: Plant, count: int) -> list[Any]:
    """Stock that was left in the lane."""
    found, demand = staged(plant, count)
    plant.do(staging.unstage, *[staging.Unstaging(lot=x, target=plant.l1) for x in found])
    return [staging.Assignment(demand=demand, lot=lot, lane=plant.l1) for lot in found]


def unstage(plant: Plant, count: int) -> list[Any]:
    return [staging.Unstaging(lot=lot, target=plant.a1) for lot in staged(plant, count)[0]]


def transfer(plant: Plant, count: int) -> list[Any]:
    return [staging.Transfer(lot=lot, target=plant.l2) for lot in staged(plant, count)[0]]


def borrow(plant: Plant, count: int) -> list[Any]:
    found, _demand = staged(plant, count)
    borrower = wanted(plant, found)
    return [staging.Borrowing(lot=lot, borrower=borrower, reason="urgent") for lot in found]


def allocate(plant: Plant, count: int) -> list[Any]:
    """A chosen lot a line."""
    found = lots(plant, count)
    demand = wanted(plant, found)
    return [staging.AllocationLine(demand=demand, lot=lot) for lot in found]


def allocate_fefo(plant: Plant, count: int) -> list[Any]:
    """A demand a line, first expired first out."""
    material = lots(plant, count)[0].material
    return [staging.AllocationLine(demand=x) for x in demands(plant, count, material)]


def deallocate(plant: Plant, count: int) -> list[Any]:
    lines = allocate(plant, count)
    plant.do(staging.allocate, *lines)
    return [staging.Deallocation(lot=line.lot) for line in lines]


def issue(plant: Plant, count: int) -> list[Any]:
    return [staging.Issue(lot=lot) for lot in staged(plant, count, "production")[0]]


def consume(plant: Plant, count: int) -> list[Any]:
    return [staging.Consumption(lot=lot) for lot in issued(plant, count)[0]]


def consume_after_output(plant: Plant, count: int) -> list[Any]:
    """What is used after the first output was made goes into it as well."""
    found, demand = issued(plant, count)
    product = plant.material(initial_status="released")
    plant.do(
        staging.produce,
        staging.Output(
            demand=demand, material=product, number="OUT", quantity=D(1), location=plant.a1
        ),
    )
    return [staging.Consumption(lot=lot) for lot in found]


def produce(plant: Plant, count: int) -> list[Any]:
    """So many outputs of one demand, which consumed one lot."""
    found, demand = issued(plant, 1)
    plant.do(staging.consume, staging.Consumption(lot=found[0]))
    product = plant.material(initial_status="released")
    gram = in_grams(product)
    return [
        staging.Output(
            demand=demand, material=product, number=f"P{n}", quantity=D(1000), unit=gram,
            location=plant.a1,
        )
        for n in range(count)
    ]  # fmt: skip


def produce_for_next(plant: Plant, count: int) -> list[Any]:
    """An output of each of so many demands, staged for the next step at once."""
    found = lots(plant, count)
    making = demands(plant, count, found[0].material, "operation")
    stage(plant, found, making)
    plant.do(staging.issue, *[staging.Issue(lot=lot) for lot in found])
    plant.do(staging.consume, *[staging.Consumption(lot=lot) for lot in found])
    product = plant.material(initial_status="released")
    onward = demands(plant, count, product, "operation")
    return [
        staging.Output(
            demand=demand, material=product, number=f"P{n}", quantity=D(1), location=plant.buf,
            next_demand=after,
        )
        for n, (demand, after) in enumerate(zip(making, onward, strict=True))
    ]  # fmt: skip


def return_remainder(plant: Plant, count: int) -> list[Any]:
    return [staging.Remainder(lot=lot, target=plant.a1) for lot in issued(plant, count)[0]]


def load(plant: Plant, count: int) -> list[Any]:
    return [staging.Loading(lot=lot, vehicle=plant.truck) for lot in staged(plant, count)[0]]


def unload(plant: Plant, count: int) -> list[Any]:
    lines = load(plant, count)
    plant.do(staging.load, *lines)
    return [staging.Unloading(lot=line.lot, target=plant.dock) for line in lines]


def ship(plant: Plant, count: int) -> list[Any]:
    found, demand = staged(plant, count)
    return [staging.Shipping(lot=lot, demand=demand) for lot in found]


def create_demand(plant: Plant, count: int) -> list[Any]:
    """Orders, of which one material is counted in grams."""
    material, product = plant.material(), plant.material()
    gram = in_grams(product)
    return [
        staging.NewDemand(
            reference=f"{plant.site.code}-NEW{n}",
            kind=DemandKind.PRODUCTION,
            site=plant.site,
            needed_at=plant.now + timedelta(hours=4),
            work_center=plant.wc,
            product=product,
            requirements=(
                staging.Need(material=material, quantity=D(10)),
                staging.Need(material=product, quantity=D(2000), unit=gram),
            ),
        )
        for n in range(count)
    ]


def reconcile(plant: Plant, count: int) -> list[Any]:
    """Less than is reserved and staged, at another time: all that a change can meet."""
    found = lots(plant, count)
    needing = [plant.order((lot.material, 10)) for lot in found]
    pairs = list(zip(needing, found, strict=True))
    plant.do(staging.stage, *[
        staging.Staging(demand=demand, lot=lot, lane=plant.l1, quantity=D(6))
        for demand, lot in pairs
    ])  # fmt: skip
    plant.do(staging.allocate, *[staging.AllocationLine(demand=demand) for demand in needing])
    return [
        staging.DemandChange(
            demand=demand, reason="ERP", reconcile=True, needed_at=plant.now, route="NORTH",
            requirements=(staging.Need(material=lot.material, quantity=D(5)),),
        )
        for demand, lot in pairs
    ]  # fmt: skip


def change_demand(plant: Plant, count: int) -> list[Any]:
    """Another time, another quantity and one more material."""
    material, other = plant.material(), plant.material()
    return [
        staging.DemandChange(
            demand=demand,
            reason="the customer asked",
            needed_at=plant.now + timedelta(hours=n + 1),
            requirements=(
                staging.Need(material=material, quantity=D(20)),
                staging.Need(material=other, quantity=D(5)),
            ),
        )
        for n, demand in enumerate(demands(plant, count, material))
    ]


def end_demand(plant: Plant, count: int) -> list[Any]:
    """Demands with staged stock, which becomes free."""
    found = lots(plant, count)
    needing = demands(plant, count, found[0].material)
    stage(plant, found, needing)
    return [staging.DemandEnd(demand=x, reason="not needed") for x in scanned(needing)]


def acknowledge(plant: Plant, count: int) -> list[Any]:
    found, _demand = staged(plant, count)
    plant.hold(material=found[0].material)
    clock.sweep(by=plant.operator, at=timezone.now())
    alerts = scanned(Alert.objects.order_by("-pk")[:count])
    return [staging.Acknowledgement(alert=alert, reason="on it") for alert in alerts]


def snooze(plant: Plant, count: int) -> list[Any]:
    plant.qa.user.has_perm("staging.view_alert")  # the second question reads them all
    lines = acknowledge(plant, count)
    return [staging.Snooze(alert=line.alert, minutes=30, reason="lunch") for line in lines]


def wake(plant: Plant, count: int) -> list[Any]:
    plant.do(staging.snooze, *(lines := snooze(plant, count)), by=plant.qa)
    return [staging.Waking(alert=line.alert) for line in lines]


def assign_alert(plant: Plant, count: int) -> list[Any]:
    who = plant.operator.user.username
    lines = acknowledge(plant, count)
    return [staging.Assigning(alert=line.alert, assignee=who) for line in lines]


def reverse_free(plant: Plant, count: int) -> list[Any]:
    """Movements that served no demand."""
    plant.do(stock.put_away, *[stock.Move(lot=x, target=plant.a2) for x in lots(plant, count)])
    return _reversals(count)


def reverse_splits(plant: Plant, count: int) -> list[Any]:
    lines = [stock.Split(lot=x, number=f"{x.number}-A", quantity=D(1)) for x in lots(plant, count)]
    plant.do(quality.split_lot, *lines)
    parts = Lot.objects.order_by("-pk")[:count]
    return _reversals(count, lot__in=[lot.pk for lot in parts])


def reverse_staging(plant: Plant, count: int) -> list[Any]:
    staged(plant, count)
    return _reversals(count)


def reverse_unstaging(plant: Plant, count: int) -> list[Any]:
    """Undone, they are staged again: the gate is asked."""
    plant.do(staging.unstage, *unstage(plant, count))
    return _reversals(count)


def _reversals(count: int, **filters: Any) -> list[Any]:
    return [stock.Reversal(movement=x, reason="by mistake") for x in newest(count, **filters)]


def restock(plant: Plant, count: int) -> list[Any]:
    """More lots of a material than one: first expired first out over several materials."""
    first = lots(plant, count)
    second = lots_of(plant, plant.material(initial_status="released"), count)
    demand = plant.shipment((first[0].material, 10 * count), (second[0].material, 10 * count))
    return [staging.AllocationLine(demand=scanned([demand])[0])]


SCENES = {
    "stage": stage_lots,
    "stage: from the cold": stage_from_the_cold,
    "stage: a demand a line": stage_for_many,
    "stage: reserved containers": stage_containers,
    "assign": assign,
    "unstage": unstage,
    "transfer": transfer,
    "borrow": borrow,
    "allocate": allocate,
    "allocate: first expired first out": allocate_fefo,
    "allocate: one demand, many lots": restock,
    "deallocate": deallocate,
    "issue": issue,
    "consume": consume,
    "consume: after output": consume_after_output,
    "produce": produce,
    "produce: for the next step": produce_for_next,
    "return_remainder": return_remainder,
    "load": load,
    "unload": unload,
    "ship": ship,
    "create_demand": create_demand,
    "change_demand": change_demand,
    "change_demand: reconciled": reconcile,
    "cancel_demand": end_demand,
    "complete_demand": end_demand,
    "acknowledge": acknowledge,
    "snooze": snooze,
    "wake": wake,
    "assign_alert": assign_alert,
    "reverse": reverse_free,
    "reverse: splits": reverse_splits,
    "reverse: staging": reverse_staging,
    "reverse: unstaging": reverse_unstaging,
}
