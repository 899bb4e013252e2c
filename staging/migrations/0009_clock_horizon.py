from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("staging", "0008_displays")]

    operations = [
        migrations.AddField(
            model_name="clockmark",
            name="cluster",
            field=models.CharField(db_default="", default="", max_length=20),
        ),
        migrations.AddField(
            model_name="clockmark", name="horizon", field=models.BigIntegerField(null=True)
        ),
    ]
