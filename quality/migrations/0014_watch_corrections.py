"""Note lots of which something was scrapped, counted away or found, sampled or taken back: others
may be waited for then. What moves, and what serves a demand, changes nothing of that."""

from django.db import migrations

from quality.watch import watch


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0016_served_routes"),
        ("quality", "0013_claimed_times"),
    ]

    operations = [
        watch(
            "inventory_movement", "lot_id", ["insert"],
            when="NEW.kind IN ('adjust', 'sample', 'scrap', 'reverse')",
        ),
    ]  # fmt: skip
