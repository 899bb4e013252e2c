"""Notices over the API: what is shown of them, and what is asked for."""

from typing import Any, ClassVar

from rest_framework import serializers

from integration.models import Handling, Notice
from inventory.api.fields import SiteIn, WholeIn
from staging.models import AlertLevel, AlertStepKind

MOST_READ = 1000
EMPTY = "Null: as the roles of the user have it."


class NoticeSerializer(serializers.ModelSerializer[Notice]):
    """One thing that happened to an alert, told to you; and how the alert stands by now."""

    alert = serializers.IntegerField(source="alert_id", read_only=True)
    what = serializers.ChoiceField(
        source="step.kind", choices=AlertStepKind.choices, read_only=True
    )
    level = serializers.IntegerField(source="step.level", read_only=True)
    site = serializers.CharField(source="alert.site.code", read_only=True)
    location = serializers.CharField(
        source="alert.location.code", read_only=True, default=None, allow_null=True
    )
    lot = serializers.CharField(
        source="alert.lot.code", read_only=True, default=None, allow_null=True
    )
    demand = serializers.CharField(
        source="alert.demand.reference", read_only=True, default=None, allow_null=True
    )
    closed_at = serializers.DateTimeField(source="alert.closed_at", read_only=True, allow_null=True)

    class Meta:
        model = Notice
        fields = (
            "id", "alert", "what", "level", "severity", "reason", "site", "location", "lot",
            "demand", "at", "read_at", "closed_at",
        )  # fmt: skip
        read_only_fields: ClassVar[Any] = fields


class Reading(serializers.Serializer[Any]):
    """Which to mark as read. Without `notices`, all of them."""

    notices = serializers.ListField(
        child=WholeIn(), required=False, max_length=MOST_READ, help_text="By `id`."
    )


class ReadAnswer(serializers.Serializer[Any]):
    read = serializers.IntegerField(help_text="How many were not before.")


def _handling(what: str) -> Any:
    return serializers.ChoiceField(
        choices=Handling.choices, allow_null=True, default=None,
        help_text=f"{what}: 0 not at all, 1 in the app, 2 and in a digest by e-mail, 3 and by "
        f"e-mail at once. {EMPTY}",
    )  # fmt: skip


class Preferences(serializers.Serializer[Any]):
    """How you are told. What is left out is as your roles have it."""

    critical = _handling("Of critical alerts")
    warning = _handling("Of warnings")
    notice = _handling("Of notices")
    level = serializers.ChoiceField(
        choices=AlertLevel.choices, allow_null=True, default=None,
        help_text=f"Told of alerts that have come so far: 1 operator, 2 supervisor, 3 QA. {EMPTY}",
    )  # fmt: skip
    sites = serializers.ListField(child=SiteIn(), default=list, help_text="Codes. None: all.")
    digest_times = serializers.CharField(
        default="",
        allow_blank=True,
        max_length=100,
        help_text="`06:00, 14:00`. Empty: as the roles have.",
    )
    time_zone = serializers.CharField(
        default="", allow_blank=True, max_length=64,
        help_text="By its name, `Europe/Berlin`. Empty: that of each alert's site.",
    )  # fmt: skip
    own_quiet = serializers.BooleanField(
        default=False, help_text="Whether the quiet hours here count, and not those of the roles."
    )
    quiet_from = serializers.TimeField(default=None, allow_null=True, format="%H:%M")
    quiet_until = serializers.TimeField(default=None, allow_null=True, format="%H:%M")
    quiet_days = serializers.CharField(
        default="1234567", allow_blank=True, max_length=7,
        help_text="On which quiet hours begin: `12345`, of which 1 is Monday.",
    )  # fmt: skip
    days_off = serializers.CharField(
        default="", allow_blank=True, max_length=7, help_text="Quiet all day: `67`."
    )
    loud = serializers.BooleanField(
        default=None, allow_null=True,
        help_text=f"Whether critical alerts at QA's level are sent in quiet hours. {EMPTY}",
    )  # fmt: skip
