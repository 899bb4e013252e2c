import django.core.validators
import django.db.models.deletion
import django.db.models.functions.comparison
from django.db import migrations, models

from quality.watch import watch, watch_no_more


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0009_time_out_of_storage"),
        ("quality", "0009_supplier_lots_on_hold"),
    ]

    operations = [
        migrations.CreateModel(
            name="ShelfLifeRule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "days",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="0: any lot will do that has not expired. Empty: no rule of its"
                        " own any more; the next more general one counts.",
                        null=True,
                        validators=[django.core.validators.MaxValueValidator(36500)],
                        verbose_name="days that must remain",
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        blank=True,
                        help_text="Empty: any customer, and what is for no customer.",
                        limit_choices_to={"kind": "customer"},
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="inventory.location",
                        verbose_name="customer",
                    ),
                ),
                (
                    "material",
                    models.ForeignKey(
                        blank=True,
                        help_text="Empty: any material.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="shelf_life_rules",
                        to="inventory.material",
                        verbose_name="material",
                    ),
                ),
            ],
            options={
                "verbose_name": "minimum remaining shelf life",
                "verbose_name_plural": "minimum remaining shelf lives",
                "ordering": ("customer", "material"),
            },
        ),
        migrations.AddConstraint(
            model_name="shelfliferule",
            constraint=models.UniqueConstraint(
                django.db.models.functions.comparison.Coalesce("material", models.Value(0)),
                django.db.models.functions.comparison.Coalesce("customer", models.Value(0)),
                name="one_shelf_life_per_scope",
                violation_error_message="There is one for that material and customer already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="shelfliferule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("material", None), ("customer__isnull", False), _connector="OR"
                ),
                name="shelf_life_of_a_material_names_a_customer",
                violation_error_message="What holds of a material for every customer is set at"
                " the material itself.",
            ),
        ),
        watch("quality_shelfliferule", "NULL", ["insert", "delete"]),
        watch(
            "quality_shelfliferule", "NULL", ["update"], of=["days", "material_id", "customer_id"]
        ),
        watch(
            "inventory_material", "id", ["update"], of=["min_remaining_days"],
            lots="SELECT id, false FROM inventory_lot WHERE material_id = {}",
        ),
        watch_no_more("inventory_lot", ["update"]),
        watch(
            "inventory_lot", "id", ["update"],
            of=["status", "expires_on", "retest_on", "out_ends_at"],
        ),
        # SQLite has made the table anew for its new columns, without its triggers.
        watch_no_more("inventory_location", ["update"]),
        watch("inventory_location", "NULL", ["update"], of=["purpose", "path"]),
    ]  # fmt: skip
