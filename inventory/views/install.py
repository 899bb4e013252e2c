"""The app on a device: manifest, service worker, and the page for when there is no network."""

import json
import re
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from inventory.guided import GUIDED

ICONS = (("192", "any"), ("512", "any"), ("512", "maskable"))
GREEN = "#103d34"


@require_safe
@cache_control(max_age=3600)
def manifest(request: HttpRequest) -> HttpResponse:
    """What an installed app is called, looks like and opens with."""
    icons = [
        {"src": static(f"img/app-{size}-{purpose}.png"), "sizes": f"{size}x{size}",
         "type": "image/png", "purpose": purpose}
        for size, purpose in ICONS
    ]  # fmt: skip
    said: dict[str, Any] = {
        "id": "/",
        "name": "Forestage",
        "short_name": "Forestage",
        "description": _("Staged inventory under quality control"),
        "lang": get_language(),
        "start_url": reverse("inventory:work"),
        "scope": "/",
        "display": "standalone",
        "theme_color": GREEN,
        "background_color": GREEN,
        "icons": icons,
    }
    return JsonResponse(said, content_type="application/manifest+json")


@require_safe
@cache_control(no_cache=True)
def service_worker(request: HttpRequest) -> HttpResponse:
    """At the root, because a worker looks after what lies below its own address.

    It names the files of the page for when there is no network, which have hashes in their names,
    and is itself another file as soon as one of them, or the page, is.
    """
    page = _page(request)
    named = re.findall(rf'(?:src|href)="({re.escape(settings.STATIC_URL)}[^"#]+)', page)
    offline = reverse("offline")
    told = {
        "version": sha256(page.encode()).hexdigest()[:16],
        "offline": offline,
        "files": [offline, *sorted(set(named))],
        "static": settings.STATIC_URL,
    }
    text = render_to_string("service-worker.js", {"told": json.dumps(told)})
    return HttpResponse(text, content_type="text/javascript; charset=utf-8")


@require_safe
@cache_control(no_cache=True)
def offline(request: HttpRequest) -> HttpResponse:
    """What the service worker shows for any page while there is no network."""
    return HttpResponse(_page(request))


def _page(request: HttpRequest) -> str:
    """The same for everybody: a device keeps it, and shows it to whoever is there."""
    nobody = {"user": AnonymousUser(), "csrf_token": "", "flows": GUIDED.values()}
    return render_to_string("offline.html", nobody, request)
