"""What the staging resources show."""

from decimal import Decimal
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from inventory.api.fields import Code, QuantityOut
from inventory.units import plain
from quality.gate import STOP_LABELS
from staging.models import (
    Alert,
    AlertRule,
    AlertStep,
    Commitment,
    Demand,
    DemandState,
    DwellPolicy,
    DwellSet,
    LabelSize,
    Requirement,
    Shift,
    SiteCalendar,
    SpecialDay,
)


class RequirementSerializer(serializers.ModelSerializer[Requirement]):
    """One line of a demand, and how far it has come."""

    material = Code("material")
    unit = serializers.CharField(source="material.base_unit_id", read_only=True)
    lot = Code("lot", allow_null=True, default=None)
    quantity = QuantityOut()
    reserved = QuantityOut()
    staged = QuantityOut()
    issued = QuantityOut()
    used = QuantityOut()
    short = serializers.SerializerMethodField(help_text="Neither reserved nor staged nor beyond.")

    class Meta:
        model = Requirement
        fields = (
            "line", "material", "unit", "lot", "quantity", "reserved", "staged", "issued", "used",
            "short",
        )  # fmt: skip
        read_only_fields = fields

    def get_short(self, row: Any) -> str:
        return plain(max(row.quantity - row.progressed - row.reserved, Decimal(0)))


class DemandSerializer(serializers.ModelSerializer[Demand]):
    """A demand with its state, derived from what really happened, and its lines."""

    state = serializers.ChoiceField(choices=DemandState.choices, read_only=True)
    site = Code("site")
    work_center = Code("work_center", allow_null=True, default=None)
    customer = Code("customer", allow_null=True, default=None)
    product = Code("product", allow_null=True, default=None)
    requirements = RequirementSerializer(many=True, read_only=True)

    class Meta:
        model = Demand
        fields = (
            "id", "reference", "kind", "state", "site", "needed_at", "work_center", "customer",
            "route", "carrier", "product", "created_at", "closed_at", "requirements",
        )  # fmt: skip
        read_only_fields = fields


class DemandHeadSerializer(serializers.ModelSerializer[Demand]):
    """What a demand is, without its lines and its state, which follows from them."""

    site = Code("site")
    work_center = Code("work_center", allow_null=True, default=None)
    customer = Code("customer", allow_null=True, default=None)
    product = Code("product", allow_null=True, default=None)

    class Meta:
        model = Demand
        fields = (
            "id", "reference", "kind", "site", "needed_at", "work_center", "customer", "route",
            "carrier", "product", "created_at", "closed_at",
        )  # fmt: skip
        read_only_fields = fields


class CommitmentSerializer(serializers.ModelSerializer[Commitment]):
    demand = Code("requirement.demand", "reference")
    line = serializers.IntegerField(source="requirement.line", read_only=True)
    lot = Code("lot")
    material = Code("lot.material")
    unit = serializers.CharField(source="lot.material.base_unit_id", read_only=True)
    location = Code("location")
    container = Code("container", allow_null=True, default=None)
    quantity = QuantityOut()


class AllocationSerializer(CommitmentSerializer):
    """A quantity reserved for a demand, still in storage."""

    class Meta:
        model = Commitment
        fields = (
            "id", "demand", "line", "lot", "material", "unit", "location", "container",
            "quantity", "since",
        )  # fmt: skip
        read_only_fields = fields


class StagedStockSerializer(CommitmentSerializer):
    """A quantity staged for a demand, with its clock and what stops it, if anything does."""

    purpose = serializers.CharField(source="location.purpose", read_only=True)
    state_label = serializers.CharField(source="location.state_label", read_only=True)
    needed_at = serializers.DateTimeField(source="requirement.demand.needed_at", read_only=True)
    age_seconds = serializers.SerializerMethodField(help_text="How long it has been staged there.")
    stale = serializers.SerializerMethodField(
        help_text="Past its dwell limit, or past the time it was needed."
    )
    stop = serializers.ChoiceField(
        choices=list(STOP_LABELS.items()), read_only=True, allow_blank=True,
        help_text="Why it may not be used now; empty if it may.",
    )  # fmt: skip
    dwell_policy = serializers.IntegerField(
        source="dwell_policy_id", read_only=True, allow_null=True,
        help_text="By which `warn_at` and `due_at` were worked out. Null: by the limit of the lane "
        "or the material, if there is one.",
    )  # fmt: skip

    class Meta:
        model = Commitment
        fields = (
            "id", "demand", "line", "lot", "material", "unit", "location", "purpose",
            "state_label", "container", "quantity", "since", "age_seconds", "dwell_policy",
            "warn_at", "due_at", "needed_at", "stale", "stop",
        )  # fmt: skip
        read_only_fields = fields

    def get_age_seconds(self, row: Commitment) -> int:
        return int((timezone.now() - row.since).total_seconds())

    def get_stale(self, row: Commitment) -> bool:
        ends = [row.requirement.demand.needed_at, *([row.due_at] if row.due_at else [])]
        return min(ends) <= timezone.now()


class AlertSerializer(serializers.ModelSerializer[Alert]):
    site = Code("site")
    demand = Code("demand", "reference", allow_null=True, default=None)
    lot = Code("lot", allow_null=True, default=None)
    location = Code("location", allow_null=True, default=None)
    container = Code("container", allow_null=True, default=None)
    assigned_to = Code("assigned_to", "username", allow_null=True, default=None)
    acknowledged_by = Code("acknowledged_by", "username", allow_null=True, default=None)

    class Meta:
        model = Alert
        fields = (
            "id", "reason", "detail", "severity", "level", "site", "lot", "location", "container",
            "demand", "raised_at", "times", "escalates_at", "assigned_to",
            "acknowledged_at", "acknowledged_by", "acknowledge_reason", "snoozed_until",
            "closed_at",
        )  # fmt: skip
        read_only_fields = fields


class AlertStepSerializer(serializers.ModelSerializer[AlertStep]):
    """One thing that happened to an alert; without an actor, by the clock. `level`, `severity` and
    `detail` are the alert's after it, severity empty where an older step does not say; `batch` is
    that of the audit trail."""

    actor = Code("actor", "username", allow_null=True, default=None)
    assigned_to = Code("assigned_to", "username", allow_null=True, default=None)

    class Meta:
        model = AlertStep
        fields = (
            "id", "kind", "at", "level", "severity", "detail", "actor", "reason", "until",
            "assigned_to", "batch",
        )  # fmt: skip
        read_only_fields = fields


class AlertRuleSerializer(serializers.ModelSerializer[AlertRule]):
    """By which alerts of a reason live; a site's own rule counts before the general one. Spans of
    time as `1 02:30:00`: days, hours, minutes, seconds."""

    site = Code("site", allow_null=True, default=None)

    class Meta:
        model = AlertRule
        fields = (
            "id", "reason", "site", "enabled", "severity", "escalate_after",
            "escalate_again_after", "acknowledged_for", "snooze_at_most", "reopen_within", "lead",
        )  # fmt: skip
        read_only_fields = fields


class DwellPolicySerializer(serializers.ModelSerializer[DwellPolicy]):
    """What is empty means any; of those that fit, the one of the highest `rank` counts alone."""

    version = serializers.IntegerField(source="dwell_set_id", read_only=True)
    in_force = serializers.BooleanField(read_only=True)
    rank = serializers.IntegerField(read_only=True)
    material = Code("material", allow_null=True, default=None)
    customer = Code("customer", allow_null=True, default=None)
    lane = Code("lane", allow_null=True, default=None)
    area = Code("area", allow_null=True, default=None)
    site = Code("site", allow_null=True, default=None)

    class Meta:
        model = DwellPolicy
        fields = (
            "id", "version", "in_force", "rank", "material", "category", "customer", "kind",
            "lane", "area", "site", "purpose", "warn_after", "critical_after", "counted",
            "valid_from", "valid_until", "note",
        )  # fmt: skip
        read_only_fields = fields


class SetPolicySerializer(DwellPolicySerializer):
    """A policy of the set that it is told with."""

    version = None  # type: ignore[assignment]  # the set's own
    in_force = None  # type: ignore[assignment]

    class Meta:
        model = DwellPolicy
        fields = tuple(
            name
            for name in DwellPolicySerializer.Meta.fields
            if name not in ("version", "in_force")
        )
        read_only_fields = fields


class DwellSetSerializer(serializers.ModelSerializer[DwellSet]):
    """A numbered set with its policies. While it is a draft, it changes."""

    id = serializers.IntegerField(source="version", read_only=True)
    in_force = serializers.BooleanField(read_only=True)
    is_draft = serializers.BooleanField(read_only=True)
    activated_by = Code("activated_by", "username", allow_null=True, default=None)
    policies = SetPolicySerializer(many=True, read_only=True)

    class Meta:
        model = DwellSet
        fields = (
            "id", "version", "note", "is_draft", "in_force", "activated_at", "activated_by",
            "policies",
        )  # fmt: skip
        read_only_fields = fields


@extend_schema_field({"type": "string", "pattern": r"^\d\d:\d\d$"})
class ClockTimeField(serializers.TimeField):
    """`22:30`, by the site's clock: in JSON Schema, a `time` would have to say its zone."""

    def __init__(self, **options: Any) -> None:
        super().__init__(format="%H:%M", **options)


class ShiftSerializer(serializers.ModelSerializer[Shift]):
    """`days` are ISO 8601's, Monday is 1. At or before its start, it ends the next day."""

    starts = ClockTimeField(read_only=True)
    ends = ClockTimeField(read_only=True)

    class Meta:
        model = Shift
        fields = ("name", "days", "starts", "ends", "breaks")
        read_only_fields = fields


class SiteCalendarSerializer(serializers.ModelSerializer[SiteCalendar]):
    """The shifts of a site from a day on, until its next calendar begins."""

    site = Code("site")
    shifts = ShiftSerializer(many=True, read_only=True)

    class Meta:
        model = SiteCalendar
        fields = ("id", "site", "valid_from", "note", "shifts")
        read_only_fields = fields


class SpecialDaySerializer(serializers.ModelSerializer[SpecialDay]):
    """`works_like` is a day of the week, 1 is Monday; null: a holiday, on which no shift starts."""

    site = Code("site")
    works_like = serializers.IntegerField(read_only=True, allow_null=True)

    class Meta:
        model = SpecialDay
        fields = ("id", "site", "day", "name", "works_like")
        read_only_fields = fields


class LabelSizeSerializer(serializers.ModelSerializer[LabelSize]):
    """A size in millimetres. Without a page, labels come from a roll."""

    class Meta:
        model = LabelSize
        fields = (
            "id", "code", "name", "width", "height", "page_width", "page_height", "columns",
            "rows", "left", "top", "gap_x", "gap_y", "is_active",
        )  # fmt: skip
        read_only_fields = fields
