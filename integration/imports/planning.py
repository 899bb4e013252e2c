"""What PostgreSQL knows of its tables after a load."""

from django.apps import apps
from django.db import connection

FILLED = ("inventory", "quality", "staging")
"""The apps whose tables an import fills, itself or through the verbs it calls."""


def know_the_tables() -> None:
    """Have PostgreSQL look at the tables now, instead of within the next minute.

    Until it does, it plans for tables that it takes for almost empty, and connections keep such
    plans; new statistics end them. Whoever does not own a table is warned, and nothing happens.
    """
    if connection.vendor != "postgresql":
        return
    models = (model for app in FILLED for model in apps.get_app_config(app).get_models())
    tables = sorted({connection.ops.quote_name(model._meta.db_table) for model in models})
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(tables)}")
