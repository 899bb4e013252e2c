"""What would fill a demand, first expired first out, as the API shows it."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from inventory.api.fields import Code, QuantityOut
from staging.actions.allocation import Suggestion


class SuggestedPart(serializers.Serializer[Any]):
    """A quantity of a balance."""

    lot = Code("balance.lot")
    expires_on = serializers.DateField(source="balance.lot.expires_on", allow_null=True)
    location = Code("balance.location")
    container = Code("balance.container", allow_null=True, default=None)
    quantity = QuantityOut()


class SuggestedLine(serializers.Serializer[Suggestion]):
    """What a line of the demand would get, and what would be short all the same."""

    line = serializers.IntegerField(source="requirement.line")
    material = Code("requirement.material")
    unit = serializers.CharField(source="requirement.material.base_unit_id")
    short = QuantityOut()
    parts = serializers.SerializerMethodField()

    @extend_schema_field(SuggestedPart(many=True))
    def get_parts(self, suggestion: Suggestion) -> list[dict[str, Any]]:
        rows = [{"balance": balance, "quantity": part} for balance, part in suggestion.parts]
        return list(SuggestedPart(rows, many=True).data)


class SuggestionAnswer(serializers.Serializer[Any]):
    demand = serializers.CharField(source="demand.reference")
    lines = SuggestedLine(many=True)
