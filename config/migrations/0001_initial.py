"""When each scheduled task last ran."""

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="TaskRun",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=200, unique=True, verbose_name="task")),
                (
                    "last_started_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="last started at"),
                ),
                (
                    "last_finished_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="last finished at"),
                ),
                (
                    "last_outcome",
                    models.CharField(blank=True, max_length=20, verbose_name="last outcome"),
                ),
                ("runs", models.PositiveBigIntegerField(default=0, verbose_name="runs")),
            ],
            options={
                "verbose_name": "task run",
                "verbose_name_plural": "task runs",
                "ordering": ["name"],
            },
        ),
    ]
