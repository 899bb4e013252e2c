"""Materials with their other units, and the units of measure."""

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from inventory.admin.base import EXACT, MasterAdmin
from inventory.models import Material, MaterialUnit, Unit


class MaterialUnitInline(admin.TabularInline[MaterialUnit, Material]):
    model = MaterialUnit
    extra = 0
    formfield_overrides = EXACT
    verbose_name_plural = _("Other units: so many base units make so many of this unit")


class MaterialAdmin(MasterAdmin[Material]):
    """Registered by quality, which can put a material on hold."""

    list_display = ("code", "name", "kind", "base_unit", "tracking", "initial_status", "is_active")
    list_filter = ("kind", "tracking", "initial_status", "is_active")
    list_select_related = ("base_unit",)
    search_fields = ("code", "name", "gtin")
    inlines = (MaterialUnitInline,)
    fieldsets = (
        (None, {"fields": ("code", "name", "kind", "category", "gtin", "is_active")}),
        (_("How it is counted"), {"fields": ("base_unit", "tracking", "safety_stock")}),
        (
            _("Quality and shelf life"),
            {"fields": ("initial_status", "inspection_required", "second_signer",
                        "shelf_life_days", "retest_days", "min_remaining_days",
                        "storage_condition", "out_of_storage_budget", "dwell_limit")},
        ),
        (_("Change"), {"fields": ("reason",)}),
    )  # fmt: skip


@admin.register(Unit)
class UnitAdmin(MasterAdmin[Unit]):
    list_display = ("code", "name", "decimals")
    search_fields = ("code", "name")
    fields = ("code", "name", "decimals", "reason")

    def get_readonly_fields(self, request: HttpRequest, obj: Unit | None = None) -> list[str]:
        """The code is the unit: another code is another unit."""
        return ["code"] if obj else []
