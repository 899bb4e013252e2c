"""What the scenes are made of: so many lots, packed, promised or staged."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, TypeVar

from django.db.models import Model

from inventory import actions as stock
from inventory import codes
from inventory.models import Container, Location, Lot, Material, Movement, Unit
from staging import actions as staging
from staging.models import Demand, DemandKind
from tests.plant import Plant

D = Decimal
Row = TypeVar("Row", bound=Model)


def scanned(rows: Iterable[Row]) -> list[Row]:
    """The rows as a surface hands them over: found by their codes, all in one query."""
    rows = list(rows)
    names = [
        str(row) if isinstance(row, Lot | Container | Location | Demand) else str(row.pk)
        for row in rows
    ]
    found = codes.find(type(rows[0]), names)
    return [found[name] for name in names]


def lots(plant: Plant, count: int, *, at: Location | None = None, **material: Any) -> list[Lot]:
    """New lots of ten each of one new material, released."""
    made = plant.material(**{"initial_status": "released"} | material)
    return lots_of(plant, made, count, at=at)


def lots_of(
    plant: Plant, material: Material, count: int, *, at: Location | None = None
) -> list[Lot]:
    start = Lot.objects.count()
    receipts = [
        stock.Receipt(
            material=material, number=f"N{start + n}", quantity=D(10), location=at or plant.a1
        )
        for n in range(count)
    ]
    plant.do(stock.receive, *receipts)
    numbers = [receipt.number for receipt in receipts]
    return scanned(Lot.objects.filter(material=material, number__in=numbers).order_by("pk"))


def in_grams(material: Material) -> Unit:
    """Let the material be counted in grams as well."""
    gram = Unit.objects.get(code="GRM")
    material.units.create(unit=gram, numerator=1, denominator=1000)
    return gram


def boxes(plant: Plant, count: int) -> list[Container]:
    """New containers, standing in A1."""
    start = Container.objects.count()
    names = [f"{plant.site.code}-C{start + n}" for n in range(count)]
    plant.do(stock.new_container, *[stock.NewContainer(code=n, location=plant.a1) for n in names])
    return scanned(Container.objects.filter(code__in=names).order_by("pk"))


def packed(plant: Plant, count: int, **material: Any) -> tuple[list[Lot], list[Container]]:
    """Lots, each in a container of its own."""
    found, around = lots(plant, count, **material), boxes(plant, count)
    pairs = zip(found, around, strict=True)
    plant.do(stock.pack, *[stock.Pack(lot=lot, container=box) for lot, box in pairs])
    return found, scanned(around)


def demands(plant: Plant, count: int, material: Material, kind: str = "shipment") -> list[Demand]:
    """A demand of ten of the material for each of `count`."""
    start = Demand.objects.count()
    shipment = kind == "shipment"
    lines = [
        staging.NewDemand(
            reference=f"M{start + n}",
            kind=DemandKind(kind),
            site=plant.site,
            needed_at=plant.now + timedelta(hours=4),
            customer=plant.customer if shipment else None,
            work_center=None if shipment else plant.wc,
            requirements=(staging.Need(material=material, quantity=D(10)),),
        )
        for n in range(count)
    ]
    plant.do(staging.create_demand, *lines)
    return scanned(
        Demand.objects.filter(reference__in=[line.reference for line in lines]).order_by("pk")
    )


def wanted(plant: Plant, found: Sequence[Lot], kind: str = "shipment") -> Demand:
    """One demand for all of the lots."""
    need = (found[0].material, 10 * len(found))
    made = plant.shipment(need) if kind == "shipment" else plant.order(need)
    return scanned([made])[0]


def staged(plant: Plant, count: int, kind: str = "shipment") -> tuple[list[Lot], Demand]:
    """Lots in the lane L1, staged for one demand."""
    found = lots(plant, count)
    demand = wanted(plant, found, kind)
    stage(plant, found, [demand] * count)
    return found, demand


def stage(plant: Plant, found: Sequence[Lot], needing: Sequence[Demand]) -> None:
    pairs = zip(found, needing, strict=True)
    lines = [staging.Staging(demand=demand, lot=lot, lane=plant.l1) for lot, demand in pairs]
    plant.do(staging.stage, *lines)


def issued(plant: Plant, count: int) -> tuple[list[Lot], Demand]:
    """Lots at the work centre, issued for one production order."""
    found, demand = staged(plant, count, "production")
    plant.do(staging.issue, *[staging.Issue(lot=lot) for lot in found])
    return found, demand


def newest(count: int, **filters: Any) -> list[Movement]:
    """The movements that were posted last."""
    return scanned(Movement.objects.filter(**filters).order_by("-pk")[:count])
