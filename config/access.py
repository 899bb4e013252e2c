"""How an account stands, for an administrator: unlock it, reset its second factor, say what it is.

An administrator can let somebody in again, and never sign for them: a password that was set by
somebody else is changed at the next sign-in, and without its own second factor none is used.
"""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inventory import accounts
from inventory.admin.base import actor


class Step(models.TextChoices):
    UNLOCK = "unlock", _("Unlock it")
    RESET = "reset", _("Reset the second factor")
    SERVICE = "service", _("A program is behind it: it neither signs in nor signs")
    PERSON = "person", _("A person is behind it")


STEPS: dict[Step, Callable[..., None]] = {
    Step.UNLOCK: accounts.unlock,
    Step.RESET: accounts.reset_second_factor,
    Step.SERVICE: lambda user, **why: accounts.set_service(user, True, **why),
    Step.PERSON: lambda user, **why: accounts.set_service(user, False, **why),
}


class AccessForm(forms.Form):
    step = forms.TypedChoiceField(
        label=_("What to do"), choices=Step.choices, coerce=Step, widget=forms.RadioSelect
    )
    reason = forms.CharField(
        label=_("Reason"), max_length=2000, help_text=_("Kept in the audit trail."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )  # fmt: skip


def access_page(model_admin: Any, request: HttpRequest, pk: int) -> HttpResponse:
    """Show how the account stands; on POST, do one step and record why."""
    if not request.user.has_perm("auth.change_user"):
        raise PermissionDenied
    user = get_object_or_404(User, pk=pk)
    account, now = accounts.of(user), timezone.now()
    form = AccessForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        step = form.cleaned_data["step"]
        STEPS[step](user, reason=form.cleaned_data["reason"], by=actor(request), at=now)
        messages.success(request, _("%(step)s: done.") % {"step": step.label})
        return HttpResponseRedirect(reverse("admin:auth_user_change", args=[pk]))
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": _("Access of %(user)s") % {"user": user},
        "person": user,
        "account": account,
        "locked": accounts.is_locked(account, now),
        "form": form,
        "back": reverse("admin:auth_user_change", args=[pk]),
    }
    return TemplateResponse(request, "admin/access.html", context)
