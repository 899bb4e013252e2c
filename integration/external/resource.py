"""Which systems call which things how, to read."""

from django_filters import rest_framework as filters
from rest_framework import serializers

from integration.models import ExternalId, ThingKind
from inventory.api.resources import CodeFilter, Filters, OneOfFilter, Resource


class ExternalIdFilter(Filters):
    source = CodeFilter("", "source")
    identifier = CodeFilter("", "identifier")
    kind = OneOfFilter(choices=ThingKind.choices)
    material = CodeFilter("material")
    location = CodeFilter("location")
    lot = CodeFilter("lot")
    demand = filters.CharFilter("demand__reference")

    class Meta:
        model = ExternalId
        fields = ()


class ExternalIdSerializer(serializers.ModelSerializer[ExternalId]):
    """`code` is our own name of the thing."""

    kind = serializers.ChoiceField(choices=ThingKind.choices, read_only=True)
    identifier = serializers.CharField(read_only=True)
    code = serializers.SerializerMethodField()
    source = serializers.CharField(read_only=True)  # type: ignore[assignment]

    class Meta:
        model = ExternalId
        fields = ("id", "source", "kind", "identifier", "code")
        read_only_fields = fields

    def get_code(self, row: ExternalId) -> str:
        return str(row.thing)


class ExternalIdViewSet(Resource):
    """What other systems call our materials, locations, lots and demands."""

    queryset = ExternalId.objects.select_related("material", "location", "lot", "demand")
    serializer_class = ExternalIdSerializer
    filterset_class = ExternalIdFilter
    summaries = {"list": "External identifiers", "retrieve": "One external identifier"}
    tag = "External identifiers"
