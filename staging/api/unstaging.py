"""What demands left in lanes, and how much of it is left to do, over the API."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from inventory.api.fields import Code, QuantityOut
from inventory.api.resources import CodeFilter, Filters, Resource, WithinFilter, YesNoFilter
from staging.models import UnstageTask


class UnstageFilter(Filters):
    open = YesNoFilter(method="filter_open", help_text="Something of it still stands there.")
    lot = CodeFilter("lot")
    demand = CodeFilter("requirement__demand", "reference")
    location = CodeFilter("location")
    within = WithinFilter()

    class Meta:
        model = UnstageTask
        fields = ("batch",)

    def filter_open(self, rows: Any, name: str, value: bool) -> Any:
        return rows.open() if value else rows.done()


class UnstageSerializer(serializers.ModelSerializer[UnstageTask]):
    """`left` is what still stands there for nobody, `quantity` what it was at first."""

    demand = Code("requirement.demand", "reference")
    line = serializers.IntegerField(source="requirement.line", read_only=True)
    lot = Code("lot")
    unit = serializers.CharField(source="lot.material.base_unit_id", read_only=True)
    location = Code("location")
    container = Code("container", allow_null=True, default=None)
    quantity = QuantityOut()
    left = QuantityOut()

    class Meta:
        model = UnstageTask
        fields = (
            "id", "demand", "line", "lot", "unit", "location", "container", "quantity", "left",
            "why", "raised_at", "batch", "done_at",
        )  # fmt: skip
        read_only_fields = fields


class UnstageTaskViewSet(Resource):
    """Staged stock that a demand gave up, and that has to leave its lane."""

    queryset = UnstageTask.objects.select_related(
        "requirement__demand", "lot__material", "location", "container"
    )
    serializer_class = UnstageSerializer
    filterset_class = UnstageFilter
    summaries = {"list": "Unstage tasks", "retrieve": "One unstage task"}
    tag = "Staging records"

    def get_queryset(self) -> QuerySet[Any]:
        rows: Any = super().get_queryset()
        with_left: QuerySet[Any] = rows.with_left()
        return with_left
