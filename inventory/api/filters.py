"""What the inventory resources are filtered by."""

from typing import Any

from django.apps import apps
from django.db.models import Exists, OuterRef, Q, QuerySet
from django_filters import rest_framework as filters

from inventory import audit_search
from inventory.api.resources import (
    CodeFilter,
    Filters,
    OneOfFilter,
    PeriodFilters,
    WholeFilter,
    WithinFilter,
    WordFilter,
    YesNoFilter,
)
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
    Seal,
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
    kind = OneOfFilter(choices=LocationKind.choices)
    purpose = OneOfFilter(choices=Purpose.choices)
    gln = CodeFilter("", "gln")

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
    kind = OneOfFilter(choices=MaterialKind.choices)
    tracking = filters.ChoiceFilter(choices=Tracking.choices)

    class Meta:
        model = Material
        fields = ("category", "is_active")


class LotFilter(Filters):
    code = CodeFilter("")
    number = CodeFilter("", "number")
    material = CodeFilter("material")
    status = OneOfFilter(choices=LotStatus.choices)
    expires_before = filters.DateFilter("expires_on", "lt")
    expires_from = filters.DateFilter("expires_on", "gte")
    on_hand = YesNoFilter(method="filter_on_hand", help_text="Whether any of it is on hand.")

    class Meta:
        model = Lot
        fields = ("supplier_lot",)

    def filter_on_hand(self, rows: QuerySet[Lot], name: str, value: bool) -> QuerySet[Lot]:
        here = Exists(Balance.objects.on_hand().filter(lot=OuterRef("pk")))
        return rows.filter(here if value else ~here)


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
    status = OneOfFilter("lot__status", choices=LotStatus.choices)

    class Meta:
        model = Balance
        fields = ()


class BalanceListFilter(BalanceFilter):
    """Of a closed lot nothing is on hand, as a rule, and to find it takes looking at all stock."""

    status = OneOfFilter("lot__status", choices=LotStatus.choices, method="filter_status")

    def filter_status(self, rows: QuerySet[Balance], name: str, value: list[str]) -> Any:
        sifted = not value or LotStatus.CLOSED in value
        return rows if sifted else rows.filter(lot__status__in=value)

    def sieve(self) -> Q | None:
        asked = self.chosen("status") or ()
        return Q(lot__status__in=asked) if LotStatus.CLOSED in asked else None


class MovementFilter(PeriodFilters):
    kind = OneOfFilter(choices=MovementKind.choices)
    lot = CodeFilter("lot")
    material = CodeFilter("lot__material")
    location = filters.CharFilter(method="as_branches", help_text="From there or to there.")
    actor = CodeFilter("actor", "username")
    surface = WordFilter(choices=Surface.choices)
    reverses = WholeFilter("reverses_id", help_text="The reversal of this movement.")

    class Meta:
        model = Movement
        fields = ("reference", "batch")

    def as_branches(self, rows: QuerySet[Movement], name: str, value: str) -> Any:
        """See `branches`. A place that there is not has no movements."""
        return rows if Location.objects.filter(code=value).exists() else rows.none()

    def branches(self) -> tuple[Q, ...]:
        code = self.chosen("location")
        place = (
            Location.objects.filter(code=code).values_list("pk", flat=True).first()
            if code
            else None
        )
        return (Q(source=place), Q(target=place)) if place else ()


class LotLinkFilter(PeriodFilters):
    parent = CodeFilter("parent")
    child = CodeFilter("child")

    class Meta:
        model = LotLink
        fields = ("kind", "batch")


class AuditEntryFilter(PeriodFilters):
    actor = CodeFilter("actor", "username")
    surface = WordFilter(choices=Surface.choices)

    subject_id = filters.CharFilter(
        method="filter_subject_id", help_text="Its number; say `subject_type` as well."
    )
    why = filters.CharFilter(
        method="filter_why", max_length=200, help_text="A text that the reason has in it."
    )

    class Meta:
        model = AuditEntry
        fields = ("action", "subject_type", "batch")

    def filter_subject_id(self, rows: QuerySet[AuditEntry], name: str, value: str) -> Any:
        """With every type there is, where none is said: the index begins with it."""
        types = [model._meta.label_lower for model in apps.get_models()]
        return rows.filter(subject_id=value, subject_type__in=types)

    def filter_why(self, rows: QuerySet[AuditEntry], name: str, value: str) -> Any:
        return rows.filter(audit_search.because(value))


class SealFilter(Filters):
    class Meta:
        model = Seal
        fields = ("table",)
