"""The quality verbs: a request of so many lines, on lots made for it."""

from typing import Any

from inventory import actions as stock
from quality import actions as quality
from quality.models import Hold, Inspection, Meaning, Outcome, Proposal
from staging import actions as staging
from tests.core.budget.setting import D, lots, lots_of, packed, scanned, staged, wanted
from tests.factories import LocationFactory
from tests.plans import in_force, results
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


def hold_reserved(plant: Plant, count: int) -> list[Any]:
    """So many lots, of each of which a demand loses what is reserved for it."""
    found = lots(plant, count)
    for lot in found:
        line = staging.AllocationLine(demand=wanted(plant, [lot]), lot=lot)
        plant.do(staging.allocate, line)
    return [quality.NewHold(lot=lot, reason="suspect") for lot in scanned(found)]


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


def planned(plant: Plant, count: int) -> list[Any]:
    """So many lots of a material with a plan, two samples each."""
    material = plant.material(initial_status="quarantine")
    in_force(plant, material)
    return lots_of(plant, material, count)


def record_planned(plant: Plant, count: int) -> list[Any]:
    """Results of one lot by its plan: one sample of so many."""
    material = plant.material()
    in_force(plant, material, *({"name": f"c{n}", "kind": "text"} for n in range(count)))
    [lot] = lots_of(plant, material, 1)
    return [quality.Result(lot=lot, characteristic=f"c{n}", value="clear") for n in range(count)]


def record_planned_lots(plant: Plant, count: int) -> list[Any]:
    return [line for lot in planned(plant, count) for line in results(lot)]


def dispose_inspection(plant: Plant, count: int) -> list[Any]:
    """Failed inspections by plan, all of which are done again."""
    lines = [line for lot in planned(plant, count) for line in results(lot, "90", "90")]
    made = plant.do(quality.record_inspection, *lines, by=plant.lab)
    return [
        quality.Verdict(inspection=row, outcome=Outcome.REINSPECT, reason="diluted wrongly")
        for row in Inspection.objects.filter(pk__in=[row.pk for row in made]).select_related("lot")
    ]


def release_planned(plant: Plant, count: int) -> list[Any]:
    """Lots that were inspected by their plan; every other failed, and was accepted."""
    found = planned(plant, count)
    lines = [line for lot in found for line in results(lot, *(["90"] * 2 * (lot.pk % 2)))]
    made = plant.do(quality.record_inspection, *lines, by=plant.lab)
    bad = [row for row in made if not row.passed]
    if bad:
        accepted = [quality.Verdict(inspection=r, outcome=Outcome.ACCEPT, reason="ok") for r in bad]
        plant.do(quality.dispose_inspection, *accepted)
    return [quality.Release(lot=lot, **SIGNED) for lot in scanned(found)]


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


def guarded(plant: Plant, count: int) -> list[Any]:
    """Lots that two people release."""
    found = lots(plant, count, initial_status="quarantine", second_signer=True)
    return [quality.Release(lot=lot, **SIGNED) for lot in found]


def proposals(plant: Plant, count: int) -> list[Any]:
    made = plant.do(quality.release, *guarded(plant, count), by=plant.lab)
    return scanned(Proposal.objects.filter(pk__in=[row.pk for row in made]).order_by("pk"))


def countersign(plant: Plant, count: int) -> list[Any]:
    return [quality.Countersignature(proposal=row, **SIGNED) for row in proposals(plant, count)]


def withdraw_proposal(plant: Plant, count: int) -> list[Any]:
    return [quality.Withdrawal(proposal=row, reason="no") for row in proposals(plant, count)]


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
    "place_hold: reserved": hold_reserved,
    "lift_hold": lift_hold,
    "record_inspection": record_inspection,
    "record_inspection: one lot": inspect_one_lot,
    "record_inspection: by plan": record_planned,
    "record_inspection: lots by plan": record_planned_lots,
    "dispose_inspection": dispose_inspection,
    "release": release,
    "release: parts of inspected lots": release_parts,
    "release: inspected by plan": release_planned,
    "restrict": restrict,
    "reject": reject,
    "reopen": reopen,
    "close_lot": close_lot,
    "release: by two people": guarded,
    "countersign": countersign,
    "withdraw_proposal": withdraw_proposal,
    "split_lot": split_lot,
    "split_lot: on hold and restricted": split_stopped_lot,
    "merge_lots": merge_lots,
}
