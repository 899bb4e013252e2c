"""Statements of the hot path: written with the ORM, compiled once, run many times.

Django compiles a queryset to SQL anew each time it runs, and on the way of a single move that cost
more than PostgreSQL took to answer. A `Select`, `Insert` or `Update` keeps its SQL. The text does
not change with the number of values, so PostgreSQL prepares it once for each connection.
docs/performance.md says what each trick here bought.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache, cached_property
from threading import Lock
from types import NoneType
from typing import Any, Generic, NamedTuple, TypeVar, cast
from uuid import UUID

import orjson
from django.db import DEFAULT_DB_ALIAS, connection, connections, models
from django.db.models import Expression, Field, ForeignObject, Lookup, QuerySet
from django.db.models.base import ModelState
from django.db.models.sql.compiler import SQLCompiler
from psycopg.sql import quote
from psycopg.types.json import Jsonb

M = TypeVar("M", bound=models.Model)
Rows = list[tuple[Any, ...]]


# --- values that are named in a queryset and given when it runs ---------------------------------


class Given(Expression):
    """Stands for one value, by name: `filter(expires_at__gt=Given("now", DateTimeField()))`."""

    def __init__(self, name: str, output_field: Field[Any, Any]) -> None:
        super().__init__(output_field=output_field)
        self.name = name

    def as_sql(self, compiler: SQLCompiler, connection: Any) -> tuple[str, Any]:
        return "%s", [self]

    def bind(self, value: Any) -> Any:
        return self.output_field.get_db_prep_value(value, connection)


class _Many:
    """Stands for the values of `Among`, in the form in which the database takes them as one."""

    def __init__(self, name: str, field: Field[Any, Any]) -> None:
        self.name = name
        self.field = field

    def bind(self, values: Iterable[Any]) -> Any:
        if _on_postgresql():
            return _array(list(values))
        return json.dumps([self.field.get_db_prep_value(value, connection) for value in values])


@ForeignObject.register_lookup
@Field.register_lookup
class Among(Lookup[Any]):
    """One of the values given by that name: `filter(pk__among="lots")`.

    One text for any number of values, where `IN` has as many texts as there are numbers.
    """

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: SQLCompiler, connection: Any) -> tuple[str, Any]:
        column, params = self.process_lhs(compiler, connection)
        field = _target(self.lhs.output_field)
        many = _Many(str(self.rhs), field)
        if _on_postgresql():
            return f"{column} = ANY(%s::{_type(field)}[])", [*params, many]
        return f"{column} IN (SELECT value FROM json_each(%s))", [*params, many]  # noqa: S608


def _target(field: Field[Any, Any]) -> Field[Any, Any]:
    while field.is_relation:
        field = field.target_field  # type: ignore[attr-defined]
    return field


def _type(field: Field[Any, Any]) -> str:
    """The column's type without its length, as arrays and casts want it."""
    name = _target(field).rel_db_type(connection) or _target(field).db_type(connection) or "text"
    return name.split("(")[0]


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


_SPELLING: dict[type[Any], Callable[[Any], str]] = {
    int: str,
    Decimal: str,
    UUID: lambda value: value.hex,
    datetime: datetime.isoformat,
    bool: str,
    NoneType: lambda _value: "NULL",
    str: _quoted,
}


def _array(values: list[Any]) -> Any:
    """PostgreSQL's own spelling of an array.

    A tenth of the time that psycopg needs to build the same text value by value; what is of
    another type is left to psycopg.
    """
    kinds = {str if issubclass(kind, str) else kind for kind in set(map(type, values))}
    if not kinds <= _SPELLING.keys():
        return values
    if len(kinds) == 1:
        return f"{{{','.join(map(_SPELLING[kinds.pop()], values))}}}"
    return f"{{{','.join(_SPELLING.get(type(value), _quoted)(value) for value in values)}}}"


# --- running them -------------------------------------------------------------------------------


@cache
def _on_postgresql() -> bool:
    """Asked for each value of each statement, and `connection` is slow to say."""
    return connection.vendor == "postgresql"


def _run(sql: str, params: Sequence[Any]) -> Rows:
    """Execute, and give the rows if there are any."""
    if _on_postgresql():  # where config.postgresql keeps plans; SQLite has no need to
        keeping: Any = connections[DEFAULT_DB_ALIAS]
        return list(keeping.run_prepared(sql, params))
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


def written(sql: str, params: Sequence[Any]) -> Rows:
    """Run a statement of constant text that writes, as the hot path does. Gives what it returns."""
    return _run(sql, params)


class _Compiled(NamedTuple):
    sql: str
    params: tuple[Any, ...]
    converters: Any
    compiler: Any


class Select(Generic[M]):
    """A queryset that is compiled once. Call it with what its `Given`s and `Among`s name."""

    def __init__(self, build: Callable[[], QuerySet[M, Any]]) -> None:
        self._build = build
        self._turn = Lock()

    def __call__(self, **given: Any) -> list[M]:
        """The objects as the queryset would give them, but that one related row is one object."""
        rows = self.rows(**given)
        tree = self._tree
        known: _Known = [{None: None} for _node in range(tree.count)]
        return [tree.make(row, known) for row in rows]

    def rows(self, **given: Any) -> list[Any]:
        """The plain rows."""
        compiled = self._compiled
        bound = [
            part.bind(given[part.name]) if isinstance(part, Given | _Many) else part
            for part in compiled.params
        ]
        rows = _run(compiled.sql, bound)
        if compiled.converters:
            return list(compiled.compiler.apply_converters(rows, compiled.converters))
        return rows

    @cached_property
    def _compiled(self) -> _Compiled:
        with self._turn:  # a compiler keeps its state in itself
            compiler = self._build().query.get_compiler(connection=connection)
            sql, params = _with_constants(*compiler.as_sql())
            columns = [column[0] for column in compiler.select[: compiler.col_count]]
            converters = compiler.get_converters(columns)
            return _Compiled(sql, params, converters, compiler)

    @cached_property
    def _tree(self) -> "_Node":
        return _Node(self._compiled.compiler)


def _with_constants(sql: str, params: Sequence[Any]) -> tuple[str, tuple[Any, ...]]:
    """Write what is not `Given` or `Among` into the text on PostgreSQL: with `quantity > $1` it
    could not know that a partial index on `quantity > 0` will do."""
    if not _on_postgresql():
        return sql, tuple(params)
    first, *rest = sql.split("%s")
    text, open_params = [first], []
    for value, part in zip(params, rest, strict=True):
        if isinstance(value, Given | _Many):
            open_params.append(value)
            text += ["%s", part]
        else:
            text += [quote(value).replace("%", "%%"), part]
    return "".join(text), tuple(open_params)


_Known = list[dict[Any, Any]]
"""The objects that are made already, of each node by their keys. None is what an outer join did
not find."""


_STORED = {"adding": False, "db": DEFAULT_DB_ALIAS}
_NEW = {"adding": True, "db": None}


class _Node:
    """How a row, or a part of it, becomes an object with its related ones."""

    def __init__(self, compiler: Any, info: dict[str, Any] | None = None, number: int = 0) -> None:
        info, is_root = (info, False) if info else (compiler.klass_info, True)
        self.number, self.count = number, 1
        columns = info["select_fields"]
        self.model = info["model"]
        self.part = slice(columns[0], columns[-1] + 1)
        self.names = [compiler.select[index][0].target.attname for index in columns]
        self.key = columns[self.names.index(self.model._meta.pk.attname)]
        self.related = []
        for below in info.get("related_klass_infos", ()):
            node = _Node(compiler, below, number + self.count)
            self.related.append((below["field"].name, node, node.key, node.number))
            self.count += node.count
        self.annotations = compiler.annotation_col_map.items() if is_root else ()

    def make(self, row: tuple[Any, ...], known: _Known) -> Any:
        """The object of this row.

        Written straight into the instance: going through `Model.__init__` and its signals took
        four times as long, which counted in requests of a thousand lines.
        """
        columns = dict(zip(self.names, row[self.part], strict=True))
        made, related = _instance(self.model, columns, _STORED)
        for name, below, key, number in self.related:
            there, pk = known[number], row[key]
            if pk not in there:
                there[pk] = below.make(row, known)
            related[name] = there[pk]
        for name, index in self.annotations:
            setattr(made, name, row[index])
        return made


def _instance(
    model: type[M], columns: dict[str, Any], stored: dict[str, Any]
) -> tuple[M, dict[str, Any]]:
    """An instance of these columns with the state that Django keeps with it, and where this state
    keeps the related objects. Both get their dictionaries as they are, and not value by value."""
    related: dict[str, Any] = {}
    columns["_state"] = state = ModelState.__new__(ModelState)
    state.__dict__ = {**stored, "fields_cache": related}
    made = model.__new__(model)
    made.__dict__ = columns
    return made, related


def new(model: type[M], columns: dict[str, Any], **related: Any) -> M:
    """A row to insert: all its columns by their attribute names, and objects it refers to.

    Like `Node.make`, past `Model.__init__`, which for a movement took ten times as long.
    """
    columns.setdefault(model._meta.pk.attname, None)  # for Django's own insert, on SQLite
    made, known = _instance(model, columns, _NEW)
    known.update(related)
    return made


def attach(row: models.Model, name: str, related: models.Model) -> None:
    """Let a row's foreign key give this object, which it refers to already."""
    row._state.fields_cache[name] = related


class Insert(Generic[M]):
    """Inserts rows of a model: one statement for one row and one for many, of constant text.

    With `update`, a row whose key is there already gets these columns instead. Numbers that the
    database gives are set on the rows.
    """

    def __init__(self, model: type[M], *, update: Sequence[str] = ()) -> None:
        self._model = model
        self._update = tuple(update)

    def __call__(self, rows: Sequence[M]) -> None:
        if not rows:
            return
        if not _on_postgresql():
            self._portable(rows)
            return
        shape = self._shape
        values = shape.columns(rows)
        if len(rows) == 1:
            found = _run(shape.one, [value for [value] in values])
        else:
            found = _run(shape.many, [_array(column) for column in values])
        for row, [key] in zip(rows, found, strict=shape.gives_key):
            row.pk = key
        for row in rows:
            row._state.__dict__.update(_STORED)

    def _portable(self, rows: Sequence[M]) -> None:
        conflicts: dict[str, Any] = {}
        if self._update:
            conflicts = {
                "update_conflicts": True, "unique_fields": ["pk"], "update_fields": self._update,
            }  # fmt: skip
        self._model._default_manager.bulk_create(rows, **conflicts)

    @cached_property
    def _shape(self) -> "_Shape":
        return _Shape(self._model, self._update)


class _Shape:
    """An insert's SQL on PostgreSQL, and how its values are taken from a row."""

    def __init__(self, model: type[models.Model], update: Sequence[str]) -> None:
        meta: Any = model._meta
        numbered = isinstance(meta.pk, models.AutoField | models.BigAutoField)
        self.gives_key = numbered and not update
        self.fields = [
            field
            for field in meta.concrete_fields
            if not (field.generated or (self.gives_key and field.primary_key))
        ]
        self._with_care = {
            field
            for field in self.fields
            if isinstance(field, models.JSONField) or getattr(field, "auto_now_add", False)
        }
        name_of = connection.ops.quote_name
        key = name_of(meta.pk.column)
        start = f"INSERT INTO {name_of(meta.db_table)} ({_listed(self.fields)})"
        end = ""
        if update:
            changed = (name_of(meta.get_field(name).column) for name in update)
            sets = ", ".join(f"{column} = EXCLUDED.{column}" for column in changed)
            end = f" ON CONFLICT ({key}) DO UPDATE SET {sets}"
        if self.gives_key:
            end += f" RETURNING {key}"
        arrays = ", ".join(f"%s::{_type(field)}[]" for field in self.fields)
        self.one = f"{start} VALUES ({', '.join('%s' for _ in self.fields)}){end}"
        self.many = f"{start} SELECT * FROM UNNEST({arrays}){end}"  # noqa: S608

    def columns(self, rows: Sequence[models.Model]) -> list[list[Any]]:
        """The values, column by column. Read past the descriptors of the fields, which are slow;
        two kinds of field need Django's hand."""
        values = [vars(row) for row in rows]
        return [
            [self._prepared(field, row) for row in rows]
            if field in self._with_care
            else [value[field.attname] for value in values]
            for field in self.fields
        ]

    @staticmethod
    def _prepared(field: Any, row: models.Model) -> Any:
        if isinstance(field, models.JSONField):
            return _json(getattr(row, field.attname), field)
        return field.pre_save(row, add=True)


def _json(value: Any, field: Any) -> Any:
    """For PostgreSQL by orjson: the answer to a thousand lines is a third of a megabyte."""
    if _on_postgresql() and value is not None:
        return Jsonb(value, dumps=_dumps)
    return field.get_db_prep_save(value, connection)


def _dumps(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)


def _listed(fields: Iterable[Field[Any, Any]]) -> str:
    return ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)


def values_of(row: models.Model, *columns: str) -> list[Any]:
    """The values of these columns, as the database takes them."""
    return _values(row, [row._meta.get_field(name) for name in columns])


def _values(row: models.Model, fields: Iterable[Any]) -> list[Any]:
    return [
        _json(value, field)
        if isinstance(field, models.JSONField)
        else field.get_db_prep_save(value, connection)
        for field in fields
        for value in (getattr(row, field.attname),)
    ]


class Update(Generic[M]):
    """Sets columns of the one row that has this key."""

    def __init__(self, model: type[M], *columns: str) -> None:
        self._model = model
        self._columns = columns

    def __call__(self, row: M) -> None:
        _run(self._sql, _values(row, (*self._fields, self._model._meta.pk)))

    @cached_property
    def _fields(self) -> list[Any]:
        return [self._model._meta.get_field(name) for name in self._columns]

    @cached_property
    def _sql(self) -> str:
        name_of, meta = connection.ops.quote_name, cast("Any", self._model._meta)
        sets = ", ".join(f"{name_of(field.column)} = %s" for field in self._fields)
        return f"UPDATE {name_of(meta.db_table)} SET {sets} WHERE {name_of(meta.pk.column)} = %s"  # noqa: S608
