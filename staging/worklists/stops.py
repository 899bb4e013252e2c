"""Stops: the open alerts at one place on one thing, and the order in which one walks to them."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q

from inventory import sites
from inventory.models import Balance, Container, Location, Lot, Site
from staging import unstaging
from staging.models import Alert, AlertReason, Demand, Severity
from staging.worklists.works import CALLS_FOR, Work, best_first, permitted, reasons_for

MOST = 2000
"""Alerts that one worklist is made of, the most urgent first; the rest come up as these close."""

ABOUT = (
    "site", "location", "container", "lot__material__base_unit", "demand", "commitment",
    "acknowledged_by", "assigned_to",
)  # fmt: skip

PLACELESS = (Work.FETCH, Work.CHASE)
"""Work that begins at no place of the walk: with a demand, or at a desk."""

Key = tuple[str, int | None, int | None, int | None]


@dataclass(slots=True)
class Stop:
    """Where somebody has to go, and what for: `works` are what may be done there, best first.

    Of what stands in a container, the container is the thing; loose, the lot of a demand. Some
    stops are a whole lane, a demand that lacks something, or a lot that waits for its release.
    """

    alerts: list[Alert]
    works: tuple[Work, ...]
    free: Decimal | None = None
    """What stands there for nobody, where that is what it is about."""
    balances: list[Balance] = field(default_factory=list)

    @property
    def first(self) -> Alert:
        return self.alerts[0]

    @property
    def work(self) -> Work:
        return self.works[0]

    @property
    def site(self) -> Site:
        return self.first.site

    @property
    def location(self) -> Location | None:
        return None if _first_of(self.first) in PLACELESS else self.first.location

    @property
    def container(self) -> Container | None:
        return self.first.container if self.location else None

    @property
    def lots(self) -> list[Lot]:
        if _first_of(self.first) == Work.FETCH:
            return []
        found = {alert.lot.pk: alert.lot for alert in self.alerts if alert.lot}
        return list(found.values())

    @property
    def lot(self) -> Lot | None:
        """The one lot that it is about, if it is one."""
        return self.lots[0] if len(self.lots) == 1 else None

    @property
    def demands(self) -> list[Demand]:
        found = {alert.demand.pk: alert.demand for alert in self.alerts if alert.demand}
        return list(found.values())

    @property
    def demand(self) -> Demand | None:
        return self.demands[0] if len(self.demands) == 1 else None

    @property
    def is_bound(self) -> bool:
        """Whether what stands there is staged for a demand."""
        return any(alert.commitment_id for alert in self.alerts)

    @property
    def is_whole_lane(self) -> bool:
        return not self.lots and self.location is not None

    @property
    def takes_many(self) -> bool:
        """Whether it may take several steps: any one of them is a step of it."""
        return not self.lots

    @property
    def thing(self) -> Lot | Container | Demand | None:
        """What is scanned there, or what it is about."""
        return self.container or self.lot or self.demand

    def stands_in(self, lot: Lot) -> Container | None:
        """The container of the stop, if the lot is in it there."""
        return self.container if self.container and lot in self.lots else None

    @property
    def quantity(self) -> Decimal | None:
        """How much of its one lot it is about."""
        if self.lot is None:
            return None
        if not self.is_bound:
            return self.free
        found = {one.commitment_id: one.commitment for one in self.alerts}
        return sum((row.quantity for row in found.values() if row), Decimal(0))

    @property
    def since(self) -> datetime:
        return min(alert.raised_at for alert in self.alerts)

    @property
    def level(self) -> int:
        return max(alert.level for alert in self.alerts)

    @property
    def severity(self) -> Severity:
        return Severity(min(self.alerts, key=lambda alert: alert.urgency).severity)

    @property
    def urgency(self) -> int:
        """That of its most urgent alert: by severity, then by level."""
        return min(int(alert.urgency) for alert in self.alerts)

    @property
    def reasons(self) -> list[AlertReason]:
        return list(dict.fromkeys(AlertReason(alert.reason) for alert in self.alerts))

    @property
    def taken_by(self) -> list[Any]:
        """Who has it: whom it is assigned to, or who acknowledged it."""
        people = [alert.assigned_to or alert.acknowledged_by for alert in self.alerts]
        return list(dict.fromkeys(one for one in people if one))

    def is_of(self, user: Any) -> bool:
        return any(one.pk == user.pk for one in self.taken_by)

    @property
    def place(self) -> tuple[Any, ...]:
        """Where it comes on the walk; what has no place of its own comes last."""
        at = self.location
        where = (0, at.walk_order, at.path) if at else (1, 0, "")
        return (self.site.code, *where, str(self.container or ""), str(self.lot or self.demand))


def key_of(alert: Alert) -> Key:
    """What it shares with the other alerts of its stop."""
    match _first_of(alert):
        case Work.FETCH:
            return ("demand", None, alert.demand_id, None)
        case Work.CHASE:
            return ("lot", None, alert.lot_id, None)
    if alert.container_id:
        return ("container", alert.location_id, alert.container_id, None)
    return ("loose", alert.location_id, alert.lot_id, alert.demand_id)


def alike(alert: Alert) -> Q:
    """The alerts of its stop, open or not."""
    kind, place, thing, demand = key_of(alert)
    match kind:
        case "demand":
            return Q(demand=thing, reason__in=reasons_for([Work.FETCH]))
        case "lot":
            return Q(lot=thing, reason__in=reasons_for([Work.CHASE]))
    here = Q(location=place) & ~Q(reason__in=reasons_for(PLACELESS))
    if kind == "container":
        return here & Q(container=thing)
    return here & Q(container=None, lot=thing, demand=demand)


def _first_of(alert: Alert) -> Work:
    return CALLS_FOR[AlertReason(alert.reason)][0]


# --- the list -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Worklist:
    """Stops in the order of the walk. `cut` when there are more alerts than one list is made of."""

    stops: list[Stop]
    cut: bool = False


def worklist(
    user: Any,
    at: datetime,
    *,
    site: Site | None = None,
    area: Location | None = None,
    work: str = "",
    mine: bool = False,
) -> Worklist:
    """What somebody may do now: by urgency, then along the walk; theirs before all others if asked.

    Two statements, and a third where stock stands for nobody.
    """
    may = permitted(user)
    wanted = may & {Work(work)} if work else may
    rows = waiting(user, at).filter(reason__in=reasons_for(wanted))
    if site:
        rows = rows.filter(site=site)
    if area:
        rows = rows.filter(location__path__startswith=area.path)
    found = list(rows.order_by("urgency", "pk")[: MOST + 1])
    stops = [one for one in _grouped(found[:MOST], may) if not work or Work(work) in one.works]
    if work:
        for one in stops:
            one.works = (Work(work), *(other for other in one.works if other != work))
    _weigh(stops)
    stops.sort(key=lambda one: (mine and not one.is_of(user), one.urgency, one.place))
    return Worklist(stops, cut=len(found) > MOST)


def waiting(user: Any, at: datetime) -> Any:
    """Open alerts at this user's sites that are not snoozed."""
    rows: Any = sites.within(Alert.objects.open(), user)
    rows = rows.filter(Q(snoozed_until=None) | Q(snoozed_until__lte=at))
    return rows.select_related(*ABOUT)


def _grouped(alerts: Iterable[Any], may: Collection[Work]) -> list[Stop]:
    """The stops of alerts that are ordered by urgency: the first of a stop is its most urgent."""
    groups: dict[Key, list[Any]] = {}
    for alert in alerts:
        groups.setdefault(key_of(alert), []).append(alert)
    stops = [
        Stop(group, best_first([one.reason for one in group], may)) for group in groups.values()
    ]
    return [stop for stop in stops if stop.works]


def _weigh(stops: Sequence[Stop]) -> None:
    """How much stands at each of the stops for nobody. One statement, if there is such a stop."""
    free = {
        (one.location.pk, one.lot.pk): one
        for one in stops
        if one.location and one.lot and not one.is_bound
    }
    if not free:
        return
    rows = unstaging.lying().filter(
        location__in={place for place, _lot in free}, lot__in={lot for _place, lot in free}
    )
    for row in rows.select_related("container"):
        stop = free.get((row.location_id, row.lot_id))
        if stop and stop.container in (None, row.container):
            stop.free = (stop.free or Decimal(0)) + row.quantity - row.bound
            stop.balances.append(row)
