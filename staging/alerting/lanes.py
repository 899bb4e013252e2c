"""Lanes: what stands in the wrong one, and those in which too much stands."""

from collections.abc import Iterable, Iterator
from uuid import UUID

from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Concat, Left, Lower, StrIndex
from django.db.models.lookups import Exact

from inventory.models import Container, Location
from staging import stops
from staging.alerting.at_hand import choosy_lanes
from staging.alerting.raising import DETAIL, raise_, raise_staged, unalerted
from staging.alerting.sweeping import Family, Sweep
from staging.alerting.terms import NONE_OF_THEM
from staging.models import Alert, AlertReason, Commitment, StagedStock
from staging.positions import taken
from staging.suspects import portions

WRONG, FULL = AlertReason.WRONG_LANE, AlertReason.LANE_OVER_CAPACITY


class WrongLane(Family):
    """Raised where a lane serves some routes or carriers, and the demand's is not among them;
    closed when it is, or the lane serves any."""

    def close(self) -> Iterable[int]:
        if not self.sweep.has(WRONG):
            return ()
        astray = StagedStock.objects.filter(_astray(), pk=OuterRef("commitment"))
        alerts = self.sweep.alerts.of(WRONG).annotate(cause=Subquery(astray.values("pk")[:1]))
        return alerts.filter(cause=None).order_by().values_list("pk", flat=True)

    def raise_(self) -> int:
        if not (found := self._found()):
            return 0
        demand = "requirement__demand"
        way = Concat(f"{demand}__route", Value(" · "), f"{demand}__carrier")
        words = Case(
            When(Q(**{f"{demand}__carrier": ""}), then=F(f"{demand}__route")),
            When(Q(**{f"{demand}__route": ""}), then=F(f"{demand}__carrier")),
            default=way,
        )
        rows = unalerted(WRONG).filter(self.sweep.terms.raised(WRONG), pk__among="found")
        return sum(
            raise_staged(WRONG, rows, self.sweep.at, Left(words, DETAIL), found=portion)
            for portion in portions(sorted(found))
        )

    def _found(self) -> set[UUID]:
        rows = list(self._looked_at()) if self.sweep.at_hand.choosy else []
        if not rows:
            return set()
        lanes = list(choosy_lanes().order_by("pk").values_list("pk", flat=True))
        astray = (part.filter(_astray(), location__in=lanes).order_by() for part in rows)
        return {pk for part in astray for pk in part.values_list("pk", flat=True)}

    def _looked_at(self) -> Iterator[QuerySet[Commitment]]:
        """What is new, what is staged for a demand that goes another way, and what stands in a
        lane that serves others now."""
        look = self.sweep.look
        if look.thorough:
            yield StagedStock.objects.all()
            return
        if look.has_new:
            yield look.new
        if look.changed:
            yield StagedStock.objects.filter(look.touched())
        if look.lanes:
            yield StagedStock.objects.filter(location__in=look.lanes)


def _astray() -> Q:
    """What names a route or a carrier, in a lane that names others."""
    astray = NONE_OF_THEM
    for one in ("route", "carrier"):
        served, wanted = f"location__{one}s", f"requirement__demand__{one}"
        elsewhere = Exact(StrIndex(_between(served), _between(wanted)), Value(0))
        astray |= ~Q(**{served: ""}) & ~Q(**{wanted: ""}) & Q(elsewhere)
    return astray


def _between(names: str) -> Lower:
    return Lower(Concat(Value(";"), F(names), Value(";")))


class OverCapacity(Family):
    """Raised where more positions are taken than the lane holds, as staging counts them; closed
    when no more are than it holds."""

    def __init__(self, sweep: Sweep) -> None:
        super().__init__(sweep)
        self._overfull: dict[int, str] = {}

    def close(self) -> Iterable[int]:
        known: dict[int, int | None] = {}
        if self.sweep.has(FULL):
            known = dict(self.sweep.alerts.of(FULL).order_by().values_list("pk", "location"))
        self._overfull = self._look(known.values())
        return [alert for alert, lane in known.items() if lane not in self._overfull]

    def _look(self, known: Iterable[int | None]) -> dict[int, str]:
        """Lanes in which too much stands, and how much: taken, and what they hold."""
        lanes = Location.objects.staging().filter(capacity__isnull=False)
        if not self.sweep.look.thorough:
            lanes = lanes.filter(pk__in={pk for pk in (*known, *self._stirred()) if pk})
        limits = lanes.order_by("pk").values_list("pk", "capacity")
        holds = {lane: limit for lane, limit in limits if limit is not None}
        counts = taken(list(holds)) if holds else {}
        return {
            lane: f"{count}/{holds[lane]}"
            for lane, count in sorted(counts.items())
            if count > holds[lane]
        }

    def _stirred(self) -> Iterator[int]:
        """Lanes to which something has come. What is staged there is new; of what comes for nobody,
        and of containers that are packed otherwise, triggers keep a note."""
        look = self.sweep.look
        yield from look.lanes
        arrived = [look.new] if look.has_new else []
        if look.containers:
            inside = stops.inside(Container.objects.filter(pk__in=look.containers))
            arrived.append(StagedStock.objects.filter(inside))
        for rows in arrived:
            # Lanes without a limit are many, and nobody counts what stands in them.
            limited = rows.filter(location__capacity__isnull=False)
            yield from limited.order_by().values_list("location", flat=True).distinct()

    def raise_(self) -> int:
        alerts = Alert.objects.open().of(FULL).filter(location=OuterRef("pk"))
        lanes = Location.objects.filter(pk__in=self._overfull).filter(~Exists(alerts))
        if not self._overfull:
            return 0
        counts = Case(*(When(pk=pk, then=Value(said)) for pk, said in self._overfull.items()))
        rows = lanes.filter(self.sweep.terms.raised(FULL, "site"))
        about = {"site": "site_id", "location": "pk"}
        return raise_(FULL, rows, self.sweep.at, about=about, detail=counts)
