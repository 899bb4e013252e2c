"""What stopped stock at a past moment: the status of its lot, holds, and dates that had passed.

The usage rules that were in force, shelf life that customers ask for, and time out of storage are
not judged anew: what a rule would have said then depends on data of which only the present is kept.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import Q

from inventory.models import AuditEntry, Container, Location, Lot, LotStatus
from quality.gate import EXPIRED, RETEST_DUE
from quality.gate.stops import PLAIN_DENY
from quality.models import Decision, Hold
from quality.models.holds import NESTING
from staging.past.moment import Moment, latest_first

DATES = (EXPIRED, RETEST_DUE)
OF_HOLD = ("actor", "lot", "location", "container", "material")


@dataclass(frozen=True, slots=True)
class Standing:
    """Stock of a lot at a place, whose stops are asked for. Container with its parents."""

    lot: Lot
    location: Location
    container: Container | None = None
    reference: str = ""
    """Of the demand that it was for, if any."""


@dataclass(slots=True)
class Quality:
    """What quality said of some lots and places at a moment."""

    day: date
    status: dict[int, str]
    dates: dict[int, dict[str, date | None]]
    permits: dict[int, set[str]]
    holds: list[Hold]
    _by: dict[str, dict[Any, list[Hold]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for column in ("lot_id", "material_id", "container_id", "supplier_lot"):
            found: dict[Any, list[Hold]] = defaultdict(list)
            for hold in self.holds:
                found[getattr(hold, column) or None].append(hold)
            self._by[column] = found
        places = (hold for hold in self.holds if hold.location)
        self._by["location"] = defaultdict(list)
        for hold in places:
            self._by["location"][hold.location and hold.location.code].append(hold)

    def holds_on(self, stock: Standing) -> list[Hold]:
        """The holds that lay on it, be it on what it stood in."""
        found = [*self._by["lot_id"].get(stock.lot.pk, ())]
        found += self._by["material_id"].get(stock.lot.material_id, ())
        if stock.lot.supplier_lot:
            found += self._by["supplier_lot"].get(stock.lot.supplier_lot, ())
        for code in stock.location.ancestry:
            found += self._by["location"].get(code, ())
        around = stock.container
        while around is not None:
            found += self._by["container_id"].get(around.pk, ())
            around = around.parent
        return found

    def stops(self, stock: Standing) -> list[str]:
        """Why it could not be used: codes of the gate, the most telling first."""
        lot = stock.lot
        found = ["lot_on_hold"] if self.holds_on(stock) else []
        dates = self.dates[lot.pk]
        found += [
            stop.code for stop in DATES
            if (day := dates[stop.column]) is not None and day < self.day
        ]  # fmt: skip
        status = self.status[lot.pk]
        if status in PLAIN_DENY:
            found.append(f"lot_{status}")
        if status == LotStatus.RESTRICTED and stock.reference not in self.permits[lot.pk]:
            found.append("lot_restricted")
        return found


def quality_of(stock: Collection[Standing], moment: Moment) -> Quality:
    """What quality said of stock then. Four statements."""
    lots = {one.lot.pk: one.lot for one in stock}
    status = {pk: lot.status for pk, lot in lots.items()}
    later = moment.after(Decision.objects.filter(lot__in=lots))
    for row in latest_first(later, moment):
        status[row.lot_id] = row.from_status
    return Quality(
        moment.day(), status, _dates(lots, moment), _permits(status, moment), _holds(stock, moment)
    )


def _dates(lots: dict[int, Lot], moment: Moment) -> dict[int, dict[str, date | None]]:
    """Their dates, less what the audit trail says was changed since."""
    dates = {
        pk: {stop.column: getattr(lot, stop.column) for stop in DATES} for pk, lot in lots.items()
    }
    told = AuditEntry.objects.filter(subject_type=Lot._meta.label_lower)
    told = told.filter(subject_id__in=[str(pk) for pk in lots])
    for entry in latest_first(moment.after(told), moment):
        for stop in DATES:
            if change := entry.changes.get(stop.column):
                old = date.fromisoformat(change[0]) if change[0] else None
                dates[int(entry.subject_id)][stop.column] = old
    return dates


def _permits(status: dict[int, str], moment: Moment) -> dict[int, set[str]]:
    """The demands that each restricted lot was for: the last decision says so."""
    restricted = [pk for pk, said in status.items() if said == LotStatus.RESTRICTED]
    permits: dict[int, set[str]] = defaultdict(set)
    made = moment.until(Decision.objects.filter(lot__in=restricted))
    for row in reversed(latest_first(made, moment)):
        ended = row.until is not None and row.until < moment.day()
        permits[row.lot_id] = set() if ended else {name.strip() for name in row.references}
    return permits


def _holds(stock: Iterable[Standing], moment: Moment) -> list[Hold]:
    """The holds that were open, of those on the lots, what they are of, and what they stood in."""
    lots = {one.lot for one in stock}
    codes = {code for one in stock for code in one.location.ancestry}
    held = (
        Q(lot__in=lots)
        | Q(material__in={lot.material_id for lot in lots})
        | Q(supplier_lot__in={lot.supplier_lot for lot in lots} - {""})
        | Q(location__in=Location.objects.filter(code__in=codes).values("pk"))
        | Q(container__in={one.pk for place in stock for one in around(place.container)})
    )
    # By two indexes: what is open now, and what was lifted since.
    was_open = Q(lifted_at=None) | Q(lifted_at__gt=moment.at)
    rows = moment.until(Hold.objects.filter(was_open).filter(held))
    return list(rows.select_related(*OF_HOLD).order_by("pk"))


def around(container: Container | None) -> list[Container]:
    """The container and those that it is packed in."""
    found: list[Container] = []
    while container is not None and len(found) < NESTING:
        found.append(container)
        container = container.parent
    return found
