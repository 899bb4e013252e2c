"""A database trigger that raises the due inspection when a lot is received, produced or returned.

The ledger lies below quality and knows no plans, and stock comes in by many doors: verbs, imports,
reversals. The trigger stands where all of them end, in the transaction of the movement, so that no
door can forget it. Deriving what is due from the movements would need no trigger, but each list
would have to read the history of every lot in it.

It reads tables that are not its own, so no migration makes it: it is put up once all have run.

A retest falls due by the calendar, without any movement: see `quality.actions.due`.
"""

from typing import Any

from django.db import connections

from inventory.models import VIRTUAL_KINDS

NAME = "quality_inspection_falls_due"
TABLE = "quality_dueinspection"
LOOK_UP = {
    "sqlite": "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND name = %s",
    "postgresql": "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgname = %s",
}
"""How many triggers of a name there are."""
KINDS = ("receive", "produce", "return", "reverse")
"""Movements that can be an occasion. A reversal is one where it brings stock back from a customer;
the others bring stock in, or back to a place of ours from a work centre."""


def ensure(using: str, **_signal: Any) -> None:
    """After migrations: the trigger is there, if the tables are."""
    connection = connections[using]
    with connection.cursor() as cursor:
        if TABLE not in connection.introspection.table_names(cursor):
            return
        cursor.execute(LOOK_UP[connection.vendor], [NAME])
        if not cursor.fetchone()[0]:
            for sql in trigger_sql(connection.vendor):
                cursor.execute(sql)


def give_way(using: str, **_signal: Any) -> None:
    """Before migrations: SQLite makes a table anew to change it, and will not while a trigger of
    another table reads it."""
    connection = connections[using]
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TRIGGER IF EXISTS {NAME}")


def trigger_sql(vendor: str) -> list[str]:
    """The statements that make the trigger."""
    outside = ", ".join(f"'{kind}'" for kind in VIRTUAL_KINDS)
    insert = f"""
        INSERT INTO {TABLE} (lot_id, kind, plan_id, since)
        SELECT NEW.lot_id, plan.kind, plan.id, NEW.recorded_at
        FROM inventory_lot lot, inventory_location source, inventory_location target,
             quality_inspectionplan plan
        WHERE lot.id = NEW.lot_id AND source.id = NEW.source_id AND target.id = NEW.target_id
          AND target.kind NOT IN ({outside})
          AND plan.material_id = lot.material_id
          AND plan.approved_at IS NOT NULL AND plan.ended_at IS NULL
          AND plan.kind = CASE
              WHEN source.kind = 'customer' OR NEW.kind = 'return' THEN 'return'
              WHEN NEW.kind = 'receive' THEN 'receipt'
              WHEN NEW.kind = 'produce' THEN 'in_process' END
        ON CONFLICT DO NOTHING"""  # noqa: S608 - of constants only
    kinds = ", ".join(f"'{kind}'" for kind in KINDS)
    when = f"AFTER INSERT ON inventory_movement FOR EACH ROW WHEN (NEW.kind IN ({kinds}))"
    if vendor == "sqlite":
        return [f"CREATE TRIGGER {NAME} {when} BEGIN {insert}; END"]
    return [
        f"CREATE OR REPLACE FUNCTION {NAME}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN {insert}; RETURN NULL; END $$",
        f"CREATE TRIGGER {NAME} {when} EXECUTE FUNCTION {NAME}()",
    ]
