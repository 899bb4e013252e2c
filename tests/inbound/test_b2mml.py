"""B2MML-shaped documents: read as XML and as JSON, safely, and each error names its element."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from inventory.models import Lot
from staging.models import Demand, Requirement
from tests.api.conftest import Api, api_as  # noqa: F401 - a fixture
from tests.plant import Plant

PATH = "/api/v1/inbound/b2mml/MES/"
NAMESPACE = "http://www.mesa.org/xml/B2MML"


@pytest.fixture
def mes(api_as: Callable[..., Api], plant: Plant) -> Api:  # noqa: F811
    for code in ("RM-1", "RM-2", "FG-1"):
        plant.material(code=code)
    return api_as("integrator")


def send(api: Api, text: str, kind: str = "application/xml") -> Any:
    return api.generic("POST", PATH, text, content_type=kind)


def material(code: str, quantity: str, *, use: str = "Consumed", more: str = "") -> str:
    return f"""<MaterialRequirement>{more}<MaterialDefinitionID>{code}</MaterialDefinitionID>
      <MaterialUse>{use}</MaterialUse><Quantity><QuantityString>{quantity}</QuantityString>
      <DataType>decimal</DataType><UnitOfMeasure>KGM</UnitOfMeasure></Quantity>
      </MaterialRequirement>"""


def segment(plant: Plant, *materials: str, name: str = "10", more: str = "") -> str:
    return f"""<SegmentRequirement><ID>{name}</ID>
      <EarliestStartTime>2030-06-01T06:00:00Z</EarliestStartTime>{more}
      <EquipmentRequirement><EquipmentID>{plant.wc.code}</EquipmentID></EquipmentRequirement>
      {"".join(materials)}</SegmentRequirement>"""


def schedule(plant: Plant, *segments: str, at: str = "2026-01-01T00:00:00Z", more: str = "") -> str:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
    <ProcessOperationsSchedule xmlns="{NAMESPACE}"><ApplicationArea/><DataArea><Process/>
    <OperationsSchedule><ID>S</ID><PublishedDate>{at}</PublishedDate>
      <HierarchyScope><EquipmentID>ENT</EquipmentID><EquipmentLevel>Enterprise</EquipmentLevel>
        <HierarchyScope><EquipmentID>{plant.site.code}</EquipmentID>
          <EquipmentLevel>Site</EquipmentLevel></HierarchyScope></HierarchyScope>
      <OperationsRequest><ID>PO-1</ID>{more}{"".join(segments)}</OperationsRequest>
    </OperationsSchedule></DataArea></ProcessOperationsSchedule>"""


def test_a_request_of_one_segment_is_a_production_order(mes: Api, plant: Plant) -> None:
    made = segment(plant, material("RM-1", "5"), material("FG-1", "9", use="Produced"))
    answer = send(mes, schedule(plant, made))
    assert answer.status_code == 200, answer.json()
    demand = Demand.objects.get()
    assert (demand.reference, demand.kind, demand.product.code) == ("PO-1", "production", "FG-1")  # type: ignore[union-attr]
    assert (demand.work_center, demand.site) == (plant.wc, plant.site)
    assert Requirement.objects.get().quantity == 5
    again = send(mes, schedule(plant, made))
    assert again.json()["objects"][0]["facts"]["outcome"] == "unchanged"


def test_several_segments_are_operations(mes: Api, plant: Plant) -> None:
    both = [segment(plant, material(c, "1"), name=n) for c, n in (("RM-1", "10"), ("RM-2", "20"))]
    assert send(mes, schedule(plant, *both)).status_code == 200
    assert set(Demand.objects.values_list("reference", "kind")) == {
        ("PO-1.10", "operation"), ("PO-1.20", "operation"),
    }  # fmt: skip


def test_less_later_and_called_off(mes: Api, plant: Plant) -> None:
    lot = plant.lot(10, material=plant.material(code="RM-3"))
    send(mes, schedule(plant, segment(plant, material("RM-3", "8"))))
    plant.stage(Demand.objects.get(), lot, quantity=8)
    less = schedule(plant, segment(plant, material("RM-3", "5")), at="2026-01-02T00:00:00Z")
    facts = send(mes, less).json()["objects"][0]["facts"]
    assert [row["quantity"] for row in facts["to_unstage"]] == ["3"]
    late = send(mes, schedule(plant, segment(plant, material("RM-3", "9"))))
    assert (late.status_code, late.json()["code"]) == (409, "message_outdated")
    off = schedule(
        plant, segment(plant), at="2026-01-03T00:00:00Z",
        more="<RequestState>Cancelled</RequestState>",
    )  # fmt: skip
    assert send(mes, off).json()["objects"][0]["facts"]["outcome"] == "cancelled"
    assert Demand.objects.get().cancelled


def test_the_same_as_json(mes: Api, plant: Plant) -> None:
    need = {"MaterialDefinitionID": "RM-1", "MaterialUse": "Consumed",
            "Quantity": {"QuantityString": "5", "UnitOfMeasure": "KGM"}}  # fmt: skip
    body = {"OperationsSchedule": {
        "HierarchyScope": {"EquipmentID": plant.site.code},
        "OperationsRequest": [{"ID": "PO-9", "SegmentRequirement": {
            "ID": "10", "EarliestStartTime": "2030-06-01T06:00:00Z",
            "MaterialRequirement": [need, {**need, "MaterialDefinitionID": "RM-2"}],
        }}],
    }}  # fmt: skip
    assert send(mes, json.dumps(body), "application/json").status_code == 200
    assert Requirement.objects.filter(demand__reference="PO-9").count() == 2


def test_lots_are_announced(mes: Api, plant: Plant) -> None:
    text = f"""<MaterialInformation xmlns="{NAMESPACE}"><MaterialLot><ID>L-1</ID>
      <MaterialDefinitionID>RM-1</MaterialDefinitionID>
      <MaterialLotProperty><ID>ExpirationDate</ID>
        <Value><ValueString>2031-01-31</ValueString></Value></MaterialLotProperty>
      </MaterialLot></MaterialInformation>"""
    assert send(mes, text, "text/xml").status_code == 200
    lot = Lot.objects.get()
    assert (lot.code, str(lot.expires_on), lot.status) == ("RM-1/L-1", "2031-01-31", "quarantine")


def test_orders_and_lots_come_apart(mes: Api, plant: Plant) -> None:
    lot = "<MaterialLot><ID>L-1</ID><MaterialDefinitionID>RM-1</MaterialDefinitionID></MaterialLot>"
    text = schedule(plant, segment(plant, material("RM-1", "5")))
    both = text.replace("</OperationsSchedule>", f"</OperationsSchedule>{lot}")
    answer = send(mes, both)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "mixed_document")
    assert not Demand.objects.exists()


AT = "ProcessOperationsSchedule/DataArea/OperationsSchedule/OperationsRequest/SegmentRequirement"

WRONG: dict[str, tuple[list[str], str, str]] = {
    "no quantity": (
        ["<MaterialRequirement><MaterialUse>Consumed</MaterialUse>"
         "<MaterialDefinitionID>RM-1</MaterialDefinitionID></MaterialRequirement>"],
        "element_needed", "MaterialRequirement/Quantity/QuantityString",
    ),
    "no use": ([material("RM-1", "1", use="Eaten")], "material_use_unknown",
               "MaterialRequirement/MaterialUse"),
    "no number": ([material("RM-1", "1"), material("RM-2", "some")], "invalid",
                  "MaterialRequirement[2]/Quantity/QuantityString"),
    "unknown material": ([material("RM-1", "1"), material("XX", "1")], "external_unknown",
                         "MaterialRequirement[2]/MaterialDefinitionID"),
    "unknown unit": ([material("RM-1", "1").replace("KGM", "QQQ")], "unknown_code",
                     "MaterialRequirement/Quantity/UnitOfMeasure"),
    "line twice": ([material("RM-1", "1", more="<ID>1</ID>")] * 2, "line_twice",
                   "MaterialRequirement[2]/ID"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_an_error_names_its_element(mes: Api, plant: Plant, name: str) -> None:
    materials, code, where = WRONG[name]
    answer = send(mes, schedule(plant, segment(plant, *materials)))
    assert answer.status_code in (400, 409), answer.json()
    error = answer.json()["errors"][0]
    assert (error["code"], error["field"]) == (code, f"{AT}/{where}")
    assert not Demand.objects.exists()


LAUGHS = """<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">
<!ENTITY lol2 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">
<!ENTITY lol3 "&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;">]>
<OperationsSchedule><ID>&lol3;</ID></OperationsSchedule>"""
XXE = """<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<OperationsSchedule><ID>&x;</ID></OperationsSchedule>"""
OUTER_DTD = """<?xml version="1.0"?><!DOCTYPE a SYSTEM "http://localhost:1/a.dtd"><a/>"""


ODD_ENCODING = "<?xml version='1.0' encoding='x-no'?><a/>"


@pytest.mark.parametrize("text", [LAUGHS, XXE, OUTER_DTD, "<a>", "no xml", "\x00", ODD_ENCODING])
def test_what_is_no_plain_xml_is_refused(mes: Api, text: str) -> None:
    answer = send(mes, text)
    assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")
    assert "root:" not in answer.content.decode()


def test_oversize_and_strange_bodies_are_refused(mes: Api) -> None:
    huge = "<a>" + "<b/>" * 700_000 + "</a>"
    assert send(mes, huge).status_code == 413
    assert send(mes, "<a/>", "application/pdf").status_code == 415
    for text in ("<a/>", "<a>" * 5000 + "</a>" * 5000, "<OperationsSchedule/>"):
        answer = send(mes, text)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "nothing_read")
    for body in ([], {}, {"OperationsSchedule": [[1]]}, {"MaterialLot": "x"}, 7):
        assert send(mes, json.dumps(body), "application/json").status_code == 400


def test_lots_need_their_own_permission(api_as: Callable[..., Api], plant: Plant) -> None:  # noqa: F811
    assert send(api_as("operator"), "<a/>").status_code == 403
