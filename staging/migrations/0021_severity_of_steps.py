"""Each step of an alert keeps how grave the alert was after it."""

from django.db import migrations, models
from django.db.models import Exists, OuterRef, Subquery

from inventory.append_only import protect, unprotect
from staging.alerting.life_triggers import live, rest

SEVERITIES = [("notice", "Notice"), ("warning", "Warning"), ("critical", "Critical")]
KINDS = [
    ("raised", "Raised"),
    ("escalated", "Escalated"),
    ("acknowledged", "Acknowledged"),
    ("snoozed", "Snoozed"),
    ("woken", "Woken"),
    ("assigned", "Assigned"),
    ("closed", "Closed"),
    ("reopened", "Raised again"),
    ("regraded", "Severity changed"),
]


def fill(apps, schema_editor):
    """Until now an alert had the severity of when it was last raised: so had the steps since. What
    it was before it was raised again, nobody knows."""
    steps = apps.get_model("staging", "AlertStep").objects.order_by()
    alerts = apps.get_model("staging", "Alert").objects.filter(pk=OuterRef("alert"))
    later = steps.filter(alert=OuterRef("alert"), kind="reopened", pk__gt=OuterRef("pk"))
    steps.filter(~Exists(later)).update(severity=Subquery(alerts.values("severity")[:1]))


class Migration(migrations.Migration):
    dependencies = [("staging", "0020_one_kind_of_mail")]

    operations = [
        *rest(),
        unprotect("staging_alertstep"),
        migrations.AddField(
            "alertstep",
            "severity",
            models.CharField(
                blank=True,
                choices=SEVERITIES,
                db_default="",
                default="",
                max_length=8,
                verbose_name="severity",
            ),
        ),
        migrations.AlterField(
            "alertstep",
            "kind",
            models.CharField(choices=KINDS, max_length=12, verbose_name="what"),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        *live(),
        protect("staging_alertstep"),
    ]
