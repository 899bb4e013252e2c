"""The outbox: what has happened is noted in the transaction of its effect, for others to hear of.

Where rows are written in bulk, or by INSERT … SELECT, database triggers note them, once for a
statement on PostgreSQL: a line or a thousand of them cost one more insert inside the one that is
made anyway, and whatever door they come through, none is forgotten.
"""

from collections.abc import Callable, Iterable
from typing import Any

from django.db import migrations

from inventory.models import OutboxRow
from inventory.statements import Insert, new

TABLE = "inventory_outboxrow"

_ROWS = Insert(OutboxRow)


def add(topic: str, keys: Iterable[int]) -> None:
    """Note records of which no trigger knows. One statement."""
    _ROWS([new(OutboxRow, {"topic": topic, "key": key}) for key in keys])


def tell(table: str, topic: str, *, once: str = "", by: str = "") -> migrations.RunPython:
    """A migration operation: a table's new rows are noted under a topic; or, with `once`, those
    in which that column was empty and is filled now. With `by`, what that column says follows the
    topic: `alert.raised`.

    Doing it again does no harm, and a migration must where SQLite makes the table anew.
    """

    def add_triggers(apps: Any, schema_editor: Any) -> None:
        vendor = schema_editor.connection.vendor
        schema_editor.execute(_drop(table, once, vendor), params=None)
        for sql in _on_sqlite(table, topic, once, by) if vendor == "sqlite" else _on_postgresql(
            table, topic, once, by
        ):  # fmt: skip
            schema_editor.execute(sql, params=None)

    return migrations.RunPython(add_triggers, _remover(table, once))


def untell(table: str, *, once: str = "") -> migrations.RunPython:
    """A migration operation: rows are not noted any more as `tell` had it."""
    return migrations.RunPython(_remover(table, once), migrations.RunPython.noop)


def _remover(table: str, once: str) -> Callable[[Any, Any], None]:
    def remove(apps: Any, schema_editor: Any) -> None:
        schema_editor.execute(_drop(table, once, schema_editor.connection.vendor), params=None)

    return remove


def _name(table: str, once: str) -> str:
    return f"{table}_tell_{once or 'new'}"


def _drop(table: str, once: str, vendor: str) -> str:
    on = "" if vendor == "sqlite" else f" ON {table}"
    return f"DROP TRIGGER IF EXISTS {_name(table, once)}{on}"


def _topic(topic: str, by: str, row: str) -> str:
    return f"'{topic}.' || {row}{by}" if by else f"'{topic}'"


def _on_sqlite(table: str, topic: str, once: str, by: str) -> list[str]:
    event = (
        f"UPDATE OF {once} ON {table} WHEN OLD.{once} IS NULL AND NEW.{once} IS NOT NULL"
        if once
        else f"INSERT ON {table}"
    )
    said = _topic(topic, by, "NEW.")
    note = f"INSERT INTO {TABLE} (topic, key) VALUES ({said}, NEW.id)"  # noqa: S608
    return [f"CREATE TRIGGER {_name(table, once)} AFTER {event} BEGIN {note}; END"]


def _on_postgresql(table: str, topic: str, once: str, by: str) -> list[str]:
    name, said = _name(table, once), _topic(topic, by, "")
    rows, tables, event = "fresh", "NEW TABLE AS fresh", "INSERT"
    if once:
        rows = (
            f"fresh JOIN stale USING (id) WHERE stale.{once} IS NULL AND fresh.{once} IS NOT NULL"
        )
        tables, event = f"OLD TABLE AS stale {tables}", "UPDATE"
    note = f"INSERT INTO {TABLE} (topic, key) SELECT {said}, id FROM {rows} ORDER BY id"  # noqa: S608
    return [
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN {note}; RETURN NULL; END $$",
        f"CREATE TRIGGER {name} AFTER {event} ON {table} REFERENCING {tables} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {name}()",
    ]
