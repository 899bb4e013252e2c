"""What a page's file holds is what the page lists, over all its pages, and in its order."""

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from inventory.models import AuditEntry, Container, Lot
from inventory.sheets.cells import as_text
from inventory.sheets.recorded import FINISHED, STARTED
from quality.models import Hold
from staging.models import StagedStock
from staging.views.files import AsFile
from tests.exports.conftest import content_of
from tests.factories import UserFactory
from tests.plant import Plant
from tests.sheets import rows_of

pytestmark = pytest.mark.django_db

Rows = Callable[[dict[str, Any]], list[Any]]
"""What a page's context says it lists, as the columns of its file take it."""


def entries(context: dict[str, Any]) -> list[Any]:
    return list(context["entries"])


def rows(context: dict[str, Any]) -> list[Any]:
    return list(context["rows"])


def firsts(name: str) -> Rows:
    return lambda context: [one[0] for one in context[name]]


def named(name: str) -> Rows:
    return lambda context: list(context[name])


def positions(context: dict[str, Any]) -> list[Any]:
    """What the board shows of its lanes: here they are small enough that nothing is left out."""
    lanes = [lane for area in context["areas"] for lane in area["lanes"]]
    assert not any(lane.left_out for lane in lanes if not lane.loose)
    found = [one for lane in lanes for group in lane.demands for one in group.staged]
    for one in found:
        one.row.stop = one.stop
    return sorted((one.row for one in found), key=lambda row: (row.location_id, row.since, row.pk))


def standing(context: dict[str, Any]) -> list[Any]:
    return [one["row"] for one in context["standing"]]


def kit(context: dict[str, Any]) -> list[Any]:
    return [
        (SimpleNamespace(requirement=one["row"], short=one["uncovered"]), one["blocked"])
        for one in context["lines"]
    ]


def picks(context: dict[str, Any]) -> list[Any]:
    return [at for place in context["places"] for at in place["picks"]]


LISTS: dict[str, tuple[str, Rows]] = {
    "/stock/?by=material": ("stock", rows),
    "/stock/?by=lot": ("stock", rows),
    "/stock/?by=location": ("stock", rows),
    "/stock/?by=demand": ("stock", rows),
    "/lots/": ("lot_list", entries),
    "/lots/?condition=on_hand": ("lot_list", entries),
    "/lots/{lot}/?whole": ("lot", lambda context: [None] * len(context["timeline"])),
    "/lots/{lot}/?table=balances": ("lot", named("balances")),
    "/lots/{staged}/?table=commitments": ("lot", named("commitments")),
    "/lots/{lot}/genealogy/?levels=12": ("genealogy", rows),
    "/demands/": ("demand_list", entries),
    "/demands/?state=all": ("demand_list", entries),
    "/demands/{demand}/": ("demand", kit),
    "/demands/{demand}/?table=standing": ("demand", standing),
    "/picks/?demand={demand}": ("pick_list", picks),
    "/picks/?demand={demand}&table=short": ("pick_list", named("short")),
    "/": ("board", positions),
    "/?table=lanes": ("board", lambda context: [
        lane for area in context["areas"] for lane in area["lanes"]]),
    "/containers/{container}/": ("container", named("contents")),
    "/containers/{container}/?table=commitments": ("container", named("commitments")),
    "/materials/{material}/": ("material", named("lots")),
    "/materials/{material}/?table=waiting": ("material", named("waiting")),
    "/ready/": ("ready", lambda context: [one for _name, _label, found in context["groups"]
                                          for one in found]),
    "/ahead/demands/?site={site}": ("ahead_part", firsts("entries")),
    "/ahead/positions/?site={site}": ("ahead_part", firsts("entries")),
    "/ahead/lanes/?site={site}": ("ahead_part", firsts("entries")),
    "/alerts/?state=all": ("alert_list", entries),
    "/notices/": ("notice_list", entries),
    "/pulls/": ("pull_list", firsts("entries")),
    "/unstage-list/": ("unstage_list", lambda context: [one[:2] for one in context["entries"]]),
    "/worklist/": ("worklist", lambda context: [one["stop"] for one in context["entries"]]),
    "/locations/": ("location_list", firsts("places")),
    "/locations/{place}/": ("location", lambda context: list(context["staged"])),
    "/locations/{storage}/?table=standing": ("location", lambda context: context["standing"]),
    "/holds/{hold}/reach/positions/": ("reach_part", rows),
    "/holds/{hold}/reach/demands/": ("reach_part", rows),
    "/holds/{hold}/reach/pulls/": ("reach_part", rows),
    "/holds/{hold}/reach/shipped/": ("reach_part", rows),
    "/holds/{hold}/reach/consumed/": ("reach_part", rows),
    "/refused-attempts/": ("attempts", entries),
    "/audit/": ("audit", entries),
    "/audit/?order=oldest": ("audit", entries),
    "/audit/?since=2020-01-01T00:00": ("audit", entries),
}  # fmt: skip
"""Address → name of the view, and what it lists."""

TABLES_ONLY = {
    "numbers": "tests/numbers/test_pages.py holds each of its tables",
    "alert": "tests/alerting/test_pages.py reads its history",
    "board_then": "tests/past/test_pages.py compares it with the page",
    "lane_then": "tests/past/test_pages.py compares it with the page",
    "demand_then": "tests/past/test_pages.py compares it with the page",
}
NO_FILE = {
    "wall": "a screen on the wall",
    "wall_due": "a screen on the wall",
}
"""Pages that are paged and have no file, and why."""

EMPTY = (
    "/worklist/",  # only what one may do: tests/worklists/test_list.py reads its file
    "/ahead/positions/?site={site}",
    "/ahead/lanes/?site={site}",
    "/holds/{hold}/reach/shipped/",
    "/holds/{hold}/reach/consumed/",
    "/containers/{container}/?table=commitments",
)


def patterns(found: Any = None, prefix: str = "") -> Iterator[tuple[str, type]]:
    """Every named page of the product, with its class."""
    for one in (found or get_resolver()).url_patterns:
        if isinstance(one, URLResolver):
            yield from patterns(one)
        elif isinstance(one, URLPattern) and hasattr(one.callback, "view_class"):
            yield str(one.name), one.callback.view_class


def test_every_paged_list_has_a_file_and_is_looked_at_here() -> None:
    views = dict(patterns())
    files = {name for name, view in views.items() if issubclass(view, AsFile)}
    tested = {name for name, _rows in LISTS.values()}
    assert files - {"all_numbers", "home"} == tested | set(TABLES_ONLY)
    pages = Path(settings.BASE_DIR, "templates/staging").rglob("*.html")
    paged = {page.stem for page in pages if "components/pagination.html" in page.read_text()}
    of_boards = {"lanes": "board", "ready_list": "ready"}
    assert {of_boards.get(name, name) for name in paged} <= files | set(NO_FILE)


def address(path: str, plant: Plant) -> str:
    hold = Hold.objects.latest("pk")
    lot = Lot.objects.filter(parent_links__isnull=False).latest("pk")
    staged = StagedStock.objects.latest("since")
    return path.format(
        site=plant.site.code,
        lot=lot.pk, place=plant.l1.code, storage=plant.a1.code, hold=hold.pk, staged=staged.lot_id,
        material=staged.lot.material.code, demand=staged.requirement.demand.reference,
        container=Container.objects.latest("pk").code,
    )  # fmt: skip


def walk(client: Client, url: str, listed: Rows) -> list[Any]:
    """What is listed, page after page."""
    found: list[Any] = []
    while True:
        context = client.get(url).context
        found += listed(context)
        page = context.get("page")
        following = page.next if page else context.get("next_url") or context.get("next")
        if not following:
            return found
        url = url.split("?")[0] + following.split("#")[0]


@pytest.mark.parametrize("path", LISTS)
def test_the_file_holds_what_the_pages_list(
    several_pages: None, some: Plant, everybody: Client, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = address(path, some)
    name, listed = LISTS[path]
    expected = walk(everybody, url, listed)
    assert expected or path in EMPTY
    view = dict(patterns())[name]
    kept: list[Any] = []
    sheet = view.sheet  # type: ignore[attr-defined]
    monkeypatch.setattr(view, "sheet", lambda self: kept.append(sheet(self)) or kept[-1])
    ask = everybody.post if view.leaves_on_record else everybody.get  # type: ignore[attr-defined]
    sign = "&" if "?" in url else "?"
    file = content_of(ask(f"{url}{sign}download=csv"))
    headings, *written = csv.reader(io.StringIO(file.decode(), newline=""))
    columns = kept[0].columns
    if name == "audit":  # the export's own beginning
        started = str(AuditEntry.objects.filter(action=STARTED).latest("pk").pk)
        written = [row for row in written if row[0] != started]
    assert headings == [str(column.label) for column in columns]
    assert len(set(headings)) == len(headings)
    assert len(written) == len(expected)
    if expected and expected[0] is not None:
        assert written == [[as_text(column.of(row)) for column in columns] for row in expected]
    spreadsheet = rows_of(content_of(ask(f"{url}{sign}download=xlsx")))
    extra = 3  # beginnings of both exports, and the end of the first
    assert len(spreadsheet) == len(written) + 1 + (extra if name == "audit" else 0)


def test_headings_are_in_the_readers_language(some: Plant, everybody: Client) -> None:
    answer = everybody.get("/lots/?download=csv", headers={"accept-language": "de"})
    assert content_of(answer).decode().splitlines()[0].startswith("Charge,")


@pytest.mark.parametrize("path", ["/audit/", "/refused-attempts/"])
def test_the_trail_leaves_by_post_for_the_auditor_and_on_record(
    some: Plant, everybody: Client, path: str
) -> None:
    asked = f"{path}?download=csv&q="
    assert everybody.get(asked).status_code == 405
    content_of(everybody.post(f"{path}?download=csv&surface=api"))
    finished = AuditEntry.objects.filter(action=FINISHED).latest("pk")
    assert finished.facts["filters"] == {"surface": "api"}
    assert finished.facts["complete"]
    supervisor = Client()
    supervisor.force_login(UserFactory(role="supervisor"))
    assert supervisor.get(path).status_code == 200
    assert supervisor.post(asked).status_code == 403


def test_too_much_is_refused_before_the_first_byte(
    some: Plant, everybody: Client, settings: Any
) -> None:
    settings.EXPORT_ROWS = 1
    answer = everybody.get("/lots/?download=csv&condition=on_hand", follow=True)
    assert answer.redirect_chain == [("/lots/?condition=on_hand", 302)]
    assert "The list has more than 1 rows" in answer.content.decode()


def test_a_stranger_gets_no_file(client: Client) -> None:
    assert client.get("/lots/?download=csv").status_code == 302
    client.force_login(UserFactory(role="integrator"))
    assert client.get("/lots/?download=csv").status_code == 403
