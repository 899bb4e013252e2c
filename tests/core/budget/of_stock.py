"""The inventory verbs: a request of so many lines, on stock made for it."""

from typing import Any

from inventory import actions as stock
from inventory.models import Site, SsccSeries
from tests.core.budget.setting import D, boxes, in_grams, lots, packed
from tests.plant import Plant


def receive(plant: Plant, count: int) -> list[Any]:
    material = plant.material()
    return [
        stock.Receipt(material=material, number=f"R{n}", quantity=D(1), location=plant.a1)
        for n in range(count)
    ]


def receive_in_units(plant: Plant, count: int) -> list[Any]:
    """A delivery counted in grams, each lot in a container, of several materials."""
    materials = [plant.material() for _number in range(min(count, 5))]
    gram = [in_grams(material) for material in materials].pop()
    return [
        stock.Receipt(
            material=materials[n % len(materials)], number=f"R{n}", quantity=D(1000), unit=gram,
            location=plant.a1, container=box,
        )
        for n, box in enumerate(boxes(plant, count))
    ]  # fmt: skip


def put_away(plant: Plant, count: int) -> list[Any]:
    return [stock.Move(lot=lot, target=plant.a2) for lot in lots(plant, count)]


def put_away_packed(plant: Plant, count: int) -> list[Any]:
    """Whole containers, which go along."""
    found, around = packed(plant, count)
    pairs = zip(found, around, strict=True)
    return [stock.Move(lot=lot, container=box, target=plant.a2) for lot, box in pairs]


def adjust(plant: Plant, count: int) -> list[Any]:
    return [
        stock.Count(lot=lot, location=plant.a1, quantity=D(11), reason="found one")
        for lot in lots(plant, count)
    ]


def remove(plant: Plant, count: int) -> list[Any]:
    return [stock.Removal(lot=x, quantity=D(1), reason="broken") for x in lots(plant, count)]


def new_container(plant: Plant, count: int) -> list[Any]:
    return [
        stock.NewContainer(code=f"{plant.site.code}-NEW{n}", location=plant.a1)
        for n in range(count)
    ]


def number_container(plant: Plant, count: int) -> list[Any]:
    Site.objects.filter(pk=plant.site.pk).update(gs1_prefix="9521234")
    SsccSeries.objects.get_or_create(prefix="9521234", extension=0)
    return [stock.Numbering(container=box) for box in boxes(plant, count)]


def pack(plant: Plant, count: int) -> list[Any]:
    pairs = zip(lots(plant, count), boxes(plant, count), strict=True)
    return [stock.Pack(lot=lot, container=box) for lot, box in pairs]


def unpack(plant: Plant, count: int) -> list[Any]:
    return [stock.Pack(lot=x, container=c) for x, c in zip(*packed(plant, count), strict=True)]


def move_container(plant: Plant, count: int) -> list[Any]:
    _lots, around = packed(plant, count)
    return [stock.MoveContainer(container=box, target=plant.a2) for box in around]


SCENES = {
    "receive": receive,
    "receive: units and containers": receive_in_units,
    "put_away": put_away,
    "put_away: containers": put_away_packed,
    "move": put_away,
    "adjust": adjust,
    "sample": remove,
    "scrap": remove,
    "send_back": remove,
    "new_container": new_container,
    "number_container": number_container,
    "pack": pack,
    "unpack": unpack,
    "move_container": move_container,
}
