"""The quality verbs: a request of so many lines, on lots made for it."""

from typing import Any

from inventory import actions as stock
from quality import actions as quality
from quality.models import Hold, Meaning
from tests.core.budget.setting import D, lots, lots_of, packed, scanned, staged, wanted
from tests.factories import LocationFactory
from tests.plant import Plant

SIGNED: dict[str, Any] = {
    "meaning": Meaning.APPROVAL,
    "reason": "looks right",
    "password": "secret",
}


def hold_lots(plant: Plant, count: int) -> list[Any]:
    return [quality.NewHold(lot=lot, reason="suspect") for lot in lots(plant, count)]


def hold_containers(plant: Plant, count: int) -> list[Any]:
    _lots, around = packed(plant, count)
    return [quality.NewHold(container=box, reason="suspect") for box in around]


def hold_locations(plant: Plant, count: int) -> list[Any]:
    places: list[Any] = [
        LocationFactory(site=plant.site)  # type: ignore[no-untyped-call]
        for _number in range(count)
    ]
    for place in places[:3]:
        lots(plant, 2, at=place)
    return [quality.NewHold(location=place, reason="suspect") for place in places]


def hold_materials(plant: Plant, count: int) -> list[Any]:
    return [
        quality.NewHold(material=lots(plant, 1)[0].material, reason="suspect")
        for _number in range(count)
    ]


def hold_full_lane(plant: Plant, count: int) -> list[Any]:
    """One hold, on a lane with so many lots in it."""
    staged(plant, count)
    return [quality.NewHold(location=plant.l1, reason="suspect")]


def lift_hold(plant: Plant, count: int) -> list[Any]:
    plant.do(quality.place_hold, *hold_lots(plant, count))
    holds = scanned(Hold.objects.order_by("-pk")[:count])
    return [quality.Lift(hold=hold, **SIGNED) for hold in holds]


def record_inspection(plant: Plant, count: int) -> list[Any]:
    return [
        quality.Result(lot=lot, characteristic="pH", value="7", lower=D(6), upper=D(8))
        for lot in lots(plant, count)
    ]


def inspect_one_lot(plant: Plant, count: int) -> list[Any]:
    """So many characteristics of one lot."""
    lot = lots(plant, 1)[0]
    return [quality.Result(lot=lot, characteristic=f"c{n}", value="clear") for n in range(count)]


def release(plant: Plant, count: int) -> list[Any]:
    return [
        quality.Release(lot=lot, **SIGNED)
        for lot in lots(plant, count, initial_status="quarantine")
    ]


def release_parts(plant: Plant, count: int) -> list[Any]:
    """Parts of lots that were inspected as a whole."""
    wholes = lots(plant, count, initial_status="quarantine")
    results = [quality.Result(lot=lot, characteristic="pH", value="7") for lot in wholes]
    plant.do(quality.record_inspection, *results, by=plant.lab)
    lines = [stock.Split(lot=lot, number=f"{lot.number}-A", quantity=D(1)) for lot in wholes]
    parts = plant.do(quality.split_lot, *lines)
    return [quality.Release(lot=lot, **SIGNED) for lot in scanned(parts)]


def restrict(plant: Plant, count: int) -> list[Any]:
    return [
        quality.Restriction(lot=lot, references=("SO-1", "SO-2"), **SIGNED)
        for lot in lots(plant, count)
    ]


def reject(plant: Plant, count: int) -> list[Any]:
    return [quality.Rejection(lot=lot, **SIGNED) for lot in lots(plant, count)]


def reopen(plant: Plant, count: int) -> list[Any]:
    return [quality.Reopening(lot=lot, **SIGNED) for lot in lots(plant, count)]


def close_lot(plant: Plant, count: int) -> list[Any]:
    """Lots that are used up."""
    found = lots(plant, count)
    plant.do(stock.scrap, *[stock.Removal(lot=x, quantity=D(10), reason="old") for x in found])
    return [quality.Closing(lot=lot, **SIGNED) for lot in found]


def split_lot(plant: Plant, count: int) -> list[Any]:
    return [
        stock.Split(lot=lot, number=f"{lot.number}-A", quantity=D(1)) for lot in lots(plant, count)
    ]


def split_stopped_lot(plant: Plant, count: int) -> list[Any]:
    """Parts of lots that are on hold and restricted."""
    found = lots(plant, count)
    reference = wanted(plant, found).reference
    restrictions = [quality.Restriction(lot=x, references=(reference,), **SIGNED) for x in found]
    plant.do(quality.restrict, *restrictions, by=plant.qa)
    plant.do(quality.place_hold, *[quality.NewHold(lot=x, reason="odd") for x in found])
    return [stock.Split(lot=lot, number=f"{lot.number}-A", quantity=D(1)) for lot in scanned(found)]


def merge_lots(plant: Plant, count: int) -> list[Any]:
    found = lots(plant, count)
    into = lots_of(plant, found[0].material, count)
    return [stock.Merge(lot=lot, into=other) for lot, other in zip(found, into, strict=True)]


SCENES = {
    "place_hold": hold_lots,
    "place_hold: containers": hold_containers,
    "place_hold: locations": hold_locations,
    "place_hold: materials": hold_materials,
    "place_hold: a full lane": hold_full_lane,
    "lift_hold": lift_hold,
    "record_inspection": record_inspection,
    "record_inspection: one lot": inspect_one_lot,
    "release": release,
    "release: parts of inspected lots": release_parts,
    "restrict": restrict,
    "reject": reject,
    "reopen": reopen,
    "close_lot": close_lot,
    "split_lot": split_lot,
    "split_lot: on hold and restricted": split_stopped_lot,
    "merge_lots": merge_lots,
}
