"""API clients and their tokens: issued, shown once, rotated, revoked."""

from datetime import timedelta
from functools import partial
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Max, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from integration.access import scopes
from integration.access.clients import save_client
from integration.access.forms import ClientForm, RotateForm, TokenForm
from integration.access.tokens import issue_token, revoke_token, rotate_token
from integration.models import ApiClient, ApiToken
from integration.models.access import Kind
from inventory.admin import cells
from inventory.admin.base import Refusable, actor, show
from inventory.admin.bearer import BearerAdmin
from inventory.errors import Refused
from inventory.fields import Words
from inventory.models import Site

OVERLAP = timedelta(days=7)
"""How long the old one goes on beside the new one, unless another time is chosen."""


@admin.register(ApiClient)
class ApiClientAdmin(Refusable[ApiClient]):
    form = ClientForm
    change_form_template = "admin/client.html"
    list_display = ("name", "system", "user", "state", "contact", "last_used")
    list_filter = ("is_active",)
    list_select_related = ("user",)
    search_fields = ("name", "system", "contact", "client_id", "user__username")
    autocomplete_fields = ("user",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiClient]:
        return super().get_queryset(request).annotate(used_at=Max("tokens__last_used_at"))

    def get_fields(self, request: HttpRequest, obj: ApiClient | None = None) -> list[Any]:
        asked = [*ClientForm.Meta.fields]
        return [*asked, "reason", "client_id", "created_at"] if obj else asked

    def get_readonly_fields(self, request: HttpRequest, obj: ApiClient | None = None) -> list[str]:
        return ["client_id", "created_at"] if obj else []

    def save_model(self, request: HttpRequest, obj: ApiClient, form: Any, change: bool) -> None:
        why = form.cleaned_data.get("reason", "")
        save_client(obj, by=actor(request), at=timezone.now(), reason=why)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        here = self.get_object(request, object_id)
        of_it = here.tokens.exclude(kind=Kind.ACCESS).select_related("client__user") if here else ()
        about = ApiTokenAdmin(ApiToken, self.admin_site)
        about.codes = _site_codes()
        rows = [
            {"token": row, "state": about.state(row), "scope": about.scope(row)} for row in of_it
        ]
        may = {"may_issue": request.user.has_perm("integration.add_apitoken")}
        more = {"rows": rows} | may | (extra_context or {})
        return super().change_view(request, object_id, form_url, more)

    @admin.display(description=_("state"))
    def state(self, row: ApiClient) -> str:
        if not row.is_active:
            return cells.badge("bad", "slash-circle-fill", _("Inactive"))
        if not row.user.is_active:
            return cells.badge("calm", "slash-circle-fill", _("Account inactive"))
        return cells.badge("ok", "check-circle-fill", _("Active"))

    @admin.display(description=_("last used at"), ordering="used_at")
    def last_used(self, row: Any) -> Any:
        return row.used_at


@admin.register(ApiToken)
class ApiTokenAdmin(BearerAdmin[ApiToken]):
    form = TokenForm
    made = ("client", "kind", "scopes", "sites", "expires_at")
    kept = ("created_at", "last_used_at", "revoked_at", "replaces", "under")
    secret_title = _("The new token")
    change_form_template = "admin/api_token.html"
    list_display = (
        "__str__", "kind", "scope", "state", "created_at", "expires_at", "last_used_at",
    )  # fmt: skip
    list_filter = ("kind",)
    list_select_related = ("client__user",)
    search_fields = ("client__name", "client__user__username")
    autocomplete_fields = ("client",)
    codes: dict[int, str]

    def get_fields(self, request: HttpRequest, obj: ApiToken | None = None) -> list[Any]:
        if obj is None:
            return [*self.made]
        return ["client", "kind", "scope", "expires_at", "state", *self.kept]

    def get_readonly_fields(self, request: HttpRequest, obj: ApiToken | None = None) -> list[str]:
        return [*super().get_readonly_fields(request, obj), "scope"] if obj else []

    def get_urls(self) -> list[Any]:
        rotate = self.admin_site.admin_view(partial(rotate_page, self))
        here = [path("<int:pk>/rotate/", rotate, name="integration_apitoken_rotate")]
        return here + super().get_urls()

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiToken]:
        self.codes = _site_codes()  # once, and not for each row
        return super().get_queryset(request)

    def issue(self, request: HttpRequest, values: dict[str, Any]) -> tuple[ApiToken, str]:
        return issue_token(**values, by=actor(request), at=timezone.now())

    def end(self, request: HttpRequest, row: ApiToken) -> None:
        revoke_token(token=row, by=actor(request), at=timezone.now())

    def stopped(self, row: ApiToken) -> tuple[str, str, Words] | None:
        if not row.client.is_active:
            return ("calm", "slash-circle-fill", _("Client inactive"))
        if not row.client.user.is_active:
            return ("calm", "slash-circle-fill", _("Account inactive"))
        if row.expires_at and row.kind != Kind.ACCESS and row.expires_at < timezone.now() + OVERLAP:
            return ("warn", "hourglass-split", _("Ends within days"))
        return None

    @admin.display(description=_("scope"))
    def scope(self, row: ApiToken) -> str:
        return scopes.spelled(row.scopes, [self.codes[site] for site in row.sites])


def _site_codes() -> dict[int, str]:
    return dict(Site.objects.values_list("pk", "code"))


def rotate_page(model_admin: ApiTokenAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """A new secret beside the old one; when the old one ends is asked first."""
    if not request.user.has_perm("integration.add_apitoken"):
        raise PermissionDenied
    rows = model_admin.get_queryset(request).select_related("client")
    token, now = get_object_or_404(rows, pk=pk), timezone.now()
    form = RotateForm(request.POST or None, initial=_usual(token))
    if request.method == "POST" and form.is_valid():
        try:
            new, secret = rotate_token(token=token, **form.cleaned_data, by=actor(request), at=now)
            return model_admin.shown(request, new, secret)
        except Refused as refusal:
            show(form, refusal)
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": _("Rotate %(token)s") % {"token": token},
        "token": token,
        "scope": model_admin.scope(token),
        "form": form,
        "back": cells.page_of(token),
    }
    return TemplateResponse(request, "admin/rotate.html", context)


def _usual(token: ApiToken) -> dict[str, Any]:
    """A week of both, and the new one for as long as the old one was."""
    now = timezone.now()
    lasts = token.expires_at - token.created_at if token.expires_at else None
    return {"ends_at": now + OVERLAP, "expires_at": now + lasts if lasts else None}
