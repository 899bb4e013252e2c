"""What the admin pages of secrets share: shown once, revoked, never changed."""

from typing import Any, ClassVar, TypeVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from inventory.admin import cells
from inventory.admin.base import Refusable
from inventory.fields import Words

M = TypeVar("M", bound=models.Model)


def secret_page(
    model_admin: admin.ModelAdmin[Any],
    request: HttpRequest,
    row: models.Model,
    secret: str,
    *,
    title: Words,
    template: str,
    back: str,
) -> HttpResponse:
    """Show it in the answer itself: it is kept in no session, message or address."""
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": title,
        "token": row,
        "secret": secret,
        "back": back,
    }
    return TemplateResponse(request, template, context, headers={"Cache-Control": "no-store"})


class BearerAdmin(Refusable[M]):
    """The secret itself is shown on the page that answers its making, and never again."""

    made: ClassVar[tuple[str, ...]]
    """What is said when one is made."""
    kept: ClassVar[tuple[str, ...]]
    """What is known of one that there is."""
    secret_title: Words
    shown_by = "admin/token.html"
    actions = ("revoke",)

    def issue(self, request: HttpRequest, values: dict[str, Any]) -> tuple[M, str]:
        """Make one, and return it with its secret."""
        raise NotImplementedError

    def end(self, request: HttpRequest, row: M) -> None:
        """Revoke one."""
        raise NotImplementedError

    def stopped(self, row: Any) -> tuple[str, str, Words] | None:
        """Tone, icon and words of what else keeps it from being used."""
        return None

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: M | None = None) -> list[Any]:
        return [*self.made, "state", *self.kept] if obj else [*self.made]

    def get_readonly_fields(self, request: HttpRequest, obj: M | None = None) -> list[str]:
        return ["state", *self.kept] if obj else []

    def save_model(self, request: HttpRequest, obj: M, form: Any, change: bool) -> None:
        row, secret = self.issue(request, form.cleaned_data)
        obj.pk = row.pk
        request.issued = row, secret  # type: ignore[attr-defined]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """The action has saved all of it."""

    def response_add(
        self, request: HttpRequest, obj: M, post_url_continue: str | None = None
    ) -> HttpResponse:
        return self.shown(request, *request.issued)  # type: ignore[attr-defined]

    def shown(self, request: HttpRequest, row: M, secret: str) -> HttpResponse:
        """The page that shows the secret of one that was just made."""
        return secret_page(
            self,
            request,
            row,
            self.spelled(request, secret),
            title=self.secret_title,
            template=self.shown_by,
            back=reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"),
        )

    def spelled(self, request: HttpRequest, secret: str) -> str:
        """How the secret is given out."""
        return secret

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}")

    @admin.action(description=_("Revoke"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[M]) -> None:
        if not self.has_revoke_permission(request):
            raise PermissionDenied
        rows = list(queryset.filter(revoked_at=None))
        for row in rows:
            self.end(request, row)
        said = ngettext("%(count)d revoked.", "%(count)d revoked.", len(rows))
        messages.success(request, said % {"count": len(rows)})

    @admin.display(description=_("state"))
    def state(self, row: Any) -> str:
        if row.revoked_at:
            return cells.badge("bad", "x-circle-fill", _("Revoked"))
        if row.expires_at and row.expires_at <= timezone.now():
            return cells.badge("calm", "calendar-x-fill", _("Expired"))
        if stopped := self.stopped(row):
            return cells.badge(*stopped)
        return cells.badge("ok", "check-circle-fill", _("Valid"))
