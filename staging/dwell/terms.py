"""The terms in force, compiled once by each process, and what they say of a position.

The same is said in SQL by `staging.dwell.counting`; tests hold the two together.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from inventory.models import Location, Material, Site
from inventory.statements import Select
from inventory.zones import zone_of
from staging.dwell.working import Timeline
from staging.models import Commitment, Counted, Demand, DwellPolicy, DwellTerms, WorkingTime

WARNS_AT = (4, 5)
"""The part of a lane's or material's own limit after which it warns."""

LONGEST = timedelta(days=2_900_000)
"""A limit that reaches beyond the calendar is none."""


class Due(NamedTuple):
    """When a position has stood for long and for too long, and by which policy. Without one, by
    the limit of its lane or material, if there is any."""

    policy: DwellPolicy | None
    warn_at: datetime | None
    due_at: datetime | None

    @property
    def rings_at(self) -> datetime | None:
        return min(filter(None, (self.warn_at, self.due_at)), default=None)


class Position(NamedTuple):
    """What the terms look at."""

    lane: Location
    material: Material
    demand: Demand
    since: datetime


@dataclass
class Terms:
    """Policies, the most specific first, and what is needed to count by them."""

    policies: Sequence[DwellPolicy]
    zones: dict[int, tzinfo | None] = field(default_factory=dict)
    timelines: dict[int, Timeline | None] = field(default_factory=dict)

    @classmethod
    def of(cls, policies: Iterable[DwellPolicy]) -> "Terms":
        """These policies. The sites' clocks and working time are read when they are needed."""
        return cls(sorted(policies, key=_precedence))

    def fitting(self, position: Position) -> list[DwellPolicy]:
        """The policies that fit, the one that counts first."""
        return [policy for policy in self.policies if self._fits(policy, position)]

    def due(self, position: Position) -> Due:
        """What counts for a position."""
        policy = next((each for each in self.policies if self._fits(each, position)), None)
        limit = _limited(position)
        if policy is None:
            return limit
        found = Due(
            policy,
            self._after(policy, policy.warn_after, position),
            self._after(policy, policy.critical_after, position),
        )
        sooner = limit.due_at and (found.due_at is None or limit.due_at < found.due_at)
        return limit if sooner else found

    def _fits(self, policy: DwellPolicy, position: Position) -> bool:
        lane, material, demand, since = position
        return (
            policy.material_id in (None, material.pk)
            and policy.category in ("", material.category)
            and policy.customer_id in (None, demand.customer_id)
            and policy.kind in ("", demand.kind)
            and policy.lane_id in (None, lane.pk)
            and policy.site_id in (None, lane.site_id)
            and policy.purpose in ("", lane.purpose)
            and (policy.area is None or lane.path.startswith(policy.area.path))
            and (not policy.is_dated or policy.counts_on(self._day(lane, since)))
        )

    def _day(self, lane: Location, since: datetime) -> date:
        """The day of the site's clock."""
        if lane.site_id not in self.zones:
            self.zones[lane.site_id] = zone_of(Site.objects.get(pk=lane.site_id))
        return since.astimezone(self.zones[lane.site_id]).date()

    def _after(
        self, policy: DwellPolicy, span: timedelta | None, position: Position
    ) -> datetime | None:
        if span is None:
            return None
        timeline = self._timeline(position.lane) if policy.counted == Counted.WORKING else None
        return timeline.after(position.since, span) if timeline else position.since + span

    def _timeline(self, lane: Location) -> Timeline | None:
        """The working time of the lane's site; None where it has no calendar."""
        if lane.site_id not in self.timelines:
            rows = WorkingTime.objects.filter(site=lane.site_id).order_by("starts_at")
            found = list(rows.values_list("starts_at", "ends_at", "before"))
            self.timelines[lane.site_id] = Timeline(found) if found else None
        return self.timelines[lane.site_id]


def _precedence(policy: DwellPolicy) -> tuple[int, int, int]:
    """The most specific first; of two areas the nearer, whose path is longer."""
    return -policy.rank, -len(policy.area.path if policy.area else ""), policy.pk or 0


def _limited(position: Position) -> Due:
    """By the shorter of the lane's and the material's own limits."""
    both = (position.lane.dwell_limit, position.material.dwell_limit)
    limit = min((each for each in both if each and each < LONGEST), default=None)
    if limit is None:
        return Due(None, None, None)
    part, whole = WARNS_AT
    return Due(None, position.since + limit * part // whole, position.since + limit)


_STAMP: Select[DwellTerms] = Select(lambda: DwellTerms.objects.values_list("stamp"))


def in_force() -> Terms:
    """The terms in force. One statement, unless they have changed.

    To be called under the lots' locks: then the clock counts again what a change overtakes.
    """
    rows = _STAMP.rows()
    return _compiled(rows[0][0]) if rows else NOTHING_YET


NOTHING_YET = Terms(())
"""Where no policy has come into force so far."""


@lru_cache(maxsize=4)
def _compiled(_stamp: UUID) -> Terms:
    return Terms.of(policies_in_force())


def policies_in_force() -> Iterable[DwellPolicy]:
    return DwellPolicy.objects.in_force().select_related("area")


def count(rows: Iterable[Commitment]) -> None:
    """Work out the due times of staged stock that an action is about to save."""
    terms = in_force()
    for row in rows:
        demand = row.requirement.demand
        due = terms.due(Position(row.location, row.lot.material, demand, row.since))
        row.dwell_policy_id = due.policy.pk if due.policy else None
        row.warn_at, row.due_at, row.rings_at = due.warn_at, due.due_at, due.rings_at
