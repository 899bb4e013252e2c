"""What the application's own role may do in PostgreSQL: everything but rewriting history.

Made from the models, so that a new table is never forgotten.
"""

from collections.abc import Iterator

from django.apps import apps
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from inventory.models import Seal
from inventory.seals.registry import SEALED


def append_only() -> list[str]:
    """The tables to which rows are added, and nothing else is ever done."""
    kinds = [kind.model for kind in SEALED.values() if kind.append_only]
    return sorted([*(model._meta.db_table for model in kinds), Seal._meta.db_table])


def others() -> list[str]:
    """The tables whose rows change."""
    models = apps.get_models(include_auto_created=True)
    tables = {model._meta.db_table for model in models if model._meta.managed}
    return sorted(tables - set(append_only()))


def statements(role: str) -> Iterator[str]:
    """SQL that gives a role what the application needs, and takes away whatever else it had.

    The tables belong to another role, the one that migrates: an owner may do everything.
    """
    name = connection.ops.quote_name
    who, kept, changing = name(role), _listed(append_only()), _listed(others())
    migrations = name(MigrationRecorder.Migration._meta.db_table)
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {who}"
    yield f"REVOKE CREATE ON SCHEMA public FROM {who}"
    yield f"GRANT USAGE ON SCHEMA public TO {who}"
    yield f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {who}"
    yield f"GRANT SELECT ON {migrations} TO {who}"
    yield f"GRANT SELECT, INSERT, UPDATE, DELETE ON {changing} TO {who}"
    yield f"GRANT SELECT, INSERT ON {kept} TO {who}"
    yield f"REVOKE UPDATE, DELETE, TRUNCATE ON {kept} FROM PUBLIC"


def _listed(tables: list[str]) -> str:
    return ", ".join(connection.ops.quote_name(table) for table in tables)
