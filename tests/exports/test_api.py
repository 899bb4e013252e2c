"""Lists of the API as files: the same rows as all pages of the JSON, under stable names."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.urls import URLPattern, URLResolver, get_resolver
from pytest_django import DjangoAssertNumQueries

from inventory.api.resources import Resource
from inventory.models import AuditEntry, Lot, Movement
from inventory.paging import every
from inventory.sheets.cells import as_text
from inventory.sheets.recorded import FINISHED
from tests.api.conftest import Api
from tests.exports.conftest import content_of
from tests.factories import UserFactory
from tests.plant import Plant
from tests.sheets import records_of

pytestmark = pytest.mark.django_db

ON_RECORD = ("audit-entries", "refused-attempts")


def lists(found: Any = None) -> Iterator[str]:
    """Every path of the API that answers with pages."""
    for one in (found or get_resolver("inventory.api.urls")).url_patterns:
        if isinstance(one, URLResolver):
            yield from lists(one)
        elif isinstance(one, URLPattern):
            view: Any = getattr(one.callback, "cls", None)
            action = getattr(one.callback, "actions", {}).get("get")
            listed = view and issubclass(view, Resource) and action == "list"
            if listed and "<" not in str(one.pattern):
                yield str(one.pattern).removeprefix("^").removesuffix("$").strip("/")


LISTS = [
    path
    for app in ("inventory", "quality", "staging", "integration")
    for path in lists(get_resolver(f"{app}.api.urls"))
] + ["on-hand"]


def all_pages(api: Api, path: str, **query: Any) -> list[dict[str, Any]]:
    found, url = [], f"/api/v1/{path}/"
    query["page_size"] = 2
    while url:
        answer = api.get(url, query)
        assert answer.status_code == 200, answer.json()
        found += answer.json()["results"]
        url, query = answer.json()["next"], {}
    return found


@pytest.mark.parametrize("path", LISTS)
def test_the_file_is_the_list_without_pages(some: Plant, api_as: Any, path: str) -> None:
    api = api_as(UserFactory(is_superuser=True))
    query = {"site": some.site.code} if path.startswith("ahead/") else {}
    expected = all_pages(api, path, **query)
    file = content_of(api.read(f"{path}/", format="csv", **query))
    headings, *rows = csv.reader(io.StringIO(file.decode(), newline=""))
    if path not in ("audit-entries", "staged-stock"):  # has grown; counts seconds
        assert [plainly(row) for row in rows] == [
            plainly(as_text(row[name]) for name in headings) for row in expected
        ]
    assert len(rows) == len(expected) + (path == "audit-entries")
    if expected:
        assert headings == list(expected[0])
    answer = api.get(f"/api/v1/{path}/", query, headers={"accept": XLSX})
    assert answer["Content-Type"] == XLSX
    assert len(records_of(content_of(answer))) >= len(expected)


def plainly(row: Iterable[str]) -> list[Any]:
    """Whatever notation a number has: `100.0` is `100`."""
    return [Decimal(one) if re.fullmatch(r"-?\d+(\.\d+)?", one) else one for one in row]


XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def test_filters_and_order_are_those_of_the_list(some: Plant, api: Api) -> None:
    query = {"kind": "receive", "ordering": "recorded_at"}
    expected = [row["id"] for row in all_pages(api, "movements", **query)]
    file = content_of(api.read("movements/", format="xlsx", **query))
    assert [row["id"] for row in records_of(file)] == expected
    assert len(expected) > 1


def test_numbers_are_numbers_and_days_are_days(plant: Plant, api: Api) -> None:
    lot = plant.lot("12345678.123456", expires_in=30)
    [row] = records_of(content_of(api.read("balances/", format="xlsx", lot=lot.code)))
    assert row["quantity"] == Decimal("12345678.123456")
    [row] = records_of(content_of(api.read("lots/", format="xlsx", code=lot.code)))
    assert row["expires_on"].date() == lot.expires_on
    assert row["number"] == lot.number


@pytest.mark.parametrize(
    ("query", "status", "where"),
    [
        ({"format": "csv", "cursor": "x"}, 400, "cursor"),
        ({"format": "csv", "page_size": "5"}, 400, "page_size"),
        ({"format": "csv", "colour": "red"}, 400, "colour"),
        ({"format": "pdf"}, 404, None),
    ],
)
def test_what_cannot_be_a_file_is_a_problem(
    api: Api, query: dict[str, str], status: int, where: str | None
) -> None:
    answer = api.read("lots/", **query)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert not where or [one["field"] for one in answer.json()["errors"]] == [where]


def test_too_much_is_refused(plant: Plant, api: Api, settings: Any) -> None:
    plant.lot()
    settings.EXPORT_ROWS = 0
    answer = api.get("/api/v1/lots/", headers={"accept": "text/csv"})
    assert (answer.status_code, answer.json()["code"]) == (409, "export_too_large")


@pytest.mark.parametrize("path", ON_RECORD)
def test_the_trail_leaves_for_the_auditor_and_on_record(
    some: Plant, api_as: Any, path: str
) -> None:
    assert api_as("supervisor").read(f"{path}/", format="csv").status_code == 403
    content_of(api_as("auditor").read(f"{path}/", format="csv", surface="api"))
    finished = AuditEntry.objects.filter(action=FINISHED).get()
    assert finished.facts["records"] == path
    assert finished.facts["filters"] == {"surface": "api"}


def test_a_file_costs_the_same_statements_for_each_batch(
    plant: Plant, api: Api, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    plant.lot()
    needed = 3  # whether they may read it; how many there are; all of them at once
    if connection.vendor == "postgresql":
        needed += 2  # one moment: a savepoint within the test's transaction
    for _again in range(2):
        with django_assert_num_queries(needed):
            content_of(api.read("lots/", format="csv"))
        for _more in range(3):
            plant.lot()


@pytest.mark.parametrize("size", [1, 2, 3, 100])
@pytest.mark.parametrize("down", [False, True])
def test_page_after_page_nothing_is_left_out(some: Plant, size: int, down: bool) -> None:
    from django.db.models import Q

    rows = Movement.objects.all()
    sign = "-" if down else ""
    expected = list(rows.order_by(f"{sign}recorded_at", f"{sign}pk"))
    assert [row for part in every(rows, "recorded_at", size=size, down=down) for row in part] == (
        expected
    )
    wanted = Q(kind="receive")
    sifted = every(rows, "recorded_at", size=size, down=down, sieve=wanted)
    assert [row for part in sifted for row in part] == [
        row for row in expected if row.kind == "receive"
    ]
    lots = [Q(lot=lot) for lot in Lot.objects.all()[:2]]
    branched = every(rows, "pk", size=size, branches=lots)
    assert len([row for part in branched for row in part]) == rows.filter(lots[0] | lots[1]).count()
