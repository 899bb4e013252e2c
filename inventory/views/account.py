"""One's own account: the password, the second factor, and what a signature means."""

from typing import Any

import segno
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.contrib.auth.views import PasswordChangeView
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _
from django.views import View

from inventory import accounts, audit_people, totp
from inventory.views.common import FloorView, actor

ISSUER = "Forestage"


class AcceptForm(forms.Form):
    """Once, before the first signing (21 CFR 11.100(c))."""

    accepted = forms.BooleanField(
        label=_("My electronic signature binds me as my handwritten signature does. "
                "I keep my password and my codes to myself."),
    )  # fmt: skip
    password = forms.CharField(
        label=_("Your password"), strip=False, max_length=2000,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )  # fmt: skip


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("Code"), max_length=10,
        help_text=_("The six digits that the authenticator shows now."),
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )  # fmt: skip


class AccountView(FloorView, View):
    """Shows how the account stands, and takes the acceptance."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(request, AcceptForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form, user = AcceptForm(request.POST), actor(request).user
        if form.is_valid() and not _is_own(user, form.cleaned_data["password"], request):
            form.add_error("password", str(_("That is not your password.")))
        if not form.is_valid():
            return self._page(request, form)
        accounts.acknowledge_signature(user, by=actor(request), at=timezone.now())
        messages.success(request, _("Kept with your account. You can sign now."))
        return redirect("account")

    def _page(self, request: HttpRequest, form: AcceptForm) -> HttpResponse:
        account = accounts.of(actor(request).user)
        context = {
            "account": account,
            "form": form,
            "may_sign": not (account.is_service or account.user.is_superuser),
            "needs_second_factor": settings.SIGNING_NEEDS_SECOND_FACTOR,
        }
        return render(request, "inventory/account.html", context)


def _is_own(user: User, password: str, request: HttpRequest) -> bool:
    """A wrong one counts towards lockout here, too."""
    locked = accounts.is_locked(accounts.of(user), timezone.now())
    if not locked and user.check_password(password):
        return True
    accounts.count_failure(user, actor(request))
    return False


class SecondFactorView(FloorView, View):
    """Put a secret into an authenticator, and show by a code that it works."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(request, CodeForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form, by = CodeForm(request.POST), actor(request)
        if form.is_valid() and not accounts.confirm_second_factor(
            by.user, form.cleaned_data["code"], by=by, at=timezone.now()
        ):
            form.add_error("code", str(_("That is not the code that belongs here now.")))
        if not form.is_valid():
            return self._page(request, form)
        request.session[accounts.PASSWORD_ALONE] = False
        messages.success(request, _("From now on you sign in, and sign, with a code as well."))
        return redirect("account")

    def _page(self, request: HttpRequest, form: CodeForm) -> HttpResponse:
        user = actor(request).user
        if accounts.has_second_factor(accounts.of(user)):
            messages.info(request, _("A second factor is set up. An administrator can reset it."))
            return redirect("account")
        secret = accounts.begin_second_factor(user)
        context = {
            "form": form,
            "secret": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
            "demanded": settings.SIGN_IN_NEEDS_SECOND_FACTOR,
            "picture": _qr_code(totp.address(secret, user.get_username(), ISSUER)),
        }
        answer = render(request, "inventory/second_factor.html", context)
        answer["Cache-Control"] = "no-store"
        return answer


def _qr_code(text: str) -> SafeString:
    """As SVG in the page: an image of its own would have to keep the secret somewhere."""
    picture = segno.make(text, error="m").svg_inline(
        scale=5, border=3, dark="#000", light="#fff", svgclass="qr", lineclass=None
    )
    return mark_safe(picture)  # noqa: S308 - made here, from nothing but numbers


class PasswordView(PasswordChangeView):
    """A new password, which its owner alone knows. Django signs the other sessions out."""

    template_name = "inventory/password.html"
    success_url = reverse_lazy("account")

    def form_valid(self, form: Any) -> HttpResponse:
        by = actor(self.request)
        with transaction.atomic():
            user = User.objects.get(pk=by.user.pk)
            before = audit_people.snapshot(user)
            answer = super().form_valid(form)
            audit_people.record_change(user, before, by=by, at=timezone.now())
            accounts.password_set(user, by=by)
        self.request.session[accounts.PASSWORD_CHANGE_DUE] = False
        messages.success(self.request, _("Your password has been changed."))
        return answer
