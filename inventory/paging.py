"""Keyset pages for the browser: flat in cost however far one reads, stable while others write."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import QueryDict

PAGE = 50
"""Rows on a page."""

MOST_COUNTED = 1000
"""A list is counted up to here, so that counting costs no more than a few pages."""

Row = TypeVar("Row", bound=Model)


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
    back = back and position is not None
    upwards = newest if back else not newest
    if position is not None:
        rows = rows.filter(**{f"{key}__{'gt' if upwards else 'lt'}": position})
    found = list(rows.order_by(key if upwards else f"-{key}")[: size + 1])
    more = len(found) > size
    found = found[:size]
    if back:
        found.reverse()
    has_previous = more if back else position is not None
    has_next = True if back else more
    return Page(
        found,
        _link(asked, before=getattr(found[0], key)) if found and has_previous else "",
        _link(asked, after=getattr(found[-1], key)) if found and has_next else "",
    )


def _position(field: Any, text: str) -> Any:
    if not text or "\x00" in text:
        return None
    try:
        return field.to_python(text)
    except ValidationError:
        return None


def _link(asked: QueryDict, **position: Any) -> str:
    query = asked.copy()
    for name in ("before", "after"):
        query.pop(name, None)
    for name, value in position.items():
        query[name] = str(value)
    return f"?{query.urlencode()}"


def counted(rows: QuerySet[Any]) -> tuple[int, bool]:
    """How many rows there are, and whether there are more than were counted."""
    found = rows.order_by()[: MOST_COUNTED + 1].count()
    return min(found, MOST_COUNTED), found > MOST_COUNTED
