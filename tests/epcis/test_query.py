"""Questions by the parameters of the standard, page by page."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from integration.epcis import bounds
from inventory.models import Lot
from tests.api.conftest import Api
from tests.core.budget.counting import statements
from tests.epcis.work import GTIN, PALLET_SSCC, Busy

Ask = Callable[..., list[dict[str, Any]]]
BASE = "https://forestage.invalid/epcis"
LOT = f"https://id.gs1.org/01/{GTIN.zfill(14)}/10/LOT-A%2F7"


def steps(events: list[dict[str, Any]]) -> set[str]:
    return {event.get("bizStep", event["type"]) for event in events}


def test_what_is_asked_for_is_found(busy: Busy, events: Ask) -> None:
    """Each parameter, held against the events themselves."""
    every = events()
    assert len({json_of(event) for event in every}) == len(every)

    def where(true: Callable[[dict[str, Any]], Any]) -> list[dict[str, Any]]:
        return [event for event in every if true(event)]

    def site(event: dict[str, Any], name: str) -> str:
        return str(event.get(name, {}).get("id", ""))

    a1 = site(where(lambda one: one.get("bizStep") == "receiving")[0], "bizLocation")
    l1 = f"{BASE}/location/{busy.l1.code}"
    sscc = f"https://id.gs1.org/00/{PALLET_SSCC}"
    serial = Lot.objects.get(number="S-1")
    serial_uri = f"https://id.gs1.org/01/{serial.material.gtin.zfill(14)}/21/S-1"

    def listed(event: dict[str, Any], *names: str) -> set[str]:
        rows = [row for name in names for row in event.get(name, ())]
        return {row["epcClass"] if isinstance(row, dict) else row for row in rows}

    plain, inputs = ("quantityList", "childQuantityList"), ("inputQuantityList",)
    outputs = ("outputQuantityList",)
    epcs = ("epcList", "childEPCs")
    order = "urn:epcglobal:cbv:bt:9521141000006:MO-56"
    asked: dict[str, tuple[str, Callable[[dict[str, Any]], Any]]] = {
        "eventType": ("AggregationEvent", lambda one: one["type"] == "AggregationEvent"),
        "EQ_action": ("ADD|DELETE", lambda one: one.get("action") in ("ADD", "DELETE")),
        "EQ_bizStep": (
            "picking|https://ref.gs1.org/cbv/BizStep-loading",
            lambda one: one.get("bizStep") in ("picking", "loading"),
        ),
        "EQ_disposition": ("expired", lambda one: one.get("disposition") == "expired"),
        "EQ_persistentDisposition_set": (
            "conformant",
            lambda one: "conformant" in one.get("persistentDisposition", {}).get("set", ()),
        ),
        "EQ_persistentDisposition_unset": (
            "conformant",
            lambda one: "conformant" in one.get("persistentDisposition", {}).get("unset", ()),
        ),
        "EQ_readPoint": (f"{a1}|{l1}", lambda one: site(one, "readPoint") in (a1, l1)),
        "EQ_bizLocation": (l1, lambda one: site(one, "bizLocation") == l1),
        "WD_bizLocation": (a1, lambda one: site(one, "bizLocation") == a1),
        "WD_readPoint": (a1, lambda one: site(one, "readPoint") == a1),
        "MATCH_epcClass": (LOT, lambda one: LOT in listed(one, *plain)),
        "MATCH_anyEPCClass": (LOT, lambda one: LOT in listed(one, *plain, *inputs, *outputs)),
        "MATCH_inputEPCClass": (LOT, lambda one: LOT in listed(one, *inputs)),
        "MATCH_outputEPCClass": (
            f"{BASE}/lot/{Lot.objects.get(number='B-1').material.code}/B-1",
            lambda one: any(uri.endswith("/B-1") for uri in listed(one, *outputs)),
        ),
        "MATCH_epc": (sscc, lambda one: sscc in listed(one, *epcs)),
        "MATCH_parentID": (sscc, lambda one: one.get("parentID") == sscc),
        "MATCH_anyEPC": (
            f"{sscc}|{serial_uri}",
            lambda one: (
                {sscc, serial_uri} & (listed(one, *epcs, "inputEPCList") | {one.get("parentID")})
            ),
        ),
        "MATCH_inputEPC": (serial_uri, lambda one: serial_uri in listed(one, "inputEPCList")),
        "EQ_bizTransaction_prodorder": (order, lambda one: ends_with(one, "MO-56")),
        "EQ_bizTransaction_desadv": (
            f"{BASE}/bt/SHP-9|SHP-10",
            lambda one: ends_with(one, "SHP-9") or ends_with(one, "SHP-10"),
        ),
        "EQ_bizTransaction_po": ("PO-1", lambda one: ends_with(one, "PO-1")),
        "EQ_transformationID": (
            f"{BASE}/transformation/MO-56",
            lambda one: one.get("transformationID", "").endswith("/MO-56"),
        ),
        "EXISTS_errorDeclaration": ("true", lambda one: "errorDeclaration" in one),
        "EQ_errorReason": (
            "incorrect_data",
            lambda one: one.get("errorDeclaration", {}).get("reason") == "incorrect_data",
        ),
        "GE_errorDeclarationTime": ("2000-01-01T00:00:00Z", lambda one: "errorDeclaration" in one),
        "EQ_eventID": (every[3]["eventID"], lambda one: one["eventID"] == every[3]["eventID"]),
        "GE_recordTime": (every[9]["recordTime"], lambda one: moment(one) >= moment(every[9])),
        "LT_recordTime": (every[9]["recordTime"], lambda one: moment(one) < moment(every[9])),
    }
    for name, (value, true) in asked.items():
        assert where(true), name
        assert events(**{name: value}) == where(true), name
    assert events(EQ_readPoint="urn:nowhere") == []
    assert events(EQ_errorReason="did_not_occur", EQ_bizStep="storing")
    assert events(eventType="TransactionEvent") == []
    future = (timezone.now() + timedelta(hours=1)).isoformat()
    assert events(GE_eventTime=future) == []
    assert events(LT_eventTime=future) == every


def json_of(event: dict[str, Any]) -> str:
    return str(sorted(event.items(), key=str))


def moment(event: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(event["recordTime"])


def ends_with(event: dict[str, Any], reference: str) -> bool:
    rows = event.get("bizTransactionList", ())
    return any(row["bizTransaction"].endswith(f"/{reference}") for row in rows)


def test_pages(busy: Busy, api: Api, events: Ask) -> None:
    """Every event once and in order, whatever the size of a page, while others write."""
    for order in (
        {"orderBy": "eventTime", "orderDirection": "ASC"}, {"orderBy": "recordTime"},
    ):  # fmt: skip
        whole = events(**order)
        read: list[dict[str, Any]] = []
        url, query = "/epcis/events", {"perPage": 25, **order}
        while url:
            answer = api.get(url, query)
            page = answer.json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
            assert 0 < len(page) <= 25
            read += page
            link = answer.headers.get("Link", "")
            url, query = link.partition(">")[0].removeprefix("<"), {}
            assert not link or link.endswith('; rel="next"')
        assert read == whole
    times = [datetime.fromisoformat(event["recordTime"]) for event in events(orderBy="recordTime")]
    assert times == sorted(times, reverse=True)
    newest = events(orderBy="eventTime", eventCountLimit=3)
    assert newest == events(orderBy="eventTime")[:3]


@pytest.mark.parametrize("few", [0, 5])
def test_pages_that_look_no_further_than_a_stretch(
    busy: Busy, api: Api, events: Ask, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    """Short, or empty: following them to the end, one meets what one page would have shown."""
    every = events()
    middle = every[len(every) // 2]["eventTime"]
    asked: list[dict[str, Any]] = [
        {}, {"orderBy": "eventTime"}, {"EQ_bizStep": "destroying|unloading"},
        {"MATCH_anyEPCClass": LOT}, {"EXISTS_errorDeclaration": "true", "orderBy": "eventTime"},
        {"WD_readPoint": f"{BASE}/location/{busy.l1.code}"}, {"GE_eventTime": middle},
        {"LT_recordTime": every[-1]["recordTime"], "orderBy": "eventTime"},
    ]  # fmt: skip
    whole = [(query, events(**query)) for query in asked]
    monkeypatch.setattr(bounds, "STRETCH", 19)
    monkeypatch.setattr(bounds, "FEW", few)
    for query, expected in whole:
        pages = list(followed(api, {"perPage": 20, **query}))
        assert [event for page in pages for event in page] == expected, query
    assert few or any(not page for page in followed(api, {"EQ_bizStep": "destroying"}))


def followed(api: Api, query: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
    """Every page, from link to link."""
    url, seen = "/epcis/events", set[str]()
    while url:
        assert url not in seen
        seen.add(url)
        answer = api.get(url, query)
        yield answer.json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
        url, query = answer.headers.get("Link", "").partition(">")[0].removeprefix("<"), {}


def test_a_limit_counts_over_pages(
    busy: Busy, api: Api, events: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = {"orderBy": "eventTime", "eventCountLimit": 25}
    expected = events(**order)
    assert len(expected) == 25
    monkeypatch.setattr(bounds, "STRETCH", 7)
    pages = list(followed(api, {"perPage": 10, **order}))
    assert [event for page in pages for event in page] == expected
    assert len(pages) > 2


def test_what_a_page_costs(busy: Busy, api: Api) -> None:
    """The same statements for a page of one event and of all: none for each."""
    busy.lot(1)

    def page(**query: Any) -> int:
        return len(statements(lambda: api.get("/epcis/events", query)))

    api.get("/epcis/events")
    caught = statements(lambda: api.get("/epcis/events", {"perPage": 500}))
    assert len(caught) <= 30, [sql[:150] + sql[-100:] for sql in caught]
    assert page(perPage=1) <= page(perPage=500)
    narrow = {"eventType": "TransformationEvent", "perPage": 500}
    assert page(**narrow) <= page(perPage=500)
    before = page(perPage=500)
    for _time in range(3):
        busy.lot(1, reference="PO-9")
    assert page(perPage=500) == before


def test_an_event_by_its_id(busy: Busy, api: Api, events: Ask) -> None:
    """With the declarations that it was wrong; the same ID in every answer."""
    [declared, *_more] = events(EXISTS_errorDeclaration="true")
    answer = api.get(f"/epcis/events/{declared['eventID']}")
    found = answer.json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    assert [("errorDeclaration" in event) for event in found] == [False, True]
    reduced = {k: v for k, v in declared.items() if k not in ("errorDeclaration", "recordTime")}
    assert reduced == {k: v for k, v in found[0].items() if k != "recordTime"}
    assert {event["eventID"] for event in found} == {declared["eventID"]}
    for unknown in ("urn:uuid:00000000-0000-8000-8000-000000000000", "ni:///x", "%00"):
        gone = api.get(f"/epcis/events/{unknown}")
        assert gone.status_code == 404
        assert gone.json()["type"] == "epcisException:NoSuchResourceException"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"EQ_bizstep": "x"}, "unknown_parameter"),
        ({"EQ_temperature": "1"}, "unknown_parameter"),
        ({"eventType": "Event"}, "bad_value"),
        ({"EQ_action": "LOOK"}, "bad_value"),
        ({"GE_eventTime": "2026-01-01"}, "bad_value"),
        ({"GE_eventTime": "2026-01-01T00:00:00"}, "bad_value"),
        ({"LT_recordTime": "2026-13-01T00:00:00Z"}, "bad_value"),
        ({"EQ_bizStep": ""}, "bad_value"),
        ({"EQ_bizStep": "|".join("x" * 101)}, "too_many_values"),
        ({"perPage": "0"}, "out_of_range"),
        ({"perPage": "501"}, "out_of_range"),
        ({"perPage": "x"}, "bad_value"),
        ({"orderBy": "quantity"}, "bad_value"),
        ({"orderDirection": "UP"}, "bad_value"),
        ({"eventCountLimit": "5"}, "needs_order"),
        ({"EXISTS_errorDeclaration": "1"}, "bad_value"),
        ({"nextPageToken": "x"}, "bad_token"),
        ({"nextPageToken": "W10"}, "bad_token"),
        ({"EQ_bizStep": ["a", "b"]}, "repeated_parameter"),
    ],
)
def test_what_cannot_be_answered(api: Api, query: dict[str, Any], code: str) -> None:
    answer = api.get("/epcis/events", query)
    problem = answer.json()
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert problem["type"] == "epcisException:QueryParameterException"
    assert [error["code"] for error in problem["errors"]] == [code]
    assert problem["errors"][0]["field"] in query


def test_versions_and_formats(api: Api, api_as: Callable[[str], Api]) -> None:
    told = api.options("/epcis/events")
    assert told.status_code == 204
    assert told.headers["GS1-EPCIS-Min"] == told.headers["GS1-CBV-Max"] == "2.0.0"
    answer = api.get("/epcis/events")
    assert answer.headers["GS1-EPCIS-Version"] == "2.0.0"
    assert answer.json()["@context"][0].endswith("epcis-context.jsonld")
    linked = api.get("/epcis/events", headers={"Accept": "application/ld+json"})
    assert linked.headers["Content-Type"] == "application/ld+json"
    for headers in (
        {"Accept": "application/xml"}, {"GS1-EPCIS-Min": "2.1"}, {"GS1-CBV-Max": "1.2"},
        {"GS1-EPC-Format": "Roman"}, {"GS1-EPCIS-Version": "x"},
    ):  # fmt: skip
        refused = api.get("/epcis/events", headers=headers)
        assert refused.status_code == 406, headers
        assert refused.json()["type"] == "epcisException:NotAcceptableException"
    assert Api().get("/epcis/events").status_code == 401
    assert api.get("/epcis/nothing").status_code == 404
    assert api.delete("/epcis/events").status_code == 405


def test_nobody_else_reads(db: None, api_as: Callable[[Any], Api]) -> None:
    from tests.factories import UserFactory

    answer = api_as(UserFactory()).get("/epcis/events")
    assert answer.status_code == 403
    assert answer.json()["type"] == "epcisException:SecurityException"


def test_urns_where_the_prefix_is_known(busy: Busy, api: Api) -> None:
    """And what is named by a URN is found."""
    urn = {"GS1-EPC-Format": "Always_EPC_URN"}
    query = {"MATCH_epcClass": LOT, "EQ_bizStep": "receiving"}
    answer = api.get("/epcis/events", query, headers=urn)
    [event] = answer.json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    [row] = event["quantityList"]
    assert row["epcClass"] == f"urn:epc:class:lgtin:9521141.0{GTIN[8:13]}.LOT-A%2F7"
    assert event["bizLocation"]["id"] == "urn:epc:id:sgln:9521141.00001.BIN-07-03"
    assert event["eventTimeZoneOffset"] in ("+01:00", "+02:00")
    again = api.get("/epcis/events", query | {"MATCH_epcClass": row["epcClass"]}, headers=urn)
    assert again.json()["epcisBody"] == answer.json()["epcisBody"]
    packed = api.get("/epcis/events", {"EQ_bizStep": "packing"}, headers=urn).json()
    first = packed["epcisBody"]["queryResults"]["resultsBody"]["eventList"][0]
    sscc = f"urn:epc:id:sscc:9521141.{PALLET_SSCC[0]}{PALLET_SSCC[8:17]}"
    assert first["parentID"] == sscc
    at = {"EQ_bizLocation": event["bizLocation"]["id"], "EQ_bizStep": "receiving"}
    assert api.get("/epcis/events", at).json()["epcisBody"]["queryResults"]["resultsBody"]
    assert api.get("/epcis/events", {"MATCH_parentID": sscc}).json() != packed
