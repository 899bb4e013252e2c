"""People and roles in the admin. The site itself is `config.admin_site`."""

from functools import partial
from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.access import access_page
from config.clock.admin import TaskRunAdmin
from inventory import accounts, audit_people
from inventory.admin import cells
from inventory.admin.base import OneTrail, actor

__all__ = ["TaskRunAdmin"]

admin.site.unregister([User, Group])
admin.site.disable_action("delete_selected")


class RecordedPeople(OneTrail[Any]):
    """Accounts and roles: what changed, roles and permissions included, is in the audit trail."""

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        request.before = audit_people.snapshot(obj)  # type: ignore[attr-defined]
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        audit_people.record_change(
            form.instance,
            request.before,  # type: ignore[attr-defined]
            by=actor(request),
            at=timezone.now(),
        )


class LockedFilter(admin.SimpleListFilter):
    """Accounts that too many failed attempts have locked."""

    title = _("locked")
    parameter_name = "locked"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Yes")), ("no", _("No"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        locked = User.objects.filter(account__locked_at__isnull=False)
        if self.value() not in ("yes", "no"):
            return queryset
        return queryset.filter(pk__in=locked) if self.value() == "yes" else queryset.exclude(
            pk__in=locked
        )  # fmt: skip


@admin.register(User)
class RecordedUserAdmin(RecordedPeople, UserAdmin[User]):
    """Nobody is deleted: history names them. An account that has ended is made inactive."""

    list_display = ("username", "first_name", "last_name", "roles", "is_active", "is_staff")
    list_filter = (LockedFilter, "is_active", "is_staff", "groups")

    change_form_template = "admin/user.html"

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("groups")

    def get_urls(self) -> list[Any]:
        access = self.admin_site.admin_view(partial(access_page, self))
        return [path("<int:pk>/access/", access, name="auth_user_access"), *super().get_urls()]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            accounts.password_set(obj, by=actor(request))

    def user_change_password(
        self, request: HttpRequest, id: str, form_url: str = ""
    ) -> HttpResponse:
        with transaction.atomic():
            user = self.get_object(request, id)
            before = audit_people.snapshot(user) if user else {}
            response: HttpResponse = super().user_change_password(request, id, form_url)
            changed = user and audit_people.record_change(
                user, before, by=actor(request), at=timezone.now()
            )
            if user and changed:
                accounts.password_set(user, by=actor(request))
        return response

    @admin.display(description=_("roles"))
    def roles(self, user: User) -> str:
        return ", ".join(group.name for group in user.groups.all()) or cells.EMPTY


@admin.register(Group)
class RecordedGroupAdmin(RecordedPeople, GroupAdmin):
    """A role, and what it may do."""
