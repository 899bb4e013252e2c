"""Database triggers by which alerts live, whatever door they come through.

When one is raised, its rule says how bad it is and when it escalates; or one that has closed not
long ago is opened again in its place. When one closes, nothing is due on it any more. All of that
is kept in its history, and so is what people and the clock do about it told in the outbox.
"""

from collections.abc import Iterator
from typing import Any

from django.db import migrations

from inventory.outbox import tell, untell

ALERTS, STEPS, RULES = "staging_alert", "staging_alertstep", "staging_alertrule"

BEGAN, TURNED = f"{ALERTS}_began", f"{ALERTS}_turned"
RULED, RETURNS, ENDS = f"{ALERTS}_ruled", f"{ALERTS}_returns", f"{ALERTS}_ends"

_INTO = f"INSERT INTO {STEPS} (alert_id, kind, at, level, severity, detail)"
_BEGUN = "SELECT id, 'raised', raised_at, level, severity, detail FROM"
_TURN = (
    "CASE WHEN {0}.closed_at IS NULL THEN 'reopened' ELSE 'closed' END, "
    "COALESCE({0}.closed_at, {0}.raised_at), {0}.level, {0}.severity, {0}.detail"
)
_TURNED = "({0}.closed_at IS NULL) <> ({1}.closed_at IS NULL)"

_RULE = (
    f"FROM {RULES} r WHERE r.reason = NEW.reason "
    "AND (r.site_id = NEW.site_id OR r.site_id IS NULL) ORDER BY r.site_id IS NULL LIMIT 1"
)
"""The site's own rule before the general one."""

_ABOUT = ("lot_id", "location_id", "demand_id")
_AGAIN = (
    "closed_at = NULL, raised_at = NEW.raised_at, times = times + 1, level = NEW.level, "
    "detail = NEW.detail, acknowledged_at = NULL, acknowledged_by_id = NULL, "
    "acknowledge_reason = '', snoozed_until = NULL"
)
"""What becomes of one that comes back: it begins anew, but for whom it is assigned to."""


def live() -> list[migrations.RunPython]:
    """Operations of a migration. A later one that has SQLite make the table of alerts or of their
    steps anew begins with `rest` and ends with them."""
    return [
        untell(ALERTS),
        untell(ALERTS, once="closed_at"),
        migrations.RunPython(_add, migrations.RunPython.noop),
        tell(STEPS, "alert", by="kind"),
    ]


def rest() -> list[migrations.RunPython]:
    """Operations that take the triggers away: SQLite renames no table that one of them names."""
    return [
        untell(ALERTS),
        untell(ALERTS, once="closed_at"),
        untell(STEPS),
        migrations.RunPython(_remove, migrations.RunPython.noop),
    ]


def _add(apps: Any, schema_editor: Any) -> None:
    _remove(apps, schema_editor)
    vendor = schema_editor.connection.vendor
    for sql in _on_sqlite() if vendor == "sqlite" else _on_postgresql():
        schema_editor.execute(sql, params=None)


def _remove(apps: Any, schema_editor: Any) -> None:
    on = "" if schema_editor.connection.vendor == "sqlite" else f" ON {ALERTS}"
    for name in (BEGAN, TURNED, RULED, RETURNS, ENDS):
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {name}{on}", params=None)


def _same(also: str, equal: str) -> str:
    """Which alerts are about the same as the new one, of those that `also` says."""
    about = " AND ".join(f"a.{name} {equal} NEW.{name}" for name in _ABOUT)
    return (
        f"a.reason = NEW.reason AND {also} AND (a.commitment_id = NEW.commitment_id "
        f"OR NEW.commitment_id IS NULL AND a.commitment_id IS NULL AND {about})"
    )


# --- SQLite -------------------------------------------------------------------------------------


def _moved(moment: str, sign: str, span: str) -> str:
    """A moment as it is stored, moved by whole seconds. In plain SQL, so that nobody needs Django's
    functions to insert an alert."""
    return (
        f"datetime(substr({moment}, 1, 19), '{sign}' || ({span} / 1000000) || ' seconds') "
        f"|| substr({moment}, 20)"
    )


def _on_sqlite() -> Iterator[str]:
    yield (
        f"CREATE TRIGGER {TURNED} AFTER UPDATE OF closed_at ON {ALERTS} "
        f"WHEN {_TURNED.format('NEW', 'OLD')} "
        f"BEGIN {_INTO} VALUES (NEW.id, {_TURN.format('NEW')}); END"
    )
    due = _moved("NEW.raised_at", "+", "r.escalate_after")
    # One trigger for what are two on PostgreSQL: of two, none says which SQLite runs first.
    yield (
        f"CREATE TRIGGER {BEGAN} AFTER INSERT ON {ALERTS} BEGIN "  # noqa: S608
        f"UPDATE {ALERTS} SET severity = COALESCE((SELECT r.severity {_RULE}), severity), "
        f"escalates_at = COALESCE(escalates_at, (SELECT {due} {_RULE})) "
        "WHERE id = NEW.id AND closed_at IS NULL; "
        f"{_INTO} {_BEGUN} {ALERTS} WHERE id = NEW.id; END"
    )
    yield (
        f"CREATE TRIGGER {ENDS} AFTER UPDATE OF closed_at ON {ALERTS} "  # noqa: S608
        f"WHEN OLD.closed_at IS NULL AND NEW.closed_at IS NOT NULL BEGIN "
        f"UPDATE {ALERTS} SET escalates_at = NULL, snoozed_until = NULL WHERE id = NEW.id; END"
    )
    since = f"(SELECT {_moved('NEW.raised_at', '-', 'r.reopen_within')} {_RULE})"
    twin = (
        f"SELECT a.id FROM {ALERTS} a WHERE {_same(f'a.closed_at >= {since}', 'IS')} "  # noqa: S608
        "ORDER BY a.closed_at DESC, a.id DESC LIMIT 1"
    )
    other = f"SELECT 1 FROM {ALERTS} a WHERE {_same('a.closed_at IS NULL', 'IS')}"  # noqa: S608
    yield (
        f"CREATE TRIGGER {RETURNS} BEFORE INSERT ON {ALERTS} WHEN NEW.closed_at IS NULL "  # noqa: S608
        f"AND NOT EXISTS (SELECT 1 FROM {ALERTS} WHERE id = NEW.id) "
        f"AND EXISTS ({twin}) AND NOT EXISTS ({other}) BEGIN "
        f"UPDATE {ALERTS} SET {_AGAIN}, severity = (SELECT r.severity {_RULE}), "
        f"escalates_at = (SELECT {due} {_RULE}) WHERE id = ({twin}); "
        "SELECT RAISE(IGNORE); END"
    )


# --- PostgreSQL ---------------------------------------------------------------------------------


def _on_postgresql() -> Iterator[str]:
    """History once for a statement, however many alerts it raises or closes; the rest has to be
    there before the row is, and is done row by row."""
    raised = f"{_INTO} {_BEGUN} fresh ORDER BY id"
    changed = (
        f"{_INTO} SELECT id, {_TURN.format('fresh')} FROM fresh JOIN stale USING (id) "  # noqa: S608
        f"WHERE {_TURNED.format('fresh', 'stale')} ORDER BY id"
    )
    tables = "REFERENCING NEW TABLE AS fresh"
    yield _function(BEGAN, f"BEGIN {raised}; RETURN NULL; END")
    yield _trigger(BEGAN, f"AFTER INSERT ON {ALERTS} {tables} FOR EACH STATEMENT")
    yield _function(TURNED, f"BEGIN {changed}; RETURN NULL; END")
    tables = "REFERENCING OLD TABLE AS stale NEW TABLE AS fresh"
    yield _trigger(TURNED, f"AFTER UPDATE ON {ALERTS} {tables} FOR EACH STATEMENT")
    yield _function(RULED, _ruled())
    yield _trigger(RULED, f"BEFORE INSERT ON {ALERTS} FOR EACH ROW WHEN (NEW.closed_at IS NULL)")
    yield _function(
        ENDS, "BEGIN NEW.escalates_at := NULL; NEW.snoozed_until := NULL; RETURN NEW; END"
    )
    yield _trigger(
        ENDS,
        f"BEFORE UPDATE OF closed_at ON {ALERTS} FOR EACH ROW "
        "WHEN (OLD.closed_at IS NULL AND NEW.closed_at IS NOT NULL)",
    )


def _ruled() -> str:
    """What is inserted over a row that is there, to change it, is left as it is."""
    equal = "IS NOT DISTINCT FROM"
    recent = "a.closed_at >= NEW.raised_at - rule.reopen_within"
    # Two ways to ask, so that each has its index.
    own = f"a.reason = NEW.reason AND a.commitment_id = NEW.commitment_id AND {recent}"
    about = " AND ".join(f"a.{name} {equal} NEW.{name}" for name in _ABOUT)
    bare = f"a.reason = NEW.reason AND a.commitment_id IS NULL AND {recent} AND {about}"
    find = f"SELECT a.id INTO twin FROM {ALERTS} a WHERE"  # noqa: S608
    last = "ORDER BY a.closed_at DESC, a.id DESC LIMIT 1"
    other = f"SELECT 1 FROM {ALERTS} a WHERE {_same('a.closed_at IS NULL', equal)}"  # noqa: S608
    return (
        "DECLARE rule record; twin bigint; BEGIN "  # noqa: S608
        f"IF EXISTS (SELECT 1 FROM {ALERTS} a WHERE a.id = NEW.id) THEN RETURN NEW; END IF; "
        "SELECT r.severity, r.escalate_after, r.reopen_within INTO rule "
        f"{_RULE}; "
        "IF NOT FOUND THEN RETURN NEW; END IF; "
        "IF rule.reopen_within IS NOT NULL THEN "
        f"IF NEW.commitment_id IS NOT NULL THEN {find} {own} {last}; "
        f"ELSE {find} {bare} {last}; END IF; "
        f"IF twin IS NOT NULL AND NOT EXISTS ({other}) THEN "
        f"UPDATE {ALERTS} SET {_AGAIN}, severity = rule.severity, "
        "escalates_at = NEW.raised_at + rule.escalate_after "
        "WHERE id = twin AND closed_at IS NOT NULL; "
        "IF FOUND THEN RETURN NULL; END IF; END IF; END IF; "
        "NEW.severity := rule.severity; "
        "NEW.escalates_at := COALESCE(NEW.escalates_at, NEW.raised_at + rule.escalate_after); "
        "RETURN NEW; END"
    )


def _function(name: str, body: str) -> str:
    return f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$"


def _trigger(name: str, on: str) -> str:
    return f"CREATE TRIGGER {name} {on} EXECUTE FUNCTION {name}()"
