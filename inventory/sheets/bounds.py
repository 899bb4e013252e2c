"""How much a request may ask for at once.

A file is made within the request, so it has to end: what is too large is refused before the first
byte, and what takes too long is broken off, so that no reader takes a part for the whole.
"""

import time
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from inventory.errors import Refused
from inventory.paging import counted
from inventory.wording import grouped

T = TypeVar("T")


class TooSlow(Exception):  # noqa: N818 - it is what happened
    """The file was not done in `EXPORT_SECONDS`."""


def within_bounds(rows: QuerySet[Any]) -> None:
    """Refuses `export_too_large`."""
    most = settings.EXPORT_ROWS
    if counted(rows, most)[1]:
        raise too_large(most)


def too_large(most: int) -> Refused:
    """The refusal `export_too_large`."""
    return Refused(
        _("The list has more than %(most)s rows, too many for one file."),
        code="export_too_large",
        hint=_("Narrow the list down, and take it in parts."),
        facts={"most": most},
        most=grouped(most),
    )


def in_time(rows: Iterable[T]) -> Iterator[T]:
    """The rows, until the time is over. Raises TooSlow, which breaks the connection."""
    deadline = time.monotonic() + settings.EXPORT_SECONDS
    for row in rows:
        if time.monotonic() > deadline:
            raise TooSlow(f"not done in {settings.EXPORT_SECONDS} s")
        yield row
