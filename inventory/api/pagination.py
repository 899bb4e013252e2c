"""Keyset pages: flat in cost however far one reads, stable while others write."""

from typing import Any

from django.core.exceptions import ValidationError as ModelError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ErrorDetail, NotFound, ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from inventory.paging import Keyset, take


class KeysetPagination(CursorPagination):
    """Pages by cursor; `page_size` up to 500. Answers `next`, `previous` and `results`.

    Rows are ordered by one column that is never empty, and by `tie` where it is the same, so that
    no row is met twice or passed over, however many share a value. (The cursor of REST framework
    counts through such rows, and only up to a thousand of them.)
    """

    tie = "pk"

    ordering = "-pk"
    page_size_query_param = "page_size"
    max_page_size = 500
    invalid_cursor_message = _(  # type: ignore[assignment]  # lazy: in the reader's language
        "This cursor is not one of ours: start from the first page."
    )

    def paginate_queryset(  # type: ignore[override]  # keysets need a query
        self, queryset: QuerySet[Any], request: Request, view: Any = None
    ) -> list[Any]:
        self.url = request.build_absolute_uri()
        size = self._size(request)
        term = self.get_ordering(request, queryset, view)[0]
        start = self._start(request)
        try:
            self.part = take(
                queryset,
                term.lstrip("-"),
                tie=self.tie,
                start=start,
                down=term.startswith("-"),
                size=size,
                sieve=view.sieve,
                branches=view.branches,
                read=self.value,
            )
        except (ValueError, TypeError, ArithmeticError, ModelError) as error:
            raise (
                NotFound(self.invalid_cursor_message)
                if start
                else ValidationError(_("A parameter is out of range."), "out_of_range")
            ) from error
        return self.part.rows

    def _size(self, request: Request) -> int:
        given = request.query_params.get("page_size", str(self.page_size))
        if not (given.isdecimal() and len(given) < 6 and 1 <= int(given) <= self.max_page_size):
            text = _("Ask for 1 to %(most)s rows.") % {"most": self.max_page_size}
            raise ValidationError({"page_size": [ErrorDetail(text, "out_of_range")]})
        return int(given)

    def _start(self, request: Request) -> Keyset | None:
        cursor = request.query_params.get(self.cursor_query_param)
        if not cursor:
            return None
        try:
            return Keyset.decode(cursor)
        except (ValueError, TypeError) as error:
            raise NotFound(self.invalid_cursor_message) from error

    def get_next_link(self) -> str | None:
        return self._link(self.part.next)

    def get_previous_link(self) -> str | None:
        return self._link(self.part.previous)

    def _link(self, start: Keyset | None) -> str | None:
        if start is None:
            return None
        return replace_query_param(self.url, self.cursor_query_param, start.encode())

    def value(self, row: Any, column: str) -> Any:
        return getattr(row, column)

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {
                "next": {**link, "description": "The following page; null on the last."},
                "previous": {**link, "description": "The page before; null on the first."},
                "results": schema,
            },
        }
