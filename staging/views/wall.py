"""Boards on a wall: opened with a link that works once, then by the screen's own token.

Nothing else of the product knows that token, and its cookie is sent to these pages only.
"""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache

from inventory import audit
from inventory.errors import Refused
from inventory.models import Location, Surface
from staging import displays, live, ready, wall
from staging.forms import BoardFilter, ReadyFilter
from staging.models import Display
from staging.scope import Scope
from staging.views.board import asked_demands, asked_lanes
from staging.views.live import Board, Drawing, nothing_new

COOKIE = "forestage_display"
KEPT_FOR = 400 * 24 * 3600
"""Seconds, the longest that browsers keep a cookie. Each whole page renews it, one a day."""

ROWS = 6
"""Demands that fit on a screen."""

SECONDS = 15
"""How long a page is shown before the next one."""


def keep(answer: HttpResponse, secret: str) -> HttpResponse:
    """Have the screen keep its token."""
    answer.set_cookie(
        COOKIE, secret, max_age=KEPT_FOR, path=reverse("staging:wall"),
        secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax",
    )  # fmt: skip
    return answer


def held(request: HttpRequest) -> str:
    return request.COOKIES.get(COOKIE, "")


@method_decorator(never_cache, name="dispatch")
class OpenView(View):
    """The link: asks first, so that whatever looks at links for safety does not use it up."""

    http_method_names = ("get", "head", "post")

    def get(self, request: HttpRequest, secret: str) -> HttpResponse:
        display = displays.unopened(secret, timezone.now())
        if display is None:
            if displays.known(held(request), timezone.now()):
                return HttpResponseRedirect(reverse("staging:wall"))
            return render(request, "staging/wall/closed.html", {"used": True}, status=410)
        return render(request, "staging/wall/open.html", {"display": display})

    def post(self, request: HttpRequest, secret: str) -> HttpResponse:
        by = audit.system(Surface.BROWSER)
        try:
            _display, own = displays.open_display(secret=secret, by=by, at=timezone.now())
        except Refused:
            return render(request, "staging/wall/closed.html", {"used": True}, status=410)
        name = "staging:wall_due" if request.POST.get("board") == "due" else "staging:wall"
        return keep(HttpResponseRedirect(reverse(name)), own)


@method_decorator(never_cache, name="dispatch")
class WallView(View):
    """A board for a screen that holds a token. It reads what the token names, and nothing else."""

    http_method_names = ("get", "head")
    page = "staging/wall/board.html"
    part = ""

    def get(self, request: HttpRequest) -> HttpResponse:
        now = timezone.now()
        display = displays.known(held(request), now)
        if display is None:
            return render(request, "staging/wall/closed.html", status=403)
        newest = live.newest()
        if nothing_new(request, newest):
            return HttpResponse(status=204)
        displays.note_seen(display, now)
        scope = Scope.of(display)
        with timezone.override(wall.zone_of(scope)):
            drawing = Drawing(self.page, self.part, (scope,), lambda: self.read(request, scope))
            answer = drawing.answer(request, newest, self.around(display))
        return answer if live.HEADER in request.headers else keep(answer, held(request))

    def read(self, request: HttpRequest, scope: Scope) -> Board:
        """What there is to show."""
        raise NotImplementedError

    def around(self, display: Display) -> dict[str, Any]:
        """What the page says besides."""
        return {
            "display": display,
            "part": self.part,
            "zone": timezone.get_current_timezone_name(),
            "now": int(timezone.now().timestamp() * 1000),
            "seconds": SECONDS,
        }


class LanesView(WallView):
    """The lanes: as many as fit, then the next."""

    part = "staging/wall/lanes.html"

    def read(self, request: HttpRequest, scope: Scope) -> Board:
        asked = BoardFilter(request.GET)
        lanes = Location.objects.staging().filter(scope.places())
        if area := asked.scope():
            lanes = lanes.filter(area.places())
        watched = list(lanes.select_related("site"))
        page = asked_lanes(asked, [lane.pk for lane in watched], after=request.GET.get("after", ""))
        found = wall.trouble(watched, timezone.now())
        context = {"lanes": page.lanes, "next": page.next, "trouble": found}
        more = bool(page.next or page.previous)
        marks = [lane.mark for lane in page.lanes]
        return Board(live.mark(marks, found, page.next), context | {"more": more})


class DueView(WallView):
    """What must be ready by when: as much as fits, then the next."""

    part = "staging/wall/due.html"

    def read(self, request: HttpRequest, scope: Scope) -> Board:
        asked = ReadyFilter(request.GET)
        rows = asked_demands(asked).filter(scope.demands())
        page, entries = ready.ready(rows, request.GET, at=timezone.now(), size=ROWS)
        watched = list(Location.objects.staging().filter(scope.places()))
        found = wall.trouble(watched, timezone.now())
        context = {
            "groups": list(ready.grouped(entries)),
            "trouble": found,
            "next": page.next,
            "more": bool(page.next or page.previous),
        }
        return Board(live.mark([entry.mark for entry in entries], found, page.next), context)
