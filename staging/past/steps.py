"""Database triggers that keep each step of a commitment.

Where nothing moves, as when stock is reserved, lent or given up, the ledger has no line, and of a
commitment only its present is kept. The triggers add a line for each change, inside the statement
that makes it: no statement more for a verb, and none that could be forgotten.

New commitments are noted once for a statement on PostgreSQL, changed ones row by row, because only
then a trigger can name the columns that concern it: what is staged is counted again and rung for in
bulk, and none of that is a step.
"""

from collections.abc import Iterator
from typing import Any

from django.db import migrations

TABLE = "staging_commitment"
OPENED, CHANGED = f"{TABLE}_step_opened", f"{TABLE}_step_changed"
_INTO = """INSERT INTO staging_claimstep (commitment_id, requirement_id, location_id, state, change,
    was_since, was_warn_at, was_due_at, occurred_at, recorded_at)"""
_OPENED = f"""{_INTO} SELECT {{0}}id, {{0}}requirement_id, {{0}}location_id, {{0}}state,
    {{0}}quantity, NULL, NULL, NULL, {{0}}occurred_at, {{0}}recorded_at"""
_CHANGED = f"""{_INTO} SELECT NEW.id, NEW.requirement_id, NEW.location_id, NEW.state,
    {{change}}, OLD.since, OLD.warn_at, OLD.due_at, NEW.occurred_at, NEW.recorded_at"""
_DIFFERS = (
    "NEW.recorded_at IS NOT NULL AND (OLD.quantity <> NEW.quantity OR OLD.since <> NEW.since)"
)


def keep_steps() -> migrations.RunPython:
    """A migration operation: the triggers are there. Doing it again does no harm, and a migration
    must where SQLite makes the table anew."""

    def add(apps: Any, schema_editor: Any) -> None:
        vendor = schema_editor.connection.vendor
        remove(apps, schema_editor)
        for sql in _on_sqlite() if vendor == "sqlite" else _on_postgresql():
            schema_editor.execute(sql, params=None)

    def remove(apps: Any, schema_editor: Any) -> None:
        on = "" if schema_editor.connection.vendor == "sqlite" else f" ON {TABLE}"
        for name in (OPENED, CHANGED):
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {name}{on}", params=None)

    return migrations.RunPython(add, remove)


def _on_sqlite() -> Iterator[str]:
    opened = _OPENED.format("NEW.")
    yield (
        f"CREATE TRIGGER {OPENED} AFTER INSERT ON {TABLE} "
        f"WHEN NEW.recorded_at IS NOT NULL AND NEW.quantity > 0 BEGIN {opened}; END"
    )
    changed = _CHANGED.format(change="round(NEW.quantity - OLD.quantity, 6)")  # of two floats
    yield (
        f"CREATE TRIGGER {CHANGED} AFTER UPDATE OF quantity, since ON {TABLE} "
        f"WHEN {_DIFFERS} BEGIN {changed}; END"
    )


def _on_postgresql() -> Iterator[str]:
    opened = f"{_OPENED.format('')} FROM fresh WHERE recorded_at IS NOT NULL AND quantity > 0"
    yield _function(OPENED, opened)
    yield (
        f"CREATE TRIGGER {OPENED} AFTER INSERT ON {TABLE} REFERENCING NEW TABLE AS fresh "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {OPENED}()"
    )
    yield _function(CHANGED, _CHANGED.format(change="NEW.quantity - OLD.quantity"))
    yield (
        f"CREATE TRIGGER {CHANGED} AFTER UPDATE OF quantity, since ON {TABLE} "
        f"FOR EACH ROW WHEN ({_DIFFERS}) EXECUTE FUNCTION {CHANGED}()"
    )


def _function(name: str, note: str) -> str:
    return (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN {note}; RETURN NULL; END $$"
    )
