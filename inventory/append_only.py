"""Database triggers that refuse to change or delete history, on PostgreSQL and on SQLite."""

from collections.abc import Callable
from typing import Any

from django.db import migrations

MESSAGE = "history is append-only: correct it by a new record"


def protect(table: str) -> migrations.RunPython:
    """A migration operation that makes a table append-only. Seal it too: `seals.registry.add`."""

    def add(apps: Any, schema_editor: Any) -> None:
        for sql in trigger_sql(table, schema_editor.connection.vendor):
            schema_editor.execute(sql, params=None)  # params=() would choke on % in RAISE

    return migrations.RunPython(add, _remover(table))


def unprotect(table: str) -> migrations.RunPython:
    """A migration operation, for one that fills a new column and then ends with `protect`."""
    return migrations.RunPython(_remover(table), migrations.RunPython.noop)


def _remover(table: str) -> Callable[[Any, Any], None]:
    def remove(apps: Any, schema_editor: Any) -> None:
        for event in ("update", "delete"):
            on = "" if schema_editor.connection.vendor == "sqlite" else f" ON {table}"
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_no_{event}{on}", params=None)

    return remove


def protect_again(*tables: str) -> migrations.RunPython:
    """For after a change of columns: SQLite makes the table anew for it, without its triggers."""

    def restore(apps: Any, schema_editor: Any) -> None:
        if schema_editor.connection.vendor != "sqlite":
            return
        for table in tables:
            for event in ("update", "delete"):
                schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_no_{event}", params=None)
            for sql in trigger_sql(table, "sqlite"):
                schema_editor.execute(sql, params=None)

    return migrations.RunPython(restore, restore)


def trigger_sql(table: str, vendor: str) -> list[str]:
    """The statements that protect one table."""
    if vendor == "sqlite":
        return [
            f"CREATE TRIGGER {table}_no_{event} BEFORE {event.upper()} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table}: {MESSAGE}'); END"
            for event in ("update", "delete")
        ]
    function = (
        "CREATE OR REPLACE FUNCTION forestage_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '%: {MESSAGE}', TG_TABLE_NAME "
        "USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    return [function] + [
        f"CREATE TRIGGER {table}_no_{event} BEFORE {event.upper()} ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION forestage_append_only()"
        for event in ("update", "delete")
    ]
