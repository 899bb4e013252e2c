"""Where staged stock that may no longer be used can have come from, each found by an index.

Stock is staged only when the gate lets it through. It becomes unusable when a hold is placed, when
a date passes or a time ends, when less shelf life remains than somebody asks for, when quality
decides, when a rule set comes into force, or when a reversal brings back what was stopped while it
was away. The clock remembers how far it has looked: up to which moment and day, under which rules,
and at which commitments. Changes of lots, holds, containers, lanes, demands and of what is asked
for are kept by triggers until they have been looked at, so that one which commits during a sweep is
there for the next; of commitments `staging.horizon` tells which are new. When the clock went back,
rules of use or of alerts, a place or its purpose changed, or nothing is remembered, everything is
examined.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any, Self
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from inventory.models import Container, Lot
from quality import gate
from quality.models import Hold, LotChange, RestrictedUse, UsageRule
from staging import stops
from staging.alerting.at_hand import AtHand
from staging.alerting.terms import Terms
from staging.horizon import Horizon, not_seen_since
from staging.models import Alert, AlertReason, ClockMark, ClockNote, Commitment, StagedStock
from staging.stops import InForce

UNUSABLE = {
    "lot_on_hold": AlertReason.LOT_ON_HOLD,
    "lot_rejected": AlertReason.LOT_REJECTED,
    "lot_expired": AlertReason.LOT_EXPIRED,
    "lot_retest_due": AlertReason.RETEST_DUE,
    "shelf_life_short": AlertReason.SHELF_LIFE_SHORT,
}
"""The reason of an alert by what the gate says; of anything else it is `not_usable`."""

STOPPED = (*UNUSABLE.values(), AlertReason.NOT_USABLE)

PORTION = 2_000
"""Rows that are asked about in one statement, so that each is looked up by its key."""


@dataclass(slots=True)
class Look:
    """What one sweep examines. The mark is locked, so that sweeps take turns.

    `new` is the staged stock that none can have seen yet; `containers`, `holds`, `demands` and
    `lanes` are those that have changed, and `changed` says whether lots may have, `noted` whether
    demands or lanes may.
    """

    mark: ClockMark
    on: date
    at: datetime
    at_hand: AtHand
    thorough: bool
    changed: bool
    noted: bool
    containers: list[int]
    holds: list[int]
    demands: list[int]
    lanes: list[int]
    terms: Terms
    new: QuerySet[Commitment]
    horizon: Horizon | None

    @classmethod
    def begin(cls, at: datetime, *, thorough: bool = False) -> Self:
        """Wait for a sweep that is under way, then take the changes that are there."""
        on = timezone.localdate(at)
        mark = take_turn(at)
        terms = Terms.read()
        thorough |= mark.latest is None or at < mark.at
        thorough |= mark.alert_rules != terms.remembered()
        horizon = Horizon.now()
        thorough |= horizon is not None and not horizon.can_tell_since(mark)
        if mark.on != on:
            thorough |= UsageRule.objects.of_current_set().turning(mark.on, on).exists()
        changed = bool(LotChange.objects.update(taken=True))
        noted = bool(ClockNote.objects.update(taken=True))
        at_hand = AtHand.read()
        thorough |= mark.rules != (at_hand.rules or 0)
        wide = list(_wide()) if changed else []
        containers = [container for container, _hold in wide if container]
        holds = [hold for _container, hold in wide if hold]
        thorough |= len(wide) > len(containers) + len(holds)
        notes = set(_notes().values_list("demand", "location")) if noted else set()
        demands = sorted(demand for demand, _lane in notes if demand)
        lanes = sorted(lane for _demand, lane in notes if lane)
        new = Commitment.objects.none() if thorough else not_seen_since(mark)
        return cls(
            mark, on, at, at_hand, thorough, changed, noted, containers, holds, demands, lanes,
            terms, new, horizon,
        )  # fmt: skip

    @classmethod
    def at_demands(cls, demands: Collection[int], reasons: Iterable[str], at: datetime) -> Self:
        """As if nothing but these demands had changed, for alerts of these reasons. One statement,
        and nothing is locked."""
        on = timezone.localdate(at)
        return cls(
            mark=ClockMark(at=at, on=on, rules=0), on=on, at=at,
            at_hand=AtHand(frozenset(reasons)), thorough=False, changed=False, noted=False,
            containers=[], holds=[], demands=sorted(demands), lanes=[], terms=Terms.read(),
            new=Commitment.objects.none(), horizon=None,
        )  # fmt: skip

    @property
    def has_new(self) -> bool:
        return not self.new.query.is_empty()

    def suspects(self) -> set[UUID]:
        """Staged stock of which the gate may say something else than it did."""
        return _keys(StagedStock.objects.filter(which) for which in self._ways())

    def new_suspects(self) -> set[UUID]:
        """Staged stock that may have been unusable when it came. One statement, however much."""
        return _keys([self.new.filter(self._doubtful())]) if self.has_new else set()

    def _ways(self) -> Iterator[Q]:
        if self.thorough:
            yield self._doubtful()
            stopped = Alert.objects.open().filter(reason__in=STOPPED)
            yield Q(pk__in=stopped.values("commitment"))
            return
        if self.changed:
            yield self.touched()
        if self.containers:
            yield stops.inside(Container.objects.filter(pk__in=self.containers))
        if self.holds:
            yield from stops.under(Hold.objects.filter(pk__in=self.holds))
        for passed in self.passed():
            yield Q(lot__in=Lot.objects.filter(passed).values("pk"))
        if self.on > self.mark.on:
            yield Q(lot__in=Lot.objects.filter(self._shortened()).values("pk"))
            ended = RestrictedUse.objects.filter(until__gte=self.mark.on, until__lt=self.on)
            yield Q(lot__in=ended.values("lot"))

    def passed(self) -> Iterator[Q]:
        """Lots of which a date has passed, or the time that they may be out of storage."""
        yield Q(out_ends_at__gte=self.mark.at, out_ends_at__lt=self.at)
        if self.on > self.mark.on:
            expired = Q(expires_on__gte=self.mark.on, expires_on__lt=self.on)
            yield expired | Q(retest_on__gte=self.mark.on, retest_on__lt=self.on)

    def _shortened(self) -> Q:
        """Lots that had the shelf life which somebody asks for, and have it no longer."""
        became = Q(pk__in=[])
        for days in gate.lives_asked():
            began, ends = gate.later(self.mark.on, days), gate.later(self.on, days)
            became |= Q(expires_on__gte=began, expires_on__lt=ends)
        return became

    def touched(self) -> Q:
        """Stock of lots about which something has changed, be it the demand it is staged for."""
        return Q(lot__in=_changes().filter(lot__isnull=False).values("lot"))

    def changed_lots(self) -> Q:
        """The same lots, of rows that are lots."""
        return Q(pk__in=_changes().filter(lot__isnull=False).values("lot"))

    def _doubtful(self) -> Q:
        """What the gate may stop: it is not asked about the rest."""
        doubt = InForce.read().doubtful(self.on, at=self.at)
        for held in stops.under(Hold.objects.open()):
            doubt |= held
        return doubt

    def end(self) -> None:
        """Remember how far it was looked, and let go of the changes."""
        if self.changed:
            _changes().delete()
        if self.noted:
            _notes().delete()
        self.mark.at, self.mark.on, self.mark.rules = self.at, self.on, self.at_hand.rules or 0
        self.mark.alert_rules = self.terms.remembered()
        self.mark.latest = self.at_hand.latest or UUID(int=0)
        self.mark.cluster, self.mark.horizon = self.horizon or ("", None)
        self.mark.save()


def take_turn(at: datetime) -> ClockMark:
    """The mark, once no other sweep has it; a new one if there is none."""
    marks = ClockMark.objects.select_for_update(no_key=True)
    if (mark := marks.first()) is not None:
        return mark
    unseen = ClockMark(pk=1, at=at, on=timezone.localdate(at), rules=0)
    ClockMark.objects.bulk_create([unseen], ignore_conflicts=True)
    return marks.get(pk=1)


def _wide() -> QuerySet[LotChange, Any]:
    return _changes().filter(lot=None).values_list("container", "hold").distinct()


def _keys(parts: Iterable[QuerySet[Commitment]]) -> set[UUID]:
    return {pk for part in parts for pk in part.order_by().values_list("pk", flat=True)}


def portions(keys: Iterable[Any]) -> Iterator[list[Any]]:
    """The keys, so many at a time."""
    rest = iter(keys)
    while portion := list(islice(rest, PORTION)):
        yield portion


def _changes() -> QuerySet[LotChange]:
    return LotChange.objects.filter(taken=True)


def _notes() -> QuerySet[ClockNote]:
    return ClockNote.objects.filter(taken=True)
