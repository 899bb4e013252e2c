"""`fields` and `expand`: what is asked for is shown, by the same number of statements."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.api.resources import RESOURCES, SHOWN
from tests.plant import Plant

pytestmark = pytest.mark.django_db


def staged(plant: Plant, count: int) -> Any:
    lots = [plant.lot(10, expires_on=None) for _n in range(count)]
    demand = plant.order(*((lot.material, 10) for lot in lots))
    for lot in lots:
        plant.stage(demand, lot)
    return demand


def test_only_the_fields_that_are_asked_for(plant: Plant, api: Any) -> None:
    demand = staged(plant, 2)
    answer = api.read("staged-stock/", fields="lot,quantity", demand=demand.reference).json()
    assert [set(row) for row in answer["results"]] == [{"lot", "quantity"}] * 2
    one = api.read(f"demands/{demand.reference}/", fields="state").json()
    assert one == {"state": "ready"}


def test_the_next_page_shows_the_same(plant: Plant, api: Any) -> None:
    staged(plant, 3)
    page = api.read("staged-stock/", fields="lot", expand="lot", page_size=2).json()
    following = api.get(page["next"]).json()
    assert [set(row) for row in following["results"]] == [{"lot"}]
    assert following["results"][0]["lot"]["status"] == "released"


def test_staged_stock_with_its_lot_material_demand_and_lane(plant: Plant, api: Any) -> None:
    demand = staged(plant, 1)
    plain = api.read("staged-stock/").json()["results"][0]
    names = "lot,material,demand,location,container"
    [row] = api.read("staged-stock/", expand=names).json()["results"]
    assert row["lot"]["code"] == plain["lot"]
    assert row["material"]["code"] == plain["material"]
    assert row["demand"]["reference"] == demand.reference
    assert row["location"]["code"] == plain["location"]
    assert row["container"] is None
    assert {
        name: row[name] for name in plain if name not in (*names.split(","), "age_seconds")
    } == {name: plain[name] for name in plain if name not in (*names.split(","), "age_seconds")}


def test_a_demand_with_the_materials_of_its_lines(plant: Plant, api: Any) -> None:
    demand = staged(plant, 2)
    path = f"demands/{demand.reference}/"
    answer = api.read(path, expand="requirements.material,work_center,site").json()
    assert {line["material"]["base_unit"] for line in answer["requirements"]} == {"KGM"}
    assert answer["site"]["code"] == plant.site.code
    assert answer["work_center"]["code"] == plant.wc.code


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ({"fields": "lot,colour"}, "fields", "unknown_field"),
        ({"fields": ""}, "fields", "unknown_field"),
        ({"expand": "quantity"}, "expand", "unknown_field"),
        ({"expand": "lot.material"}, "expand", "unknown_field"),
        ({"fields": "quantity", "expand": "lot"}, "expand", "not_shown"),
        ({"field": "lot"}, "field", "unknown_parameter"),
    ],
)
def test_other_names_are_refused(query: Any, field: str, code: str, plant: Plant, api: Any) -> None:
    demand = staged(plant, 1)
    paths = ["staged-stock/"]
    paths += [f"demands/{demand.reference}/"] if code == "unknown_parameter" else []
    for path in paths:
        answer = api.read(path, **query)
        [error] = answer.json()["errors"]
        assert (answer.status_code, error["field"], error["code"]) == (400, field, code)


@pytest.mark.parametrize(
    "path", sorted({"staged-stock", "demands", "balances", "movements", "allocations", "alerts"})
)
def test_the_statements_do_not_grow_with_the_rows(path: str, plant: Plant, api: Any) -> None:
    views = {view.summaries["list"].lower().replace(" ", "-"): view for view in SHOWN.values()}
    view = views[path]

    def cost() -> int:
        with CaptureQueriesContext(connection) as caught:
            answer = api.read(f"{path}/", expand=",".join(view.expansions))
        assert answer.status_code == 200, answer.json()
        found = [query["sql"] for query in caught.captured_queries]
        return len([sql for sql in found if "auth_permission" not in sql])  # asked for now and then

    staged(plant, 1)
    cost()
    few = cost()
    staged(plant, 4)
    assert cost() == few


def test_a_demand_without_its_lines_costs_less(plant: Plant, api: Any) -> None:
    staged(plant, 1)
    with CaptureQueriesContext(connection) as whole:
        api.read("demands/")
    with CaptureQueriesContext(connection) as part:
        api.read("demands/", fields="reference,state")
    assert len(part) == len(whole) - 1


def test_every_expansion_names_a_field_and_can_be_shown(plant: Plant, api: Any) -> None:
    """Each is read once, on whatever there is."""
    staged(plant, 1)
    plant.hold(lot=plant.lot())
    for view in RESOURCES.values():
        fields = set(view.serializer_class().fields)  # type: ignore[misc,union-attr]
        assert {name.split(".")[0] for name in view.expansions} <= fields, view
