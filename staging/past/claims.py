"""What was reserved, staged, issued or used for demands, rebuilt from the steps of claims."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import F, Min, QuerySet

from staging.models import ClaimHistory, ClaimStep, Commitment, State
from staging.past.moment import Moment
from staging.past.stock import Spot, exact, total_of

OF_CLAIM = ("requirement__demand", "lot__material", "location", "container", "dwell_policy")


@dataclass(slots=True)
class Claim:
    """A commitment as it was. Of `row`, only what never changes counts: lot, place, requirement."""

    row: Commitment
    quantity: Decimal
    since: datetime
    warn_at: datetime | None
    due_at: datetime | None

    @property
    def spot(self) -> Spot:
        return Spot(self.row.lot_id, self.row.location_id, self.row.container_id)


def known_since() -> datetime | None:
    """From when on claims can be rebuilt; None: ever since there are any. One statement."""
    return ClaimHistory.objects.values_list("since", flat=True).first()


def staged_at(places: Collection[int], moment: Moment) -> list[Claim]:
    """What was staged at the places, the longest there first. Four statements."""
    here: dict[str, Any] = {"location__in": places, "state": State.STAGED}
    return _as_of(moment, here)


def of_lines(lines: Collection[int], moment: Moment) -> list[Claim]:
    """What requirements had, in any state, the longest there first. Four statements."""
    return _as_of(moment, {"requirement__in": lines})


def _as_of(moment: Moment, here: dict[str, Any]) -> list[Claim]:
    """Backwards, from what is open now. They read that, and the steps made there since."""
    later = moment.after(ClaimStep.objects.filter(**here)).order_by()
    untouched = Commitment.objects.open().filter(**here).exclude(pk__in=later.values("commitment"))
    found = [
        Claim(row, row.quantity, row.since, row.warn_at, row.due_at)
        for row in untouched.select_related(*OF_CLAIM)
    ]
    found += _put_back(later)
    return sorted(found, key=lambda claim: (claim.since, claim.row.pk))


def _put_back(later: QuerySet[ClaimStep]) -> Iterator[Claim]:
    """The claims that have changed since, and were there."""
    summed: QuerySet[Any, Any] = later.values("commitment").annotate(
        total=total_of("change"), first=Min("pk")
    )
    there = summed.filter(total__lt=F("commitment__quantity"))
    added = {pk: (exact(total), first) for pk, total, first in there.values_list(
        "commitment", "total", "first")}  # fmt: skip
    firsts = ClaimStep.objects.in_bulk([first for _total, first in added.values()])
    rows = Commitment.objects.filter(pk__in=added).select_related(*OF_CLAIM)
    for row in rows:
        total, first = added[row.pk]
        step, quantity = firsts[first], row.quantity - total
        # What came to be only later can have been there before by the claimed times.
        was = (step.was_since, step.was_warn_at, step.was_due_at) if step.was_since else None
        if quantity > 0:
            yield Claim(row, quantity, *(was or (row.since, row.warn_at, row.due_at)))
