"""What the quality resources show."""

from rest_framework import serializers

from inventory.api.fields import Code, QuantityOut
from inventory.api.serializers import WHO_AND_WHEN, RecordedSerializer
from quality.models import Decision, Hold, Inspection, InspectionResult, UsageRule


class HoldSerializer(RecordedSerializer):
    """One of lot, container, location and material is stopped; open while `lifted_at` is null."""

    lot = Code("lot", allow_null=True, default=None)
    container = Code("container", allow_null=True, default=None)
    location = Code("location", allow_null=True, default=None)
    material = Code("material", allow_null=True, default=None)
    lifted_by = Code("lifted_by", "username", allow_null=True, default=None)

    class Meta:
        model = Hold
        fields = (
            "id", "lot", "container", "location", "material", "lifted_at", "lifted_by",
            "lift_reason", *WHO_AND_WHEN,
        )  # fmt: skip
        read_only_fields = fields


class InspectionResultSerializer(serializers.ModelSerializer[InspectionResult]):
    lower = QuantityOut(allow_null=True)
    upper = QuantityOut(allow_null=True)

    class Meta:
        model = InspectionResult
        fields = ("characteristic", "value", "unit", "lower", "upper", "passed", "remark")
        read_only_fields = fields


class InspectionSerializer(RecordedSerializer):
    lot = Code("lot")
    results = InspectionResultSerializer(many=True, read_only=True)

    class Meta:
        model = Inspection
        fields = ("id", "lot", "kind", "passed", "results", *WHO_AND_WHEN)
        read_only_fields = fields


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
    """What is empty means any; deny beats allow."""

    version = serializers.IntegerField(source="rule_set_id", read_only=True)
    in_force = serializers.BooleanField(read_only=True)
    material = Code("material", allow_null=True, default=None)
    customer = Code("customer", allow_null=True, default=None)

    class Meta:
        model = UsageRule
        fields = (
            "id", "version", "in_force", "status", "action", "purpose", "material", "customer",
            "effect", "note", "cleared_by",
        )  # fmt: skip
        read_only_fields = fields
