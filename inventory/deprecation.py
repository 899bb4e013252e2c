"""Operations that are going to end: said in their answers' headers and in OpenAPI."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.utils.http import http_date

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Deprecated:
    """Since when it should not be used any more, until when it works, and a page that tells more.

    RFC 9745 (`Deprecation`), RFC 8594 (`Sunset`).
    """

    since: datetime
    sunset: datetime | None = None
    more: str = ""

    @property
    def headers(self) -> dict[str, str]:
        found = {"Deprecation": f"@{int(self.since.timestamp())}"}
        if self.sunset:
            found["Sunset"] = http_date(self.sunset.timestamp())
        if self.more:
            relations = ["deprecation", *(["sunset"] if self.sunset else [])]
            found["Link"] = ", ".join(
                f'<{self.more}>; rel="{relation}"; type="text/html"' for relation in relations
            )
        return found


def deprecated(
    since: datetime, *, sunset: datetime | None = None, more: str = ""
) -> Callable[[T], T]:
    """Mark a view of the API, or one of its methods."""

    def mark(marked: T) -> T:
        marked.deprecated = Deprecated(since, sunset, more)  # type: ignore[attr-defined]
        return marked

    return mark


def of(view: Any, method: str) -> Deprecated | None:
    """What is said of the operation: of its method, of its verb, or of the whole view.

    `view` is a view or its class; `method` the name of what handles the request in it.
    """
    handler = getattr(view, method, None)
    for marked in (handler, getattr(view, "verb", None), view):
        if found := getattr(marked, "deprecated", None):
            return found  # type: ignore[no-any-return]
    return None
