"""Keyset pages: flat in cost however far one reads, stable while others write."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import QueryDict

PAGE = 50
"""Rows on a page."""

MOST_COUNTED = 1000
"""A list is counted up to here, so that counting costs no more than a few pages."""

MOST_SIFTED = 100
"""Rows that one page looks at when a sieve picks among them, found or not."""

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Keyset:
    """Where a page starts: after (or, going back, before) the row with this value and tie."""

    backwards: bool
    value: Any
    tie: Any

    def encode(self) -> str:
        """As text for an address."""
        parts = [int(self.backwards), self.value, self.tie]
        # str, because Django's own encoder cuts microseconds off, and rows would be met again.
        return urlsafe_b64encode(json.dumps(parts, default=str).encode()).decode()

    @classmethod
    def decode(cls, text: str) -> "Keyset":
        """Raises ValueError or TypeError for what `encode` never wrote."""
        backwards, value, tie = json.loads(urlsafe_b64decode(text.encode()))
        return cls(bool(backwards), value, tie)


@dataclass(frozen=True, slots=True)
class Part(Generic[Row]):
    """The rows of one page, and where its neighbours start; None at an end."""

    rows: list[Row]
    previous: Keyset | None
    next: Keyset | None


def take(
    rows: QuerySet[Row],
    column: str,
    *,
    tie: str = "pk",
    start: Keyset | None = None,
    down: bool = False,
    size: int = PAGE,
    sieve: Q | Callable[[list[Any]], list[Row]] | None = None,
    branches: Sequence[Q] = (),
    read: Callable[[Any, str], Any] = getattr,
    most_sifted: int | None = None,
) -> Part[Row]:
    """One page, ordered by a column that is never empty, and by `tie` where it is the same.

    `sieve` is a condition that no index answers, on rows whose `tie` is their key. A page then
    looks at so many rows and no more: it may be short, or empty, and yet have a next one. It may
    also be a function that is given keys, and returns the rows that pass.
    `branches` are conditions of which one is enough: each finds a page by its own index, where an
    OR of them would read all that any finds, to sort it.
    """
    most_sifted = most_sifted or MOST_SIFTED
    backwards = start is not None and start.backwards
    if branches:
        most = most_sifted if sieve else size
        parts = [
            _ordered(rows.filter(one), column, tie, start, down=down != backwards)
            for one in branches
        ]
        keys = [key for part in parts for key in part.values_list("pk", flat=True)[: most + 1]]
        rows = rows.filter(pk__in=keys)
    queue = _ordered(rows, column, tie, start, down=down != backwards)

    def at(row: Any, back: bool) -> Keyset:
        return Keyset(back, read(row, column), read(row, tie))

    if sieve is None:
        found = list(queue[: size + 1])
        more, ends = len(found) > size, found[:size]
        near, far = (at(ends[0], not backwards), at(ends[-1], backwards)) if ends else (None, None)
    else:
        keys = list(queue.values_list(column, tie)[: most_sifted + 1])
        looked_at = keys[:most_sifted]
        found = _sifted(queue, sieve, [key for _value, key in looked_at])[: size + 1]
        more = len(found) > size or len(keys) > most_sifted
        near = Keyset(not backwards, *keys[0]) if keys else None
        far = Keyset(backwards, *looked_at[-1]) if keys else None
        far = at(found[size - 1], backwards) if len(found) > size else far
    page, far = found[:size], far if more else None
    if backwards:
        return Part(page[::-1], far, near)
    return Part(page, near if start is not None else None, far)


def every(
    rows: QuerySet[Row], column: str, *, size: int, start: Keyset | None = None, **how: Any
) -> Iterator[list[Row]]:
    """All rows from a start on, page after page as `take` finds them: what a list shows in the end.

    The same statements for every page, however far one reads.
    """
    while True:
        part = take(rows, column, start=start, size=size, most_sifted=size, **how)
        if part.rows:
            yield part.rows
        if part.next is None:
            return
        start = part.next


def _sifted(
    queue: QuerySet[Row], sieve: Q | Callable[[list[Any]], list[Row]], keys: list[Any]
) -> list[Row]:
    if isinstance(sieve, Q):
        return list(queue.filter(sieve, pk__in=keys))
    places = {key: place for place, key in enumerate(keys)}
    return sorted(sieve(keys), key=lambda row: places[row.pk])


def _ordered(
    rows: QuerySet[Row], column: str, tie: str, start: Keyset | None, *, down: bool
) -> QuerySet[Row]:
    sign, beyond = ("-", "lt") if down else ("", "gt")
    if column == tie or (tie == "pk" and column == rows.model._meta.pk.name):
        if start is not None:
            rows = rows.filter(**{f"{column}__{beyond}": start.value})
        return rows.order_by(f"{sign}{column}")
    if start is not None:
        past = Q(**{f"{column}__{beyond}": start.value}) | Q(**{f"{tie}__{beyond}": start.tie})
        # Said on its own, the bound lets the index begin here. Inside the OR it would be a filter
        # on all that was passed before.
        rows = rows.filter(**{f"{column}__{beyond}e": start.value}).filter(past)
    return rows.order_by(f"{sign}{column}", f"{sign}{tie}")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Rows of one page, and the query strings of its neighbours; '' at an end."""

    rows: list[Row]
    previous: str
    next: str


def page_of(
    rows: QuerySet[Row],
    asked: QueryDict,
    *,
    key: str = "pk",
    newest: bool = False,
    size: int = PAGE,
) -> Page[Row]:
    """The page that `after` or `before` in the query string asks for, ordered by a unique column.

    A position that cannot be read counts as the first page.
    """
    field = rows.model._meta.pk if key == "pk" else rows.model._meta.get_field(key)
    back = "after" not in asked and "before" in asked
    position = _position(field, asked.get("before" if back else "after", ""))
    start = None if position is None else Keyset(back, position, position)
    part = take(rows, key, tie=key, start=start, down=newest, size=size)
    return Page(
        part.rows,
        _link(asked, before=part.previous.value) if part.previous else "",
        _link(asked, after=part.next.value) if part.next else "",
    )


def sifted_page_of(
    rows: QuerySet[Row],
    asked: QueryDict,
    *,
    column: str,
    newest: bool = False,
    sieve: Q | Callable[[list[Any]], list[Row]] | None = None,
    size: int = PAGE,
) -> Page[Row]:
    """The page that `cursor` in the query string asks for, as `take` finds it.

    A cursor that cannot be read counts as the first page.
    """
    try:
        start = Keyset.decode(asked.get("cursor", "")) if "cursor" in asked else None
        part = take(rows, column, start=start, down=newest, sieve=sieve, size=size)
    except (ValueError, TypeError, ValidationError):
        part = take(rows, column, down=newest, sieve=sieve, size=size)
    return Page(
        part.rows,
        _link(asked, cursor=part.previous.encode()) if part.previous else "",
        _link(asked, cursor=part.next.encode()) if part.next else "",
    )


def _position(field: Any, text: str) -> Any:
    if not text or "\x00" in text:
        return None
    try:
        return field.to_python(text)
    except ValidationError:
        return None


def _link(asked: QueryDict, **position: Any) -> str:
    return query_with(asked, "before", "after", "cursor", **position)


def query_with(asked: QueryDict, *without: str, **values: Any) -> str:
    """The query string without some of its names, and with these values: `?site=RVS&page=2`."""
    query = asked.copy()
    for name in without:
        query.pop(name, None)
    for name, value in values.items():
        query[name] = str(value)
    return f"?{query.urlencode()}"


def counted(rows: QuerySet[Any], most: int = MOST_COUNTED) -> tuple[int, bool]:
    """How many rows there are, and whether there are more than were counted."""
    found = rows.order_by()[: most + 1].count()
    return min(found, most), found > most
