"""How much shelf life must remain for whom: master data."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from inventory.admin.base import MasterAdmin
from quality.models import ShelfLifeRule


@admin.register(ShelfLifeRule)
class ShelfLifeRuleAdmin(MasterAdmin[ShelfLifeRule]):
    """Never removed: one without days says nothing any more."""

    list_display = ("__str__", "days", "material", "customer")
    list_select_related = ("material", "customer")
    list_filter = (("customer", admin.RelatedOnlyFieldListFilter),)
    search_fields = ("material__code", "material__name", "customer__code", "customer__name")
    autocomplete_fields = ("material", "customer")
    fieldsets = (
        (
            None,
            {
                "fields": ("material", "customer", "days"),
                "description": _(
                    "To stage, load or ship. The most specific counts: of the material for the "
                    "customer, of anything for the customer, the material's own, and last the one "
                    "of anything for anybody."
                ),
            },
        ),
        (_("Change"), {"fields": ("reason",)}),
    )
