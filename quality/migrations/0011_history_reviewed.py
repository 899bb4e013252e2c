from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("quality", "0010_shelf_life"),
    ]

    operations = [
        migrations.AddField(
            model_name="signature",
            name="reviewed",
            field=models.BooleanField(
                help_text="Empty where nobody was asked.",
                null=True,
                verbose_name="history reviewed",
            ),
        ),
    ]
