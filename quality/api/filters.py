"""What the quality resources are filtered by."""

from django_filters import rest_framework as filters

from inventory.api.resources import CodeFilter, Filters, OneOfFilter, PeriodFilters, YesNoFilter
from inventory.models import LotStatus
from quality.models import Decision, DecisionKind, GatedAction, Hold, Inspection, UsageRule


class HoldFilter(PeriodFilters):
    open = YesNoFilter("lifted_at", "isnull", help_text="Not lifted yet.")
    lot = CodeFilter("lot")
    container = CodeFilter("container")
    location = CodeFilter("location")
    material = CodeFilter("material")

    class Meta:
        model = Hold
        fields = ("batch",)


class InspectionFilter(PeriodFilters):
    lot = CodeFilter("lot")
    material = CodeFilter("lot__material")

    class Meta:
        model = Inspection
        fields = ("kind", "passed", "batch")


class DecisionFilter(PeriodFilters):
    lot = CodeFilter("lot")
    material = CodeFilter("lot__material")
    kind = OneOfFilter(choices=DecisionKind.choices)
    actor = CodeFilter("actor", "username")

    class Meta:
        model = Decision
        fields = ("batch",)


class UsageRuleFilter(Filters):
    version = filters.NumberFilter("rule_set_id")
    in_force = YesNoFilter("in_force")
    status = OneOfFilter(choices=LotStatus.choices)
    action = filters.ChoiceFilter(choices=GatedAction.choices)

    class Meta:
        model = UsageRule
        fields = ()
