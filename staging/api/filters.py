"""What the staging resources are filtered by."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters

from inventory.api.resources import CodeFilter, Filters, WithinFilter, YesNoFilter
from inventory.models import Purpose
from staging.models import (
    Alert,
    AlertReason,
    Commitment,
    Demand,
    DemandKind,
    DemandState,
    Requirement,
)


class DemandFilter(Filters):
    reference = CodeFilter("", "reference")
    kind = filters.MultipleChoiceFilter(choices=DemandKind.choices)
    state = filters.MultipleChoiceFilter(choices=DemandState.choices)
    live = YesNoFilter(
        "closed_at", "isnull", help_text="Neither completed nor cancelled by anyone."
    )
    site = CodeFilter("site")
    work_center = CodeFilter("work_center")
    customer = CodeFilter("customer")
    product = CodeFilter("product")
    material = filters.CharFilter(method="filter_material", help_text="Needs this material.")
    needed_from = filters.IsoDateTimeFilter("needed_at", "gte")
    needed_before = filters.IsoDateTimeFilter("needed_at", "lt")

    class Meta:
        model = Demand
        fields = ("route", "carrier")

    def filter_material(self, rows: QuerySet[Demand], name: str, value: str) -> QuerySet[Demand]:
        return rows.filter(pk__in=Requirement.objects.filter(material__code=value).values("demand"))


class AllocationFilter(Filters):
    demand = CodeFilter("requirement__demand", "reference")
    lot = CodeFilter("lot")
    material = CodeFilter("lot__material")
    location = CodeFilter("location")
    within = WithinFilter()
    container = CodeFilter("container")

    class Meta:
        model = Commitment
        fields = ()


class StagedStockFilter(AllocationFilter):
    purpose = filters.MultipleChoiceFilter("location__purpose", choices=Purpose.choices)
    blocked = YesNoFilter(
        method="filter_blocked", help_text="What quality has stopped since, or what it has not."
    )
    stale = YesNoFilter(
        method="filter_stale", help_text="Past its dwell limit or the time it was needed, or not."
    )

    def filter_blocked(self, rows: Any, name: str, value: bool) -> QuerySet[Commitment]:
        """`rows` have their `stop` already, from the gate."""
        return rows.exclude(stop="") if value else rows.filter(stop="")  # type: ignore[no-any-return]

    def filter_stale(
        self, rows: QuerySet[Commitment], name: str, value: bool
    ) -> QuerySet[Commitment]:
        stale = Commitment.objects.stale(timezone.now())
        return rows.filter(pk__in=stale) if value else rows.exclude(pk__in=stale)


class AlertFilter(Filters):
    reason = filters.MultipleChoiceFilter(choices=AlertReason.choices)
    open = YesNoFilter("closed_at", "isnull", help_text="Its cause is still there.")
    acknowledged = YesNoFilter("acknowledged_at", "isnull", exclude=True)
    lot = CodeFilter("lot")
    location = CodeFilter("location")
    within = WithinFilter()
    demand = CodeFilter("commitment__requirement__demand", "reference")

    class Meta:
        model = Alert
        fields = ()
