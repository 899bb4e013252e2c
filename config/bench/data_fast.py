"""Load PostgreSQL tables fast: without their indexes and triggers, which come back at the end."""

import contextlib
from collections.abc import Iterable, Iterator

from django.core.management.color import no_style
from django.db import connection, models

Models = Iterable[type[models.Model]]

CONSTRAINTS = """
    SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid)
    FROM pg_constraint WHERE contype = 'u' AND conrelid = ANY(%s::regclass[])
"""
INDEXES = """
    SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid)
    FROM pg_index WHERE NOT indisprimary AND indrelid = ANY(%s::regclass[])
"""


@contextlib.contextmanager
def bare(tables: Models) -> Iterator[None]:
    """The tables without indexes but their primary keys, and nobody's triggers, inside the block.

    Needs a superuser: rows come in as they would on a replica, unchecked by foreign keys. All in
    one transaction; what is dropped and not put back is rolled back.
    """
    names = [table._meta.db_table for table in tables]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("SET LOCAL maintenance_work_mem = '512MB'")
        cursor.execute("SET LOCAL work_mem = '512MB'")
        cursor.execute(CONSTRAINTS, [names])
        constraints = cursor.fetchall()
        for table, name, _definition in constraints:
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        cursor.execute(INDEXES, [names])
        indexes = cursor.fetchall()
        for name, _definition in indexes:
            cursor.execute(f"DROP INDEX {name}")
        yield
        for _name, definition in indexes:
            cursor.execute(definition)
        for table, name, definition in constraints:
            cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")


def settle(tables: Models) -> None:
    """Let sequences go on behind the last row, and the planner know what is there."""
    tables = list(tables)
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), tables):
            cursor.execute(statement)
        for table in tables:
            cursor.execute(f"VACUUM (ANALYZE) {table._meta.db_table}")
