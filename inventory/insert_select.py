"""INSERT … SELECT from a queryset: the rows never leave the database."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection, models
from django.db.models import F, QuerySet


def insert_select(
    model: type[models.Model],
    rows: QuerySet[Any],
    *,
    given: Mapping[str, Any] | None = None,
    **values: Any,
) -> int:
    """Insert a row of `model` for each of `rows`, and say how many. Those that are there stay.

    `values` gives an expression over `rows` for each column of `model`, or names a column of
    `rows`; columns left out take the database's default. `given` holds what `rows` names by `Given`
    and `Among`.
    """
    expressions = {
        f"new_{name}": F(value) if isinstance(value, str) else value
        for name, value in values.items()
    }
    chosen = rows.order_by().annotate(**expressions).values_list(*expressions)
    try:
        selection, parameters = chosen.query.sql_with_params()
    except EmptyResultSet:  # Django sees that no row can match
        return 0
    quote = connection.ops.quote_name
    names = {field.name: field.column for field in model._meta.concrete_fields}
    columns = ", ".join(quote(str(names[name])) for name in values)
    # Both databases understand this; SQLite needs the SELECT to have a WHERE before ON CONFLICT.
    sql = (
        f"INSERT INTO {quote(model._meta.db_table)} ({columns}) {selection} ON CONFLICT DO NOTHING"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [_bound(parameter, given or {}) for parameter in parameters])
        return int(cursor.rowcount)


def _bound(parameter: Any, given: Mapping[str, Any]) -> Any:
    return parameter.bind(given[parameter.name]) if hasattr(parameter, "bind") else parameter
