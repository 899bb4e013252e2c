"""Database triggers that note about what quality may have changed its mind."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db import migrations

NOTES = "quality_lotchange"


def watch(
    table: str,
    column: str,
    events: Sequence[str],
    *,
    of: Sequence[str] = (),
    into: str = "lot_id",
    lots: str = "",
    notes: str = NOTES,
    kind: str = "watch",
    when: str = "",
) -> migrations.RunPython:
    """A migration operation: a change of `table` notes what `column` holds.

    `of` names the columns of which an update counts, and only if one of them really changes. Where
    `column` is NULL, everything is noted. `into` names the column of the note; `lots` is a SELECT
    of what is to be noted instead, in which `{}` stands for what `column` holds. Notes of another
    table have triggers of a `kind` of their own. `when` is what else must be so of OLD and NEW.
    """

    def add(apps: Any, schema_editor: Any) -> None:
        vendor = schema_editor.connection.vendor
        for event in events:
            value = column if column == "NULL" else f"{_row(event)}.{column}"
            taken, untaken = (", taken", ", false") if notes == NOTES else ("", "")
            note = f"INSERT INTO {notes} ({into}{taken}) "
            note += lots.format(value) if lots else f"VALUES ({value}{untaken})"
            for sql in trigger_sql(table, note, event, of, vendor, kind, when):
                schema_editor.execute(sql, params=None)

    return migrations.RunPython(add, _remover(table, events, kind))


def watch_no_more(table: str, events: Sequence[str], kind: str = "watch") -> migrations.RunPython:
    """A migration operation: the triggers of a table go. SQLite may have lost them with a table
    that was made anew."""
    return migrations.RunPython(_remover(table, events, kind), migrations.RunPython.noop)


def _remover(table: str, events: Sequence[str], kind: str = "watch") -> Any:
    def remove(apps: Any, schema_editor: Any) -> None:
        on = "" if schema_editor.connection.vendor == "sqlite" else f" ON {table}"
        for event in events:
            name = _name(table, event, kind)
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {name}{on}", params=None)

    return remove


def trigger_sql(
    table: str,
    note: str,
    event: str,
    of: Sequence[str],
    vendor: str,
    kind: str = "watch",
    only: str = "",
) -> Iterator[str]:
    """The statements that watch one event of a table."""
    when = f"AFTER {event.upper()}{' OF ' + ', '.join(of) if of else ''} ON {table}"
    differs = "IS NOT" if vendor == "sqlite" else "IS DISTINCT FROM"
    changed = " OR ".join(f"OLD.{name} {differs} NEW.{name}" for name in of)
    conditions = [f"({one})" for one in (changed, only) if one]
    condition = f" WHEN ({' AND '.join(conditions)})" if conditions else ""
    name = _name(table, event, kind)
    if vendor == "sqlite":
        yield f"CREATE TRIGGER {name} {when}{condition} BEGIN {note}; END"
        return
    yield (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN {note}; RETURN NULL; END $$"
    )
    yield f"CREATE TRIGGER {name} {when} FOR EACH ROW{condition} EXECUTE FUNCTION {name}()"


def _row(event: str) -> str:
    return "OLD" if event == "delete" else "NEW"


def _name(table: str, event: str, kind: str) -> str:
    return f"{table}_{kind}_{event}"
