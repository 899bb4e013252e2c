"""Lists of millions in the admin: found by index, counted so far and no further."""

from typing import Any, ClassVar

from django.core.paginator import Paginator
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

MOST_COUNTED = 2000
"""Rows that a list has in the admin. Who looks for an older one narrows it down."""

MOST_NAMED = 200
"""Things whose code may begin with what was typed."""


class BoundedPaginator(Paginator[Any]):
    """Counts the rows up to a bound, and so bounds how far the pages go."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        if not isinstance(rows, QuerySet):
            return len(rows)
        return rows.order_by().values("pk")[:MOST_COUNTED].count()


class FoundByCode:
    """Searches by how a code begins: each of `search_fields` by its own index, then the rows.

    A text that a code contains would have every row read, with all that it is joined to.
    """

    search_fields: ClassVar[Any] = ()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        for term in search_term.split():
            queryset = queryset.filter(self.meant_by(queryset.model, term))
        return queryset, False

    def meant_by(self, model: type[Model], term: str) -> Q:
        """Rows that a word may mean."""
        found = Q()
        for path in self.search_fields:
            way, _, column = path.rpartition("__")
            found |= _meant(model, way, column, term)
        return found


def _meant(model: Any, way: str, column: str, term: str) -> Q:
    """Codes are written large as a rule, and typed small. A column after = is compared whole."""
    begins, written = Q(), {term, term.upper()}
    if way.startswith("=") or column.startswith("="):
        way, column = way.lstrip("="), column.lstrip("=")
        begins = Q(**{f"{column}__in": written})
    else:
        for start in written:
            begins |= Q(**{f"{column}__startswith": start})
    if not way:
        return begins
    for step in way.split("__"):
        model = model._meta.get_field(step).related_model
    named = model._default_manager.filter(begins).order_by().values_list("pk", flat=True)
    return Q(**{f"{way}__in": list(named[:MOST_NAMED])})
