"""The demand board: what must be ready by when, how far it is, and what is short and why."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, prefetch_related_objects
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inventory.fields import Words
from inventory.paging import Page, every, sifted_page_of
from inventory.sheets.columns import BATCH
from inventory.statements import Select
from inventory.zones import gate_day
from staging import kits, live, shortage
from staging.kits import Kit
from staging.models import Demand, DemandState, Requirement
from staging.shortage import Cause
from staging.stops import TODAY

SOON = timedelta(hours=4)
"""What is needed within this time is what is worked on next."""

GROUPS: dict[str, Words] = {
    "overdue": _("Overdue"),
    "soon": _("In the next four hours"),
    "today": _("Later today"),
    "later": _("After today"),
}


def _undone() -> QuerySet[Any, Any]:
    """Of some demands, those that are not done with, with their state.

    Done with is what is complete, and of which nothing is stopped, once it has started.
    """
    lines: Any = Requirement.objects.with_progress().filter(demand=OuterRef("pk"))
    lacking = Exists(lines.filter(progressed__lt=F("quantity")))
    started = Q(state=DemandState.STARTED, first_blocked=None) & Q(~lacking)
    done = Q(state__in=(DemandState.COMPLETED, DemandState.CANCELLED)) | started
    rows: Any = Demand.objects.with_state(TODAY).filter(~done, pk__among="demands")
    found: QuerySet[Any, Any] = rows.select_related("site", "work_center", "customer", "product")
    return found.order_by()


_UNDONE: Select[Demand] = Select(_undone)


def lacking() -> Q:
    """A condition on demands with their state: not all of it is staged or beyond, or quality has
    stopped something that is."""
    lines: Any = Requirement.objects.with_progress().filter(demand=OuterRef("pk"))
    return Q(Exists(lines.filter(progressed__lt=F("quantity")))) | Q(first_blocked__isnull=False)


LACKING: Select[Demand] = Select(lambda: _undone().filter(lacking()))
"""Of some `demands`, those that are not complete. With `on`, the gate's day."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A line that is not all staged or beyond, or of which quality has stopped something since."""

    line: Requirement
    missing: Decimal
    blocked: Decimal
    causes: list[Cause]


@dataclass(frozen=True, slots=True)
class Entry:
    """One demand on the board."""

    demand: Demand
    kit: Kit
    gaps: list[Gap]
    due: str

    @property
    def is_blocked(self) -> bool:
        return any(gap.blocked for gap in self.gaps)

    @property
    def is_ready(self) -> bool:
        return self.kit.is_complete and not self.gaps

    @property
    def mark(self) -> str:
        """Another one where a screen has something else to show."""
        about = self.demand
        facts = (about.reference, about.needed_at, about.state, self.due)  # type: ignore[attr-defined]
        goes = (about.route, about.carrier, about.work_center_id, about.customer_id)
        gaps = [(gap.line.pk, gap.missing, gap.blocked, gap.causes) for gap in self.gaps]
        return live.mark(facts, goes, self.kit.percent, self.kit.complete_lines, gaps)


def ready(
    rows: QuerySet[Demand], asked: QueryDict, *, at: datetime, size: int
) -> tuple[Page[Demand], list[Entry]]:
    """A page of live demands, the next needed first, and what the board says of each.

    `rows` are ordered by nothing yet. What its statements ask of the demands of the page is
    compiled once: boards are drawn often.
    """
    on = gate_day(at)

    def undone(keys: list[int]) -> list[Demand]:
        return _UNDONE(demands=keys, on=on)

    page = sifted_page_of(rows, asked, column="needed_at", sieve=undone, size=size)
    return page, entries_of(page.rows, at)


def whole(rows: QuerySet[Demand], *, at: datetime) -> Iterator[list[Entry]]:
    """All pages of it, one after the other."""
    on = gate_day(at)

    def undone(keys: list[int]) -> list[Demand]:
        return _UNDONE(demands=keys, on=on)

    for part in every(rows, "needed_at", sieve=undone, size=BATCH):
        yield entries_of(part, at)


def entries_of(
    demands: Sequence[Demand], at: datetime, *, elsewhere: Callable[[int], bool] | None = None
) -> list[Entry]:
    """What is to be said of demands with their state. `elsewhere`: as of `shortage.causes`."""
    on = gate_day(at)
    found, blocked = kits.kits(demands), kits.blocked(demands, on)
    lines = [line for demand in demands for line in found[demand.pk].lines]
    lines_short = [line for line in lines if kits.share(line) < 1 or line.pk in blocked]
    prefetch_related_objects(lines_short, "material", "lot")
    sites = {demand.pk: demand.site_id for demand in demands}
    causes = shortage.causes(lines_short, sites, on, elsewhere=elsewhere)
    gaps: dict[int, list[Gap]] = {demand.pk: [] for demand in demands}
    for line in lines_short:
        missing = max(line.quantity - line.progressed, Decimal(0))  # type: ignore[attr-defined]
        gap = Gap(line, missing, blocked.get(line.pk, Decimal(0)), causes[line.pk])
        gaps[line.demand_id].append(gap)
    return [
        Entry(demand, found[demand.pk], gaps[demand.pk], due(demand.needed_at, at))
        for demand in demands
    ]


def due(needed_at: datetime, at: datetime) -> str:
    """In which group of the board a time falls. A day is that of the time zone in force."""
    if needed_at <= at:
        return "overdue"
    if needed_at <= at + SOON:
        return "soon"
    same_day = timezone.localdate(needed_at) == timezone.localdate(at)
    return "today" if same_day else "later"


def grouped(entries: Iterable[Entry]) -> Iterator[tuple[str, Words, list[Entry]]]:
    """The entries under the headings of the board, in their order."""
    for name, members in groupby(entries, key=lambda entry: entry.due):
        yield name, GROUPS[name], list(members)
