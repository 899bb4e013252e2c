"""How far a page looks, so that it costs the same in a ledger of any size.

Either an index names the few movements that can be meant: of a lot, a container, an order, a rare
kind, of times. Or the page looks at a stretch of the ledger in the order that is asked for, gives
what it finds there, be it nothing, and says where the next page goes on.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import F, Model, Q, QuerySet
from django.db.models.functions import Coalesce

from integration.epcis.streams import Stream
from inventory.models import Movement
from quality.models import Decision

STRETCH = 20_000
"""Rows of each table that a page looks at."""

FEW = 2_000
"""So many movements are taken by their numbers and sorted."""


class Time(NamedTuple):
    """A bound of `eventTime` or `recordTime`: `gte` or `lt` a moment. One that is `implied` by a
    bound of the other time is of use where that one has no index to be read by."""

    column: str
    lookup: str
    at: datetime
    implied: bool = False

    def of(self, stream: Stream) -> tuple[str, datetime]:
        return f"{stream.time(self.column)}__{self.lookup}", self.at


class Anchor(NamedTuple):
    """Movements that can be meant: each of `parts` is found by an index. They are what the events
    are `about`, or else the records themselves. Where `lots` or `times` are named, there is an
    index on other records as well."""

    parts: tuple[Q, ...]
    about: bool = True
    lots: bool = False
    times: tuple[Time, ...] = ()

    def few_of(self, stream: Stream) -> bool:
        """Whether of records other than movements no more are meant."""
        if not self.times:
            return self.lots and stream.model is Decision
        rows = stream.model._default_manager.filter(*(Q(time.of(stream)) for time in self.times))
        return rows.order_by()[: FEW + 1].count() <= FEW


@dataclass(frozen=True, slots=True)
class Few:
    """The few movements that an anchor names."""

    numbers: list[int]
    anchor: Anchor

    def of(self, stream: Stream, rows: QuerySet[Any]) -> QuerySet[Any]:
        if stream.model is not Movement:
            return rows
        name = "reverses__in" if self.anchor.about and stream.declares else "pk__in"
        return rows.filter(**{name: self.numbers})


class Walked(NamedTuple):
    """A table, and one of its columns by which events are ordered."""

    model: type[Model]
    column: str


@dataclass(frozen=True, slots=True)
class Order:
    """Which way a page is read, from where, and between which moments."""

    down: bool
    start: datetime | None
    least: datetime | None = None
    below: datetime | None = None

    @property
    def beyond(self) -> str:
        return "lt" if self.down else "gt"

    def end(self, tables: Iterator[Walked]) -> datetime | None:
        """Where the stretch ends; None if it takes all that is left. A statement for each table."""
        end: datetime | None = None
        for table in tables:
            further = self._end_in(table, end)
            end = further if further is not None else end
        return end

    def _end_in(self, table: Walked, before: datetime | None) -> datetime | None:
        name = table.column
        asked = (
            (self.beyond, self.start),
            ("gte", self.least),
            ("lt", self.below),
        )
        bounds = (Q((f"{name}__{lookup}", at)) for lookup, at in asked if at is not None)
        rows = table.model._default_manager.filter(*bounds)
        if before is not None:
            rows = rows.filter(**{f"{name}__{'gte' if self.down else 'lte'}": before})
        rows = rows.order_by(f"{'-' if self.down else ''}{name}")
        found: datetime | None = rows.values_list(name, flat=True)[STRETCH : STRETCH + 1].first()
        return found


def walked(chosen: list[Stream], column: str, found: Few | None) -> Iterator[Walked]:
    """The tables that have to be walked. Of a reversal's event, the time is that of the movement
    that it undoes, but it is told when it was recorded."""
    seen = set()
    for stream in chosen:
        if found and (stream.model is Movement or found.anchor.few_of(stream)):
            continue
        key = stream.time(column)
        seen.add(Walked(stream.model, key.removeprefix("reverses__")))
    yield from sorted(seen, key=lambda table: (table.model is not Movement, table.column))


def few(anchors: Iterable[Anchor]) -> Few | None:
    """The movements of the first anchor that names few."""
    for anchor in anchors:
        numbers: dict[int, None] = {}
        if all(_took(part, numbers) for part in anchor.parts):
            return Few(list(numbers), anchor)
    return None


def _took(part: Q, numbers: dict[int, None]) -> bool:
    """Whether these, too, are few; their numbers."""
    rows = Movement.objects.filter(part).order_by().values_list("pk", flat=True)
    if _expected(rows) > 2 * FEW:
        return False
    numbers |= dict.fromkeys(rows[: FEW + 1])
    return len(numbers) <= FEW


def _expected(rows: QuerySet[Any, Any]) -> int:
    """How many PostgreSQL expects. Of what it expects a lot, it would look for the first few by
    reading the table from its beginning, however far they are."""
    if connection.vendor != "postgresql":
        return 0
    [said] = re.findall(r"rows=(\d+)", rows.explain().splitlines()[0])
    return int(said)


def in_order(key: str, *, down: bool, apart: bool) -> list[Any]:
    """The order of a page. For rows that are few it is one that no index has, so that they are
    found first and sorted then."""
    by: Any = Coalesce(F(key), F(key)) if apart else F(key)
    return [by.desc(), "-pk"] if down else [by.asc(), "pk"]
