"""Stock: the on-hand picture, filtered, page by page or as a file."""

from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.views.generic.base import ContextMixin

from inventory.fields import Words
from inventory.models import Balance, Material
from inventory.paging import counted, every, page_of
from inventory.sheets.columns import BATCH, Column, Sheet
from inventory.templatetags.components import said
from inventory.views.common import FloorView
from staging.filters import MaterialFilter, StockFilter
from staging.picture import GROUPINGS, Grouping, Row
from staging.views.files import AsFile
from staging.views.lists import in_words

MOST_COUNTED = 100
"""Whether some is on hand is looked up one by one, so they are counted up to here only."""


class StockView(FloorView, AsFile, ContextMixin):
    """What is on hand, by material, lot, location or demand."""

    reads = ("inventory.view_balance",)

    def get(self, request: HttpRequest) -> HttpResponse:
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

    def sheet(self) -> Sheet:
        on, grouping = timezone.localdate(), self.grouping
        found = self.subjects
        pages: dict[str, Any] = {"tie": grouping.key, "size": BATCH}
        return Sheet(
            name=f"stock-by-{self.by}",
            columns=(*_named(self.by), *PARTS, *MORE.get(self.by, ())),
            found=found,
            batches=lambda: (self.rows(part, on) for part in every(found, grouping.key, **pages)),
        )


# --- as a file ----------------------------------------------------------------------------------


def _part(name: str, label: Words) -> Column:
    return Column(name, label, lambda row: row.split[name])


PARTS = (
    _part("general", _("General")),
    _part("reserved", _("Reserved")),
    _part("staged", _("Staged")),
    _part("in_process", _("In process")),
    _part("in_transit", _("In transit")),
    _part("total", _("On hand")),
)
MORE = {
    "material": (
        Column("usable", _("Usable"), lambda row: row.usable),
        Column("safety_stock", _("Safety stock"), lambda row: row.safety_stock),
    ),
    "lot": (
        Column("quality", _("Quality"), lambda row: said(row.badges)),
        Column("expires_on", _("Expires"), lambda row: row.expires_on),
    ),
}


def _named(by: str) -> tuple[Column, ...]:
    name = ("material", _("Material")) if by == "demand" else ("name", _("Name"))
    return (
        Column(by, GROUPINGS[by].heading, lambda row: row.code),
        Column(*name, lambda row: row.name),
        Column("unit", _("Unit"), lambda row: row.unit),
    )
