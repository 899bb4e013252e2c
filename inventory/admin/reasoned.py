"""A page between a button and an action that asks for nothing but the reason."""

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inventory import attempts
from inventory.admin.base import actor, require, show
from inventory.errors import Refused


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("Kept in the audit trail."),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


def ask_why(
    request: HttpRequest,
    permission: str,
    about: Mapping[str, list[Any]],
    *,
    run: Callable[..., Any],
    done: str,
    then: str,
    context: Callable[[], dict[str, Any]],
) -> HttpResponse:
    """Ask for the reason; `run` the action with it, say that it is `done`, and go on to `then`.

    `about` names the rows concerned by the action's parameters: so an attempt is kept that was
    refused, or made without the permission. `context` is what the page shows of them.
    """
    require(request, permission, lambda: about)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            run(by=actor(request), at=timezone.now(), **form.cleaned_data)
        except Refused as refusal:
            asked = {**about, "reason": [form.cleaned_data["reason"]]}
            tried = [(asked, found) for found in refusal.all]
            attempts.record(permission, tried, by=actor(request), at=timezone.now())
            show(form, refusal)
        else:
            messages.success(request, done)
            return HttpResponseRedirect(then)
    status = 409 if form.is_bound and form.errors else 200
    shown = context() | {"form": form}
    return TemplateResponse(request, "admin/act.html", shown, status=status)
