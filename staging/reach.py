"""How far a hold reaches: every place that it touches, and where what it concerns has gone.

On hand it is what the hold stops now. Shipped and consumed are the lots concerned: those named, or
those that stand (or were staged) under a hold on a container or place. On request the lots made
from them are taken along. A fixed number of statements, whatever it finds; lists are querysets, to
be paged.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db.models import Count, F, Max, Min, OuterRef, Q, QuerySet, Subquery, Sum
from django.utils import timezone

from inventory import genealogy, on_hand
from inventory.genealogy import Link
from inventory.models import AuditEntry, Balance, LocationKind, Lot, Movement, MovementKind
from quality.models import Hold
from staging import stops
from staging.models import Commitment, Demand, PullTask
from staging.picture import COMMITTED

MATERIAL = ("lot__material__code", "lot__material__name", "lot__material__base_unit")
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Total:
    """What the hold reaches of one material, in its base unit."""

    material: str
    name: str
    unit: str
    parts: dict[str, Decimal]


PARTS = (
    "general", "reserved", "staged", "in_process", "loaded", "in_transit", "total", "shipped",
    "consumed",
)  # fmt: skip
"""`total` is what is on hand: the sum of those before it."""


class Reach:
    """What one hold touches; with `descendants`, also all lots made from what it concerns."""

    def __init__(self, hold: Hold, *, descendants: bool = False) -> None:
        self.hold = hold
        self.with_descendants = descendants

    # --- what it is about -----------------------------------------------------------------------

    @cached_property
    def trace(self) -> genealogy.Trace:
        """From the lots concerned to all that were made from them."""
        if not self.with_descendants:
            return genealogy.Trace([], complete=True)
        return genealogy.trace_all(Lot.objects.filter(self._concerned), "forward")

    @cached_property
    def made(self) -> list[Link]:
        """Each lot made from those concerned once, by its shortest way."""
        return list({link.far.pk: link for link in reversed(self.trace.links)}.values())[::-1]

    @cached_property
    def _concerned(self) -> Q:
        hold = self.hold
        if hold.lot_id:
            return Q(pk=hold.lot_id)
        if hold.material_id:
            return Q(material=hold.material_id)
        if hold.supplier_lot:
            return Q(supplier_lot=hold.supplier_lot)
        there = Balance.objects.on_hand().filter(stops.under_one(hold)).order_by()
        pulled = PullTask.objects.filter(hold=hold).order_by()
        return Q(pk__in=there.values("lot")) | Q(pk__in=pulled.values("commitment__lot"))

    @cached_property
    def lots(self) -> QuerySet[Lot]:
        """The lots concerned, and those made from them if they were asked for."""
        wanted = self._concerned
        if self.made:
            wanted |= Q(pk__in=[link.far.pk for link in self.made])
        return Lot.objects.filter(wanted)

    @cached_property
    def _stock(self) -> Q:
        stock = stops.under_one(self.hold)
        return stock | Q(lot__in=[link.far.pk for link in self.made]) if self.made else stock

    # --- lists ----------------------------------------------------------------------------------

    def positions(self) -> QuerySet[Any]:
        """What is on hand, with `stop`."""
        rows = Balance.objects.on_hand().filter(self._stock)
        return stops.with_stop(rows, timezone.localdate()).select_related(
            "lot__material__base_unit", "location", "container"
        )

    def commitments(self) -> QuerySet[Commitment]:
        """What is reserved, staged, in process or loaded, each for its demand."""
        rows = Commitment.objects.open().filter(self._stock, state__in=COMMITTED)
        return rows.with_stop(timezone.localdate()).select_related(
            "lot__material__base_unit", "location", "container", "requirement__demand"
        )

    def shipments(self) -> QuerySet[Movement]:
        """What has left for customers and was not reversed, with `demand_*` of the shipment."""
        demand = Demand.objects.filter(reference=OuterRef("reference"))
        return (
            self._moved(MovementKind.SHIP)
            .select_related("lot__material__base_unit", "target")
            .annotate(carrier=Subquery(demand.values("carrier")[:1]))
        )

    def consumption(self) -> QuerySet[Movement]:
        """What has been used up, for which demand."""
        rows = self._moved(MovementKind.CONSUME)
        return rows.select_related("lot__material__base_unit", "source")

    def pulls(self) -> QuerySet[PullTask]:
        return self.hold.pulls.select_related(*OF_COMMITMENT)

    def lost_reservations(self) -> list[tuple[str, list[str]]]:
        """The demands that lost reservations when it was placed, and what."""
        entries = AuditEntry.objects.filter(
            batch=self.hold.batch, action="staging.break_reservation"
        )
        return [
            (entry.subject, entry.facts["claims"])
            for entry in entries.order_by("pk")
            if self.hold.pk in entry.facts["holds"]
        ]

    def _moved(self, kind: MovementKind) -> QuerySet[Movement]:
        rows = Movement.objects.filter(kind=kind, reversed_by=None)
        return rows.filter(lot__in=self.lots.order_by().values("pk"))

    # --- sums -----------------------------------------------------------------------------------

    def totals(self) -> list[Total]:
        """By material, every kind of place apart."""
        found: dict[str, Total] = {}

        def of(row: dict[str, Any]) -> dict[str, Decimal]:
            material, name, unit = (row[column] for column in MATERIAL)
            nothing = Total(material, name, unit, dict.fromkeys(PARTS, ZERO))
            return found.setdefault(material, nothing).parts

        loaded = Sum("bound", filter=Q(location__kind=LocationKind.TRANSIT))
        stock = on_hand.split(Balance.objects.filter(self._stock), *MATERIAL)
        for row in stock.annotate(loaded=loaded):
            parts = of(row)
            parts.update({name: row[name] for name in (*on_hand.PARTS, "total")})
            parts["loaded"] = row["loaded"] or ZERO
            parts["in_transit"] -= parts["loaded"]
        for part, kind in (("shipped", MovementKind.SHIP), ("consumed", MovementKind.CONSUME)):
            moved = self._moved(kind).order_by().values(*MATERIAL).annotate(sum=Sum("quantity"))
            for row in moved:
                of(row)[part] = row["sum"]
        return [found[code] for code in sorted(found)]

    def customers(self) -> list[dict[str, Any]]:
        """What has been shipped, by customer and material."""
        rows = self._moved(MovementKind.SHIP).order_by("target__code", "lot__material__code")
        grouped = rows.values("target__code", "target__name", *MATERIAL)
        return list(
            grouped.annotate(
                quantity=Sum("quantity"),
                shipments=Count("reference", distinct=True),
                lots=Count("lot", distinct=True),
                first=Min("occurred_at"),
                last=Max("occurred_at"),
            )
        )

    def countdown(self) -> dict[str, int]:
        """How many positions were to be pulled, and how many are still there."""
        raised = self.hold.pulls.count()
        return {"raised": raised, "open": self.hold.pulls.open().count()}


OF_COMMITMENT = (
    "hold", "commitment__lot__material__base_unit", "commitment__location",
    "commitment__container", "commitment__requirement__demand",
)  # fmt: skip


def outputs(movements: Sequence[Movement]) -> dict[str, list[str]]:
    """What the demands that consumed have made, by their references. One statement."""
    made = Movement.objects.filter(
        kind=MovementKind.PRODUCE,
        reversed_by=None,
        reference__in={row.reference for row in movements} - {""},
    )
    found: dict[str, list[str]] = defaultdict(list)
    for reference, lot in (
        made.order_by("lot__code").values_list("reference", "lot__code").distinct()
    ):
        found[reference].append(lot)
    return found


def pulled_by(tasks: Sequence[PullTask]) -> dict[int, Movement]:
    """The last movement that took each position out of its lane, by task. One statement."""
    way_out = Movement.objects.filter(
        lot=OuterRef("commitment__lot"),
        source=OuterRef("commitment__location"),
        task=OuterRef("commitment__requirement"),
        recorded_at__gte=OuterRef("raised_at"),
    ).order_by("-pk")
    done = PullTask.objects.filter(pk__in=[task.pk for task in tasks], commitment__quantity=0)
    last = dict(done.annotate(last=Subquery(way_out.values("pk")[:1])).values_list("pk", "last"))
    rows = Movement.objects.select_related("actor", "target").in_bulk(
        {pk for pk in last.values() if pk}
    )
    return {task: rows[pk] for task, pk in last.items() if pk}


def pull_list() -> QuerySet[Any]:
    """Everything that is to be pulled; `walk` is where on the way through the plant."""
    rows = PullTask.objects.open().annotate(walk=F("commitment__location__walk_order"))
    return rows.select_related(*OF_COMMITMENT)
