"""Weekly reports are sent as all e-mail is: what became of those there are is kept."""

from datetime import timedelta
from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q
from uuid_utils.compat import uuid7

MOST_TRIES = 8
"""After so many a report was given up."""


def state_of(row: Any) -> str:
    if row.sent_at:
        return "sent"
    broken_off = row.claimed_at and not row.failed_at
    return "given_up" if broken_off or row.attempts >= MOST_TRIES else "waiting"


def convert(apps: Any, _editor: Any) -> None:
    """Each row is written once: a second time would leave PostgreSQL a check to make, and no table
    is altered before that."""
    for row in apps.get_model("staging", "ReportMail").objects.all():
        row.number, row.state = uuid7(), state_of(row)
        row.next_attempt_at = row.packed_at
        row.give_up_after = row.packed_at + timedelta(hours=48)
        if row.state != "waiting":
            row.settled_at = row.sent_at or row.failed_at or row.claimed_at
        row.save()


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("staging", "0014_alert_reasons"),
        ("staging", "0019_dwell_by_program"),
    ]

    operations = [
        migrations.RemoveIndex("reportmail", "report_unsent"),
        migrations.RenameField("reportmail", "due_at", "packed_at"),
        migrations.AddField("reportmail", "number", models.UUIDField(null=True)),
        migrations.AddField(
            "reportmail",
            "state",
            models.CharField(
                choices=[
                    ("waiting", "Waiting"),
                    ("sent", "Sent"),
                    ("given_up", "Given up"),
                    ("needless", "Nothing left to tell"),
                ],
                default="waiting",
                max_length=8,
                verbose_name="state",
            ),
        ),
        migrations.AddField(
            "reportmail",
            "next_attempt_at",
            models.DateTimeField(null=True, verbose_name="tried again at"),
        ),
        migrations.AddField(
            "reportmail",
            "give_up_after",
            models.DateTimeField(null=True, verbose_name="given up after"),
        ),
        migrations.AddField(
            "reportmail",
            "settled_at",
            models.DateTimeField(null=True, verbose_name="settled at"),
        ),
        migrations.AddField("reportmail", "lease", models.UUIDField(null=True)),
        migrations.AddField("reportmail", "leased_until", models.DateTimeField(null=True)),
        migrations.RunPython(convert, migrations.RunPython.noop),
        migrations.RemoveField("reportmail", "claimed_at"),
        migrations.RemoveField("reportmail", "failed_at"),
        migrations.RemoveField("reportmail", "sent_at"),
        migrations.AlterField("reportmail", "number", models.UUIDField(unique=True)),
        migrations.AlterField(
            "reportmail", "next_attempt_at", models.DateTimeField(verbose_name="tried again at")
        ),
        migrations.AlterField(
            "reportmail", "give_up_after", models.DateTimeField(verbose_name="given up after")
        ),
        migrations.AlterField(
            "reportmail",
            "address",
            models.CharField(blank=True, default="", max_length=254, verbose_name="sent to"),
        ),
        migrations.AlterField(
            "reportmail",
            "attempts",
            models.PositiveSmallIntegerField(default=0, verbose_name="attempts"),
        ),
        migrations.AlterField(
            "reportmail",
            "error",
            models.CharField(blank=True, default="", max_length=300, verbose_name="last error"),
        ),
        migrations.AlterField(
            "reportmail",
            "user",
            models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="to",
            ),
        ),
        migrations.AddIndex(
            "reportmail",
            models.Index(
                condition=Q(state="waiting"),
                fields=["next_attempt_at", "id"],
                name="reportmail_to_send",
            ),
        ),
        migrations.AddIndex(
            "reportmail",
            models.Index(condition=Q(state="given_up"), fields=["-id"], name="reportmail_given_up"),
        ),
        migrations.AddConstraint(
            "reportmail",
            models.CheckConstraint(
                condition=Q(state="waiting", settled_at=None)
                | (~Q(state="waiting") & Q(settled_at__isnull=False)),
                name="reportmail_says_when_it_settled",
            ),
        ),
    ]
