"""The headers of every answer of the API: version, deprecation, rate, entity tag, whether it is
narrowed; and 304."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.utils.http import parse_etags

from inventory import deprecation
from inventory.api.etags import etag_of

PREFIXES = ("/api/", "/epcis/")
KEPT = ("Cache-Control", "Content-Language", "Content-Location", "Vary")
"""What a 304 repeats of the answer that it stands for (RFC 9110, 15.4.5), beside our own."""

Handler = Callable[[HttpRequest], HttpResponseBase]


class ApiHeaders:
    """Middleware for the paths of programs."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if not request.path_info.startswith(PREFIXES):
            return response
        own = _own(request)
        if request.method in ("GET", "HEAD") and _is_tagged(response):
            response.setdefault("Cache-Control", "private, no-cache")
            response.setdefault("ETag", etag_of(response.content))  # type: ignore[attr-defined]
            if _is_known(request, response["ETag"]):
                response = _not_modified(response)
        for name, value in own.items():
            response[name] = value
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> None:
        request.api_view = view  # type: ignore[attr-defined]


def _own(request: HttpRequest) -> dict[str, str]:
    headers = {"API-Version": str(settings.SPECTACULAR_SETTINGS["VERSION"])}
    if view := getattr(request, "api_view", None):
        headers |= _deprecation(view, str(request.method).lower())
    if rate := getattr(request, "rate", None):
        headers |= rate.headers
    if getattr(request, "narrowed", False):
        headers["Narrowed-To"] = "sites"
    return headers


def _deprecation(view: Any, method: str) -> dict[str, str]:
    made_of = getattr(view, "cls", None)
    if made_of is None:
        return {}
    verb = view.initkwargs.get("verb")
    handler = getattr(view, "actions", {}).get(method, method)
    found = deprecation.of(made_of, handler) or (verb and verb.deprecated)
    return found.headers if found else {}


def _is_tagged(response: HttpResponseBase) -> bool:
    kind = response.headers.get("Content-Type", "")
    return (
        response.status_code == 200 and not response.streaming and kind.startswith("application/")
        and "json" in kind.partition(";")[0]
    )  # fmt: skip


def _is_known(request: HttpRequest, etag: str) -> bool:
    """Whether the client has it: compared weakly, as RFC 9110, 13.1.2 has it."""
    given = request.headers.get("If-None-Match")
    if given is None:
        return False
    tags = [tag.removeprefix("W/") for tag in parse_etags(given)]
    return tags == ["*"] or etag in tags


def _not_modified(response: HttpResponseBase) -> HttpResponse:
    kept = {name: response[name] for name in (*KEPT, "ETag") if name in response}
    made = HttpResponseNotModified(headers=kept)
    made.cookies = response.cookies
    return made
