"""Looking ahead: what will be short, go stale or overflow until a shift ends."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views import View

from inventory.fields import Words
from inventory.paging import Page, counted, every, query_with, sifted_page_of
from inventory.sheets.columns import BATCH, Column, Sheet
from inventory.units import plain
from inventory.views.common import FloorView
from inventory.zones import zone_of
from staging.ahead.asked import Ahead, AheadForm, read
from staging.ahead.demands import TONES, Short
from staging.ahead.lanes import Help
from staging.ahead.positions import Stale
from staging.models import StagedStock
from staging.numbers.stays import MOST_LANES
from staging.views.columns import code
from staging.views.demands import step_url
from staging.views.files import AsFile
from staging.views.lists import in_words

READS = ("staging.view_demand", "staging.view_commitment", "inventory.view_balance")
FEW, MANY = 6, 30
"""How many rows of each list stand side by side, and on a page of its own."""

AWAY = ("transfer", "unstage")


def _missing(short: Short) -> str:
    """What is short and where it is, line by line."""
    return "; ".join(
        f"{gap.line.material.code}: {plain(gap.missing)} {gap.line.material.base_unit_id}"
        + "".join(f", {plain(cause.quantity)} {cause.words}" for cause in gap.causes)
        for gap in short.entry.gaps
    )


DEMANDS = (
    Column("demand", _("Demand"), lambda one: one.demand.reference),
    Column("kind", _("Kind"), lambda one: one.demand.get_kind_display()),
    Column("needed_at", _("Needed at"), lambda one: one.demand.needed_at),
    Column("outlook", _("Outlook"), lambda one: str(one.outlook.label)),
    Column("cover", _("What stands in the way"), lambda one: str(one.cover.label)),
    Column("in_time", _("Time"), lambda one: str(one.in_time.label)),
    Column("done_at", _("Staged by"), lambda one: one.done_at),
    Column("percent", _("Percent staged"), lambda one: one.entry.kit.percent),
    Column("missing", _("Missing"), _missing),
)
POSITIONS = (
    Column("at", _("When"), lambda row: row.at),
    Column("reason", _("Why"), lambda row: str(Stale(row.reason).label)),
    Column("lane", _("Lane"), lambda row: row.location.code),
    Column("lot", _("Lot"), lambda row: row.lot.code),
    Column("material", _("Material"), lambda row: row.lot.material.code),
    Column("container", _("Container"), lambda row: code(row.container)),
    Column("quantity", _("Quantity"), lambda row: row.quantity),
    Column("unit", _("Unit"), lambda row: row.lot.material.base_unit_id),
    Column("demand", _("Demand"), lambda row: row.requirement.demand.reference),
    Column("needed_at", _("Needed at"), lambda row: row.requirement.demand.needed_at),
    Column("warn_at", _("Warns at"), lambda row: row.warn_at),
    Column("due_at", _("Critical at"), lambda row: row.due_at),
)
LANES = (
    Column("lane", _("Lane or lanes"), lambda row: row.name),
    Column("capacity", _("Capacity"), lambda row: row.capacity),
    Column("now", _("Now"), lambda row: row.now),
    Column("highest", _("Highest"), lambda row: row.highest),
    Column("over", _("Too many"), lambda row: row.peak.over),
    Column("at", _("From"), lambda row: row.peak.at),
    Column("until", _("Until"), lambda row: row.peak.until),
    Column("reason", _("Why"), lambda row: str(row.reason.label)),
    Column("by", _("By"), lambda row: ", ".join(one.reference for one in row.demands)),
    Column("helps", _("What could be done"), lambda row: " ".join(map(said, row.helps))),
)


def said(one: Help) -> str:
    """What could be done, in words, with how many or which lanes."""
    about = ", ".join(place.code for place in one.lanes) or one.positions
    return f"{one.remedy.label} ({about})" if about else str(one.remedy.label)


@dataclass(frozen=True, slots=True)
class Looked:
    """What a list is read by: what lies ahead, where its page begins and how many rows that has,
    and whose page it is."""

    ahead: Ahead
    asked: QueryDict
    size: int
    user: Any


def _shorts(look: Looked) -> dict[str, Any]:
    demands = look.ahead.demands
    page, pace = demands.page(look.asked, size=look.size), demands.pace()
    entries = [(one, *TONES[one.outlook]) for one in demands.outlooks(page.rows, pace)]
    return {"page": page, "entries": entries, "pace": pace}


def _stale(look: Looked) -> dict[str, Any]:
    rows = look.ahead.positions()
    page = sifted_page_of(rows, look.asked, column="rings_at", size=look.size)
    may = [name for name in AWAY if look.user.has_perm(f"staging.{name}")]
    entries = [(row, Stale(row.reason), _steps(row, may)) for row in page.rows]
    return {"page": page, "entries": entries, "may": may, "summary": in_words(*counted(rows))}


def _steps(row: StagedStock, may: list[str]) -> list[tuple[str, str]]:
    return [(name, step_url(name, row, row.requirement.demand)) for name in may]


def _crowds(look: Looked) -> dict[str, Any]:
    """Lanes have no pages: there are 200 of them at most, and it is said where there are more."""
    found = look.ahead.lanes()
    entries = [(row, list(map(said, row.helps))) for row in found.rows[: look.size]]
    return {"page": Page([], "", ""), "entries": entries, "left_out": found.left_out}


PARTS: dict[str, tuple[Words, Callable[[Looked], dict[str, Any]]]] = {
    "demands": (_("Demands that are not complete"), _shorts),
    "positions": (_("Positions that go stale"), _stale),
    "lanes": (_("Lanes that overflow"), _crowds),
}


class Asking(FloorView):
    """A page about a site and a horizon."""

    reads = READS

    def form(self) -> AheadForm:
        return read(self.request.GET, timezone.now())  # type: ignore[attr-defined]

    def answer(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        form = self.form()
        context |= {"filter": {"form": form}, "section": "board", "narrowed": False}
        if not form.is_valid():
            return render(request, template, context)
        ahead = Ahead.of(form)
        with timezone.override(zone_of(ahead.site)):
            return render(
                request, template, context | {"ahead": ahead} | self.found(request, ahead)
            )

    def found(self, request: HttpRequest, ahead: Ahead) -> dict[str, Any]:
        raise NotImplementedError


class AheadView(Asking, View):
    """All three, the first rows of each."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.answer(request, "staging/ahead.html", {})

    def found(self, request: HttpRequest, ahead: Ahead) -> dict[str, Any]:
        look = Looked(ahead, QueryDict(), FEW, request.user)  # each begins at its beginning
        query = query_with(request.GET, "cursor")
        parts = [
            {"name": name, "label": label, "query": query, **rows_of(look)}
            for name, (label, rows_of) in PARTS.items()
        ]
        return {"parts": parts}


class PartView(Asking, AsFile):
    """One of them, page by page."""

    def get(self, request: HttpRequest, part: str) -> HttpResponse:
        label, _rows_of = _part(part)
        return self.answer(request, "staging/ahead_part.html", {"name": part, "label": label})

    def found(self, request: HttpRequest, ahead: Ahead) -> dict[str, Any]:
        name = self.kwargs["part"]
        size = MOST_LANES if name == "lanes" else MANY
        return PARTS[name][1](Looked(ahead, request.GET, size, request.user))

    def sheet(self) -> Sheet:
        name, form = self.kwargs["part"], self.form()
        _part(name)
        if not form.is_valid():
            raise Http404
        ahead = Ahead.of(form)
        columns, batches = {
            "demands": (DEMANDS, lambda: _every_short(ahead)),
            "positions": (POSITIONS, lambda: every(ahead.positions(), "rings_at", size=BATCH)),
            "lanes": (LANES, lambda: [ahead.lanes().rows]),
        }[name]
        return Sheet(
            name=f"ahead-{name}", columns=columns, zone=zone_of(ahead.site), batches=batches
        )


def _part(name: str) -> tuple[Words, Any]:
    if name not in PARTS:
        raise Http404
    return PARTS[name]


def _every_short(ahead: Ahead) -> Iterator[list[Short]]:
    pace = ahead.demands.pace()
    pages = every(ahead.demands.rows(), "needed_at", sieve=ahead.demands.sieve(), size=BATCH)
    for part in pages:
        yield ahead.demands.outlooks(part, pace)
