"""The on-hand picture, by material, lot, location or demand."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request

from inventory import on_hand as of_stock
from inventory import sites
from inventory.api.fields import QuantityOut
from inventory.api.files import file_of, wanted_file
from inventory.api.filters import BalanceFilter
from inventory.api.pagination import KeysetPagination
from inventory.api.renderers import FILES, FastJSONRenderer
from inventory.api.resources import Filters, StrictFilters
from inventory.models import Balance
from staging import on_hand as of_demands
from staging.api.filters import AllocationFilter
from staging.models import Commitment

UNIT = "lot__material__base_unit"
MATERIAL = "lot__material__code"


@dataclass(frozen=True, slots=True)
class Grouping:
    """By which column the picture is grouped, and which others go along."""

    code: str
    tie: str
    columns: tuple[str, ...]
    split: Callable[..., QuerySet[Any, dict[str, Any]]] = of_stock.split


GROUPINGS = {
    "material": Grouping(MATERIAL, UNIT, (MATERIAL, UNIT)),
    "lot": Grouping("lot__code", MATERIAL, ("lot__code", MATERIAL, UNIT)),
    "location": Grouping("location__code", UNIT, ("location__code", UNIT)),
    "demand": Grouping(
        "requirement__demand__reference", MATERIAL,
        ("requirement__demand__reference", MATERIAL, UNIT), of_demands.split,
    ),
}  # fmt: skip


class GroupPagination(KeysetPagination):
    """Pages of sums: rows are dicts, and told apart by the second column of their group."""

    def get_ordering(self, request: Any, queryset: Any, view: Any) -> tuple[str, ...]:
        self.tie = view.grouping.tie
        return (view.grouping.code,)

    def value(self, row: Any, column: str) -> Any:
        return row[column]


class OnHandQuery(serializers.Serializer[Any]):
    by = serializers.ChoiceField(choices=list(GROUPINGS), default="material")


class OnHandRow(serializers.Serializer[Any]):
    """`general + reserved + staged + in_process + in_transit = total`, in the base unit."""

    code = serializers.CharField(help_text="Of the material, lot, location or demand.")
    material = serializers.CharField(allow_null=True, help_text="Null for locations.")
    unit = serializers.CharField()
    general = QuantityOut()
    reserved = QuantityOut()
    staged = QuantityOut()
    in_process = QuantityOut()
    in_transit = QuantityOut()
    total = QuantityOut()


class OnHandBy(Filters):
    by = filters.ChoiceFilter(choices=[(name, name) for name in GROUPINGS], method="ignore")

    def ignore(self, rows: Any, name: str, value: str) -> Any:
        return rows


class StockFilter(OnHandBy, BalanceFilter):
    pass


class DemandStockFilter(OnHandBy, AllocationFilter):
    pass


class OnHandView(GenericAPIView[Any]):
    """What is on hand, with general, reserved, staged, in process and in transit always apart."""

    queryset = Balance.objects.all()
    serializer_class = OnHandRow
    pagination_class = GroupPagination
    filter_backends = (StrictFilters,)
    renderer_classes = (FastJSONRenderer, *FILES)
    sieve: Q | None = None
    branches: tuple[Q, ...] = ()
    summaries = {"get": "On-hand picture"}
    tag = "Stock on hand"
    keeps_to_sites = True
    grouping: Grouping
    by = "material"

    @property
    def filterset_class(self) -> type[filters.FilterSet]:
        return DemandStockFilter if self.by == "demand" else StockFilter

    @extend_schema(
        parameters=[
            OnHandQuery,
            OpenApiParameter("status", exclude=True),  # of stock only, not of what demands hold
        ],
        responses=OnHandRow(many=True),
    )
    def get(self, request: Request) -> Any:
        query = OnHandQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        self.by = query.validated_data["by"]
        self.grouping = GROUPINGS[self.by]
        model = Commitment if self.by == "demand" else Balance
        rows = self.filter_queryset(sites.within(model._default_manager.all(), request.user))
        picture = self.grouping.split(rows, *self.grouping.columns)
        if kind := wanted_file(request):
            return file_of(self, kind, picture, self._shown)
        page = self.paginate_queryset(picture) or []
        return self.get_paginated_response(self._shown(page))

    def _shown(self, rows: list[dict[str, Any]]) -> Any:
        return OnHandRow([self._row(row) for row in rows], many=True).data

    def _row(self, row: dict[str, Any]) -> dict[str, Any]:
        named = {"code": row[self.grouping.code], "unit": row[UNIT], "material": row.get(MATERIAL)}
        return named | {part: row[part] for part in (*of_stock.PARTS, "total")}
