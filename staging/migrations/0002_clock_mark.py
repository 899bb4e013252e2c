from typing import Any

from django.conf import settings
from django.db import migrations, models


def leave_room(apps: Any, schema_editor: Any) -> None:
    """Let PostgreSQL flag a row within its page: a row that stays there costs no index anything."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE staging_commitment SET (fillfactor = 85)")


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0003_read_indexes"),
        ("staging", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ClockMark",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                ("on", models.DateField()),
                ("rules", models.PositiveIntegerField()),
                ("latest", models.UUIDField(null=True)),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.RemoveIndex(model_name="commitment", name="staged_in_lane"),
        migrations.RemoveIndex(model_name="commitment", name="staged_by_due"),
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(
                condition=models.Q(("closed_at", None)),
                fields=["location", "reason"],
                name="open_alerts_at",
            ),
        ),
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(
                condition=models.Q(("closed_at", None)), fields=["-id"], name="open_alerts_by_age"
            ),
        ),
        migrations.AddIndex(
            model_name="commitment",
            index=models.Index(
                condition=models.Q(("closed_at", None), ("state", "staged")),
                fields=["location", "since", "id", "due_at", "requirement", "lot"],
                name="staged_in_lane",
            ),
        ),
        migrations.AddIndex(
            model_name="commitment",
            index=models.Index(
                condition=models.Q(("closed_at", None), ("state", "staged")),
                fields=["due_at"],
                name="staged_by_due",
            ),
        ),
        migrations.RunPython(leave_room, migrations.RunPython.noop),
    ]
