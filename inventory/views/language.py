"""Choosing the language of the pages: for the account, or on the sign-in page for the device."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views import View

from inventory import accounts
from inventory.views.common import actor


class LanguageForm(forms.Form):
    """An empty language leaves it to the browser again."""

    language = forms.ChoiceField(choices=[("", ""), *settings.LANGUAGES], required=False)


class LanguageView(View):
    """Keeps the choice with the account; where nobody is signed in, in a cookie."""

    http_method_names = ("post",)

    def post(self, request: HttpRequest) -> HttpResponse:
        answer = HttpResponseRedirect(_back(request))
        form = LanguageForm(request.POST)
        if not form.is_valid():
            return answer
        language = form.cleaned_data["language"]
        if isinstance(request.user, User):
            accounts.choose_language(request.user, language, by=actor(request), at=timezone.now())
            request.session[accounts.LANGUAGE] = language
        else:
            answer.set_cookie(settings.LANGUAGE_COOKIE_NAME, language, **_cookie())
        return answer


def _cookie() -> dict[str, Any]:
    return {
        "max_age": settings.LANGUAGE_COOKIE_AGE,
        "secure": settings.LANGUAGE_COOKIE_SECURE,
        "httponly": settings.LANGUAGE_COOKIE_HTTPONLY,
        "samesite": settings.LANGUAGE_COOKIE_SAMESITE,
    }


def _back(request: HttpRequest) -> str:
    wanted = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, request.is_secure()):
        return wanted
    return resolve_url(settings.LOGIN_REDIRECT_URL)
