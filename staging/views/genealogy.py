"""A lot's genealogy on a page of its own: as a graph to walk along, a table and a file."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from inventory import genealogy
from inventory.filter_forms import FilterForm
from inventory.genealogy import Link, Trace
from inventory.models import Lot
from inventory.paging import query_with
from inventory.sheets.columns import Column, Sheet
from inventory.views.common import FloorView
from staging.charts.drawing import to_svg
from staging.family import View, graph, used
from staging.views.files import AsFile

DEEPEST, USUAL_LEVELS = 12, 3
WIDEST, USUAL_MOST = 200, 12
MOST_SHOWN = 200
"""Links that the page's table has; its file has them all."""

WAYS = {"back": _("made from"), "forward": _("went into")}

COLUMNS = (
    Column("direction", _("Direction"), lambda row: str(WAYS[row[0]])),
    Column("depth", _("Level"), lambda row: row[1].depth),
    Column("near", _("Next to"), lambda row: row[1].near.code),
    Column("far", _("Lot"), lambda row: row[1].far.code),
    Column("material", _("Material"), lambda row: row[1].far.material.code),
    Column("kind", _("How"), lambda row: row[1].kind),
    Column("quantity", _("Quantity"), lambda row: row[1].quantity),
    Column("unit", _("Unit"), lambda row: row[3]),
)


class GenealogyForm(FilterForm):
    """Which way, how far, and how much of each generation."""

    direction = forms.ChoiceField(
        label=_("Direction"), required=False,
        choices=[("", _("Both ways")), ("back", _("Made from")), ("forward", _("Went into"))],
    )  # fmt: skip
    levels = forms.IntegerField(
        label=_("Levels"), min_value=1, max_value=DEEPEST, required=False,
        widget=forms.NumberInput(attrs={"placeholder": USUAL_LEVELS}),
    )  # fmt: skip
    most = forms.IntegerField(
        label=_("Lots of a level"), min_value=1, max_value=WIDEST, required=False,
        widget=forms.NumberInput(attrs={"placeholder": USUAL_MOST}),
    )  # fmt: skip


class GenealogyView(FloorView, AsFile):
    """The family of one lot. Each box leads to that lot's own family."""

    reads = ("inventory.view_lot", "inventory.view_lotlink")

    def get(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        lot = _lot(pk)
        form = GenealogyForm(request.GET)
        given = form.cleaned_data if form.is_valid() else {}
        levels = given.get("levels") or USUAL_LEVELS
        traces = _traces(lot, given.get("direction", ""), levels)
        most = given.get("most") or USUAL_MOST
        context = {
            "lot": lot,
            "filter": {"form": form},
            "narrowed": any(request.GET.get(name) for name in form.fields),
            "section": "lots",
            "graph": _graph(request, lot, traces, levels, most),
            "cut": any(not trace.complete for trace in traces.values()),
            "deeper": _deeper(request, traces, levels),
        } | _table(traces, levels)  # fmt: skip
        return render(request, "staging/genealogy.html", context)

    def sheet(self) -> Sheet:
        """The whole family, however many levels the page shows."""
        lot, form = _lot(self.kwargs["pk"]), GenealogyForm(self.request.GET)
        direction = form.cleaned_data["direction"] if form.is_valid() else ""
        return Sheet(
            name=f"genealogy-{lot.pk}",
            columns=COLUMNS,
            batches=lambda: [list(_rows(_traces(lot, direction, genealogy.DEEPEST)))],
        )


def _lot(pk: int) -> Lot:
    return get_object_or_404(Lot.objects.select_related("material"), pk=pk)


def _traces(lot: Lot, direction: str, levels: int) -> dict[str, Trace]:
    """A level further than is shown, to tell where it goes on."""
    wanted: tuple[genealogy.Direction, ...] = ("back", "forward")
    return {
        way: genealogy.trace(lot, way, depth=levels + 1) for way in wanted if direction in ("", way)
    }


def _graph(request: HttpRequest, lot: Lot, traces: dict[str, Trace], levels: int, most: int) -> Any:
    def url_of(other: Lot) -> str:
        query = request.GET.urlencode()
        address = reverse("staging:genealogy", args=[other.pk])
        return f"{address}?{query}" if query else address

    more_url = query_with(request.GET, most=min(most * 4, WIDEST)) if most < WIDEST else ""
    view = View(levels=levels, most=most, url_of=url_of, more_url=more_url)
    return to_svg(graph(lot, traces.get("back"), traces.get("forward"), view))


def _deeper(request: HttpRequest, traces: dict[str, Trace], levels: int) -> str:
    """The same with more levels; '' where there are no more."""
    beyond = any(link.depth > levels for trace in traces.values() for link in trace.links)
    return (
        query_with(request.GET, levels=min(levels + 2, DEEPEST))
        if beyond and levels < DEEPEST
        else ""
    )


def _rows(traces: dict[str, Trace]) -> Iterator[tuple[str, Link, str, str]]:
    for direction, trace in traces.items():
        for link in trace.links:
            yield direction, link, *used(link, forward=direction == "forward")


def _table(traces: dict[str, Trace], levels: int) -> dict[str, Any]:
    rows = [row for row in _rows(traces) if row[1].depth <= levels]
    return {"rows": rows[:MOST_SHOWN], "left": max(len(rows) - MOST_SHOWN, 0)}
