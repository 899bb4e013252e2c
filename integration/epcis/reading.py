"""Pages of events, merged from all streams by time: flat in cost however far one reads.

A page takes one statement for each stream that the query can mean, and a fixed number for what the
events name. The token says after which record the next page begins, so that nothing is met twice.
Nothing is passed over either: what transactions that are still in flight recorded could come to
light among what has been read, so events are given out only up to the oldest of them.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from heapq import merge
from itertools import islice
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from integration.epcis.asking import Query
from integration.epcis.events import Event, event_of
from integration.epcis.facts import Facts, Found
from integration.epcis.identifiers import Names
from integration.epcis.kinds import which
from integration.epcis.problems import Unanswerable
from integration.epcis.streams import STREAMS, Stream
from inventory.sites import kept_to

IN_FLIGHT = timedelta(minutes=6)
"""No request and no task lasts longer than five minutes; servers' clocks may differ a little."""

A_LITTLE = timedelta(seconds=1)
"""Between the moment that an action notes and the begin of its transaction, at most."""

_OLDEST = (
    "SELECT min(xact_start) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid() "
    "AND backend_type = 'client backend'"  # the vacuum records nothing
)


class Position(NamedTuple):
    """After which event a page begins."""

    at: datetime
    stream: int
    pk: Any

    def encode(self) -> str:
        parts = [self.at.isoformat(), self.stream, self.pk]
        return urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, token: str) -> "Position":
        """Raises `Unanswerable` (`bad_token`) for what `encode` never wrote."""
        try:
            padded = token + "=" * (-len(token) % 4)
            at, stream, pk = json.loads(urlsafe_b64decode(padded.encode()))
            position = cls(datetime.fromisoformat(at), int(stream), int(pk))
        except (ValueError, TypeError) as error:
            raise _bad_token() from error
        if position.at.tzinfo is None or not 0 <= position.pk < 2**62:
            raise _bad_token()
        return position


def _bad_token() -> Unanswerable:
    text = _("This token is not one of ours: start from the first page.")
    return Unanswerable("nextPageToken", "bad_token", text)


@dataclass(frozen=True, slots=True)
class Page:
    """Events, and the token of the next page; '' on the last one."""

    events: list[Event]
    next: str


def settled(now: datetime | None = None) -> datetime | None:
    """Up to when everything that was recorded can be seen. None where nothing is in flight beside
    a reader: SQLite has one writer at a time."""
    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        cursor.execute(_OLDEST)
        [oldest] = cursor.fetchone()
    now = now or timezone.now()
    return max(min(oldest or now, now) - A_LITTLE, now - IN_FLIGHT) if oldest else None


def page(query: Query, names: Names) -> Page:
    """The page that the query asks for."""
    start = Position.decode(query.token) if query.token else None
    found = list(islice(_merged(query, start, settled()), query.size + 1))
    rest = len(found) > query.size and query.most is None
    found = found[: query.size]
    facts = Facts.of(found, names)
    last = _position(query, found[-1]) if rest else None
    return Page([event_of(one, facts) for one in found], last.encode() if last else "")


def walk(query: Query, names: Names) -> Iterator[list[Event]]:
    """All events, page by page."""
    while True:
        part = page(query, names)
        yield part.events
        if not part.next:
            return
        query = replace(query, token=part.next)


def _merged(query: Query, start: Position | None, before: datetime | None) -> Iterator[Found]:
    """Once a stream fills the page, the others are read no further than it goes: what is rare is
    not looked for in the whole ledger."""
    parts: list[list[Found]] = []
    until: datetime | None = None
    for stream in STREAMS:
        part = list(_part(stream, query, start, before, until))
        parts.append(part)
        if len(part) > query.size:
            until = part[-1].row.epcis_at
    return merge(*parts, key=lambda one: _position(query, one), reverse=query.down)


def _part(
    stream: Stream,
    query: Query,
    start: Position | None,
    before: datetime | None,
    until: datetime | None,
) -> Iterator[Found]:
    chosen = query.chosen(stream)
    if not chosen:
        return
    rows = kept_to(stream.rows(), query.limit).annotate(
        epcis_kind=which(stream.kinds), epcis_at=F(query.key(stream))
    )
    rows = stream.narrowed(rows.filter(query.condition(stream)), chosen)
    if before is not None:
        rows = rows.filter(**{f"{stream.recorded}__lt": before})
    if until is not None:
        within = "gte" if query.down else "lte"
        rows = rows.filter(**{f"{query.key(stream)}__{within}": until})
    kinds = {kind.name: kind for kind in stream.kinds}
    for row in _ordered(rows, stream, query, start)[: query.size + 1]:
        yield Found(stream, row, kinds[row.epcis_kind])


def _ordered(
    rows: QuerySet[Any], stream: Stream, query: Query, start: Position | None
) -> QuerySet[Any]:
    sign, beyond = ("-", "lt") if query.down else ("", "gt")
    column = query.key(stream)
    if start is not None:
        rows = rows.filter(**{f"{column}__{beyond}e": start.at})
        if not _comes_after(stream, start, down=query.down):
            rows = rows.filter(**{f"{column}__{beyond}": start.at})
        elif stream.number == start.stream:
            past = Q(**{f"{column}__{beyond}": start.at}) | Q(**{f"pk__{beyond}": start.pk})
            rows = rows.filter(past)
    return rows.order_by(f"{sign}{column}", f"{sign}pk")


def _comes_after(stream: Stream, start: Position, *, down: bool) -> bool:
    """Whether events of the stream may follow one of the same moment."""
    if stream.number == start.stream:
        return True
    return stream.number < start.stream if down else stream.number > start.stream


def _position(query: Query, found: Found) -> Position:
    return Position(found.row.epcis_at, found.stream.number, found.row.pk)
