"""Webhooks choose alerts by how grave they are, how far they have come, and why."""

from django.db import migrations, models
from django.db.models import OuterRef, Subquery

OF_A_STEP = {
    "alert_level": "level",
    "alert_severity": "alert__severity",
    "alert_reason": "alert__reason",
}


def fill(apps, schema_editor):
    """What has its place in the feed already: as grave as its alert is by now."""
    steps = apps.get_model("staging", "AlertStep").objects.order_by()
    rows = apps.get_model("integration", "FeedPosition").objects.filter(type__startswith="alert.")
    of_it = steps.filter(pk=OuterRef("key"))
    found = {column: Subquery(of_it.values(name)) for column, name in OF_A_STEP.items()}
    rows.filter(key__in=steps.values("pk")).update(**found)


class Migration(migrations.Migration):
    dependencies = [
        ("integration", "0010_one_kind_of_mail"),
        ("staging", "0015_alert_life"),
    ]

    operations = [
        migrations.AddField(
            "feedposition", "alert_level", models.PositiveSmallIntegerField(null=True)
        ),
        migrations.AddField(
            "feedposition",
            "alert_severity",
            models.CharField(blank=True, db_default="", max_length=8),
        ),
        migrations.AddField(
            "feedposition",
            "alert_reason",
            models.CharField(blank=True, db_default="", max_length=20),
        ),
        migrations.AddField(
            "subscription",
            "alert_severity",
            models.CharField(
                choices=[("notice", "Notice"), ("warning", "Warning"), ("critical", "Critical")],
                db_default="notice",
                default="notice",
                help_text="The gravest are critical. Notice: all.",
                max_length=8,
                verbose_name="severity of alerts",
            ),
        ),
        migrations.AddField(
            "subscription",
            "alert_level",
            models.PositiveSmallIntegerField(
                choices=[(1, "Operator"), (2, "Supervisor"), (3, "QA")],
                db_default=1,
                default=1,
                help_text="Alerts escalate from operators to supervisors to QA. Operator: all.",
                verbose_name="level of alerts",
            ),
        ),
        migrations.AddField(
            "subscription",
            "alert_reasons",
            models.JSONField(
                blank=True,
                default=list,
                help_text="None chosen: all.",
                verbose_name="reasons of alerts",
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
