"""Decisions and holds are noted in the outbox."""

from django.db import migrations

from inventory.outbox import tell


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0014_outbox"),
        ("quality", "0011_history_reviewed"),
    ]

    operations = [
        tell("quality_decision", "decision"),
        tell("quality_hold", "hold.placed"),
    ]
