"""The moments before and after a past one at which something changed at some lanes, or of a demand:
stock, claims, what quality said of it, and what the demand asked for."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max, Min, OuterRef, Q, QuerySet, Subquery

from inventory.audit import CLOCK_TOLERANCE
from inventory.models import AuditEntry, Location, Movement
from quality.models import Decision, Hold
from staging.models import ClaimStep, Demand, State
from staging.past.moment import Moment
from staging.past.standing import Stood

NEAR = timedelta(days=7)
"""So far back all changes are read, to find the last by the claimed times as well. What lies
further back is found by its number: the last that was recorded."""


@dataclass(slots=True)
class Around:
    """The nearest changes, as far as there are any."""

    previous: datetime | None = None
    next: datetime | None = None

    def take(self, previous: datetime | None, following: datetime | None) -> None:
        if previous and (self.previous is None or previous > self.previous):
            self.previous = previous
        if following and (self.next is None or following < self.next):
            self.next = following


def around_lanes(places: Collection[int], stood: Iterable[Stood], moment: Moment) -> Around:
    """Around a moment of some lanes, of which `stood` is what stood there. Seven statements; three
    more where nothing changed in the week before."""
    found = Around()
    near = replace(moment, at=moment.at - NEAR)
    since = near.first_movement_after()
    steps = ClaimStep.objects.filter(location__in=places, state=State.STAGED)
    if since is not None:
        moved = Movement.objects.filter(pk__gte=since)
        _look(found, moved.filter(target__in=places), moment)
        _look(found, moved.filter(source__in=places), moment)
    _look(found, steps.filter(recorded_at__gt=near.at - CLOCK_TOLERANCE), moment)
    if found.previous is None:
        _look_back(found, places, moment)
    _look_at_quality(found, list(stood), moment)
    return found


def around_demand(
    demand: Demand, lines: Collection[int], stood: Iterable[Stood], moment: Moment
) -> Around:
    """Around a moment of a demand. Four statements."""
    found = Around()
    _look(found, ClaimStep.objects.filter(requirement__in=lines), moment)
    told = AuditEntry.objects.filter(
        subject_type=Demand._meta.label_lower, subject_id=str(demand.pk)
    )
    _look(found, told, moment)
    _look_at_quality(found, list(stood), moment)
    return found


def _look(found: Around, rows: QuerySet[Any], moment: Moment, column: str = "") -> None:
    name = column or moment.column
    nearest = rows.order_by().aggregate(
        previous=Max(name, filter=Q(**{f"{name}__lt": moment.at})),
        following=Min(name, filter=Q(**{f"{name}__gt": moment.at})),
    )
    found.take(nearest["previous"], nearest["following"])


def _look_back(found: Around, places: Collection[int], moment: Moment) -> None:
    """The last that was recorded at each place before. By indexes, however far back it is."""
    name = moment.column
    earlier = {f"{name}__lt": moment.at}
    for rows, place, order in (
        (Movement.objects.all(), "target", "-pk"),
        (Movement.objects.all(), "source", "-pk"),
        (ClaimStep.objects.filter(state=State.STAGED), "location", "-recorded_at"),
    ):
        here: Any = rows.filter(**{place: OuterRef("pk")}, **earlier).order_by(order)
        last = Location.objects.filter(pk__in=places).annotate(last=Subquery(here.values(name)[:1]))
        found.take(last.order_by().aggregate(latest=Max("last"))["latest"], None)


def _look_at_quality(found: Around, stood: list[Stood], moment: Moment) -> None:
    """Decisions on the lots, holds placed on them, their material or their place, and lifted."""
    lots = {one.lot.pk for one in stood}
    _look(found, Decision.objects.filter(lot__in=lots), moment)
    codes = {code for one in stood for code in one.location.ancestry}
    held = Hold.objects.filter(
        Q(lot__in=lots)
        | Q(material__in={one.lot.material_id for one in stood})
        | Q(supplier_lot__in={one.lot.supplier_lot for one in stood} - {""})
        | Q(container__in={one.container.pk for one in stood if one.container})
        | Q(location__in=Location.objects.filter(code__in=codes).values("pk"))
    )
    _look(found, held, moment)
    _look(found, held, moment, "lifted_at")
