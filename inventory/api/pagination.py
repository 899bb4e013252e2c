"""Keyset pages: flat in cost however far one reads, stable while others write."""

from rest_framework.pagination import CursorPagination


class KeysetPagination(CursorPagination):
    """Pages by cursor; `page_size` up to 500. Answers `next`, `previous` and `results`."""

    ordering = "-pk"
    page_size_query_param = "page_size"
    max_page_size = 500
