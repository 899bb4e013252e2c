"""Alerts are noted in the outbox."""

from django.db import migrations

from inventory.outbox import tell


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0014_outbox"),
        ("staging", "0009_clock_horizon"),
    ]

    operations = [
        tell("staging_alert", "alert.raised"),
        tell("staging_alert", "alert.closed", once="closed_at"),
    ]
