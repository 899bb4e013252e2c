"""From the rows of a list to their labels. The page that prints them is above inventory."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.options import IS_POPUP_VAR
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.admin.base import M

PERMISSION = "staging.print_labels"

MOST = 200
"""Rows that fit into an address; there are other ways to choose more."""


class Labelled(admin.ModelAdmin[M]):
    """Adds “Print labels” to a list. `label_kind` is part of the address of the page."""

    label_kind = ""

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions: dict[str, Any] = super().get_actions(request)
        if IS_POPUP_VAR not in request.GET and request.user.has_perm(PERMISSION):
            label = gettext_lazy("Print labels")
            actions["print_labels"] = (_to_labels, "print_labels", label)
        return actions


def _to_labels(
    model_admin: Labelled[Any], request: HttpRequest, queryset: QuerySet[Any]
) -> HttpResponse | None:
    pks = [str(pk) for pk in queryset.values_list("pk", flat=True)[: MOST + 1]]
    if len(pks) > MOST:
        messages.error(request, _("Choose at most %(most)d rows at once.") % {"most": MOST})
        return None
    page = reverse("staging:labels", args=[model_admin.label_kind])
    return HttpResponseRedirect(f"{page}?{urlencode({'ids': ','.join(pks)})}")
