"""Sites, the tree of locations, and containers."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from inventory.admin.base import HistoryAdmin, MasterAdmin
from inventory.admin.finding import FoundByCode
from inventory.admin.labels import Labelled
from inventory.models import Container, Location, Site, SsccSeries

STEP = "\u2003"
"""An em space for each level of the tree."""


@admin.register(Site)
class SiteAdmin(MasterAdmin[Site]):
    list_display = ("code", "name", "time_zone", "is_active")
    list_filter = ("is_active",)
    search_fields = ("code", "name")
    fields = (
        "code", "name", "time_zone", "gs1_prefix", "sscc_extension", "is_active", "reason",
    )  # fmt: skip


@admin.register(SsccSeries)
class SsccSeriesAdmin(MasterAdmin[SsccSeries]):
    """How far the numbers have been given out, to begin behind those of an earlier system."""

    list_display = ("prefix", "extension", "next_serial")
    fields = ("prefix", "extension", "next_serial", "reason")

    def get_readonly_fields(self, request: HttpRequest, obj: SsccSeries | None = None) -> Any:
        return ("prefix", "extension") if obj else ()


class LocationAdmin(Labelled[Location], MasterAdmin[Location]):
    """The tree, in its own order. Registered by quality, which can put a location on hold."""

    label_kind = "locations"

    list_display = (
        "branch", "name", "kind", "purpose", "zone", "capacity", "dwell_limit", "is_open",
    )  # fmt: skip
    list_display_links = ("branch",)
    list_filter = ("kind", "purpose", "zone", "is_open", "site")
    list_per_page = 200
    list_select_related = ("site",)
    search_fields = ("code", "name", "=gln")
    ordering = ("path",)
    autocomplete_fields = ("parent",)
    fieldsets = (
        (None, {"fields": ("site", "parent", "code", "name", "is_open")}),
        (
            _("What it is for"),
            {"fields": ("kind", "purpose", "state_label", "routes", "carriers", "condition",
                        "dwell_limit", "capacity", "capacity_policy", "walk_order")},
        ),
        (_("GS1 number"), {"fields": ("gln", "gln_extension")}),
        (_("Change"), {"fields": ("reason",)}),
    )  # fmt: skip

    @admin.display(description=_("location"), ordering="path")
    def branch(self, location: Location) -> str:
        return STEP * (len(location.ancestry) - 1) + location.code


class ContainerAdmin(FoundByCode, Labelled[Container], HistoryAdmin[Container]):
    """Containers are registered and moved on the floor; here they are looked up, and held."""

    label_kind = "containers"

    list_display = ("code", "sscc", "kind", "location", "parent")
    list_filter = ("kind",)
    list_select_related = ("location", "parent")
    search_fields = ("code", "=sscc")

    def has_view_permission(self, request: HttpRequest, obj: Container | None = None) -> bool:
        return request.user.has_perm("inventory.view_container")
