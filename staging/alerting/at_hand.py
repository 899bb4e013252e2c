"""What there is to look at, asked in one statement before a sweep looks.

Most sweeps find that nothing has happened. They asked sixty questions to know it, and Django took
longer to write them down than the database to answer. What has no open alert has none to close,
and what is not there raises none.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from django.db.models import Exists, QuerySet, Subquery

from inventory.models import Location
from inventory.statements import Select
from quality.models import RuleSet
from staging import unstaging
from staging.models import (
    Alert,
    AlertReason,
    AlertStep,
    ClockMark,
    Commitment,
    StagedStock,
    UnstageTask,
)


@dataclass(frozen=True, slots=True)
class AtHand:
    """Open alerts of these `reasons`; open `tasks` to unstage; stock `lying` in lanes for nobody;
    `choosy` lanes, which serve some routes or carriers. The version of the `rules` in force, the
    `latest` commitment and the last step of an alert; and when the next position `rings`, an alert
    `escalates`, or a snooze `ends`."""

    reasons: frozenset[str]
    tasks: bool = True
    lying: bool = True
    choosy: bool = True
    rules: int | None = None
    latest: UUID | None = None
    step: int | None = None
    rings: datetime | None = None
    escalates: datetime | None = None
    ends: datetime | None = None

    @classmethod
    def read(cls) -> Self:
        """Of what was there when the notes were taken, an alert whose cause they took away is seen
        here: so it is read after them. The clock's mark must be there."""
        [found] = _AT_HAND.rows()
        count = len(AlertReason)
        reasons = {
            reason.value
            for reason, is_open in zip(AlertReason, found[:count], strict=True)
            if is_open
        }
        return cls(frozenset(reasons), *found[count:])

    def rings_by(self, at: datetime) -> bool:
        """Whether a position has to be looked at for the time it has stood."""
        return self.rings is not None and self.rings <= at

    def turns_by(self, at: datetime) -> bool:
        """Whether the clock has to turn to an alert."""
        return any(due is not None and due <= at for due in (self.escalates, self.ends))


def _rows() -> QuerySet[Any, Any]:
    """In the order of the columns of `AtHand`. Alerts by the index that begins with their reason.

    What is first of anything is read by its index, whatever it is: compared in SQL with a moment
    that it does not know when it plans, PostgreSQL might read everything to find nothing due.
    """
    alerts = Alert.objects.open()
    there = [
        *(alerts.of(reason) for reason in AlertReason),
        UnstageTask.objects.filter(done_at=None),
        unstaging.lying(),
        choosy_lanes(),
    ]
    first = [
        RuleSet.objects.in_force().values("version"),
        Commitment.objects.order_by("-pk").values("pk"),
        AlertStep.objects.order_by("-pk").values("pk"),
        _soonest(StagedStock.objects.all(), "rings_at"),
        _soonest(alerts, "escalates_at"),
        _soonest(alerts, "snoozed_until"),
    ]
    asked = [*map(Exists, there), *(Subquery(rows[:1]) for rows in first)]
    return ClockMark.objects.order_by().values_list(*asked)[:1]


def _soonest(rows: QuerySet[Any], column: str) -> QuerySet[Any]:
    return rows.filter(**{f"{column}__isnull": False}).order_by(column).values(column)


def choosy_lanes() -> QuerySet[Location]:
    """Lanes that serve some routes or carriers."""
    return Location.objects.staging().exclude(routes="", carriers="")


_AT_HAND: Select[Any] = Select(_rows)
