"""Events of partners become actions of ours: the same functions, the same gate, once."""

import json
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from integration.access.tokens import issue_token
from integration.epcis.capture import running, tasks
from integration.models import CapturedEvent, CaptureJob
from inventory import actions as stock
from inventory.models import AuditEntry, Balance, Container, Lot, Movement, RefusedAttempt
from staging import actions as staging
from tests.api.conftest import Api
from tests.epcis.work import GTIN, PALLET_SSCC, SERIAL_GTIN, Busy
from tests.factories import ClientFactory, UserFactory

D = Decimal
CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
LOT = f"https://id.gs1.org/01/{GTIN.zfill(14)}/10/L-1"
LOT_URN = f"urn:epc:class:lgtin:9521141.0{GTIN[8:13]}.L-1"
PALLET = f"https://id.gs1.org/00/{PALLET_SSCC}"
Event = dict[str, Any]


@pytest.fixture
def yard(db: None) -> Busy:
    plant = Busy()
    plant.begin()
    return plant


def place(code: object) -> dict[str, str]:
    return {"id": f"https://forestage.invalid/epcis/location/{code}"}


def event(step: str, *, kind: str = "ObjectEvent", action: str = "OBSERVE", **more: Any) -> Event:
    return {
        "type": kind,
        "eventTime": timezone.now().isoformat(),
        "eventTimeZoneOffset": "+00:00",
        "action": action,
        "bizStep": step,
    } | more


def moved(step: str, goods: Any, source: object, target: object, **more: Any) -> Event:
    where = {"readPoint": place(source), "bizLocation": place(target)}
    return event(step, quantityList=goods, **where, **more)


def receipt(yard: Busy, step: str = "receiving", quantity: Any = 100, **more: Any) -> Event:
    goods = [{"epcClass": LOT, "quantity": quantity, "uom": "KGM"}]
    order = {"type": "po", "bizTransaction": "urn:epcglobal:cbv:bt:9521141000006:PO-9"}
    return (
        event(step, quantityList=goods, bizLocation=place(yard.a2), bizTransactionList=[order])
        | more
    )


def document(*events: Event) -> dict[str, Any]:
    return {
        "@context": [CONTEXT], "type": "EPCISDocument", "schemaVersion": "2.0",
        "creationDate": timezone.now().isoformat(), "epcisBody": {"eventList": list(events)},
    }  # fmt: skip


def send(api: Api, *events: Event, **headers: str) -> dict[str, Any]:
    """What the job says in the end."""
    answer = api.post("/epcis/capture", document(*events), format="json", headers=headers)
    assert answer.status_code == 202, answer.json()
    found: dict[str, Any] = api.get(answer.headers["Location"]).json()
    return found


def on_hand() -> dict[str, Decimal]:
    rows = Balance.objects.on_hand().select_related("location")
    return {f"{row.location.code.split('-')[-1]}": row.quantity for row in rows}


def test_the_way_of_a_delivery(yard: Busy, api: Api) -> None:
    """Received, put away, packed, staged, loaded and shipped, all by events in one document but
    for the release, which quality signs."""
    job = send(api, receipt(yard, eventID="urn:uuid:4b4b9e7c-1a77-4b60-a4a1-3f9a0e4f7c11"))
    assert job["errors"] == []
    assert (job["running"], job["success"], job["captureErrorBehaviour"]) == (
        False,
        True,
        "rollback",
    )
    lot = Lot.objects.get(number="L-1")
    received = Movement.objects.get(lot=lot)
    assert (received.kind, received.reference, received.surface) == ("receive", "PO-9", "api")
    assert AuditEntry.objects.filter(action="import.epcis").count() == 1
    yard.release(lot)
    yard.shipment((yard.tablets, 60), reference="SHP-1")
    goods = [{"epcClass": LOT_URN, "quantity": 60, "uom": "KGM"}]
    for_shipment = {"bizTransactionList": [{"type": "desadv", "bizTransaction": "urn:acme:SHP-1"}]}
    bin_uri = {"id": f"https://id.gs1.org/414/{yard.a1.gln}/254/{yard.a1.gln_extension}"}
    job = send(
        api,
        event("storing", quantityList=goods, readPoint=place(yard.a2), bizLocation=bin_uri),
        event(
            "packing", kind="AggregationEvent", action="ADD", parentID=PALLET,
            childQuantityList=goods, readPoint=bin_uri,
        ),
        event(
            "staging_outbound", epcList=[PALLET], readPoint=bin_uri, bizLocation=place(yard.dock),
            **for_shipment,
        ),
        event(
            "loading", kind="AggregationEvent", action="ADD", childEPCs=[PALLET],
            parentID=place(yard.truck)["id"], readPoint=place(yard.dock),
        ),
    )  # fmt: skip
    assert job["errors"] == [], job
    assert on_hand() == {"A2": 40, "TRUCK": 60}
    assert Container.objects.get(sscc=PALLET_SSCC).location == yard.truck
    job = send(api, event("departing", epcList=[PALLET], **for_shipment))
    assert job["errors"] == []
    assert on_hand() == {"A2": 40}
    assert api.get("/epcis/capture").json()[0] == job


def test_taking_back(yard: Busy, api: Api) -> None:
    """Picking, storing from lane and work centre, unpacking, unloading."""
    lot = yard.lot(100, material=yard.tablets, number="L-1", at=yard.a2)
    yard.order((yard.tablets, 30), reference="MO-1")
    ten = [{"epcClass": LOT, "quantity": 10, "uom": "KGM"}]
    named = "urn:epcglobal:cbv:bt:9521141000006:MO-1"
    order = {"bizTransactionList": [{"type": "prodorder", "bizTransaction": named}]}
    job = send(
        api,
        moved("picking", ten, yard.a2, yard.l1, **order),
        moved("picking", ten, yard.l1, yard.l2, **order),
        moved("storing", ten, yard.l2, yard.a2),
    )
    assert job["errors"] == []
    assert on_hand() == {"A2": 100}
    [box] = yard.verb(stock.new_container, stock.NewContainer(code="BOX", location=yard.a2))
    own = "https://forestage.invalid/epcis/container/BOX"
    yard.verb(stock.pack, stock.Pack(lot=lot, container=box, quantity=D(10)))
    job = send(
        api,
        event("unpacking", kind="AggregationEvent", action="DELETE", parentID=own),
        event(
            "packing", kind="AggregationEvent", action="ADD", parentID=own,
            childQuantityList=ten, readPoint=place(yard.a2),
        ),
    )  # fmt: skip
    assert job["errors"] == []
    kinds = Movement.objects.order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["receive", "stage", "move", "unstage", "pack", "unpack", "pack"]


def test_the_same_twice_has_one_effect(yard: Busy, api: Api) -> None:
    """The document again; the event in another document; the event as a single one; reworded."""
    sent = receipt(yard, eventID="urn:x:1", quantity=5)
    first = api.post("/epcis/capture", document(sent), format="json")
    body = json.dumps(document(sent))
    for _time in range(2):
        again = api.post("/epcis/capture", body, content_type="application/ld+json")
    assert again.status_code == 202
    assert send(api, sent)["forestage:capturedBefore"] == 1
    single = api.post(
        "/epcis/events", json.dumps(sent | {"@context": CONTEXT}), content_type="application/json"
    )
    assert single.status_code == 201
    found = api.get(single.headers["Location"]).json()
    [told] = found["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    assert told["forestage:capturedEventID"] == "urn:x:1"
    assert told["quantityList"] == [{"epcClass": LOT, "quantity": 5, "uom": "KGM"}]
    assert send(api, told)["forestage:capturedBefore"] == 1  # our own event comes back
    assert Movement.objects.count() == 1
    other = receipt(yard, eventID="urn:x:1", quantity=6)
    [error] = send(api, other)["errors"]
    assert (error["code"], error["field"]) == ("event_id_reused", "eventID")
    answer = api.post("/epcis/events", other | {"@context": CONTEXT}, format="json")
    assert answer.status_code == 409
    assert answer.json()["type"] == "epcisException:ResourceAlreadyExistsException"
    assert api.get(first.headers["Location"]).json()["success"]


def test_one_receipt_is_taken_in_once(yard: Busy, api: Api) -> None:
    job = send(api, receipt(yard, "arriving"), receipt(yard, "receiving"))
    assert [(error["event"], error["code"]) for error in job["errors"]] == [(1, "received_before")]


def test_all_or_nothing_or_what_can_be(yard: Busy, api: Api) -> None:
    """A refusal by the gate is the event's error, and kept as an attempt, like any other."""
    lot = yard.lot(10, material=yard.tablets, number="L-1", released=False, at=yard.a2)
    yard.order((yard.tablets, 10), reference="MO-1")
    five = [{"epcClass": LOT, "quantity": 5}]
    wrong = event(
        "picking", quantityList=five, readPoint=place(yard.a2), bizLocation=place(yard.l1),
        bizTransactionList=[{"type": "prodorder", "bizTransaction": "x://y/MO-1"}],
    )  # fmt: skip
    right = event(
        "storing", quantityList=five, readPoint=place(yard.a2), bizLocation=place(yard.a1)
    )
    job = send(api, right, wrong)
    assert (job["success"], job["forestage:captured"]) == (False, 0)
    [error] = job["errors"]
    assert (error["event"], error["code"]) == (1, "lot_quarantine")
    assert error["field"] == "quantityList.0.epcClass"
    assert error["hint"]
    assert RefusedAttempt.objects.get().lot == lot
    assert Movement.objects.count() == 1
    assert not CapturedEvent.objects.exists()
    job = send(api, right, wrong, **{"GS1-Capture-Error-Behaviour": "proceed"})
    assert (job["success"], job["forestage:captured"]) == (False, 1)
    assert on_hand() == {"A2": 5, "A1": 5}


def test_declared_wrong(yard: Busy, api: Api) -> None:
    sent = receipt(yard, eventID="urn:x:1")
    wrong = sent | {
        "errorDeclaration": {"declarationTime": sent["eventTime"], "reason": "did_not_occur"}
    }
    [error] = send(api, wrong)["errors"]
    assert error["code"] == "declared_event_unknown"
    assert send(api, sent)["success"]
    assert send(api, wrong)["success"]
    assert on_hand() == {}
    assert send(api, wrong)["success"]
    assert Movement.objects.count() == 2


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"eventTime": "yesterday"}, "bad_event", "eventTime"),
    ({"eventTime": "2999-01-01T00:00:00Z"}, "time_in_future", "eventTime"),
    ({"eventTimeZoneOffset": "1"}, "bad_event", "eventTimeZoneOffset"),
    ({"type": "TransactionX"}, "event_type_not_captured", "type"),
    ({"action": "DELETE"}, "step_not_captured", "bizStep"),
    ({"bizStep": "commissioning"}, "step_not_captured", "bizStep"),
    ({"disposition": "damaged"}, "disposition_not_captured", "disposition"),
    ({"bizLocation": {"id": "urn:nowhere:1"}}, "unknown_code", "bizLocation"),
    ({"bizLocation": "A2"}, "bad_event", "bizLocation"),
    ({"quantityList": []}, "field_needed", "quantityList"),
    ({"quantityList": [{"epcClass": LOT, "quantity": "5"}]}, "bad_event", "quantityList"),
    ({"quantityList": [{"epcClass": LOT}]}, "required", "quantityList.0.quantity"),
    (
        {"quantityList": [{"epcClass": LOT, "quantity": 5, "uom": "ZZZ"}]},
        "unknown_code",
        "quantityList.0.uom",
    ),
    (
        {"quantityList": [{"epcClass": LOT.split("/10/")[0], "quantity": 5}]},
        "lot_number_needed",
        "quantityList.0",
    ),
    (
        {"quantityList": [{"epcClass": LOT, "quantity": -5}]},
        "quantity_not_above_zero",
        "quantityList.0.quantity",
    ),
    ({"epcList": [PALLET, PALLET.replace("2", "1")]}, "several_containers", "epcList.1"),
    (
        {"quantityList": [{"epcClass": LOT.replace("/10/", "1/10/"), "quantity": 5}]},
        "bad_gs1",
        "quantityList.0",
    ),
    ({"bizStep": "storing", "quantityList": []}, "field_needed", "quantityList"),
    ({"bizStep": "storing", "epcList": [PALLET], "quantityList": []}, "unknown_code", "epcList.0"),
    ({"ilmd": {"cbvmda:itemExpirationDate": "soon"}, "action": "ADD"}, "invalid", "ilmd"),
]


def test_what_cannot_be_mapped_is_named(yard: Busy, api: Api) -> None:
    """By event, field, code, and what to do; nothing of the document has an effect."""
    events: list[Any] = [receipt(yard) | change for change, _code, _field in WRONG]
    events += ["no event", {"type": "ObjectEvent"}]
    job = send(api, receipt(yard, quantity=7), *events)
    found = {error["event"]: (error["code"], error["field"]) for error in reversed(job["errors"])}
    assert found == {
        n: (code, field) for n, (_change, code, field) in enumerate(WRONG, start=1)
    } | {len(WRONG) + 1: ("bad_event", None), len(WRONG) + 2: ("bad_event", "eventTime")}
    assert all(error["detail"] for error in job["errors"])
    assert not Movement.objects.exists()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("{", "parse_error"),
        ("[]", "not_an_object"),
        ('{"type": "X"}', "wrong_document"),
        ('{"type": "EPCISDocument", "epcisBody": {"eventList": [{}]}}', "required"),
        ('{"@context": [], "type": "EPCISDocument", "epcisBody": []}', "no_events"),
        ('{"@context": [], "type": "EPCISQueryDocument", "epcisBody": 1}', "no_events"),
        (
            '{"@context": [], "schemaVersion": "1.2", "type": "EPCISDocument", "epcisBody": 1}',
            "wrong_version",
        ),
    ],
)
def test_wrong_documents(api: Api, body: str, code: str) -> None:
    answer = api.post("/epcis/capture", body, content_type="application/json")
    problem = answer.json()
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert problem["type"] == "epcisException:ValidationException"
    assert code in [problem["code"], *(error["code"] for error in problem["errors"])]


def test_limits(api: Api, yard: Busy, settings: Any) -> None:
    settings.EPCIS_CAPTURE_EVENTS, settings.EPCIS_CAPTURE_BYTES = 1, 2000
    told = api.options("/epcis/capture").headers
    assert told["GS1-EPCIS-Capture-Limit"] == "1"
    assert told["GS1-EPCIS-Capture-File-Size-Limit"] == "2000"
    assert told["GS1-Capture-Error-Behaviour"] == "rollback, proceed"
    many = api.post("/epcis/capture", document(receipt(yard), receipt(yard)), format="json")
    long = api.post("/epcis/capture", document(receipt(yard, note="x" * 2000)), format="json")
    for answer in (many, long):
        assert answer.status_code == 413
        assert answer.json()["type"] == "epcisException:CaptureLimitExceededException"
        assert answer.headers["GS1-EPCIS-Capture-Limit"] == "1"
    xml = api.post("/epcis/capture", "<epcis/>", content_type="application/xml")
    assert xml.status_code == 415
    wrong = api.post(
        "/epcis/capture", document(receipt(yard)), format="json",
        headers={"GS1-Capture-Error-Behaviour": "ignore"},
    )  # fmt: skip
    assert wrong.status_code == 400


def test_a_token_is_for_capturing_or_not(yard: Busy) -> None:
    """The scope stands for all that captured events become; the user's roles still count."""
    for names, status in ((["integration.capture_epcis"], 202), (["inventory.receive"], 403)):
        client = ClientFactory()
        client.user.groups.add(Group.objects.get(name="integrator"))
        _token, secret = issue_token(
            client=client, scopes=names, expires_at=None, by=yard.operator, at=yard.now
        )
        api = Api()
        api.credentials(HTTP_AUTHORIZATION=f"Token {secret}")
        answer = api.post("/epcis/capture", document(receipt(yard)), format="json")
        assert answer.status_code == status, answer.json()
    assert Movement.objects.count() == 1


def test_who_may(api_as: Any, yard: Busy) -> None:
    """Capturing asks for its own permission, and each event for that of its verb."""
    reader = api_as("auditor")
    assert reader.post("/epcis/capture", document(receipt(yard)), format="json").status_code == 403
    assert api_as("integrator").get("/epcis/capture").json() == []
    from django.contrib.auth.models import Permission

    partner = UserFactory()
    partner.user_permissions.add(Permission.objects.get(codename="capture_epcis"))
    [error] = send(api_as(partner), receipt(yard))["errors"]
    assert (error["code"], error["field"]) == ("permission_denied", "bizStep")
    assert RefusedAttempt.objects.get().code == "permission_denied"
    job = CaptureJob.objects.get()
    assert api_as("integrator").get(f"/epcis/capture/{job.pk}").status_code == 404
    assert Api().get("/epcis/capture").status_code == 401


def test_what_waits_is_swept_up(
    yard: Busy, api: Api, settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    """A large document is left to Celery. Its message may get lost; a process may be killed after
    the effect; neither loses it, nor does it twice."""
    settings.EPCIS_CAPTURE_AT_ONCE = 0
    with django_capture_on_commit_callbacks() as left:
        answer = api.post("/epcis/capture", document(receipt(yard)), format="json")
    assert len(left) == 1
    where = answer.headers["Location"]
    assert api.get(where).json()["running"]
    assert not Movement.objects.exists()
    assert tasks.capture_waiting() == 1
    assert api.get(where).json()["success"]
    job = CaptureJob.objects.get()
    assert (job.captured, job.document) == (1, "")
    assert tasks.capture_waiting() == 0
    late = running.accept(
        body=json.dumps(document(*[row.event for row in CapturedEvent.objects.all()])).encode(),
        events=[1], behaviour=job.behaviour, by=yard.operator, at=yard.now,
    )  # fmt: skip
    tasks.capture(str(late.pk))
    late.refresh_from_db()
    assert late.is_running is False
    assert Movement.objects.count() == 1


def test_serials_and_new_containers(yard: Busy, api: Api) -> None:
    serials = [f"https://id.gs1.org/01/{SERIAL_GTIN.zfill(14)}/21/S{n}" for n in range(2)]
    sent = event(
        "accepting", epcList=[PALLET, *serials], bizLocation=place(yard.a2), action="ADD",
        ilmd={"cbvmda:itemExpirationDate": "2099-01-31"},
    )  # fmt: skip
    assert send(api, sent)["errors"] == []
    pallet = Container.objects.get()
    assert (pallet.code, pallet.sscc, pallet.location) == (PALLET_SSCC, PALLET_SSCC, yard.a2)
    assert Movement.objects.filter(to_container=pallet, quantity=1).count() == 2
    assert Lot.objects.filter(expires_on="2099-01-31", number__in=["S0", "S1"]).count() == 2


def test_containers_are_not_guessed_at(yard: Busy, api: Api) -> None:
    """What is in one that is empty, or one in another, is not said by an event."""
    yard.verb(stock.new_container, stock.NewContainer(code="BOX", location=yard.a2))
    box = "https://forestage.invalid/epcis/container/BOX"
    job = send(
        api,
        event("unpacking", kind="AggregationEvent", action="DELETE", parentID=box),
        event(
            "packing", kind="AggregationEvent", action="ADD", parentID=box, childEPCs=[PALLET],
            readPoint=place(yard.a2),
        ),
    )  # fmt: skip
    assert [(error["event"], error["code"], error["field"]) for error in job["errors"]] == [
        (0, "container_empty", "parentID"), (1, "nesting_not_captured", "childEPCs.0"),
    ]  # fmt: skip


def test_staging_by_events_asks_the_gate(yard: Busy, api: Api) -> None:
    """And unloading, from the vehicle back into the lane."""
    lot = yard.lot(10, material=yard.tablets, number="L-1", at=yard.a2)
    shipment = yard.shipment((yard.tablets, 10), reference="SHP-1")
    yard.stage(shipment, lot, yard.dock)
    yard.verb(staging.load, staging.Loading(lot=lot, vehicle=yard.truck))
    yard.hold(lot=lot)
    unload = event(
        "unloading", kind="AggregationEvent", action="DELETE", parentID=place(yard.truck)["id"],
        childQuantityList=[{"epcClass": LOT, "quantity": 10, "uom": "KGM"}],
        bizLocation=place(yard.dock),
    )  # fmt: skip
    [error] = send(api, unload)["errors"]
    assert error["code"] == "lot_on_hold"
    assert send(api, unload | {"bizLocation": place(yard.cage)})["errors"] == []
    assert on_hand() == {"CAGE": 10}


def test_a_mistake_of_ours_ends_the_job(
    yard: Busy, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told as an error, and neither tried for ever nor answered with 500."""
    monkeypatch.setattr(running, "steps_of", lambda sent: 1 / 0)
    job = send(api, receipt(yard))
    assert (job["running"], job["errors"][0]["code"]) == (False, "server_error")
    assert tasks.capture_waiting() == 0
