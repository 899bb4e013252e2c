"""What the staging resources are filtered by."""

from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters

from inventory.api.resources import (
    CodeFilter,
    Filters,
    OneOfFilter,
    WholeFilter,
    WithinFilter,
    YesNoFilter,
)
from inventory.models import Purpose
from staging.alerting.addressed import for_whom
from staging.models import (
    Alert,
    AlertReason,
    AlertRule,
    AlertStep,
    AlertStepKind,
    Commitment,
    Demand,
    DemandKind,
    DemandState,
    DwellPolicy,
    DwellSet,
    LabelSize,
    Requirement,
    Severity,
    SiteCalendar,
    SpecialDay,
)


class DemandFilter(Filters):
    reference = CodeFilter("", "reference")
    kind = OneOfFilter(choices=DemandKind.choices)
    state = OneOfFilter(
        choices=DemandState.choices, method="filter_state",
        help_text="A page looks at 100 demands at most, and holds those in the state: follow "
        "`next`, even from a short page.",
    )  # fmt: skip
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

    def filter_state(self, rows: Any, name: str, value: list[str]) -> QuerySet[Demand]:
        """As far as columns tell; the view sifts the rest, page by page."""
        return rows.may_be(value) if value else rows  # type: ignore[no-any-return]

    def sieve(self) -> Q | None:
        states = self.chosen("state")
        return Q(state__in=states) if states else None

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
    purpose = OneOfFilter("location__purpose", choices=Purpose.choices)
    blocked = YesNoFilter(
        method="by_sieve", help_text="What quality has stopped since, or what it has not."
    )
    stale = YesNoFilter(
        method="by_sieve", help_text="Past its dwell limit or the time it was needed, or not."
    )

    def by_sieve(self, rows: QuerySet[Commitment], name: str, value: bool) -> Any:
        """See `sieve`."""
        return rows

    def sieve(self) -> Q | None:
        """`rows` have their `stop` already, from the gate."""
        now, found = timezone.now(), Q()
        blocked, stale = self.chosen("blocked"), self.chosen("stale")
        if blocked is not None:
            found &= ~Q(stop="") if blocked else Q(stop="")
        if stale is not None:
            ended = Q(due_at__lte=now) | Q(requirement__demand__needed_at__lte=now)
            found &= ended if stale else ~ended
        return found or None


class AlertFilter(Filters):
    reason = OneOfFilter(choices=AlertReason.choices)
    severity = OneOfFilter(choices=Severity.choices)
    level = WholeFilter("level", help_text="1 operator, 2 supervisor, 3 QA.")
    min_level = WholeFilter("level", "gte", help_text="This level and those above.")
    open = YesNoFilter("closed_at", "isnull", help_text="Its cause is still there.")
    acknowledged = YesNoFilter("acknowledged_at", "isnull", exclude=True)
    snoozed = YesNoFilter("snoozed_until", "isnull", exclude=True)
    assigned_to = CodeFilter("assigned_to", "username")
    for_me = YesNoFilter(
        method="filter_for_me",
        help_text="What has come to the level of who asks, or is assigned to them; or all else.",
    )
    lot = CodeFilter("lot")
    location = CodeFilter("location")
    within = WithinFilter()
    demand = CodeFilter("demand", "reference")
    site = CodeFilter("site")

    class Meta:
        model = Alert
        fields = ()

    def filter_for_me(self, rows: QuerySet[Alert], name: str, value: bool) -> QuerySet[Alert]:
        mine = for_whom(self.request.user)
        return rows.filter(mine) if value else rows.exclude(pk__in=rows.filter(mine).values("pk"))


class AlertStepFilter(Filters):
    kind = OneOfFilter(choices=AlertStepKind.choices)

    class Meta:
        model = AlertStep
        fields = ()


class AlertRuleFilter(Filters):
    reason = OneOfFilter(choices=AlertReason.choices)
    severity = OneOfFilter(choices=Severity.choices)
    general = YesNoFilter(
        "site", "isnull", help_text="For all sites that have no rule of their own."
    )
    site = CodeFilter("site")

    class Meta:
        model = AlertRule
        fields = ()


class DwellPolicyFilter(Filters):
    version = WholeFilter("dwell_set_id")
    in_force = YesNoFilter("in_force")
    material = CodeFilter("material")
    lane = CodeFilter("lane")

    class Meta:
        model = DwellPolicy
        fields = ()


class DwellSetFilter(Filters):
    in_force = YesNoFilter("in_force")
    is_draft = YesNoFilter("activated_at", "isnull")

    class Meta:
        model = DwellSet
        fields = ()


class SpecialDayFilter(Filters):
    site = CodeFilter("site")
    day_from = filters.DateFilter("day", "gte")
    day_until = filters.DateFilter("day", "lte")

    class Meta:
        model = SpecialDay
        fields = ()


class SiteCalendarFilter(Filters):
    site = CodeFilter("site")

    class Meta:
        model = SiteCalendar
        fields = ()


class LabelSizeFilter(Filters):
    code = CodeFilter("")
    is_active = YesNoFilter("is_active")

    class Meta:
        model = LabelSize
        fields = ()
