import django.db.models.deletion
from django.db import migrations, models

from quality.watch import watch, watch_no_more


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0005_accounts"),
        ("quality", "0006_inspection_plans"),
    ]

    operations = [
        migrations.AddField(
            model_name="lotchange",
            name="container",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="inventory.container",
            ),
        ),
        migrations.AddField(
            model_name="lotchange",
            name="hold",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="quality.hold",
            ),
        ),
        watch("quality_hold", "id", ["insert"], into="hold_id"),
        watch("quality_hold", "id", ["update"], of=["lifted_at"], into="hold_id"),
        watch("inventory_container", "id", ["update"], of=["parent_id"], into="container_id"),
        watch_no_more("inventory_location", ["update"]),
        watch("inventory_location", "NULL", ["update"], of=["purpose", "path"]),
    ]
