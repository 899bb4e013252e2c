"""The numbers of the plant: a page for each set of figures, with its tables and files."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inventory.paging import query_with
from inventory.sheets.columns import Sheet
from inventory.views.common import FloorView
from staging.numbers import flow
from staging.numbers.asked import Asked, NumbersForm
from staging.numbers.cells import cells, in_file, in_time_of
from staging.numbers.figures import FIGURES
from staging.numbers.period import DAYS
from staging.numbers.tables import Figure, Found, Plot, Ranking
from staging.views.files import AsFile

MOST_SHOWN = 100
"""Rows of a table that a page shows; its file has them all."""

MOST_OPEN = 30
"""Rows up to which a table without a picture is shown at once."""

FIRST = "dwell"


class NumbersView(FloorView, AsFile):
    """One set of figures: what was asked, what it comes to, drawn, in tables and as files."""

    reads = ("staging.view_numbers",)

    def get(self, request: HttpRequest, figure: str = FIRST) -> HttpResponseBase:
        one = _figure(figure)
        form = NumbersForm(request.GET, one.asks)
        form.offer_shifts()
        context = {
            "figure": one,
            "figures": sets(figure),
            "filter": {"form": form},
            "narrowed": any(request.GET.get(name) for name in one.asks),
            "section": "numbers",
        }  # fmt: skip
        if not form.is_valid():
            return render(request, "staging/numbers.html", context)
        asked = Asked.of(form, timezone.now())
        found = one.count(asked)
        return render(
            request, "staging/numbers.html", context | _counted(request, one, asked, found)
        )

    def sheet(self) -> Sheet:
        """The table that the address names."""
        one = _figure(self.kwargs.get("figure", FIRST))
        table = one.table(self.request.GET.get("table", ""))
        form = NumbersForm(self.request.GET, one.asks)
        if table is None or not form.is_valid():
            raise Http404
        asked = Asked.of(form, timezone.now())
        return Sheet(
            name=f"{one.name}-{table.name}",
            columns=in_file(table),
            zone=asked.period.zone,
            batches=lambda: [one.count(asked).tables[table.name]],
        )


def sets(current: str) -> list[tuple[str, Any, bool]]:
    """The pages of numbers, with the one that is shown: address, label, whether it is that one."""
    found = [
        (reverse("staging:numbers", args=[name]), figure.label, name == current)
        for name, figure in FIGURES.items()
    ]
    return [*found, (reverse("staging:report"), _("Weekly report"), current == "report")]


def _figure(name: str) -> Figure:
    figure: Figure | None = FIGURES.get(name)
    if figure is None:
        raise Http404
    return figure


def _counted(request: HttpRequest, figure: Figure, asked: Asked, found: Found) -> dict[str, Any]:
    return {
        "found": found,
        "panels": list(_panels(request, figure, asked, found)),
        "period": in_time_of(asked) if "period" in figure.asks else "",
        "around": _around(request, asked) if "period" in figure.asks else {},
        "suggested": list(flow.suggestions(asked))
        if "lot" in figure.asks and not (asked.lot or asked.material) else [],
    }  # fmt: skip


def _panels(
    request: HttpRequest, figure: Figure, asked: Asked, found: Found
) -> Iterator[dict[str, Any]]:
    """What the page shows of each table. A table that has no rows is not there."""
    pictures = figure.draw(asked, found) if any(found.tables.values()) else {}
    for table in figure.tables:
        rows, drawn = found.tables[table.name], pictures.get(table.name, [])
        if rows:
            yield {
                "table": table,
                "plots": [one for one in drawn if isinstance(one, Plot)],
                "rankings": [one for one in drawn if isinstance(one, Ranking)],
                "drawings": [one for one in drawn if isinstance(one, str)],
                "open": not drawn and len(rows) <= MOST_OPEN,
                "rows": [cells(table, row, asked) for row in rows[:MOST_SHOWN]],
                "left": max(len(rows) - MOST_SHOWN, 0),
            }


def _around(request: HttpRequest, asked: Asked) -> dict[str, str]:
    """The periods before and after."""
    period = asked.period
    stride = timedelta(days=DAYS[period.length])
    later = period.until + stride
    today = asked.now.astimezone(period.zone).date()
    return {
        "earlier": query_with(request.GET, "download", until=(period.until - stride).isoformat()),
        "later": query_with(request.GET, "download", until=min(later, today).isoformat())
        if period.until < today else "",
    }  # fmt: skip
