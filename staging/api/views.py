"""The staging resources, to read."""

from typing import Any

from django.db.models import Case, Prefetch, QuerySet, Value, When
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from inventory import sites
from inventory.api.expansions import LOCATION, LOT, MATERIAL, SITE, STOCK
from inventory.api.resources import Coded, Resource
from inventory.api.selection import Expansion
from staging.actions import suggest
from staging.api import filters, serializers
from staging.api.suggestion import SuggestionAnswer
from staging.models import (
    Alert,
    AlertRule,
    AlertStep,
    Allocation,
    Demand,
    DwellPolicy,
    DwellSet,
    LabelSize,
    Requirement,
    SiteCalendar,
    SpecialDay,
    StagedStock,
)

TAG = "Staging records"

DEMAND = Expansion(
    serializers.DemandHeadSerializer, joins=("site", "work_center", "customer", "product")
)


def with_lines(demands: QuerySet[Demand]) -> QuerySet[Demand]:
    """Demands with their lines and how far each has come, as they are shown."""
    rows = Requirement.objects.with_progress().select_related("material", "lot")
    return demands.prefetch_related(Prefetch("requirements", rows.order_by("line")))


class DemandViewSet(Resource):
    """Demands with their derived state and how far each line has come."""

    queryset = Demand.objects.with_state().select_related(
        "site", "work_center", "customer", "product"
    )
    serializer_class = serializers.DemandSerializer
    filterset_class = filters.DemandFilter
    lookup_field = "reference"
    lookup_value_converter = "str"
    ordering_fields = ("needed_at", "reference", "id")
    ordering = ("needed_at",)
    summaries = {
        "list": "Demands",
        "retrieve": "One demand",
        "suggestion": "What would fill a demand",
    }
    expansions = {
        "site": SITE, "work_center": LOCATION, "customer": LOCATION, "product": MATERIAL,
        "requirements.material": MATERIAL, "requirements.lot": LOT,
    }  # fmt: skip
    tag = TAG

    def get_queryset(self) -> QuerySet[Demand]:
        rows: QuerySet[Demand] = super().get_queryset()
        return with_lines(rows) if self.is_shown("requirements") else rows

    @extend_schema(responses=SuggestionAnswer)
    @action(detail=True, keeps_to_sites=True)
    def suggestion(self, request: Request, reference: str) -> Response:
        """Which free, usable stock would fill what is missing: first expired, first out.

        A look, without a promise: `allocate` decides again.
        """
        demand = self.get_object()
        return Response(SuggestionAnswer({"demand": demand, "lines": suggest(demand)}).data)


class AllocationViewSet(Resource):
    """What is reserved in storage, and for which demand."""

    queryset = Allocation.objects.select_related(
        "requirement__demand", "lot__material", "location", "container"
    )
    serializer_class = serializers.AllocationSerializer
    filterset_class = filters.AllocationFilter
    lookup_value_converter = "uuid"
    ordering_fields = ("since",)
    ordering = ("-since",)
    expansions = {"demand": DEMAND} | STOCK
    summaries = {"list": "Allocations", "retrieve": "One allocation"}
    tag = TAG


class StagedStockViewSet(Resource):
    """What is staged: for which demand, how long, and whether anything stops it."""

    queryset = StagedStock.objects.select_related(
        "requirement__demand", "lot__material", "location", "container"
    )
    serializer_class = serializers.StagedStockSerializer
    filterset_class = filters.StagedStockFilter
    lookup_value_converter = "uuid"
    ordering_fields = ("since",)
    ordering = ("since",)
    expansions = {"demand": DEMAND} | STOCK
    summaries = {"list": "Staged stock", "retrieve": "One piece of staged stock"}
    tag = TAG

    def get_queryset(self) -> QuerySet[StagedStock]:
        rows: Any = super().get_queryset()
        stopped: QuerySet[StagedStock] = rows.with_stop(timezone.localdate())
        return stopped


class AlertViewSet(Resource):
    """Flags that the clock raised, open and closed."""

    queryset = Alert.objects.select_related(
        "site", "demand", "lot", "location", "container", "acknowledged_by", "assigned_to"
    )
    serializer_class = serializers.AlertSerializer
    filterset_class = filters.AlertFilter
    expansions = {key: STOCK[key] for key in ("lot", "location", "container")}
    ordering_fields = ("id", "urgency", "raised_at")
    summaries = {"list": "Alerts", "retrieve": "One alert"}
    tag = TAG


class AlertStepViewSet(Resource):
    """What has happened to one alert, in order."""

    queryset = AlertStep.objects.select_related("actor", "assigned_to")
    serializer_class = serializers.AlertStepSerializer
    filterset_class = filters.AlertStepFilter
    permission_needed = "staging.view_alert"
    ordering = ("id",)
    summaries = {"list": "History of an alert"}
    tag = TAG

    def get_queryset(self) -> QuerySet[AlertStep]:
        rows: QuerySet[AlertStep] = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return rows.none()
        known = sites.within(Alert.objects.all(), self.request.user)
        return rows.filter(alert=get_object_or_404(known, pk=self.kwargs["alert"]))


class AlertRuleViewSet(Resource):
    """By which alerts live, reason by reason, and site by site where sites have their own."""

    queryset = AlertRule.objects.select_related("site")
    serializer_class = serializers.AlertRuleSerializer
    filterset_class = filters.AlertRuleFilter
    summaries = {"list": "Alert rules", "retrieve": "One alert rule"}
    tag = TAG


class DwellPolicyViewSet(Resource):
    """Dwell policies of every version; those in force are marked."""

    queryset = DwellPolicy.objects.select_related("material", "customer", "lane", "area", "site")
    serializer_class = serializers.DwellPolicySerializer
    filterset_class = filters.DwellPolicyFilter
    summaries = {"list": "Dwell policies", "retrieve": "One dwell policy"}
    tag = TAG

    def get_queryset(self) -> QuerySet[DwellPolicy]:
        in_force = When(pk__in=DwellPolicy.objects.in_force().values("pk"), then=Value(True))
        rows: QuerySet[DwellPolicy] = super().get_queryset()
        return rows.annotate(in_force=Case(in_force, default=Value(False)))


class DwellSetViewSet(Resource):
    """Numbered sets of dwell policies, whole: drafts, the one in force, and those before it."""

    queryset = DwellSet.objects.select_related("activated_by")
    serializer_class = serializers.DwellSetSerializer
    filterset_class = filters.DwellSetFilter
    lookup_field = "version"
    ordering_fields = ("version",)
    ordering = ("-version",)
    summaries = {"list": "Sets of dwell policies", "retrieve": "One set of dwell policies"}
    tag = TAG

    def get_queryset(self) -> QuerySet[DwellSet]:
        policies = DwellPolicy.objects.select_related(
            "material", "customer", "lane", "area", "site"
        )
        in_force = When(pk__in=DwellSet.objects.in_force().values("pk"), then=Value(True))
        rows: QuerySet[DwellSet] = super().get_queryset()
        if self.is_shown("policies"):
            rows = rows.prefetch_related(Prefetch("policies", policies.order_by("pk")))
        return rows.annotate(in_force=Case(in_force, default=Value(False)))


class SpecialDayViewSet(Resource):
    """Holidays and extra working days of sites."""

    queryset = SpecialDay.objects.select_related("site")
    serializer_class = serializers.SpecialDaySerializer
    filterset_class = filters.SpecialDayFilter
    summaries = {"list": "Special days", "retrieve": "One special day"}
    tag = TAG


class SiteCalendarViewSet(Resource):
    """When sites work: the shifts from a day on."""

    queryset = SiteCalendar.objects.select_related("site").prefetch_related("shifts")
    serializer_class = serializers.SiteCalendarSerializer
    filterset_class = filters.SiteCalendarFilter
    summaries = {"list": "Site calendars", "retrieve": "One site calendar"}
    tag = TAG


class LabelSizeViewSet(Coded):
    """Sizes of labels that the plant has in its printers, in millimetres."""

    queryset = LabelSize.objects.all()
    serializer_class = serializers.LabelSizeSerializer
    filterset_class = filters.LabelSizeFilter
    summaries = {"list": "Label sizes", "retrieve": "One label size"}
    tag = "Labels"
