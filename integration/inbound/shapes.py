"""How a demand of another system is answered: as it sent it, as we have it, and what is left."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from integration.models import InboundDemand
from staging import unstaging
from staging.api.serializers import DemandSerializer
from staging.api.views import DemandViewSet, with_lines
from staging.models import Demand, UnstageTask


class SentLine(serializers.Serializer[Any]):
    line = serializers.CharField(help_text="As its system counts them.")
    material = serializers.CharField(help_text="Our code.")
    lot = serializers.CharField(allow_null=True)
    quantity = serializers.CharField(help_text="In the base unit.")
    unit = serializers.CharField()


class PositionLeft(serializers.Serializer[Any]):
    """A quantity that stands where it is needed no more."""

    lot = serializers.CharField()
    quantity = serializers.CharField()
    unit = serializers.CharField()
    location = serializers.CharField()
    container = serializers.CharField(allow_null=True)


class LeftToDo(serializers.Serializer[Any]):
    to_unstage = PositionLeft(many=True, help_text="Stands in lanes.")
    to_return = PositionLeft(many=True, help_text="Was issued or loaded beyond what is needed.")


class InboundDemandSerializer(serializers.ModelSerializer[InboundDemand]):
    """The newest message of a system about one of its demands."""

    number = serializers.IntegerField(
        source="pk", read_only=True, help_text="Ours, in `inbound-demands/`."
    )
    source = serializers.CharField(read_only=True)  # type: ignore[assignment]
    id = serializers.CharField(source="identifier", read_only=True)
    requirements = SentLine(many=True, read_only=True, help_text="As they were sent.")
    demand = serializers.CharField(
        source="demand.reference", read_only=True, allow_null=True, default=None,
        help_text="Reference of ours; null where it was cancelled before it was known.",
    )  # fmt: skip

    class Meta:
        model = InboundDemand
        fields = (
            "number", "source", "id", "version", "changed_at", "cancelled", "requirements",
            "demand",
        )  # fmt: skip
        read_only_fields = fields


class ExternalDemandSerializer(InboundDemandSerializer):
    """The same with the demand as it is now, and what is left to do about it."""

    demand = serializers.SerializerMethodField()  # type: ignore[assignment]
    left_to_do = serializers.SerializerMethodField()
    outcome = serializers.ChoiceField(
        ["created", "changed", "unchanged", "cancelled", "remembered"],
        required=False, help_text="What came of the message.",
    )  # fmt: skip
    reconciled = serializers.DictField(
        required=False,
        help_text="What the message freed: `deallocated`, `to_unstage`, `to_return`, `flagged`.",
    )  # fmt: skip
    warnings = serializers.ListField(
        child=serializers.CharField(), required=False,
        help_text="The same in words.",
    )  # fmt: skip

    class Meta:
        model = InboundDemand
        fields = (
            *InboundDemandSerializer.Meta.fields, "left_to_do", "outcome", "reconciled",
            "warnings",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(DemandSerializer(allow_null=True))
    def get_demand(self, row: InboundDemand) -> DemandSerializer | None:
        rows = with_lines(DemandViewSet.queryset)
        found = rows.filter(pk=row.demand_id).first() if row.demand_id else None
        return DemandSerializer(found).data if found else None  # type: ignore[return-value]

    def get_left_to_do(self, row: InboundDemand) -> LeftToDo:
        left = left_to_do(row.demand) if row.demand else {"to_unstage": [], "to_return": []}
        return LeftToDo(left).data  # type: ignore[return-value]


def left_to_do(demand: Demand) -> dict[str, list[dict[str, Any]]]:
    """What people still have to do, read from what stands where."""
    tasks = UnstageTask.objects.open().filter(requirement__demand=demand).order_by("pk")
    rows: Any = tasks.select_related("lot__material", "location", "container")
    return {
        "to_unstage": [unstaging.as_codes(row, row.left) for row in rows],
        "to_return": [unstaging.as_codes(row, part) for row, part in unstaging.to_return(demand)],
    }
