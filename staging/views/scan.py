"""The scan box: from any code to the page of what it names."""

from collections.abc import Iterator
from typing import Any

from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views import View

from inventory import codes
from inventory.models import Container, Location, Lot, Material
from inventory.views.common import FloorView
from staging.models import Demand

MOST_OFFERED = 20

PAGES: dict[type[models.Model], tuple[str, str]] = {
    Lot: ("staging:lot", "pk"),
    Container: ("staging:container", "code"),
    Location: ("staging:location", "code"),
    Demand: ("staging:demand", "reference"),
    Material: ("staging:material", "code"),
}
"""What a code may name, the most likely first, with its page and what that page goes by."""


class ScanView(FloorView, View):
    """One match leads to its page; several are offered; none is said so."""

    reads = ("inventory.view_lot",)

    def get(self, request: HttpRequest) -> HttpResponse:
        code = request.GET.get("q", "").replace("\x00", "").strip()[:200]
        found = list(_named(code) or _like(code)) if code else []
        if len(found) == 1:
            return redirect(found[0]["url"])
        context = {"code": code, "found": found}
        return render(request, "staging/scan.html", context, status=200 if found else 404)


def _named(code: str) -> list[dict[str, Any]]:
    """What the code names exactly; every lot of that number where there are several."""
    found = []
    for kind in PAGES:
        hit = codes.find(kind, [code]).get(code)
        if hit is codes.MANY:
            found += [_offer(lot) for lot in Lot.objects.matching([code])[:MOST_OFFERED]]
        elif hit is not None:
            found.append(_offer(hit))
    return found


def _like(code: str) -> Iterator[dict[str, Any]]:
    """What begins with the text, a few of each kind."""
    columns = {Lot: "number", Demand: "reference"}
    for kind in PAGES:
        rows = kind._default_manager.filter(**{f"{columns.get(kind, 'code')}__istartswith": code})
        for row in rows[:MOST_OFFERED]:
            yield _offer(row)


def _offer(row: models.Model) -> dict[str, Any]:
    page, key = PAGES[type(row)]
    return {
        "kind": row._meta.verbose_name,
        "label": str(row),
        "name": getattr(row, "name", ""),
        "url": reverse(page, args=[getattr(row, key)]),
    }
