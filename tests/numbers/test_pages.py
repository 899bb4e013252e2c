"""The pages, files and API of the numbers: who reads them, what they take and what they refuse."""

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from inventory import actions as stock
from quality import actions as quality
from staging import actions as staging
from staging.numbers.figures import FIGURES
from staging.numbers.period import Length, Period
from tests.api.conftest import Api
from tests.plant import Plant
from tests.standing import built_once
from tests.test_pages import ROLES, main, reader, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def supervisor(db: None) -> Client:
    return reader("supervisor")


@built_once
def busy(plant: Plant) -> Plant:
    """One lot staged and issued, another still in its lane, and a demand that waits."""
    material = plant.material(code="MAT-1", name="Sugar")
    done, other = plant.lot(100, material=material), plant.lot(50, material=material)
    order = plant.order((material, 40), reference="=PO", needed_at=plant.now - timedelta(hours=1))
    at = plant.now - timedelta(hours=5)
    line = staging.Staging(demand=order, lot=done, lane=plant.l1, quantity=Decimal(40))
    staging.stage(lines=[line], by=plant.operator, at=at)
    issue = staging.Issue(demand=order, lot=done)
    staging.issue(lines=[issue], by=plant.operator, at=at + timedelta(hours=3))
    plant.stage(plant.shipment((material, 20), reference="SHIP"), other, plant.dock, quantity=5)
    plant.order((material, 1), reference="LATER")
    return plant


@pytest.mark.parametrize("role", ROLES)
def test_who_reads_them(busy: Plant, role: str, api_as: Any) -> None:
    client, lot = reader(role), busy.lot(1).pk
    page = {"operator": 403, "integrator": 403, "": 302}.get(role, 200)
    for name in ("", *(f"{name}/" for name in FIGURES)):
        assert client.get(f"/numbers/{name}").status_code == page, name
    genealogy = {"integrator": 403, "": 302}.get(role, 200)
    assert client.get(f"/lots/{lot}/genealogy/").status_code == genealogy
    if role:
        answers = {api_as(role).read(f"numbers/{name}/").status_code for name in FIGURES}
        assert answers == {403 if role == "operator" else 200}
    else:
        assert Api().read("numbers/dwell/").status_code == 401


def test_the_menu_has_them_for_those_who_may(supervisor: Client) -> None:
    assert 'href="/numbers/"' in text(supervisor.get("/"))
    assert 'href="/numbers/"' not in text(reader("operator").get("/"))


@pytest.mark.parametrize("name", FIGURES)
def test_every_table_is_shown_filed_and_answered_alike(
    busy: Plant, supervisor: Client, api: Api, name: str
) -> None:
    query = {"material": "MAT-1"} if name == "flow" else {}
    page, answer = supervisor.get(f"/numbers/{name}/", query), api.read(f"numbers/{name}/", **query)
    assert answer.status_code == 200
    for table in FIGURES[name].tables:
        file = supervisor.get(f"/numbers/{name}/", query | {"download": "csv", "table": table.name})
        assert file["Content-Disposition"].startswith(f'attachment; filename="forestage-{name}')
        heading, *rows = csv.reader(io.StringIO(text(file)))
        found = answer.json()[table.name]
        assert heading == [column.label for column in table.columns]
        assert len(found) == len(rows)
        assert {tuple(row) for row in found} <= {tuple(column.name for column in table.columns)}
        shown = re.findall(rf'id="{table.name}".*?</section>', main(page), re.DOTALL)
        assert len(shown) == (1 if rows else 0)
        assert "style=" not in main(page)
        for section in shown:
            assert section.count('<th scope="row">') == min(len(rows), 100)


def test_a_file_holds_no_formula(busy: Plant, supervisor: Client) -> None:
    late = busy.order(
        (busy.material(), 5), reference="=1+1", needed_at=busy.now - timedelta(days=1)
    )
    file = text(supervisor.get("/numbers/on-time/?download=csv&table=missed"))
    assert f"'{late.reference}," in file


def test_what_is_shown_of_one_lane(busy: Plant, supervisor: Client, api: Api) -> None:
    found = api.read("numbers/dwell/", period="week", within=busy.l1.code).json()
    [lane] = found["lanes"]
    assert (lane["lane"], lane["positions"], lane["median"]) == (busy.l1.code, 1, 3 * 3600)
    assert (found["step"], found["complete"]) == ("day", True)
    assert api.read("numbers/dwell/", within=busy.l2.code).json()["lanes"] == []
    page = main(supervisor.get("/numbers/dwell/", {"within": busy.l2.code}))
    assert "Nothing left a lane in this period." in page
    assert 'role="img" aria-label=' in main(supervisor.get("/numbers/dwell/"))
    [flow] = [row for row in api.read("numbers/flow/", material="MAT-1").json()["flows"]
              if row["source"] == busy.l1.code]  # fmt: skip
    assert (flow["target"], flow["flowed"], flow["unit"]) == (busy.wc.code, "40", "KGM")


@pytest.mark.parametrize(
    ("name", "query", "field"),
    [
        ("dwell", {"period": "year"}, "period"), ("dwell", {"until": "soon"}, "until"),
        ("dwell", {"until": "0001-01-01"}, "until"), ("dwell", {"site": "NONE"}, "site"),
        ("dwell", {"within": "NONE"}, "within"), ("flow", {"lot": "NONE"}, "lot"),
        ("on-time", {"kind": "other"}, "kind"), ("ahead", {"lead": "-1"}, "lead"),
        ("ahead", {"period": "day"}, "period"), ("dwell", {"sight": "X"}, "sight"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(
    api: Api, supervisor: Client, name: str, query: dict[str, str], field: str
) -> None:
    answer = api.read(f"numbers/{name}/", **query)
    assert answer.status_code == 400
    assert {error["field"] for error in answer.json()["errors"]} == {field}
    page = supervisor.get(f"/numbers/{name}/", query)
    assert page.status_code == 200
    shown = "<section" in main(page) or "Nothing left a lane" in main(page)
    assert shown == (field == "sight")
    assert (field in page.context["filter"]["form"].errors) == (field in FIGURES[name].asks)


def test_there_are_no_others(supervisor: Client, api: Api) -> None:
    assert supervisor.get("/numbers/nothing/").status_code == 404
    assert api.read("numbers/nothing/").status_code == 404


def test_periods_before_and_after(busy: Plant, supervisor: Client) -> None:
    page = supervisor.get("/numbers/dwell/?period=week&until=2026-01-14").context
    assert page["around"] == {
        "earlier": "?period=week&until=2026-01-07", "later": "?period=week&until=2026-01-21"
    }  # fmt: skip
    assert supervisor.get("/numbers/dwell/").context["around"]["later"] == ""


@pytest.mark.parametrize(
    ("length", "until", "steps", "hours"),
    [
        ("day", date(2026, 10, 25), 25, 25), ("day", date(2026, 3, 29), 23, 23),
        ("day", date(2026, 6, 1), 24, 24), ("week", date(2026, 10, 25), 7, 169),
        ("month", date(2026, 6, 30), 30, 720), ("quarter", date(2026, 6, 30), 13, 2184),
    ],
)  # fmt: skip
def test_a_period_is_as_long_as_its_days(length: str, until: date, steps: int, hours: int) -> None:
    zone = ZoneInfo("Europe/Copenhagen")
    period = Period.of(Length(length), until, zone)
    assert len(period.steps) == steps
    assert period.end - period.start == timedelta(hours=hours)
    here = datetime.combine(until, datetime.min.time(), zone) + timedelta(days=1)
    assert period.end == here.astimezone(UTC)


# --- genealogy ----------------------------------------------------------------------------------


def test_a_genealogy_is_walked_along(plant: Plant, supervisor: Client) -> None:
    lot = plant.lot(100)
    for number in range(3):
        line = stock.Split(lot=lot, number=f"P{number}", quantity=Decimal(10))
        [lot] = plant.do(quality.split_lot, line)
    page = supervisor.get(f"/lots/{lot.pk}/genealogy/?levels=1").content.decode()
    assert "More levels" in page
    assert ">+1</text>" in page
    assert f'aria-label="{lot.material.code} {lot.number}, ' in page
    assert page.count("<a href=") >= 2
    everything = supervisor.get(f"/lots/{lot.pk}/genealogy/?levels=12").content.decode()
    assert "More levels" not in everything
    file = text(supervisor.get(f"/lots/{lot.pk}/genealogy/?download=csv&levels=1"))
    assert len(file.splitlines()) == 4


def test_a_ring_of_lots_is_drawn_once_around(plant: Plant, supervisor: Client) -> None:
    lot = plant.lot(100)
    [part] = plant.do(quality.split_lot, stock.Split(lot=lot, number="P", quantity=Decimal(10)))
    plant.do(quality.merge_lots, stock.Merge(lot=part, into=lot))
    answer = supervisor.get(f"/lots/{lot.pk}/genealogy/")
    assert answer.status_code == 200
    assert main(answer).count("d-strong") >= 1
    assert f"/lots/{part.pk}/genealogy/" in main(answer)


def test_a_wide_family_is_shown_in_part(plant: Plant, supervisor: Client) -> None:
    lot = plant.lot(100)
    lines = [stock.Split(lot=lot, number=f"W{n}", quantity=Decimal(1)) for n in range(20)]
    plant.do(quality.split_lot, *lines)

    def cost(query: str) -> int:
        with CaptureQueriesContext(connection) as spent:
            page = main(supervisor.get(f"/lots/{lot.pk}/genealogy/{query}"))
        assert ("8 more" in page) == (query == "")
        return len(spent)

    cost("?most=30")
    assert cost("") == cost("?most=30") <= 10
    assert "12 more" in main(supervisor.get(f"/lots/{lot.pk}/"))
