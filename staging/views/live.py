"""Boards that keep themselves true: asked every second, they answer only what is new."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

from django.contrib.auth import SESSION_KEY
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import get_language
from redis import RedisError

from inventory.views.common import FloorView
from staging import live
from staging.live import Seen
from staging.models import Demand

SHARED_FOR = 5
"""Seconds for which screens that show the same share what one of them has had drawn."""

MOST_SUGGESTED = 500
"""Demands, the next needed first, of which the filters suggest customers, routes and carriers."""


class Board(NamedTuple):
    """What a board shows now, and the mark of it."""

    mark: str
    context: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A board that can be drawn: whole as a page, or the part of it that changes.

    `shared_by` tells apart who sees it differently; `read` reads what it shows.
    """

    page: str
    part: str
    shared_by: tuple[Any, ...]
    read: Callable[[], Board]

    def answer(self, request: HttpRequest, newest: int, extra: dict[str, Any]) -> HttpResponse:
        """The page, or to a screen that shows it: the part if it has changed, else nothing."""
        at = int(timezone.now().timestamp())
        seen = Seen.of(request)
        if seen is None:
            board = self.read()
            context = board.context | extra | {"seen": Seen(newest, board.mark, at)}
            return render(request, self.page, context)
        mark, html = self._shared(request, newest)
        answer = HttpResponse(status=204) if seen.mark == mark else HttpResponse(html)
        answer[live.HEADER] = str(Seen(newest, mark, at))
        return answer

    def _shared(self, request: HttpRequest, newest: int) -> tuple[str, str]:
        zone = timezone.get_current_timezone_name()
        told = (self.part, request.get_full_path(), newest, get_language(), zone, self.shared_by)
        key = f"board:{sha256(repr(told).encode()).hexdigest()}"
        found: tuple[str, str] | None = None
        with suppress(RedisError):
            found = cache.get(key)
        if found is None:
            board = self.read()
            found = board.mark, render_to_string(self.part, board.context, request)
            with suppress(RedisError):  # without the cache a board is dearer, and as true
                cache.set(key, found, SHARED_FOR)
        return found


class LiveView(FloorView):
    """A board for people who are signed in.

    That nothing has happened is all that a poll is told before anything else is asked of the
    database; who may see the board is asked whenever there is something to see, and now and then.
    """

    newest = 0

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.newest = live.newest()
        if SESSION_KEY in request.session and nothing_new(request, self.newest):
            return HttpResponse(status=204)
        return super().dispatch(request, *args, **kwargs)


def nothing_new(request: HttpRequest, newest: int) -> bool:
    """Whether what the screen shows stands."""
    seen = Seen.of(request)
    return seen is not None and seen.stands(newest, int(timezone.now().timestamp()))


def suggestions() -> dict[str, list[str]]:
    """Customers, routes and carriers of the next demands, for the filters. One statement."""
    rows = Demand.objects.live().order_by("needed_at", "pk")
    told = list(rows.values_list("customer__code", "route", "carrier")[:MOST_SUGGESTED])
    names = ("customers", "routes", "carriers")
    return {name: _once(row[index] for row in told) for index, name in enumerate(names)}


def _once(texts: Iterable[str | None]) -> list[str]:
    return sorted({text for text in texts if text})
