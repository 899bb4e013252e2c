"""Wall screens: set up, their link shown once, revoked."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inventory.admin.base import RefusableForm, actor
from inventory.admin.bearer import BearerAdmin
from inventory.fields import Words
from staging.displays import issue_display, revoke_display
from staging.models import Display
from staging.models.displays import OPENS_FOR


class DisplayForm(RefusableForm[Display]):
    class Meta:
        model = Display
        fields = ("name", "sites", "areas", "expires_at")


@admin.register(Display)
class DisplayAdmin(BearerAdmin[Display]):
    form = DisplayForm
    made = ("name", "sites", "areas", "expires_at")
    kept = ("created_at", "opened_at", "last_seen_at", "revoked_at")
    secret_title = _("The link for the screen")
    shown_by = "admin/display.html"
    list_display = (
        "name", "shows", "state", "created_at", "opened_at", "last_seen_at", "expires_at",
    )  # fmt: skip
    search_fields = ("name",)
    autocomplete_fields = ("sites", "areas")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Display]:
        return super().get_queryset(request).prefetch_related("sites", "areas")

    def issue(self, request: HttpRequest, values: dict[str, Any]) -> tuple[Display, str]:
        return issue_display(**values, by=actor(request), at=timezone.now())

    def end(self, request: HttpRequest, row: Display) -> None:
        revoke_display(display=row, by=actor(request), at=timezone.now())

    def spelled(self, request: HttpRequest, secret: str) -> str:
        return request.build_absolute_uri(reverse("staging:wall_open", args=[secret]))

    def stopped(self, row: Display) -> tuple[str, str, Words] | None:
        if row.opened_at:
            return None
        if row.created_at <= timezone.now() - OPENS_FOR:
            return ("calm", "calendar-x-fill", _("Link too old, never opened"))
        return ("info", "link-45deg", _("Waits for its link to be opened"))

    @admin.display(description=_("shows"))
    def shows(self, row: Display) -> str:
        return ", ".join(place.code for place in (*row.sites.all(), *row.areas.all()))
