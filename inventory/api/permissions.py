"""Who may read and who may do."""

from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView


class HasVerbOrViewPermission(IsAuthenticated):
    """Reading asks for the model's view permission, a verb for its own."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not super().has_permission(request, view):
            return False
        needed = getattr(view, "permission_needed", None)
        if needed is None:
            model = view.queryset.model  # type: ignore[attr-defined]
            needed = f"{model._meta.app_label}.view_{model._meta.model_name}"
        return bool(request.user.has_perm(needed))
