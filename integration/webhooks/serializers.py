"""Webhooks over the API: what is shown of them, and what is asked for."""

from typing import Any, ClassVar

from rest_framework import serializers

from integration.feed.query import alert_level, alert_severity
from integration.models import Delivery, Parcel, Subscription
from integration.webhooks.actions import Resume
from inventory.api.fields import SiteIn
from staging.models import AlertReason

LARGEST = 2**63 - 1
MOST_HOURS = 24 * 30


class WebhookSerializer(serializers.ModelSerializer[Subscription]):
    """A receiver, what it gets, and how far it has come in the feed."""

    sites = serializers.SlugRelatedField[Any](slug_field="code", many=True, read_only=True)
    types = serializers.ListField(child=serializers.CharField(), read_only=True)
    alert_reasons = serializers.ListField(
        child=serializers.ChoiceField(choices=AlertReason.choices), read_only=True
    )
    contact = serializers.CharField(
        read_only=True, help_text="Who is told by e-mail when the receiver is given up, or nobody."
    )
    owner = serializers.CharField(
        source="owner.username", read_only=True, help_text="Who answers for what is sent."
    )
    limited_to = serializers.SlugRelatedField[Any](
        slug_field="code", many=True, read_only=True,
        help_text="Codes of the sites of which alone it tells. Empty: all.",
    )  # fmt: skip

    class Meta:
        model = Subscription
        fields = (
            "id", "name", "url", "types", "sites", "alert_severity", "alert_level", "alert_reasons",
            "contact", "owner", "limited_to", "created_at", "position", "succeeded_at",
            "failing_since", "failing_event", "attempts", "next_attempt_at", "disabled_at", "ended",
        )  # fmt: skip
        read_only_fields: ClassVar[Any] = fields


class WebhookWithSecretSerializer(WebhookSerializer):
    """With the secret that was made just now. It is not shown again, but in the stored answer to
    the same request under its key, for a day."""

    secret = serializers.CharField(
        read_only=True, allow_null=True,
        help_text="Null in a dry run, and in a stored answer once the secret signs nothing or a "
        "day has passed: rotate it then.",
    )  # fmt: skip

    class Meta(WebhookSerializer.Meta):
        fields = (*WebhookSerializer.Meta.fields, "secret")  # type: ignore[assignment]
        read_only_fields = fields


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    """One attempt."""

    webhook = serializers.IntegerField(source="subscription_id", read_only=True)

    class Meta:
        model = Delivery
        fields = (
            "id", "webhook", "event", "type", "position", "attempt", "at", "outcome", "status",
            "error", "answer", "milliseconds", "next_attempt_at",
        )  # fmt: skip
        read_only_fields = fields


class LetterSerializer(serializers.ModelSerializer[Parcel]):
    """An event that was given up. `body` is what is posted when it is sent again."""

    webhook = serializers.IntegerField(source="subscription_id", read_only=True)

    class Meta:
        model = Parcel
        fields = (
            "id", "webhook", "event", "type", "position", "body", "created_at", "asked_at",
            "taken_at", "error",
        )  # fmt: skip
        read_only_fields = fields


class Nothing(serializers.Serializer[Any]):
    """Nothing needs to be said."""


class Reason(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=2000, help_text="Kept in the audit trail.")


class Changing(serializers.Serializer[Any]):
    """What is settled of a webhook. What is left out stays."""

    name = serializers.CharField(max_length=80, help_text="Which system it is.")
    url = serializers.CharField(max_length=500, help_text="Where events are posted to.")
    types = serializers.ListField(
        child=serializers.CharField(max_length=120), default=list, max_length=100,
        help_text="Kinds of events, which may end in a *. Empty: all.",
    )  # fmt: skip
    sites = serializers.ListField(
        child=SiteIn(), default=list, help_text="Codes of sites. Empty: all."
    )
    alert_severity = alert_severity()
    alert_level = alert_level()
    alert_reasons = serializers.ListField(
        child=serializers.ChoiceField(choices=AlertReason.choices), default=list,
        max_length=len(AlertReason), help_text="Of alerts, those for these reasons. Empty: all.",
    )  # fmt: skip
    contact = serializers.EmailField(
        required=False, allow_blank=True, max_length=254,
        help_text="Who is told by e-mail when the receiver is given up.",
    )  # fmt: skip


class Subscribing(Changing):
    """A webhook, and where in the feed it begins."""

    after = serializers.IntegerField(
        default=None, allow_null=True, min_value=0, max_value=LARGEST,
        help_text="The position of the feed after which it begins. Empty: from now on.",
    )  # fmt: skip


class Rotation(serializers.Serializer[Any]):
    overlap_hours = serializers.IntegerField(
        default=24, min_value=0, max_value=MOST_HOURS,
        help_text="So long, messages are signed under the old secret as well.",
    )  # fmt: skip


class Enabling(Reason):
    resume = serializers.ChoiceField(choices=Resume.choices, default=Resume.NEXT.value)


class Replaying(Reason):
    after = serializers.IntegerField(min_value=0, max_value=LARGEST)
