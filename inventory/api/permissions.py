"""Who may read and who may do."""

from typing import Any

from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request


class HasVerbOrViewPermission(IsAuthenticated):
    """Reading asks for the model's view permission, a verb for its own."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not super().has_permission(request, view):
            return False
        needed = getattr(view, "permission_needed", None)
        if needed is None:
            model = view.queryset.model._meta.concrete_model._meta
            needed = f"{model.app_label}.view_{model.model_name}"
        return bool(request.user.has_perm(needed))
