"""External identifiers in the admin: entered, moved, and kept in the audit trail."""

from django.contrib import admin

from integration.models import ExternalId
from inventory.admin.base import MasterAdmin


@admin.register(ExternalId)
class ExternalIdAdmin(MasterAdmin[ExternalId]):
    """Exactly one of the four things is named; its kind follows."""

    list_display = ("identifier", "source", "kind", "thing")
    list_filter = ("kind", "source")
    list_select_related = ("material", "location", "lot", "demand")
    search_fields = ("=identifier", "=source")
    autocomplete_fields = ("material", "location", "lot", "demand")
    fields = ("source", "identifier", "material", "location", "lot", "demand", "reason")
