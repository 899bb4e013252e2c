"""What the quality resources show."""

from typing import Any

from rest_framework import serializers

from inventory.api.fields import Code, CodeIn, QuantityOut
from inventory.api.serializers import WHO_AND_WHEN, RecordedSerializer
from inventory.models import Lot
from quality.models import (
    Attachment,
    CharacteristicKind,
    Decision,
    Disposition,
    DueInspection,
    Hold,
    Inspection,
    InspectionPlan,
    InspectionResult,
    PlanCharacteristic,
    UsageRule,
)


class HoldSerializer(RecordedSerializer):
    """One of lot, container, location, material and supplier lot is stopped.

    Open while `lifted_at` is null.
    """

    lot = Code("lot", allow_null=True, default=None)
    container = Code("container", allow_null=True, default=None)
    location = Code("location", allow_null=True, default=None)
    material = Code("material", allow_null=True, default=None)
    lifted_by = Code("lifted_by", "username", allow_null=True, default=None)

    class Meta:
        model = Hold
        fields = (
            "id", "lot", "container", "location", "material", "supplier_lot", "lifted_at",
            "lifted_by", "lift_reason", *WHO_AND_WHEN,
        )  # fmt: skip
        read_only_fields = fields


class InspectionResultSerializer(serializers.ModelSerializer[InspectionResult]):
    lower = QuantityOut(allow_null=True)
    upper = QuantityOut(allow_null=True)

    class Meta:
        model = InspectionResult
        fields = (
            "characteristic", "sample", "value", "unit", "lower", "upper", "passed", "override",
            "remark",
        )  # fmt: skip
        read_only_fields = fields


class DispositionSerializer(RecordedSerializer):
    """What somebody decided on a failed inspection; the newest counts."""

    class Meta:
        model = Disposition
        fields = ("outcome", *WHO_AND_WHEN)
        read_only_fields = fields


class InspectionSerializer(RecordedSerializer):
    """`plan` is the number of the plan that it was held against, null without one."""

    lot = Code("lot")
    plan = serializers.IntegerField(source="plan_id", read_only=True, allow_null=True)
    results = InspectionResultSerializer(many=True, read_only=True)
    dispositions = DispositionSerializer(many=True, read_only=True)

    class Meta:
        model = Inspection
        fields = (
            "id", "lot", "kind", "plan", "passed", "results", "dispositions", *WHO_AND_WHEN,
        )  # fmt: skip
        read_only_fields = fields


class PlanCharacteristicSerializer(serializers.ModelSerializer[PlanCharacteristic]):
    """Limits and plausible bounds are inclusive; null is none."""

    lower = QuantityOut(allow_null=True)
    upper = QuantityOut(allow_null=True)
    plausible_from = QuantityOut(allow_null=True)
    plausible_to = QuantityOut(allow_null=True)
    kind = serializers.ChoiceField(choices=CharacteristicKind.choices, read_only=True)

    class Meta:
        model = PlanCharacteristic
        fields = (
            "name", "kind", "criterion", "unit", "lower", "upper", "plausible_from",
            "plausible_to", "decimals", "samples", "required",
        )  # fmt: skip
        read_only_fields = fields


class InspectionPlanSerializer(serializers.ModelSerializer[InspectionPlan]):
    """A version of a plan: a draft while `approved_at` is null."""

    material = Code("material")
    in_force = serializers.BooleanField(read_only=True)
    approved_by = Code("approved_by", "username", allow_null=True, default=None)
    ended_by = Code("ended_by", "username", allow_null=True, default=None)
    characteristics = PlanCharacteristicSerializer(many=True, read_only=True)

    class Meta:
        model = InspectionPlan
        fields = (
            "id", "material", "kind", "version", "in_force", "note", "approved_at", "approved_by",
            "ended_at", "ended_by", "characteristics",
        )  # fmt: skip
        read_only_fields = fields


class DueInspectionSerializer(serializers.ModelSerializer[DueInspection]):
    """Done once `inspection` is its number. `plan` was in force when it fell due."""

    lot = Code("lot")
    material = Code("lot.material")
    plan = serializers.IntegerField(source="plan_id", read_only=True)
    inspection = serializers.IntegerField(source="inspection_id", read_only=True, allow_null=True)

    class Meta:
        model = DueInspection
        fields = ("id", "lot", "material", "kind", "plan", "since", "retest_on", "inspection")
        read_only_fields = fields


class AttachmentSerializer(RecordedSerializer):
    """A file kept with a lot; `reason` says what it is."""

    lot = Code("lot")
    inspection = serializers.IntegerField(source="inspection_id", read_only=True, allow_null=True)

    class Meta:
        model = Attachment
        fields = (
            "id", "lot", "inspection", "name", "content_type", "size", "sha256", *WHO_AND_WHEN,
        )  # fmt: skip
        read_only_fields = fields


class Upload(serializers.Serializer[Any]):
    """A file to be kept with a lot, and with one of its inspections."""

    file = serializers.FileField(allow_empty_file=True, use_url=False)
    lot = CodeIn(kind=Lot)
    inspection = CodeIn(kind=Inspection, required=False)
    reason = serializers.CharField(
        required=False, allow_blank=True, max_length=2000, help_text="What it is."
    )


class DecisionSerializer(RecordedSerializer):
    """A signed change of a lot's status; `actor` signed it."""

    lot = Code("lot")
    references = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = Decision
        fields = (
            "id", "lot", "kind", "from_status", "to_status", "meaning", "signed_by", "until",
            "references", *WHO_AND_WHEN,
        )  # fmt: skip
        read_only_fields = fields


class UsageRuleSerializer(serializers.ModelSerializer[UsageRule]):
    """What is empty means any; the strictest of the rules that match counts."""

    version = serializers.IntegerField(source="rule_set_id", read_only=True)
    in_force = serializers.BooleanField(read_only=True)
    material = Code("material", allow_null=True, default=None)
    customer = Code("customer", allow_null=True, default=None)

    class Meta:
        model = UsageRule
        fields = (
            "id", "version", "in_force", "status", "action", "purpose", "material", "customer",
            "effect", "valid_from", "valid_until", "note", "cleared_by",
        )  # fmt: skip
        read_only_fields = fields
