"""Pages of events, merged from all streams by time: flat in cost however far one reads.

A page takes one statement for each stream that the query can mean, and a fixed number for what the
events name. `bounds` says how far it looks: if little fits, it is short, and not the last one. The
token says after which record the next page begins, so that nothing is met twice.
Nothing is passed over either: what transactions that are still in flight recorded could come to
light among what has been read, so events are given out only up to the oldest of them.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import merge
from itertools import islice
from typing import Any, NamedTuple, Self

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from integration.epcis.asking import Query
from integration.epcis.bounds import Few, Order, few, in_order, walked
from integration.epcis.events import Event, event_of
from integration.epcis.facts import Facts, Found
from integration.epcis.identifiers import Names
from integration.epcis.kinds import Kind, which
from integration.epcis.problems import Unanswerable
from integration.epcis.streams import OF_MOVEMENTS, STREAMS, Stream
from inventory.in_flight import in_flight
from inventory.sites import kept_to

IN_FLIGHT = timedelta(minutes=12)
"""What records takes ten minutes at most: a capture does, by its task's limit. Servers' clocks may
differ a little."""

A_LITTLE = timedelta(seconds=1)
"""Between the moment that an action notes and the begin of its transaction, at most."""


class Position(NamedTuple):
    """After which event a page begins."""

    at: datetime
    stream: int
    pk: Any

    @classmethod
    def behind(cls, at: datetime, *, down: bool) -> Self:
        """Behind all that there may be of a moment."""
        return cls(at, 0 if down else len(STREAMS) + 1, 0)

    def encode(self) -> str:
        parts = [self.at.isoformat(), self.stream, self.pk]
        return urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, token: str) -> Self:
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


class Met(NamedTuple):
    """A record that is an event of the page, and where it stands."""

    stream: Stream
    position: Position
    kind: Kind


def _bad_token() -> Unanswerable:
    text = _("This token is not one of ours: start from the first page.")
    return Unanswerable("nextPageToken", "bad_token", text)


@dataclass(frozen=True, slots=True)
class Page:
    """Events, and the token of the next page; '' on the last one. A page may be short, or empty,
    and not be the last one."""

    events: list[Event]
    next: str


def settled(now: datetime | None = None) -> datetime | None:
    """Up to when everything that was recorded can be seen. None where nothing is in flight."""
    others = in_flight()
    if others is None or others.began is None:
        return None
    now = now or timezone.now()
    return max(min(others.began, now) - A_LITTLE, now - IN_FLIGHT)


def page(query: Query, names: Names) -> Page:
    """The page that the query asks for."""
    start = Position.decode(query.token) if query.token else None
    look = _look(query, start, settled())
    met = list(islice(_merged(query, look), query.size + 1))
    rest = len(met) > query.size
    met = met[: query.size]
    following = ""
    if query.most is None or len(met) < query.most:
        if rest:
            following = met[-1].position.encode()
        elif look.end is not None:
            following = Position.behind(look.end, down=query.down).encode()
    found = _found(met)
    facts = Facts.of(found, names)
    return Page([event_of(one, facts) for one in found], following)


def _found(met: list[Met]) -> list[Found]:
    """The records with what they name: looked up for the events of the page alone."""
    rows = {
        (stream.number, row.pk): row
        for stream in STREAMS
        if (wanted := [one.position.pk for one in met if one.stream is stream])
        for row in stream.rows().filter(pk__in=wanted)
    }
    return [Found(one.stream, rows[one.position[1:]], one.kind) for one in met]


def walk(query: Query, names: Names) -> Iterator[list[Event]]:
    """All events, page by page."""
    while True:
        part = page(query, names)
        yield part.events
        if not part.next:
            return
        query = query.following(part.next, len(part.events))


@dataclass(frozen=True, slots=True)
class _Look:
    """Where a page begins, what it looks at, and where it ends at the latest."""

    start: Position | None
    before: datetime | None
    few: Few | None
    end: datetime | None


def _look(query: Query, start: Position | None, before: datetime | None) -> _Look:
    found = few(query.all_anchors())
    streams = [stream for stream in STREAMS if query.chosen(stream)]
    below = query.below()
    if before is not None and query.column == "recordTime":
        below = min(below, before) if below else before
    order = Order(query.down, start.at if start else None, query.least(), below)
    return _Look(start, before, found, order.end(walked(streams, query.column, found)))


def _merged(query: Query, look: _Look) -> Iterator[Met]:
    """Once a stream fills the page, the others are read no further than it goes: what is rare is
    not looked for in the whole ledger."""
    parts: list[list[Met]] = []
    until = look.end
    for stream in STREAMS:
        part = list(_part(stream, query, look, until))
        parts.append(part)
        if len(part) > query.size:
            until = part[-1].position.at
    return merge(*parts, key=lambda one: one.position, reverse=query.down)


def _part(stream: Stream, query: Query, look: _Look, until: datetime | None) -> Iterator[Met]:
    chosen = query.chosen(stream)
    if not chosen:
        return
    key = query.key(stream)
    rows = kept_to(stream.rows(), query.limit).annotate(epcis_kind=which(stream.kinds))
    rows = stream.narrowed(rows.filter(query.condition(stream)), chosen)
    if look.few:
        rows = look.few.of(stream, rows)
    if look.before is not None:
        rows = rows.filter(**{f"{stream.recorded}__lt": look.before})
    if until is not None:
        rows = rows.filter(**{f"{key}__{'gte' if query.down else 'lte'}": until})
    rows = _after(rows, stream, query, look.start)
    apart = look.few is not None and stream.number in OF_MOVEMENTS
    rows = rows.order_by(*in_order(key, down=query.down, apart=apart))
    kinds = {kind.name: kind for kind in stream.kinds}
    for at, pk, kind in rows.values_list(key, "pk", "epcis_kind")[: query.size + 1]:
        yield Met(stream, Position(at, stream.number, pk), kinds[kind])


def _after(
    rows: QuerySet[Any], stream: Stream, query: Query, start: Position | None
) -> QuerySet[Any]:
    """What comes after the position."""
    if start is None:
        return rows
    column, beyond = query.key(stream), "lt" if query.down else "gt"
    rows = rows.filter(**{f"{column}__{beyond}e": start.at})
    if not _comes_after(stream, start, down=query.down):
        return rows.filter(**{f"{column}__{beyond}": start.at})
    if stream.number == start.stream:
        past = Q(**{f"{column}__{beyond}": start.at}) | Q(**{f"pk__{beyond}": start.pk})
        return rows.filter(past)
    return rows


def _comes_after(stream: Stream, start: Position, *, down: bool) -> bool:
    """Whether events of the stream may follow one of the same moment."""
    if stream.number == start.stream:
        return True
    return stream.number < start.stream if down else stream.number > start.stream
