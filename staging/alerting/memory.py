"""Database triggers that keep in an alert's history when it was raised, closed and raised again."""

from collections.abc import Iterator
from typing import Any

from django.db import migrations

ALERTS, STEPS = "staging_alert", "staging_alertstep"
NAMES = (f"{ALERTS}_began", f"{ALERTS}_turned")
INTO = f"INSERT INTO {STEPS} (alert_id, kind, at, level)"
TURN = (
    "CASE WHEN {0}.closed_at IS NULL THEN 'reopened' ELSE 'closed' END, "
    "COALESCE({0}.closed_at, {0}.raised_at), {0}.level"
)
TURNED = "({0}.closed_at IS NULL) <> ({1}.closed_at IS NULL)"


def remember() -> migrations.RunPython:
    """A migration operation. Doing it again does no harm, and a migration must where SQLite makes
    the table anew."""

    def add(apps: Any, schema_editor: Any) -> None:
        remove(apps, schema_editor)
        vendor = schema_editor.connection.vendor
        for sql in _on_sqlite() if vendor == "sqlite" else _on_postgresql():
            schema_editor.execute(sql, params=None)

    def remove(apps: Any, schema_editor: Any) -> None:
        on = "" if schema_editor.connection.vendor == "sqlite" else f" ON {ALERTS}"
        for name in NAMES:
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {name}{on}", params=None)

    return migrations.RunPython(add, remove)


def _on_sqlite() -> Iterator[str]:
    began, turned = NAMES
    yield (
        f"CREATE TRIGGER {began} AFTER INSERT ON {ALERTS} "  # noqa: S608
        f"BEGIN {INTO} VALUES (NEW.id, 'raised', NEW.raised_at, NEW.level); END"
    )
    yield (
        f"CREATE TRIGGER {turned} AFTER UPDATE OF closed_at ON {ALERTS} "
        f"WHEN {TURNED.format('NEW', 'OLD')} "
        f"BEGIN {INTO} VALUES (NEW.id, {TURN.format('NEW')}); END"
    )


def _on_postgresql() -> Iterator[str]:
    """Once for a statement, however many alerts it raises or closes."""
    began, turned = NAMES
    raised = f"{INTO} SELECT id, 'raised', raised_at, level FROM fresh ORDER BY id"  # noqa: S608
    changed = (
        f"{INTO} SELECT id, {TURN.format('fresh')} FROM fresh JOIN stale USING (id) "  # noqa: S608
        f"WHERE {TURNED.format('fresh', 'stale')} ORDER BY id"
    )
    tables = "NEW TABLE AS fresh"
    yield from _trigger(began, raised, "INSERT", tables)
    yield from _trigger(turned, changed, "UPDATE", f"OLD TABLE AS stale {tables}")


def _trigger(name: str, sql: str, event: str, tables: str) -> Iterator[str]:
    yield (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN {sql}; RETURN NULL; END $$"
    )
    yield (
        f"CREATE TRIGGER {name} AFTER {event} ON {ALERTS} REFERENCING {tables} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
    )
