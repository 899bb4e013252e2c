"""Stock: the on-hand picture, filtered, page by page or as a file."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import cached_property
from django.views import View
from django.views.generic.base import ContextMixin

from inventory import on_hand
from inventory.audit_export import csv_line
from inventory.models import Balance, Material
from inventory.paging import counted, page_of
from inventory.units import plain
from inventory.views.common import FloorView
from staging.filters import MaterialFilter, StockFilter
from staging.picture import GROUPINGS, Grouping, Row
from staging.views.files import csv_file
from staging.views.lists import in_words

FILE_PAGE = 500
MOST_COUNTED = 100
"""Whether some is on hand is looked up one by one, so they are counted up to here only."""

MORE_COLUMNS = {"material": ("usable", "safety_stock"), "lot": ("status", "expires_on")}


class StockView(FloorView, ContextMixin, View):
    """What is on hand, by material, lot, location or demand."""

    reads = ("inventory.view_balance",)

    def get(self, request: HttpRequest) -> HttpResponseBase:
        if "download" in request.GET:
            return self._file()
        return render(request, "staging/stock.html", self.get_context_data())

    @property
    def by(self) -> str:
        asked = self.request.GET.get("by", "")
        return asked if asked in GROUPINGS else "material"

    @property
    def grouping(self) -> Grouping:
        return GROUPINGS[self.by]

    @cached_property
    def stock_filter(self) -> StockFilter:
        return StockFilter(self.request.GET, queryset=Balance.objects.all())

    @cached_property
    def stock(self) -> QuerySet[Balance]:
        chosen: Any = self.stock_filter
        rows: QuerySet[Balance] = chosen.qs
        return rows if chosen.form.is_valid() else rows.none()

    @property
    def subjects(self) -> QuerySet[Any]:
        """What is paged through. No place or status asked: materials without stock show as well."""
        chosen: Any = MaterialFilter(self.request.GET, queryset=Material.objects.all())
        materials = chosen.qs if self.stock_filter.form.is_valid() else Material.objects.none()
        narrowed = any(self.request.GET.get(name) for name in ("site", "location", "status"))
        if narrowed and self.by == "material":
            there = self.stock.filter(quantity__gt=0).values("lot__material")
            materials = materials.filter(pk__in=there)
        return self.grouping.subjects(self.stock, materials)

    def rows(self, found: list[Any], on: date) -> list[Row]:
        return self.grouping.rows(found, self.stock, on)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        grouping = self.grouping
        page = page_of(self.subjects, self.request.GET, key=grouping.key, size=grouping.size)
        asked = self.request.GET.copy()
        for name in ("by", "after", "before"):
            asked.pop(name, None)
        filters = self.stock_filter
        return super().get_context_data(
            filter=filters,
            narrowed=any(self.request.GET.get(name) for name in filters.filters),
            by=self.by,
            grouping=grouping,
            groupings=[(name, one.label) for name, one in GROUPINGS.items()],
            query=asked.urlencode(),
            page=page,
            rows=self.rows(page.rows, timezone.localdate()),
            summary=in_words(*counted(self.subjects, MOST_COUNTED)),
            section="stock",
            **kwargs,
        )

    # --- as a file --------------------------------------------------------------------------

    def _file(self) -> StreamingHttpResponse:
        return csv_file(f"stock-by-{self.by}", self._lines())

    def _lines(self) -> Iterator[str]:
        on, asked = timezone.localdate(), QueryDict(mutable=True)
        columns = (*on_hand.PARTS, "total")
        extra = MORE_COLUMNS.get(self.by, ())
        name = "material" if self.by == "demand" else "name"
        yield csv_line([self.by, name, "unit", *columns, *extra])
        more = True
        while more:
            page = page_of(self.subjects, asked, key=self.grouping.key, size=FILE_PAGE)
            yield "".join(
                csv_line(
                    [row.code, row.name, row.unit]
                    + [plain(row.split[part]) for part in columns]
                    + [_fact(row, name) for name in extra]
                )
                for row in self.rows(page.rows, on)
            )
            if more := bool(page.next):
                asked["after"] = str(getattr(page.rows[-1], self.grouping.key))


def _fact(row: Row, name: str) -> str:
    if name == "status":
        return " ".join(row.badges)
    value = getattr(row, name)
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, date) else plain(value)
