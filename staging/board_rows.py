"""The statements of the board. Each is compiled once, and keeps its plan.

A board is asked for every 15 seconds by every screen that shows one, always in one of a few shapes:
compiling its statements took longer than running them, and planning them as long.
"""

from functools import lru_cache
from typing import Any, NamedTuple

from django.db.models import (
    Case,
    CharField,
    Count,
    DateTimeField,
    Exists,
    F,
    Field,
    IntegerField,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
    Window,
)
from django.db.models.functions import Coalesce, RowNumber

from inventory.models import Balance, Location
from inventory.statements import Given, Select
from quality import gate
from quality.models import Hold
from quality.models.holds import NESTING
from staging import board_search, stops
from staging.models import Alert, Commitment, StagedStock
from staging.stops import TODAY

LANES = 9
"""Lanes on a page."""

SHOWN = 4
"""Rows of a lane, of what is staged and of what stands there for no demand each."""

AT = Given("at", DateTimeField())
IN_LANES = Q(location__among="lanes")


# --- which lanes are on the page ----------------------------------------------------------------

ORDER: dict[str, Field[Any, Any]] = {
    "site__code": CharField(),
    "purpose": CharField(),
    "calm": IntegerField(),
    "walk_order": IntegerField(),
    "path": CharField(),
}
"""The order of the board, and what each column holds."""


class Asked(NamedTuple):
    """Which lanes are asked for. The values themselves are given when it runs.

    `way`: `gt` and `lt` find those after and before a lane, `at` finds that lane itself.
    """

    site: bool
    purpose: bool
    show: str
    text: bool
    way: str = ""


@lru_cache(maxsize=64)
def lanes(asked: Asked) -> Select[Location]:
    """Staging locations with `calm` (0: with open alerts that nobody has snoozed), in the order
    of the board."""
    return Select(lambda: _lanes(asked))


def _lanes(asked: Asked) -> Any:
    stock = Exists(Balance.objects.on_hand().filter(location=OuterRef("pk")))
    # Asked lane by lane: EXISTS would read all open alerts there are, to look lanes up among them.
    alerts = Alert.objects.loud().filter(location=OuterRef("pk")).order_by().values(no=Value(0))
    known: Any = Location.objects.staging().select_related("site")
    places = known.annotate(calm=Coalesce(Subquery(alerts[:1]), Value(1)))
    if asked.site:
        places = places.filter(site__code=Given("site", CharField()))
    if asked.purpose:
        places = places.filter(purpose=Given("purpose", CharField()))
    if asked.text:
        places = places.filter(pk__among="lanes")
    if asked.show == "trouble":
        places = places.filter(calm=0)
    else:
        places = places.filter(stock if asked.show == "filled" else Q(is_open=True) | Q(stock))
    if asked.way == "at":
        return places.filter(code=Given("code", CharField()))
    if asked.way:
        places = places.filter(_beyond(asked.way))
    sign = "-" if asked.way == "lt" else ""
    return places.order_by(*(f"{sign}{name}" for name in ORDER))[: LANES + 1]


def _beyond(way: str) -> Q:
    """What comes after (`gt`) or before (`lt`) a lane in the order of the board."""
    beyond = Q()
    same: dict[str, Any] = {}
    for name, field in ORDER.items():
        value = Given(name, field)
        beyond |= Q(**same, **{f"{name}__{way}": value})
        same[name] = value
    return beyond


# --- what stands in them ------------------------------------------------------------------------


def _positions() -> Any:
    """Handling positions taken at each place: each outermost container, and each loose lot."""
    outermost = Coalesce(*(f"container{'__parent' * n}_id" for n in reversed(range(NESTING))))
    rows = Balance.objects.on_hand().filter(IN_LANES).order_by().values_list("location")
    return rows.annotate(
        taken=Count("lot", distinct=True, filter=Q(container=None))
        + Count(outermost, distinct=True)
    )


POSITIONS: Select[Balance] = Select(_positions)

HOLDS_OVER: Select[Hold] = Select(
    lambda: (
        Hold.objects.open()
        .filter(location__code__among="codes")
        .values_list("location__code", flat=True)
    )
)
"""The places on hold, of those with these codes."""


def _staged(*, matched: bool) -> QuerySet[Any, Any]:
    rows = StagedStock.objects.filter(IN_LANES)
    matching: QuerySet[Any, Any] = rows.filter(board_search.STAGED) if matched else rows
    return matching


@lru_cache(maxsize=8)
def suspects(doubtful: Q, *, matched: bool) -> Select[Any]:
    """Keys of what is staged in the lanes and may be blocked: few, and never fewer than are.

    `doubtful` changes with the day and with the rules in force; `held` are the lanes on hold.
    """
    rows = _staged(matched=matched).filter(doubtful | stops.held())
    return Select(lambda: rows.order_by().values_list("pk"))


def _blocked() -> Any:
    suspected: Any = Commitment.objects.filter(pk__among="suspects")
    return suspected.blocked(TODAY).order_by("since", "pk").values_list("pk", "location", "stop")


BLOCKED: Select[Any] = Select(_blocked)
"""Of the suspects, those that are blocked, and why; the longest there first."""


@lru_cache(maxsize=2)
def summed_up(*, matched: bool) -> Select[Any]:
    """The worst that is staged in each lane, with the counts of its lane."""
    return Select(lambda: _summed_up(_staged(matched=matched)))


def _summed_up(staged: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
    needed = "requirement__demand__needed_at"
    overstayed = Case(When(due_at__lte=AT, then=0), default=1)
    overdue = Case(When(**{f"{needed}__lte": AT}, then=0), default=1)
    blocked = Case(When(pk__among="blocked", then=0), default=1)
    lane: dict[str, Any] = {"partition_by": "location"}
    rows = staged.annotate(
        place=Window(RowNumber(), order_by=[blocked, overstayed, overdue, "since", "pk"], **lane),
        standing=Window(Count("pk"), **lane),
        stale=Window(Count("pk", filter=Q(due_at__lte=AT) | Q(**{f"{needed}__lte": AT})), **lane),
        needed=Window(Min(needed), **lane),
    )
    columns = ("pk", "location", "standing", "stale", "needed")
    shown: QuerySet[Any, Any] = rows.filter(place__lte=SHOWN)
    return shown.values_list(*columns)


STAGED: Select[Commitment] = Select(
    lambda: (
        Commitment.objects.filter(pk__among="shown")
        .select_related("requirement__demand", "lot__material", "container", "dwell_policy")
        .order_by("since", "pk")
    )
)


@lru_cache(maxsize=2)
def standing(*, matched: bool) -> Select[Any]:
    """All that is staged in the lanes, the longest there first, with `stop`."""
    rows: Any = _staged(matched=matched)
    return Select(
        lambda: (
            rows.with_stop(TODAY)
            .select_related("requirement__demand", "lot__material", "location", "container")
            .order_by("since", "pk")
        )
    )


@lru_cache(maxsize=2)
def loose(*, matched: bool) -> Select[Any]:
    """The first of what stands in each lane for no demand, and how much there is."""
    return Select(lambda: _loose(matched=matched))


def _loose(*, matched: bool) -> QuerySet[Any, Any]:
    rows: QuerySet[Any, Any] = Balance.objects.on_hand().filter(IN_LANES, quantity__gt=F("bound"))
    if matched:
        rows = rows.filter(board_search.LOTS)
    lane: dict[str, Any] = {"partition_by": "location"}
    rows = rows.annotate(
        place=Window(RowNumber(), order_by=["lot", "pk"], **lane),
        standing=Window(Count("pk"), **lane),
    )
    shown: QuerySet[Any, Any] = rows.filter(place__lte=SHOWN)
    return shown.values_list("pk", "location", "standing")


UNBOUND: Select[Any] = Select(
    lambda: (
        Balance.objects.filter(pk__among="shown")
        .annotate(stop=gate.stop_code(on=TODAY))
        .select_related("lot__material", "container")
        .order_by("lot__code", "pk")
    )
)
