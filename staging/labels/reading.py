"""From lines to labels: all that they say is read in one statement for each kind of thing."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.utils import timezone

from inventory.actions.containers import with_nested
from inventory.models import Balance, Container, Location, Lot
from staging import stops
from staging.labels import content
from staging.labels.content import Content, Label
from staging.labels.lines import ContainerLabel, DemandLabel, LocationLabel, LotLabel
from staging.models import Demand

M = TypeVar("M", bound=Model)


def labels_of(lines: Sequence[Any], at: datetime) -> list[Label]:
    """What the labels say at this time, in the order of the lines, which are all of one kind."""
    return _READERS[type(lines[0])](lines, at)


def _lots(lines: Sequence[LotLabel], at: datetime) -> list[Label]:
    rows = _fresh(Lot.objects.select_related("material"), (line.lot for line in lines))
    today = timezone.localdate(at)
    held = stops.held_among(rows.values(), today)
    badges = {pk: stops.badges(lot, today, held=held.get(pk, "")) for pk, lot in rows.items()}
    return [
        content.lot_label(
            rows[line.lot.pk], badges[line.lot.pk],
            quantity=line.quantity, copies=line.copies, at=at,
        )
        for line in lines
    ]  # fmt: skip


def _containers(lines: Sequence[ContainerLabel], at: datetime) -> list[Label]:
    rows = _fresh(Container.objects.all(), (line.container for line in lines))
    holds = contents_of(rows)
    return [
        content.container_label(
            rows[line.container.pk], holds[line.container.pk], copies=line.copies
        )
        for line in lines
    ]


def _locations(lines: Sequence[LocationLabel], at: datetime) -> list[Label]:
    related = Location.objects.select_related("site", "parent")
    rows = _fresh(related, (line.location for line in lines))
    return [content.location_label(rows[line.location.pk], copies=line.copies) for line in lines]


def _demands(lines: Sequence[DemandLabel], at: datetime) -> list[Label]:
    related = Demand.objects.select_related("work_center", "customer", "product")
    rows = _fresh(related, (line.demand for line in lines))
    return [content.demand_label(rows[line.demand.pk], copies=line.copies) for line in lines]


_READERS: dict[type[Any], Callable[[Any, datetime], list[Label]]] = {
    LotLabel: _lots,
    ContainerLabel: _containers,
    LocationLabel: _locations,
    DemandLabel: _demands,
}


def _fresh(rows: QuerySet[M], named: Iterable[M]) -> dict[int, M]:
    return {row.pk: row for row in rows.filter(pk__in={row.pk for row in named})}


def contents_of(containers: Mapping[int, Container]) -> dict[int, list[Content]]:
    """What each container holds, with what is packed in it, by lot. A statement for each level of
    nesting, and two besides."""
    nested = with_nested(containers.values())
    around = dict(Container.objects.filter(pk__in=nested).values_list("pk", "parent_id"))
    stock = Balance.objects.filter(container__in=nested, quantity__gt=0)
    lots: dict[int, Lot] = {}
    sums: dict[int, dict[int, Decimal]] = {pk: {} for pk in containers}
    for balance in stock.select_related("lot__material").order_by("lot__code"):
        lots[balance.lot_id] = balance.lot
        holder = balance.container_id
        while holder is not None:
            if holder in sums:
                before = sums[holder].get(balance.lot_id, Decimal(0))
                sums[holder][balance.lot_id] = before + balance.quantity
            holder = around.get(holder)
    return {
        pk: [Content(lots[lot], quantity) for lot, quantity in held.items()]
        for pk, held in sums.items()
    }
