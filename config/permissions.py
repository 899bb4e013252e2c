"""What a person may do, asked of the database as little as possible."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Permission, User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from inventory import accounts, audit_people
from inventory.statements import Select


def _through(way: str) -> QuerySet[Permission, Any]:
    rows = Permission.objects.filter(**{f"{way}__among": "users"}).order_by()
    return rows.values_list("content_type__app_label", "codename")


def _asked_for(way: str) -> QuerySet[Permission, Any]:
    asked = {"content_type__app_label__among": "apps", "codename__among": "names"}
    return _through(way).filter(**asked)


_ALL: Select[Permission] = Select(lambda: _through("user").union(_through("group__user")))
_ONE: Select[Permission] = Select(lambda: _asked_for("user").union(_asked_for("group__user")))


class PermissionsBackend(ModelBackend):
    """Django's own answers in one statement instead of two.

    The first question reads that one permission only, because a request to the API asks no other;
    with the second question all of them are read, because a page asks for many.
    """

    def authenticate(
        self, request: HttpRequest | None, username: Any = None, password: Any = None, **more: Any
    ) -> User | None:
        """Nobody from an address, or into an account, that too many failed attempts have locked."""
        address = audit_people.place_of(request).get("address", "")
        if address and accounts.address_is_locked(address):
            return None
        user = super().authenticate(request, username, password, **more)
        if user is not None and accounts.is_locked(accounts.of(user), timezone.now()):
            return None
        return user

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        if obj is None and user_obj.is_active and not hasattr(user_obj, "_asked_before"):
            user_obj._asked_before = True
            app, _dot, name = perm.partition(".")
            return bool(_ONE.rows(users=[user_obj.pk], apps=[app], names=[name]))
        return super().has_perm(user_obj, perm, obj)

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        if self._reads(user_obj, obj):
            rows = _ALL.rows(users=[user_obj.pk])
            user_obj._perm_cache = {f"{app}.{name}" for app, name in rows}
        return super().get_all_permissions(user_obj, obj)

    def _reads(self, user: Any, obj: Any) -> bool:
        return user.is_active and obj is None and not hasattr(user, "_perm_cache")
