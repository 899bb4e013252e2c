"""The board as it stood: a page of lanes at a time."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from inventory.models import Location
from staging.board_rows import LANES
from staging.past.moment import Moment
from staging.past.standing import Lanes, lanes_then

ORDER = ("site__code", "purpose", "walk_order", "path")


@dataclass(frozen=True, slots=True)
class Page:
    """Lanes as they stood, and the codes of those after and before which the neighbours begin."""

    stood: Lanes
    previous: str
    next: str


def board_then(
    places: QuerySet[Location], moment: Moment, *, after: str = "", before: str = ""
) -> Page:
    """A page of staging locations by site, purpose and walking order, as they stood."""
    rows = places.filter(kind="staging").select_related("site")
    start = (
        rows.filter(code=after or before).values_list(*ORDER).first() if after or before else None
    )
    back = bool(before and not after and start)
    if start:
        rows = rows.filter(_beyond(start, "lt" if back else "gt"))
    found = list(rows.order_by(*(f"-{name}" if back else name for name in ORDER))[: LANES + 1])
    more = len(found) > LANES
    found = found[:LANES]
    if back:
        found.reverse()
    has_previous = more if back else bool(start)
    return Page(
        lanes_then(found, moment),
        found[0].code if found and has_previous else "",
        found[-1].code if found and (back or more) else "",
    )


def _beyond(start: tuple[Any, ...], way: str) -> Q:
    beyond = Q()
    same: dict[str, Any] = {}
    for name, value in zip(ORDER, start, strict=True):
        beyond |= Q(**same, **{f"{name}__{way}": value})
        same[name] = value
    return beyond
