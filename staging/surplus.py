"""What a demand gives up when it needs less, or ends: reservations, and what stands in lanes.

Given up is first what is only reserved, then what is staged; of each what expires last, so that
the demand keeps what has to be used first. Staged stock stays where it is, free, and becomes a
task on the unstage list.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from inventory.audit import Stamp
from inventory.ledger import Book, Claim
from inventory.wording import spelled
from staging.bindings import Bindings
from staging.flow import CLAIM
from staging.models import ClaimChange, Commitment, Demand, LeftBy, Requirement, State, UnstageTask
from staging.unstaging import as_codes

WAITING = (State.RESERVED, State.STAGED)
"""What has not gone on yet, and can be given up; the first of them first."""


@dataclass(slots=True)
class Told:
    """What became of what one demand had: for the audit trail, the answer and the person."""

    deallocated: list[dict[str, Any]] = field(default_factory=list)
    to_unstage: list[dict[str, Any]] = field(default_factory=list)
    to_return: list[dict[str, Any]] = field(default_factory=list)
    flagged: list[str] = field(default_factory=list)

    def facts(self) -> dict[str, Any]:
        """Those that there are."""
        parts = ("deallocated", "to_unstage", "to_return", "flagged")
        return {name: found for name in parts if (found := getattr(self, name))}

    def words(self, demand: Demand) -> Iterable[str]:
        """One sentence for each position."""
        for row in self.deallocated:
            yield _("%(demand)s: %(quantity)s %(unit)s of %(lot)s no longer reserved.") % _named(
                row, demand
            )
        for row in self.to_unstage:
            yield _("%(demand)s: unstage %(quantity)s %(unit)s of %(lot)s from %(place)s.") % (
                _named(row, demand)
            )
        for row in self.to_return:
            yield _("%(demand)s: %(quantity)s %(unit)s of %(lot)s to come back from %(place)s.") % (
                _named(row, demand)
            )


def _named(row: dict[str, Any], demand: Demand) -> dict[str, Any]:
    return {
        "demand": demand,
        "quantity": spelled(Decimal(row["quantity"])),
        "unit": row["unit"],
        "lot": row["lot"],
        "place": row["container"] or row["location"],
    }


class Surplus:
    """Gives up what is too much, of locked lots and lines; `save` writes all of it together."""

    def __init__(self, book: Book, bindings: Bindings, stamp: Stamp) -> None:
        self.book = book
        self.bindings = bindings
        self.stamp = stamp
        self.told: dict[int, Told] = {}
        self._tasks: list[UnstageTask] = []
        self._claims: list[ClaimChange] = []

    def of(self, demand: Demand) -> Told:
        return self.told.setdefault(demand.pk, Told())

    def hold_to(self, line: Requirement, quantity: Decimal, why: LeftBy) -> None:
        """Give up what the line has beyond a quantity, as far as it has not gone on.

        What is at the work centre or loaded beyond it is told of: it is to come back.
        """
        over = self.bindings.total(line, *State) - quantity
        for row in self._rows(line, WAITING):
            part = min(row.quantity, over)
            if part <= 0:
                break
            self._give_up(row, part, why)
            over -= part
        told = self.of(line.demand)
        for row in self._rows(line, [State.ISSUED]):
            part = min(row.quantity, over)
            if part <= 0:
                break
            told.to_return.append(as_codes(row, part))
            over -= part

    def _rows(self, line: Requirement, states: Iterable[State]) -> list[Commitment]:
        order = list(states)
        rows = self.bindings.find(states=order, requirement=line)
        rows.sort(key=lambda row: (row.lot.expires_on or date.max, row.since), reverse=True)
        return sorted(rows, key=lambda row: order.index(State(row.state)))

    def _give_up(self, row: Commitment, part: Decimal, why: LeftBy) -> None:
        balance = self.book.at(row.lot, row.location, row.container)
        assert balance is not None  # noqa: S101 - a claim has its balance
        self.book.claim(balance, part, draws=CLAIM[State(row.state)], adds=Claim.FREE)
        self.bindings.take(row, part)
        told = self.of(row.requirement.demand)
        if row.state == State.RESERVED:
            told.deallocated.append(as_codes(row, part))
            return
        told.to_unstage.append(as_codes(row, part))
        self._tasks.append(
            UnstageTask(
                requirement=row.requirement,
                lot=row.lot,
                location=row.location,
                container=row.container,
                quantity=part,
                why=why,
                raised_at=self.stamp.recorded_at,
                batch=self.stamp.batch,
            )
        )
        if why == LeftBy.CHANGED:  # what a closed demand had is asked of nobody any more
            self._claims.append(
                ClaimChange(requirement=row.requirement, quantity=-part, **self.stamp.columns())
            )

    def save(self) -> None:
        """Write it: one statement for each kind of row that changed."""
        self.book.save()
        self.bindings.save(self.stamp)
        if self._claims:
            ClaimChange.objects.bulk_create(self._claims)
        if self._tasks:
            UnstageTask.objects.bulk_create(self._tasks)
