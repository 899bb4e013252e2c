"""Database triggers that note which lots quality has changed its mind about."""

from collections.abc import Sequence
from typing import Any

from django.db import migrations

NOTES = "quality_lotchange"


def watch(
    table: str, column: str, events: Sequence[str], *, of: Sequence[str] = ()
) -> migrations.RunPython:
    """A migration operation: a change of `table` notes the lot that `column` holds.

    `of` names the columns of which an update counts, and only if one of them really changes. Where
    `column` is NULL, everything is noted.
    """

    def add(apps: Any, schema_editor: Any) -> None:
        for event in events:
            for sql in trigger_sql(table, column, event, of, schema_editor.connection.vendor):
                schema_editor.execute(sql, params=None)

    def remove(apps: Any, schema_editor: Any) -> None:
        on = "" if schema_editor.connection.vendor == "sqlite" else f" ON {table}"
        for event in events:
            schema_editor.execute(f"DROP TRIGGER {_name(table, event)}{on}", params=None)

    return migrations.RunPython(add, remove)


def trigger_sql(table: str, column: str, event: str, of: Sequence[str], vendor: str) -> list[str]:
    """The statements that watch one event of a table."""
    which = column if column == "NULL" else f"{'OLD' if event == 'delete' else 'NEW'}.{column}"
    note = f"INSERT INTO {NOTES} (lot_id, taken) VALUES ({which}, false)"  # noqa: S608
    when = f"AFTER {event.upper()}{' OF ' + ', '.join(of) if of else ''} ON {table}"
    if vendor == "sqlite":
        changed = " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in of)
        condition = f" WHEN {changed}" if of else ""
        return [f"CREATE TRIGGER {_name(table, event)} {when}{condition} BEGIN {note}; END"]
    changed = " OR ".join(f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in of)
    condition = f" WHEN ({changed})" if of else ""
    function = _name(table, event)
    return [
        f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN {note}; RETURN NULL; END $$",
        f"CREATE TRIGGER {function} {when} FOR EACH ROW{condition} EXECUTE FUNCTION {function}()",
    ]


def _name(table: str, event: str) -> str:
    return f"{table}_watch_{event}"
