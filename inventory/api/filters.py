"""What the inventory resources are filtered by."""

from typing import Any

from django.db.models import Q, QuerySet
from django_filters import rest_framework as filters

from inventory.api.resources import CodeFilter, Filters, PeriodFilters, WithinFilter, YesNoFilter
from inventory.models import (
    AuditEntry,
    Balance,
    Container,
    Location,
    LocationKind,
    Lot,
    LotLink,
    LotStatus,
    Material,
    MaterialKind,
    Movement,
    MovementKind,
    Purpose,
    Site,
    Surface,
    Tracking,
    Unit,
)


class SiteFilter(Filters):
    code = CodeFilter("")

    class Meta:
        model = Site
        fields = ("is_active",)


class LocationFilter(Filters):
    code = CodeFilter("")
    site = CodeFilter("site")
    parent = CodeFilter("parent", help_text="Directly within this location.")
    within = filters.CharFilter(
        method="filter_within", help_text="This location and everything below it."
    )
    kind = filters.MultipleChoiceFilter(choices=LocationKind.choices)
    purpose = filters.MultipleChoiceFilter(choices=Purpose.choices)

    class Meta:
        model = Location
        fields = ("is_open",)

    def filter_within(self, rows: QuerySet[Location], name: str, value: str) -> QuerySet[Location]:
        place = Location.objects.filter(code=value).first()
        return rows.filter(path__startswith=place.path) if place else rows.none()


class UnitFilter(Filters):
    code = CodeFilter("")

    class Meta:
        model = Unit
        fields = ()


class MaterialFilter(Filters):
    code = CodeFilter("")
    gtin = CodeFilter("", "gtin")
    name = filters.CharFilter(lookup_expr="icontains", help_text="A part of the name.")
    kind = filters.MultipleChoiceFilter(choices=MaterialKind.choices)
    tracking = filters.ChoiceFilter(choices=Tracking.choices)

    class Meta:
        model = Material
        fields = ("category", "is_active")


class LotFilter(Filters):
    code = CodeFilter("")
    number = CodeFilter("", "number")
    material = CodeFilter("material")
    status = filters.MultipleChoiceFilter(choices=LotStatus.choices)
    expires_before = filters.DateFilter("expires_on", "lt")
    expires_from = filters.DateFilter("expires_on", "gte")
    on_hand = YesNoFilter(method="filter_on_hand", help_text="Whether any of it is on hand.")

    class Meta:
        model = Lot
        fields = ("supplier_lot",)

    def filter_on_hand(self, rows: QuerySet[Lot], name: str, value: bool) -> QuerySet[Lot]:
        here = Balance.objects.on_hand().values("lot")
        return rows.filter(pk__in=here) if value else rows.exclude(pk__in=here)


class ContainerFilter(Filters):
    code = CodeFilter("")
    sscc = CodeFilter("", "sscc")
    location = CodeFilter("location")
    within = WithinFilter()
    parent = CodeFilter("parent")

    class Meta:
        model = Container
        fields = ("kind",)


class BalanceFilter(Filters):
    lot = CodeFilter("lot")
    material = CodeFilter("lot__material")
    location = CodeFilter("location")
    within = WithinFilter()
    container = CodeFilter("container")
    status = filters.MultipleChoiceFilter("lot__status", choices=LotStatus.choices)

    class Meta:
        model = Balance
        fields = ()


class MovementFilter(PeriodFilters):
    kind = filters.MultipleChoiceFilter(choices=MovementKind.choices)
    lot = CodeFilter("lot")
    material = CodeFilter("lot__material")
    location = filters.CharFilter(method="filter_location", help_text="From there or to there.")
    actor = CodeFilter("actor", "username")
    surface = filters.ChoiceFilter(choices=Surface.choices)
    reverses = filters.NumberFilter("reverses_id", help_text="The reversal of this movement.")

    class Meta:
        model = Movement
        fields = ("reference", "batch")

    def filter_location(self, rows: QuerySet[Movement], name: str, value: str) -> Any:
        return rows.filter(Q(source__code=value) | Q(target__code=value))


class LotLinkFilter(PeriodFilters):
    parent = CodeFilter("parent")
    child = CodeFilter("child")

    class Meta:
        model = LotLink
        fields = ("kind", "batch")


class AuditEntryFilter(PeriodFilters):
    actor = CodeFilter("actor", "username")
    surface = filters.ChoiceFilter(choices=Surface.choices)

    class Meta:
        model = AuditEntry
        fields = ("action", "subject_type", "subject_id", "batch")
