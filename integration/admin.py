"""API tokens: issued, shown once, revoked."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from integration.models import ApiToken
from integration.tokens import issue_token, revoke_token
from inventory.admin import cells
from inventory.admin.base import Refusable, RefusableForm, actor


class TokenForm(RefusableForm[ApiToken]):
    class Meta:
        model = ApiToken
        fields = ("user", "name", "expires_at")


@admin.register(ApiToken)
class ApiTokenAdmin(Refusable[ApiToken]):
    """The token itself is shown on the page that answers its making, and never again."""

    form = TokenForm
    list_display = (
        "name", "user", "state", "created_at", "expires_at", "last_used_at", "revoked_at",
    )  # fmt: skip
    list_select_related = ("user",)
    search_fields = ("name", "user__username")
    autocomplete_fields = ("user",)
    actions = ("revoke",)

    def has_change_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: ApiToken | None = None) -> list[Any]:
        made = ["user", "name", "expires_at"]
        return [*made, "state", "created_at", "last_used_at", "revoked_at"] if obj else made

    def get_readonly_fields(self, request: HttpRequest, obj: ApiToken | None = None) -> list[str]:
        return ["state", "created_at", "last_used_at", "revoked_at"] if obj else []

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        token, secret = issue_token(**form.cleaned_data, by=actor(request), at=timezone.now())
        obj.pk = token.pk
        request.secret = secret  # type: ignore[attr-defined]

    def response_add(
        self, request: HttpRequest, obj: ApiToken, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show it in the answer itself: it is kept in no session, message or address."""
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("The new token"),
            "token": obj,
            "secret": request.secret,  # type: ignore[attr-defined]
            "back": reverse("admin:integration_apitoken_changelist"),
        }
        return TemplateResponse(
            request, "admin/token.html", context, headers={"Cache-Control": "no-store"}
        )

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("integration.change_apitoken")

    @admin.action(description=_("Revoke"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        if not self.has_revoke_permission(request):
            raise PermissionDenied
        tokens = list(queryset.filter(revoked_at=None))
        for token in tokens:
            revoke_token(token=token, by=actor(request), at=timezone.now())
        said = ngettext("%(count)d token revoked.", "%(count)d tokens revoked.", len(tokens))
        messages.success(request, said % {"count": len(tokens)})

    @admin.display(description=_("state"))
    def state(self, token: ApiToken) -> str:
        if token.revoked_at:
            return cells.badge("bad", "x-circle-fill", _("Revoked"))
        if token.expires_at and token.expires_at <= timezone.now():
            return cells.badge("calm", "calendar-x-fill", _("Expired"))
        if not token.user.is_active:
            return cells.badge("calm", "slash-circle-fill", _("Account inactive"))
        return cells.badge("ok", "check-circle-fill", _("Valid"))
