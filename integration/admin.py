"""API tokens: issued, shown once, revoked."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from integration.epcis.admin import CapturedEventAdmin, CaptureJobAdmin
from integration.models import ApiToken
from integration.tokens import issue_token, revoke_token
from inventory.admin.base import RefusableForm, actor
from inventory.admin.bearer import BearerAdmin
from inventory.fields import Words

__all__ = ["ApiTokenAdmin", "CaptureJobAdmin", "CapturedEventAdmin"]


class TokenForm(RefusableForm[ApiToken]):
    class Meta:
        model = ApiToken
        fields = ("user", "name", "expires_at")


@admin.register(ApiToken)
class ApiTokenAdmin(BearerAdmin[ApiToken]):
    form = TokenForm
    made = ("user", "name", "expires_at")
    kept = ("created_at", "last_used_at", "revoked_at")
    secret_title = _("The new token")
    list_display = (
        "name", "user", "state", "created_at", "expires_at", "last_used_at", "revoked_at",
    )  # fmt: skip
    list_select_related = ("user",)
    search_fields = ("name", "user__username")
    autocomplete_fields = ("user",)

    def issue(self, request: HttpRequest, values: dict[str, Any]) -> tuple[ApiToken, str]:
        return issue_token(**values, by=actor(request), at=timezone.now())

    def end(self, request: HttpRequest, row: ApiToken) -> None:
        revoke_token(token=row, by=actor(request), at=timezone.now())

    def stopped(self, row: ApiToken) -> tuple[str, str, Words] | None:
        inactive = ("calm", "slash-circle-fill", _("Account inactive"))
        return None if row.user.is_active else inactive
