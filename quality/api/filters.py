"""What the quality resources are filtered by."""

from typing import Any

from django_filters import rest_framework as filters

from inventory.api.resources import (
    CodeFilter,
    Filters,
    OneOfFilter,
    PeriodFilters,
    WholeFilter,
    YesNoFilter,
)
from inventory.models import LotStatus
from quality.models import (
    Attachment,
    Decision,
    DecisionKind,
    DueInspection,
    GatedAction,
    Hold,
    Inspection,
    InspectionPlan,
    UsageRule,
)


class HoldFilter(PeriodFilters):
    open = YesNoFilter("lifted_at", "isnull", help_text="Not lifted yet.")
    lot = CodeFilter("lot")
    container = CodeFilter("container")
    location = CodeFilter("location")
    material = CodeFilter("material")

    class Meta:
        model = Hold
        fields = ("batch", "supplier_lot")


class InspectionFilter(PeriodFilters):
    lot = CodeFilter("lot")
    material = CodeFilter("lot__material")

    class Meta:
        model = Inspection
        fields = ("kind", "passed", "batch")


class InspectionPlanFilter(Filters):
    material = CodeFilter("material")
    in_force = YesNoFilter("in_force")

    class Meta:
        model = InspectionPlan
        fields = ("kind", "version")


class DueInspectionFilter(Filters):
    lot = CodeFilter("lot")
    material = CodeFilter("lot__material")
    open = YesNoFilter(method="narrow_to_open", help_text="Still to be done.")

    class Meta:
        model = DueInspection
        fields = ("kind",)

    def narrow_to_open(self, rows: Any, name: str, value: bool) -> Any:
        return rows.open() if value else rows.filter(inspection__isnull=False)


class AttachmentFilter(PeriodFilters):
    lot = CodeFilter("lot")
    inspection = CodeFilter("inspection", "id")

    class Meta:
        model = Attachment
        fields = ("sha256", "batch")


class DecisionFilter(PeriodFilters):
    lot = CodeFilter("lot")
    material = CodeFilter("lot__material")
    kind = OneOfFilter(choices=DecisionKind.choices)
    actor = CodeFilter("actor", "username")

    class Meta:
        model = Decision
        fields = ("batch",)


class UsageRuleFilter(Filters):
    version = WholeFilter("rule_set_id")
    in_force = YesNoFilter("in_force")
    status = OneOfFilter(choices=LotStatus.choices)
    action = filters.ChoiceFilter(choices=GatedAction.choices)

    class Meta:
        model = UsageRule
        fields = ()
