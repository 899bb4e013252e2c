"""The scan box: from any code to the page of what it names."""

from collections.abc import Iterator
from typing import Any

from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views import View

from inventory.errors import Refused
from inventory.models import Container, Location, Lot, Material
from inventory.scanning import Meant, as_scanned, resolve
from inventory.views.common import FloorView
from inventory.views.verbs import path_of
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
    """One match leads to its page; several are offered; none is said so, and what is wrong is."""

    reads = ("inventory.view_lot",)

    def get(self, request: HttpRequest) -> HttpResponse:
        code = as_scanned(request.GET.get("q", ""))
        try:
            meant = resolve(code, tuple(PAGES)) if code else None
        except Refused as refusal:
            context = {"code": code, "refusal": refusal}
            return render(request, "staging/scan.html", context, status=409)
        found = list(_named(meant) or _like(code)) if meant else []
        new = _new_lot(request, meant) if meant else None
        if len(found) == 1 and not new:
            return redirect(found[0]["url"])
        context = {"code": _shown(meant), "found": found, "new": new}
        return render(request, "staging/scan.html", context, status=200 if found else 404)


def _named(meant: Meant) -> list[dict[str, Any]]:
    """What the code names exactly; every lot of that number where there are several.

    The material of a label is offered only where the label names nothing else that there is.
    """
    found = [_offer(thing) for thing in meant.things if not _is_beside(thing, meant)]
    if Lot in meant.several and meant.scan.is_plain:
        found += [_offer(lot) for lot in Lot.objects.matching([meant.scan.text])[:MOST_OFFERED]]
    elif Lot in meant.several:
        number = meant.scan.lot_number
        rows = Lot.objects.filter(material=meant.one(Material), supplier_lot=number)
        found += [_offer(lot) for lot in rows[:MOST_OFFERED]]
    return found


def _is_beside(thing: Any, meant: Meant) -> bool:
    others = len(meant.things) > 1 or bool(meant.several)
    return isinstance(thing, Material) and others and not meant.scan.is_plain


def _new_lot(request: HttpRequest, meant: Meant) -> dict[str, Any] | None:
    """The way to receive the lot of a label that is not known yet, for whoever may."""
    number = meant.scan.lot_number or meant.scan.serial
    material = meant.one(Material)
    known = meant.one(Lot) or Lot in meant.several
    if not number or not material or known or not request.user.has_perm("inventory.receive"):
        return None
    return {
        "number": number,
        "material": material,
        "url": path_of("receive", material=meant.scan.text),
    }


def _shown(meant: Meant | None) -> str:
    """The text without what no screen can show."""
    text = meant.scan.text if meant else ""
    return "".join(letter if letter.isprintable() else " " for letter in text)


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
