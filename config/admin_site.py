"""The admin site: Django's own, with our name, our order of things and QA's worklist."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

SECTIONS: tuple[tuple[str, Any, tuple[str, ...]], ...] = (
    ("quality", _("Quality"), (
        "inventory.lot", "quality.hold", "quality.inspection", "quality.decision",
        "quality.proposal",
        "quality.dueinspection", "quality.attachment", "quality.inspectionplan", "quality.ruleset",
    )),
    ("master", _("Master data"), (
        "inventory.material", "quality.shelfliferule", "inventory.location", "inventory.site",
        "inventory.unit",
    )),
    ("staging", _("Staging"), (
        "staging.demand", "staging.requirement", "staging.commitment", "staging.alert",
        "staging.alertrule",
    )),
    ("history", _("Stock and history"), (
        "inventory.balance", "inventory.container", "inventory.movement", "inventory.lotlink",
        "inventory.auditentry", "inventory.refusedattempt", "inventory.seal",
        "integration.capturejob", "integration.capturedevent",
    )),
    ("systems", _("Other systems"), (
        "integration.externalid",
        "integration.subscription", "integration.parcel", "integration.delivery",
    )),
    ("access", _("People and access"), (
        "auth.user", "auth.group", "integration.apiclient", "integration.apitoken",
        "staging.display", "forestage.taskrun", "staging.reportchoice", "staging.reportmail",
    )),
)  # fmt: skip
"""What stands together on the index, in this order. What is not named follows under its app."""


class ForestageAdminSite(admin.AdminSite):
    site_header = _("Forestage")
    site_title = _("Forestage")
    index_title = _("Quality, master data and history")
    index_template = "admin/worklist.html"
    site_url = None  # the way back to the floor stands in the header
    enable_nav_sidebar = False  # the lists need the width

    def has_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_staff)

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """One way to sign in, the floor's. Who is signed in and may not enter is told so."""
        wanted = request.GET.get("next", "")
        if not url_has_allowed_host_and_scheme(wanted, {request.get_host()}, request.is_secure()):
            wanted = reverse("admin:index")
        if self.has_permission(request):
            return HttpResponse(status=302, headers={"Location": wanted})
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect_to_login(wanted, resolve_url(settings.LOGIN_URL))

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """One's own password; that it changed is recorded, like everybody else's."""
        from inventory import accounts, audit_people
        from inventory.admin.base import actor

        with transaction.atomic():
            user = User.objects.get(username=request.user.get_username())
            before = audit_people.snapshot(user)
            response = super().password_change(request, extra_context)
            if audit_people.record_change(user, before, by=actor(request), at=timezone.now()):
                accounts.password_set(user, by=actor(request))
                request.session[accounts.PASSWORD_CHANGE_DUE] = False
        return response

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        from config.worklist import duties, to_release

        work = {"worklist": list(duties(request))} | to_release(self, request)
        return super().index(request, work | (extra_context or {}))

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """By what things are for, and not by the app that keeps them."""
        apps = super().get_app_list(request, app_label)
        if app_label is not None:
            return apps
        models = {
            f"{app['app_label']}.{model['object_name'].lower()}": model
            for app in apps
            for model in app["models"]
        }
        sections = [
            {
                "name": name,
                "app_label": label,
                "app_url": "",
                "has_module_perms": True,
                "models": [models.pop(key) for key in keys if key in models],
            }
            for label, name, keys in SECTIONS
        ]
        rest = [
            app | {"models": left}
            for app in apps
            if (left := [model for model in app["models"] if model in models.values()])
        ]
        return [section for section in sections if section["models"]] + rest
