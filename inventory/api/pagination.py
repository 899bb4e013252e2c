"""Keyset pages: flat in cost however far one reads, stable while others write."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError as ModelError
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ErrorDetail, NotFound, ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param


@dataclass(frozen=True, slots=True)
class Keyset:
    """Where a page starts: after (or, going back, before) the row with this value and tie."""

    backwards: bool
    value: Any
    tie: Any

    def encode(self) -> str:
        parts = [int(self.backwards), self.value, self.tie]
        # str, because Django's own encoder cuts microseconds off, and rows would be met again.
        return urlsafe_b64encode(json.dumps(parts, default=str).encode()).decode()


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
        self.column, descending = term.lstrip("-"), term.startswith("-")
        start = self._start(request)
        backwards = start is not None and start.backwards
        try:
            rows = self._rows(queryset, start, down=descending != backwards)[: size + 1]
            page = list(rows)
        except (ValueError, TypeError, ArithmeticError, ModelError) as error:
            raise (
                NotFound(self.invalid_cursor_message)
                if start
                else ValidationError(_("A parameter is out of range."), "out_of_range")
            ) from error
        more = len(page) > size
        page = page[:size]
        if backwards:
            page.reverse()
        self.has_previous, self.has_next = (more, True) if backwards else (start is not None, more)
        self.page = page
        return page

    def _rows(self, queryset: QuerySet[Any], start: Keyset | None, *, down: bool) -> QuerySet[Any]:
        sign, beyond = ("-", "lt") if down else ("", "gt")
        if start is not None:
            past = Q(**{f"{self.column}__{beyond}": start.value})
            same = Q(**{self.column: start.value, f"{self.tie}__{beyond}": start.tie})
            queryset = queryset.filter(past | same)
        return queryset.order_by(f"{sign}{self.column}", f"{sign}{self.tie}")

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
            backwards, value, tie = json.loads(urlsafe_b64decode(cursor.encode()))
        except (ValueError, TypeError) as error:
            raise NotFound(self.invalid_cursor_message) from error
        return Keyset(bool(backwards), value, tie)

    def get_next_link(self) -> str | None:
        return self._link(self.page[-1], backwards=False) if self.has_next and self.page else None

    def get_previous_link(self) -> str | None:
        return self._link(self.page[0], backwards=True) if self.has_previous and self.page else None

    def _link(self, row: Any, *, backwards: bool) -> str:
        start = Keyset(backwards, self.value(row, self.column), self.value(row, self.tie))
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
