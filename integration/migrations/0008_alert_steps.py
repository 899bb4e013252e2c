"""Events of alerts are found by the step of their history, and not by the alert any more."""

from django.db import migrations
from django.db.models import BigIntegerField, OuterRef, Subquery
from django.db.models.functions import Cast

TYPES = {"alert.raised": "raised", "alert.closed": "closed", "alert.acknowledged": "acknowledged"}


def turn_to_steps(apps, schema_editor):
    """What has its place in the feed, and what is still to get it."""
    steps = apps.get_model("staging", "AlertStep").objects.order_by("pk")
    entries = apps.get_model("inventory", "AuditEntry").objects.filter(pk=OuterRef("key"))
    entries = entries.annotate(alert=Cast("subject_id", BigIntegerField()))
    for name, kind in TYPES.items():
        alert = Subquery(entries.values("alert")) if kind == "acknowledged" else OuterRef("key")
        for app, model, column in (
            ("integration", "FeedPosition", "type"),
            ("inventory", "OutboxRow", "topic"),
        ):
            rows = apps.get_model(app, model).objects.filter(**{column: name}).order_by()
            if kind == "acknowledged":  # of an acknowledgement, the key was its entry's
                rows = rows.annotate(about=alert)
                found = steps.filter(kind=kind, alert=OuterRef("about"))
            else:
                found = steps.filter(kind=kind, alert=alert)
            rows.update(key=Subquery(found.values("pk")[:1]))


class Migration(migrations.Migration):
    dependencies = [
        ("integration", "0007_webhook_rights"),
        ("staging", "0015_alert_life"),
    ]

    operations = [migrations.RunPython(turn_to_steps, migrations.RunPython.noop)]
