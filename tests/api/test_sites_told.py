"""What a token for one site is told of what concerns several: in part and saying so, or nothing."""

import json
import re
import runpy
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID
from zipfile import ZipFile

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory import actions as stock
from inventory.models import AuditEntry, Lot
from tests.api.conftest import Api
from tests.api.two_sites import HERE, THERE, Two, furnish, paths, text_of, token_for
from tests.factories import SiteFactory
from tests.plant import Plant
from tests.standing import built_once

pytestmark = pytest.mark.django_db


@built_once
def two() -> Two:
    here, there = (Plant(SiteFactory(code=word)) for word in (HERE, THERE))
    return Two(here, there, token_for(here))


@built_once
def shared(two: Two) -> Lot:
    """A lot that was received here, of which some went to the other site and was used there."""
    material = two.here.material(code="COMMON")
    lot = two.here.lot(200, material=material, number="L1")
    two.here.do(
        stock.move,
        stock.Move(lot=lot, source=two.here.a1, target=two.there.a1, quantity=Decimal(77)),
    )
    two.there.do(
        stock.scrap,
        stock.Removal(lot=lot, quantity=Decimal(7), reason=f"{THERE} mould", source=two.there.a1),
    )
    return lot


def refused(answer: Any) -> None:
    assert (answer.status_code, answer.json()["code"]) == (403, "site_not_in_scope")
    assert THERE not in text_of(answer)


@pytest.mark.parametrize("path", ["lots/{lot}/dossier/", "lots/{lot}/version/"])
def test_what_is_told_whole_or_not_at_all(path: str, two: Two, shared: Lot) -> None:
    own = two.here.lot()
    assert two.api.read(path.format(lot=own.pk)).status_code == 200
    refused(two.api.read(path.format(lot=shared.pk)))


def test_where_something_went_is_told_whole_or_not_at_all(two: Two, shared: Lot) -> None:
    part = stock.Split(lot=shared, number="P1", quantity=Decimal(5), source=two.here.a1)
    two.here.do(stock.split_lot, part)
    child = Lot.objects.get(number="P1")
    refused(two.api.read(f"lots/{shared.pk}/trace/"))
    refused(two.api.read(f"lots/{child.pk}/trace/", direction="back"))
    assert two.api.read(f"lots/{child.pk}/trace/").json()["links"] == []
    hold = two.here.hold(lot=shared)
    for part_of_it in ("", "positions/", "shipments/"):
        refused(two.api.read(f"holds/{hold.pk}/reach/{part_of_it}"))
    here_alone = two.here.hold(lot=child)
    assert two.api.read(f"holds/{here_alone.pk}/reach/").status_code == 200
    of_all = two.here.hold(material=shared.material)
    refused(two.api.read(f"holds/{of_all.pk}/reach/"))


def test_the_timeline_says_that_it_is_narrowed(two: Two, shared: Lot) -> None:
    answer = two.api.read(f"lots/{shared.pk}/timeline/")
    assert answer.json()["sites"] == [HERE]
    kinds = [event["title"].split()[0] for event in answer.json()["events"]]
    assert "Move" in kinds
    assert "Scrap" not in kinds  # at the other site
    assert f"{THERE} mould" not in text_of(answer)
    everything = token_for(two.here, alone=False).read(f"lots/{shared.pk}/timeline/").json()
    assert everything["sites"] is None
    assert len(everything["events"]) == len(kinds) + 1


def test_the_trail_leaves_out_what_an_action_did_at_both(two: Two, shared: Lot) -> None:
    seen = text_of(two.api.read("audit-entries/"))
    assert f"{THERE} mould" not in seen
    actions = {
        (one["action"], one["subject"]) for one in two.api.read("audit-entries/").json()["results"]
    }
    assert ("inventory.receive", shared.code) in actions
    assert ("inventory.scrap", shared.code) not in actions
    boxes = [stock.NewContainer(code=f"{plant.site.code}-X", location=plant.a1)
             for plant in (two.here, two.there)]  # fmt: skip
    two.here.do(stock.new_container, *boxes)
    [entry] = two.api.read("audit-entries/", action="inventory.new_container").json()["results"]
    assert (entry["subject"], entry["facts"]) == ("", {})


def test_numbers_are_of_the_site_and_say_so(two: Two) -> None:
    furnish(two.here), furnish(two.there)
    found = two.api.read("numbers/staged/").json()
    assert found["sites"] == [HERE]
    assert {row["site"] for row in found["areas"]} == {HERE}
    whole = token_for(two.here, alone=False).read("numbers/staged/").json()
    assert (whole["sites"], {row["site"] for row in whole["areas"]}) == (None, {HERE, THERE})
    theirs = Lot.objects.get(number=f"{THERE}-1").code
    for name, value in (("site", THERE), ("within", two.there.l1.code), ("lot", theirs)):
        path = "flow" if name == "lot" else "staged"
        asked, unknown = (
            two.api.read(f"numbers/{path}/", **{name: one}) for one in (value, f"{value}X")
        )
        assert asked.status_code == unknown.status_code == 400
        codes = [answer.json()["errors"][0]["code"] for answer in (asked, unknown)]
        assert codes[0] == codes[1]  # as if there were none


def test_an_export_of_a_site_says_so_and_is_sound(two: Two, tmp_path: Path) -> None:
    furnish(two.there), furnish(two.here)
    answer = two.api.read("exports/ledger/", lines="jsonl")
    file = tmp_path / "ledger.zip"
    file.write_bytes(answer.getvalue())
    with ZipFile(file) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        rows = archive.read("movements.jsonl").decode().splitlines()
    assert manifest["sites"] == [HERE]
    told = list(runpy.run_path("static/check_export.py")["check"](str(file)))
    assert f"it holds the records of {HERE} alone" in told
    assert len(rows) == len(two.api.read("movements/", page_size=500).json()["results"])
    entry = AuditEntry.objects.filter(action="audit.exported").latest("pk")
    assert entry.facts.get("sites", [HERE]) == [HERE]


def test_of_the_flow_another_sites_place_is_only_named(two: Two, shared: Lot) -> None:
    two.there.hold(location=two.there.a1, reason="x")
    log = json.loads(two.api.read("exports/ocel/").getvalue())
    [place] = [one for one in log["objects"] if one["id"] == f"location:{two.there.a1.code}"]
    assert [one["name"] for one in place["attributes"]] == ["site"]
    assert not [one for one in log["events"] if one["type"] == "scrap"]


def test_the_feed_is_followed_for_the_site(two: Two) -> None:
    furnish(two.there)
    assert two.api.read("events/").json()["results"] == []
    furnish(two.here)
    found = two.api.read("events/", page_size=500).json()
    assert not found["more"]
    types = {event["type"].split(".")[1] for event in found["results"]}
    assert types >= {"movement", "decision", "hold", "demand", "alert"}
    answer = two.api.read("events/", site=THERE)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "unknown_code")
    nothing = two.api.read("events/", demand=f"{THERE}-D1").json()
    assert nothing["results"] == []


def test_epcis_is_of_the_site_page_by_page(two: Two) -> None:
    furnish(two.there), furnish(two.here)

    def walk(api: Api, **query: Any) -> list[str]:
        ids, link = [], "/epcis/events?perPage=7"
        while link:
            answer = api.get(link, query)
            body = answer.json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
            ids += [event["eventID"] for event in body]
            link = answer.headers.get("Link", "").partition("<")[2].partition(">")[0]
        return ids

    mine, theirs = walk(two.api), walk(token_for(two.there))
    everything = walk(token_for(two.here, alone=False))
    assert set(mine).isdisjoint(theirs)
    assert sorted(mine + theirs) == sorted(everything)
    refused(two.api.get("/epcis/capture"))
    assert two.api.get(f"/epcis/events/{theirs[0]}").status_code == 404


def test_a_view_that_does_not_say_that_it_keeps_to_sites_is_refused(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every one: what is forgotten is closed."""
    views = {view.cls for _route, view in paths()}
    for cls in views:
        monkeypatch.setattr(cls, "keeps_to_sites", False, raising=False)
    for route, view in paths():
        if getattr(view, "initkwargs", {}).get("keeps_to_sites"):
            continue  # an action that says it by itself
        path = re.sub(
            r"<\w+:\w+>", lambda one: str(UUID(int=1)) if "uuid" in one[0] else "1", route
        )
        whole = path if path.startswith("epcis") else f"api/v1/{path}"
        answer = two.api.get(f"/{whole}")
        assert answer.status_code == 403, whole


def test_what_it_costs_does_not_grow(two: Two) -> None:
    furnish(two.here)
    lot = Lot.objects.get(number=f"{HERE}-2")
    asked = ("audit-entries/", "refused-attempts/", "numbers/lanes/", "movements/?expand=target",
             f"lots/{lot.pk}/timeline/", "exports/ocel/", "events/")  # fmt: skip

    def costs() -> dict[str, int]:
        found = {}
        for path in asked:
            with CaptureQueriesContext(connection) as statements:
                two.api.get(f"/api/v1/{path}").getvalue()
            found[path] = len(statements)
        return found

    costs()  # the feed gives what has happened its places
    before = costs()
    for _number in range(3):
        move = stock.Move(lot=lot, source=two.here.a1, target=two.here.cage, quantity=Decimal(1))
        two.here.do(stock.move, move)
    two.api.read("events/")
    assert costs() == before
