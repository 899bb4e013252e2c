"""The page that a problem's `type` leads to: for people, and for programs that ask for it."""

import json
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from integration.problems import pages
from integration.problems.pages import ProblemPage
from inventory.api.problems import unknown_path

KINDS = ("text/html", "application/json", "text/markdown", "text/plain")


@require_safe
def problem(request: HttpRequest, code: str) -> HttpResponse:
    """One page. Needs no token: whoever has the address may know what it means."""
    found = pages.page(code)
    if found is None:
        return unknown_path(request)
    kind = request.get_preferred_type(KINDS) or KINDS[0]
    if kind == "application/json":
        return _answer(JsonResponse(_plain(found), json_dumps_params={"ensure_ascii": False}))
    if kind != "text/html":
        return _answer(HttpResponse(found.text(), content_type=f"{kind}; charset=utf-8"))
    shown = {
        "page": found,
        "phrase": HTTPStatus(found.status).phrase,
        "example": json.dumps(found.example, indent=2, ensure_ascii=False),
    }
    return _answer(render(request, "api/problem.html", shown))


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """All of them."""
    every = pages.every()
    if request.get_preferred_type(KINDS[:2]) == "application/json":
        plain = {"problems": [_plain(found) for found in every]}
        return _answer(JsonResponse(plain, json_dumps_params={"ensure_ascii": False}))
    return _answer(render(request, "api/problems.html", {"problems": every}))


def _answer(answer: HttpResponse) -> HttpResponse:
    patch_vary_headers(answer, ["Accept"])
    return answer


def _plain(page: ProblemPage) -> dict[str, Any]:
    return {
        "type": f"/api/problems/{page.code}",
        "code": page.code,
        "status": page.status,
        "inside": "invalid" if page.inside else None,
        "means": page.means,
        "when": page.when,
        "instead": page.instead,
        "example": page.example,
    }
