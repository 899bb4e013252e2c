"""Where staged stock that may no longer be used can have come from, each found by an index.

Stock is staged only when the gate lets it through. It becomes unusable when a hold is placed, when
a date passes, when quality decides, when a rule set comes into force, or when a reversal brings
back what was stopped while it was away. The clock remembers how far it has looked: up to which day,
under which rules, and at which commitments. Changes of lots are kept by a trigger until they have
been looked at, so that one which commits during a sweep is there for the next. When the clock went
back, the rules or a place's purpose changed, or nothing is remembered, everything is examined.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Self
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from inventory.models import Location, Lot
from quality import gate
from quality.models import Hold, LotChange, RestrictedUse, RuleSet
from staging import stops
from staging.models import ClockMark, Commitment
from staging.stops import InForce

IN_FLIGHT_MS = 3_600_000
"""How long what was committed may have taken to be seen, and how far servers' clocks may differ."""


@dataclass(slots=True)
class Look:
    """What one sweep examines. The mark is locked, so that sweeps take turns."""

    mark: ClockMark
    on: date
    at: datetime
    rules: int
    latest: UUID | None
    thorough: bool
    in_force: InForce
    places: list[int]

    @classmethod
    def begin(cls, at: datetime, *, thorough: bool = False) -> Self:
        """Wait for a sweep that is under way, then take the changes that are there."""
        on = timezone.localdate(at)
        rules = RuleSet.objects.in_force().values_list("version", flat=True).first() or 0
        unseen = {"at": at, "on": on, "rules": rules}
        ClockMark.objects.bulk_create([ClockMark(pk=1, **unseen)], ignore_conflicts=True)
        mark = ClockMark.objects.select_for_update(no_key=True).get(pk=1)
        thorough |= mark.latest is None or mark.rules != rules or at < mark.at
        LotChange.objects.update(taken=True)
        thorough |= LotChange.objects.filter(taken=True, lot=None).exists()
        latest = Commitment.objects.order_by("-pk").values_list("pk", flat=True).first()
        found = (InForce.read(), _places_on_hold())
        return cls(mark, on, at, rules, latest, thorough, *found)

    def suspects(self) -> Iterator[Q]:
        """Conditions on staged stock; what meets none of them can be used as it could before."""
        yield from stops.held(self.places)
        if self.thorough:
            yield self.in_force.doubtful(self.on)
            return
        yield Q(lot__in=LotChange.objects.filter(taken=True).values("lot"))
        passed = {"gte": self.mark.on, "lt": self.on}
        dates = Q(**{f"expires_on__{bound}": day for bound, day in passed.items()})
        dates |= Q(**{f"retest_on__{bound}": day for bound, day in passed.items()})
        yield Q(lot__in=Lot.objects.filter(dates).values("pk"))
        ended = {f"until__{bound}": day for bound, day in passed.items()}
        yield Q(lot__in=RestrictedUse.objects.filter(**ended).values("lot"))
        yield Q(pk__gte=_a_little_before(self.mark.latest))

    def surely_stopped(self, of: str) -> Q:
        """Conditions of which each alone has the gate stop the stock that `of` leads to."""
        sure = Q(**{f"{of}lot__status__in": self.in_force.never()})
        for stop in gate.DATE_STOPS:
            sure |= stop.condition(self.on, f"{of}lot__")
        for held in stops.held(self.places, of):
            sure |= held
        return sure

    def end(self) -> None:
        """Remember how far it was looked, and let go of the changes."""
        LotChange.objects.filter(taken=True).delete()
        self.mark.at, self.mark.on, self.mark.rules = self.at, self.on, self.rules
        self.mark.latest = self.latest or UUID(int=0)
        self.mark.save()


def _places_on_hold() -> list[int]:
    """Every place that lies in one on hold; two statements."""
    paths = Hold.objects.open().filter(location__isnull=False).values_list("location__path")
    within = Q(pk__in=[])
    for (path,) in paths:
        within |= Q(path__startswith=path)
    return list(Location.objects.filter(within).values_list("pk", flat=True))


def _a_little_before(latest: UUID | None) -> UUID:
    """The key (UUIDv7, milliseconds in its first 48 bits) of what was committed earlier."""
    milliseconds = (latest.int >> 80 if latest else 0) - IN_FLIGHT_MS
    now = int(timezone.now().timestamp() * 1000)
    return UUID(int=max(min(milliseconds, now - IN_FLIGHT_MS), 0) << 80)
