"""What was known of demands at a past moment: the audit trail says what has changed since."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from inventory.models import AuditEntry
from staging.models import Demand, Requirement
from staging.past.moment import Moment, latest_first

CREATED = "staging.create_demand"
ENDS = ("staging.cancel_demand", "staging.complete_demand")
CHANGED = ("staging.change_demand", *ENDS)
"""Actions that change what a demand is; an end may leave it open, and needing less."""

ABSENT = object()


@dataclass(slots=True)
class DemandThen:
    """A demand as it was. Of `row`, what never changes counts: reference, kind, site, customer."""

    row: Demand
    needed_at: datetime
    route: str
    carrier: str
    work_center: int | None
    closed: bool
    cancelled: bool
    changes: list[AuditEntry]
    """What has changed since, the latest first."""

    def required(self, line: Requirement, lines: Iterable[Requirement]) -> Decimal | None:
        """How much of a line it needed; None where the line was not there yet. `lines`: all."""
        needed: Decimal | None = line.quantity
        names = names_of(line, lines)
        for entry in self.changes:
            old = next((entry.changes[name][0] for name in names if name in entry.changes), ABSENT)
            if old is not ABSENT:
                needed = None if old is None else Decimal(str(old))
        return needed


def names_of(line: Requirement, lines: Iterable[Requirement]) -> list[str]:
    """By what the audit trail may call a line: its lot, if it asks for one, or its material. Older
    entries name the material in any case, which is the line's if no other is of it."""
    named = [line.lot.code] if line.lot else [line.material.code]
    alone = sum(other.material_id == line.material_id for other in lines) == 1
    return [*named, line.material.code] if line.lot and alone else named


def then(demands: Collection[Demand], moment: Moment) -> dict[int, DemandThen]:
    """The demands as they were, by their ids. One statement; two where they are closed by now."""
    found = {row.pk: _now(row) for row in demands}
    told = AuditEntry.objects.filter(
        subject_type=Demand._meta.label_lower,
        subject_id__in=[str(pk) for pk in found],
        action__in=CHANGED,
    )
    for entry in latest_first(moment.after(told), moment):
        demand = found[int(entry.subject_id)]
        demand.changes.append(entry)
        _put_back(demand, entry)
    return found


def created(demand: Demand, moment: Moment) -> datetime:
    """When it came to be, by the clock that is asked for. One statement."""
    told = AuditEntry.objects.filter(
        subject_type=Demand._meta.label_lower, subject_id=str(demand.pk), action=CREATED
    )
    return told.values_list(moment.column, flat=True).first() or demand.created_at


def _now(row: Demand) -> DemandThen:
    return DemandThen(
        row, row.needed_at, row.route, row.carrier, row.work_center_id,
        row.closed_at is not None, row.cancelled, [],
    )  # fmt: skip


def _put_back(demand: DemandThen, entry: AuditEntry) -> None:
    if entry.action in ENDS:
        demand.closed = demand.cancelled = False
    for name, (old, _new) in entry.changes.items():
        if name == "needed_at":
            demand.needed_at = datetime.fromisoformat(old)
        elif name in ("route", "carrier", "work_center"):
            setattr(demand, name, _plainly(name, old))


def _plainly(name: str, old: Any) -> Any:
    return old if name == "work_center" else (old or "")
