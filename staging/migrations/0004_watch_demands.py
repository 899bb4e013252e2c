from typing import Any

from django.db import migrations

from quality.watch import watch

STAGED_FOR = """
    SELECT commitment.lot_id, false FROM staging_commitment commitment
    JOIN staging_requirement requirement ON requirement.id = commitment.requirement_id
    WHERE commitment.closed_at IS NULL AND requirement.demand_id = {}
"""


def look_at_everything(apps: Any, schema_editor: Any) -> None:
    """Once: of holds and demands, the clock has not kept what changed before."""
    apps.get_model("staging", "ClockMark").objects.update(latest=None)


class Migration(migrations.Migration):
    dependencies = [
        ("quality", "0007_watch_holds"),
        ("staging", "0003_lean_indexes"),
    ]

    operations = [
        watch(
            "staging_demand", "id", ["update"], of=["needed_at", "reference", "customer_id"],
            lots=STAGED_FOR,
        ),
        migrations.RunPython(look_at_everything, migrations.RunPython.noop),
    ]  # fmt: skip
