"""The quality resources, to read."""

from django.db.models import Case, Prefetch, QuerySet, Value, When
from django.utils import timezone

from inventory.api.expansions import CONTAINER, LOCATION, LOT, MATERIAL
from inventory.api.resources import Resource
from quality.api import filters, serializers
from quality.models import (
    Decision,
    Disposition,
    DueInspection,
    Hold,
    Inspection,
    InspectionPlan,
    UsageRule,
)

TAG = "Quality records"


class HoldViewSet(Resource):
    """Holds, open and lifted."""

    queryset = Hold.objects.select_related(
        "lot", "container", "location", "material", "lifted_by", "actor"
    )
    serializer_class = serializers.HoldSerializer
    filterset_class = filters.HoldFilter
    ordering_fields = ("id", "recorded_at")
    expansions = {
        "lot": LOT, "container": CONTAINER, "location": LOCATION, "material": MATERIAL,
    }  # fmt: skip
    summaries = {"list": "Holds", "retrieve": "One hold"}
    tag = TAG


class InspectionViewSet(Resource):
    """Inspections with their results, and what was decided on those that failed."""

    queryset = Inspection.objects.select_related("lot", "actor").prefetch_related(
        "results", Prefetch("dispositions", Disposition.objects.select_related("actor"))
    )
    serializer_class = serializers.InspectionSerializer
    filterset_class = filters.InspectionFilter
    ordering_fields = ("id", "recorded_at")
    expansions = {"lot": LOT}
    summaries = {"list": "Inspections", "retrieve": "One inspection"}
    tag = TAG


class InspectionPlanViewSet(Resource):
    """Inspection plans of every version; those in force are marked."""

    queryset = InspectionPlan.objects.select_related(
        "material", "approved_by", "ended_by"
    ).prefetch_related("characteristics")
    serializer_class = serializers.InspectionPlanSerializer
    filterset_class = filters.InspectionPlanFilter
    summaries = {"list": "Inspection plans", "retrieve": "One inspection plan"}
    tag = TAG

    def get_queryset(self) -> QuerySet[InspectionPlan]:
        rows: QuerySet[InspectionPlan] = super().get_queryset()
        in_force = When(approved_at__isnull=False, ended_at=None, then=Value(True))
        return rows.annotate(in_force=Case(in_force, default=Value(False)))


class DueInspectionViewSet(Resource):
    """Inspections that are due, and those that were and have been done, the oldest first."""

    queryset = DueInspection.objects.select_related("lot__material")
    serializer_class = serializers.DueInspectionSerializer
    filterset_class = filters.DueInspectionFilter
    ordering = ("id",)
    expansions = {"lot": LOT, "material": MATERIAL}
    summaries = {"list": "Due inspections", "retrieve": "One due inspection"}
    tag = TAG


class DecisionViewSet(Resource):
    """Signed decisions on lots."""

    queryset = Decision.objects.select_related("lot", "actor")
    serializer_class = serializers.DecisionSerializer
    filterset_class = filters.DecisionFilter
    ordering_fields = ("id", "recorded_at")
    expansions = {"lot": LOT}
    summaries = {"list": "Decisions", "retrieve": "One decision"}
    tag = TAG


class UsageRuleViewSet(Resource):
    """Usage rules of every version; those in force are marked."""

    queryset = UsageRule.objects.select_related("material", "customer")
    serializer_class = serializers.UsageRuleSerializer
    filterset_class = filters.UsageRuleFilter
    summaries = {"list": "Usage rules", "retrieve": "One usage rule"}
    tag = TAG

    def get_queryset(self) -> QuerySet[UsageRule]:
        today = UsageRule.objects.in_force(timezone.localdate()).values("pk")
        in_force = When(pk__in=today, then=Value(True))
        rows: QuerySet[UsageRule] = super().get_queryset()
        return rows.annotate(in_force=Case(in_force, default=Value(False)))
