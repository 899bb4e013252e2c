"""The outbox; movements are noted in it."""

from django.db import migrations, models

from inventory.outbox import tell


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0013_account_language"),
    ]

    operations = [
        migrations.CreateModel(
            name="OutboxRow",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("topic", models.CharField(max_length=20)),
                ("key", models.BigIntegerField()),
            ],
            options={"default_permissions": ()},
        ),
        tell("inventory_movement", "movement"),
    ]
