"""Count one day of a site: a statement for each measure, however much happened.

The definitions are those of the live figures (`dwell`, `lanes`, `on_time`): what stands there is
counted the same way, only by day, area, material, shift and kind of demand.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import (
    Case,
    CharField,
    Count,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from inventory.insert_select import insert_select
from inventory.models import Movement, MovementKind, Site
from staging.dwell.calendars import rules_of
from staging.dwell.working import A_DAY, Rules, Span
from staging.models import (
    AlertStep,
    AlertStepKind,
    ClaimChange,
    Commitment,
    DayNumber,
    DaySnapshot,
    Measure,
    Requirement,
    State,
)
from staging.numbers.daily.spans import Step
from staging.numbers.on_time import staged_by

STANDING = (Measure.STANDING, Measure.STANDING_STALE)
"""Kept from the first time that a day is counted: positions and demands say nothing of what they
were, and have moved on by the second."""


@dataclass(frozen=True, slots=True)
class Day:
    """A day by a site's clock: when it begins and ends, and the shifts in it."""

    site: Site
    day: date
    start: datetime
    end: datetime
    shifts: list[Span]

    @classmethod
    def of(cls, site: Site, day: date, rules: Rules) -> "Day":
        start, end = rules.midnight(day), rules.midnight(day + A_DAY)
        return cls(site, day, start, end, rules.shifts_over(day))

    def within(self, column: str) -> Q:
        """What lies in the day."""
        return Q(**{f"{column}__gte": self.start, f"{column}__lt": self.end})

    def shift(self, column: str) -> Any:
        """An expression: the shift in which a moment lies, '' outside of any. Where shifts overlap,
        the one that began first."""
        whens = [
            When(
                Q(**{f"{column}__gte": shift.starts, f"{column}__lt": shift.ends}),
                then=Value(shift.name),
            )
            for shift in self.shifts
        ]
        nothing = Value("", output_field=CharField())
        return Case(*whens, default=nothing, output_field=CharField()) if whens else nothing


def count_day(site: Site, day: date, *, at: datetime, rules: Rules | None = None) -> int:
    """Count a day, for the first time or again; how many numbers it came to. Doing it twice is
    doing it once. The day must be over."""
    whole = Day.of(site, day, rules or rules_of(site))
    with transaction.atomic():
        DaySnapshot.objects.bulk_create([DaySnapshot(site=site, day=day)], ignore_conflicts=True)
        row = DaySnapshot.objects.select_for_update(no_key=True).get(site=site, day=day)
        old = DayNumber.objects.filter(snapshot=row)
        if row.counted_at is not None:
            old = old.exclude(measure__in=STANDING)
        old._raw_delete(old.db)
        found = sum(_write(row, count, rows) for count, rows in _counts(whole, row.counted_at))
        DaySnapshot.objects.filter(pk=row.pk).update(counted_at=at, recount=False)
    return found


def _counts(day: Day, before: datetime | None) -> list[tuple[Measure, QuerySet[Any, Any]]]:
    """What is counted, as rows with the columns of `_write`."""
    counts = [*_left(day), *_alerts(day), *_due(day)]
    return counts if before else [*counts, *_standing(day)]


def _write(row: DaySnapshot, measure: Measure, rows: QuerySet[Any, Any]) -> int:
    keys = ("in_area", "of_material", "in_shift", "of_kind", "in_step")
    grouped: Any = rows.order_by().values(*keys).annotate(times=Count("pk"))
    return insert_select(
        DayNumber,
        grouped,
        snapshot=Value(row.pk),
        measure=Value(measure),
        area="in_area",
        material="of_material",
        shift="in_shift",
        kind="of_kind",
        span="in_step",
        number="times",
    )


def _area(location: str) -> Any:
    """An expression: the place around a lane; the lane itself where none is."""
    return Coalesce(f"{location}__parent_id", f"{location}_id")


NO_STEP = Value(0)

RAISED = (AlertStepKind.RAISED, AlertStepKind.REOPENED)
STEPS = {
    Measure.RAISED: AlertStepKind.RAISED,
    Measure.REOPENED: AlertStepKind.REOPENED,
    Measure.ESCALATED: AlertStepKind.ESCALATED,
}
TIMED_STEPS = {
    Measure.ACKNOWLEDGED: AlertStepKind.ACKNOWLEDGED,
    Measure.CLEARED: AlertStepKind.CLOSED,
}
"""Kept by how long it took since the alert was raised last."""


# --- positions ----------------------------------------------------------------------------------


def _positions(day: Day) -> QuerySet[Any, Any]:
    rows = Commitment.objects.filter(state=State.STAGED, location__site=day.site)
    return rows.annotate(
        in_area=_area("location"),
        of_material=F("lot__material_id"),
        of_kind=F("requirement__demand__kind"),
    )


def _left(day: Day) -> list[tuple[Measure, QuerySet[Any, Any]]]:
    """Positions that left their lane: when they did."""
    stood = ExpressionWrapper(F("closed_at") - F("since"), output_field=DurationField())
    rows = _positions(day).filter(day.within("closed_at"))
    rows = rows.annotate(in_shift=day.shift("closed_at"), took=stood)
    plain = rows.annotate(in_step=NO_STEP)
    needed = Q(requirement__demand__needed_at__lte=F("closed_at"))
    return [
        (Measure.LEFT, rows.annotate(in_step=Step("took"))),
        (Measure.LEFT_OVER, plain.filter(due_at__lt=F("closed_at"))),
        (Measure.LEFT_STALE, plain.filter(Q(due_at__lte=F("closed_at")) | needed)),
    ]


def _standing(day: Day) -> list[tuple[Measure, QuerySet[Any, Any]]]:
    """Positions that stood in their lane when the day was over; of no shift."""
    there = Q(closed_at=None) | Q(closed_at__gte=day.end)
    rows = _positions(day).filter(there, ~_came_later(day), since__lt=day.end)
    rows = rows.annotate(in_shift=Value("", output_field=CharField()), in_step=NO_STEP)
    stale = Q(due_at__lte=day.end) | Q(requirement__demand__needed_at__lte=day.end)
    return [(Measure.STANDING, rows), (Measure.STANDING_STALE, rows.filter(stale))]


def _came_later(day: Day) -> Any:
    """Positions that came to their lane, or to their demand, once the day was over: from another
    lane or another demand they bring their clock along, so that it does not say when they came.
    The ledger does, and the changes of claim."""
    moved = Movement.objects.filter(
        reference=OuterRef("requirement__demand__reference"),
        task=OuterRef("requirement"),
        lot=OuterRef("lot"),
        target=OuterRef("location"),
    )
    got = ClaimChange.objects.filter(requirement=OuterRef("requirement"), quantity__gt=0)
    later, before = Q(occurred_at__gte=day.end), Q(occurred_at__lt=day.end)
    return (Q(Exists(moved.filter(later))) | Q(Exists(got.filter(later)))) & ~(
        Q(Exists(moved.filter(before))) | Q(Exists(got.filter(before)))
    )


# --- alerts -------------------------------------------------------------------------------------


def _alerts(day: Day) -> list[tuple[Measure, QuerySet[Any, Any]]]:
    """What happened to alerts, when it did, by their history: the alert itself is used again."""
    raised = AlertStep.objects.filter(
        alert=OuterRef("alert"), kind__in=RAISED, at__lte=OuterRef("at")
    ).order_by("-at", "-pk")
    steps = AlertStep.objects.filter(day.within("at"), alert__site=day.site).annotate(
        in_area=_area("alert__location"),
        of_material=F("alert__lot__material_id"),
        of_kind=Coalesce("alert__demand__kind", Value("")),
        in_shift=day.shift("at"),
    )
    plain = steps.annotate(in_step=NO_STEP)
    since = Subquery(raised.values("at")[:1])
    took = ExpressionWrapper(F("at") - since, output_field=DurationField())
    timed = steps.annotate(took=took).annotate(in_step=Step("took"))
    return [
        *((measure, plain.filter(kind=kind)) for measure, kind in STEPS.items()),
        *((measure, timed.filter(kind=kind)) for measure, kind in TIMED_STEPS.items()),
    ]


# --- lines that were due ------------------------------------------------------------------------


def _due(day: Day) -> list[tuple[Measure, QuerySet[Any, Any]]]:
    """Lines of demands, when they were needed."""
    staged_first = Movement.objects.filter(
        reference=OuterRef("demand__reference"), task=OuterRef("pk"), kind=MovementKind.STAGE
    ).order_by("occurred_at", "pk")
    rows = Requirement.objects.filter(
        day.within("demand__needed_at"),
        demand__site=day.site, demand__cancelled=False, quantity__gt=0,
    )  # fmt: skip
    rows = rows.annotate(
        in_area=Coalesce(
            Subquery(staged_first.values(place=_area("target"))[:1]), F("demand__work_center_id")
        ),
        of_material=F("material_id"),
        of_kind=F("demand__kind"),
        in_shift=day.shift("demand__needed_at"),
        in_step=NO_STEP,
    )
    on_time = rows.annotate(there=staged_by(OuterRef("demand__needed_at")))
    return [
        (Measure.LINES_DUE, rows),
        (Measure.LINES_ON_TIME, on_time.filter(there__gte=F("quantity"))),
    ]
