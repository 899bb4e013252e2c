"""Who may read and who may do."""

from typing import Any

from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request


def needed(view: Any) -> tuple[str, ...]:
    """The permissions that a view asks for: those that it names, or to see the model it shows."""
    asked: str | tuple[str, ...] | None = getattr(view, "permission_needed", None)
    if asked is None:
        model = view.queryset.model._meta.concrete_model._meta
        asked = f"{model.app_label}.view_{model.model_name}"
    return (asked,) if isinstance(asked, str) else asked


def keeps_to_sites(view: Any) -> bool:
    """Whether a view tells of, and touches, the sites only of who asks. It has to say so itself; of
    a resource, lists and single things do."""
    said = getattr(view, "keeps_to_sites", False)
    return getattr(view, "action", "") in ("list", "retrieve") if said is None else bool(said)


class HasVerbOrViewPermission(IsAuthenticated):
    """Reading asks for the model's view permission, a verb for its own.

    A token that is for some things only is held to them where it is read: see
    `integration.access.authentication`.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        return super().has_permission(request, view) and all(
            map(request.user.has_perm, needed(view))
        )
