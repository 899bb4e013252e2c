"""The API describes itself, whole and valid, and its pages keep to the strict policy."""

import json
import re
from typing import Any

import pytest
from django.test import Client
from openapi_spec_validator import validate
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from inventory.api.document import operations, part, tags, whole
from inventory.verbs import REGISTRY
from staging.api import dwell
from tests.api.conftest import Api
from tests.api.test_resources import LISTS
from tests.contract.openapi import resolved
from tests.factories import UserFactory


@pytest.fixture
def document() -> dict[str, Any]:
    return whole()


def test_it_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    validate(document)


def test_the_parts_are_valid_and_make_the_whole(document: dict[str, Any]) -> None:
    found = []
    for tag in tags().values():
        smaller = part(tag)
        found += [(path, method) for path, method, _ in operations(smaller)]
        for reference in re.findall(r'"\$ref": "#/components/(\w+)/(\w+)"', json.dumps(smaller)):
            assert reference[1] in smaller["components"][reference[0]]
    assert sorted(found) == sorted((path, method) for path, method, _ in operations(document))
    validate(part("Shipping"))


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["en", "de"])
def test_it_is_served(language: str, document: dict[str, Any]) -> None:
    answer = Api().get("/api/v1/schema/", {"format": "json"}, headers={"Accept-Language": language})
    assert answer.status_code == 200
    assert answer.json() == document


@pytest.mark.django_db
def test_a_part_is_served() -> None:
    answer = Api().get("/api/v1/schema/", {"format": "json", "tag": "quality-records"})
    assert answer.json() == part("Quality records")
    refused = Api().get("/api/v1/schema/", {"format": "json", "tag": "none"})
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["field"] == "tag"
    assert Api().get("/api/v1/docs/none/").status_code == 404


def test_operations_are_found(client: Client) -> None:
    lines = client.get("/api/v1/docs/", {"search": "stage post"}).context["groups"]
    found = {line["operationId"] for _slug, _tag, lines_ in lines for line in lines_}
    assert {"stage", "unstage"} <= found
    assert "receive" not in found
    assert not client.get("/api/v1/docs/", {"search": "no such"}).context["groups"]


def test_every_verb_and_resource_is_in_it(document: dict[str, Any]) -> None:
    paths = set(document["paths"])
    assert {f"/api/v1/{name.replace('_', '-')}/" for name in REGISTRY} <= paths
    assert {f"/api/v1/{name}/" for name in LISTS} <= paths


def test_every_operation_is_described(document: dict[str, Any]) -> None:
    known = REGISTRY | {verb.name: verb for verb in dwell.VERBS}
    verbs = {f"/api/v1/{name.replace('_', '-')}/" for name in known}
    verbs.add("/api/v1/inbound/demands/")
    for path, method, operation in operations(document):
        assert operation["summary"], (method, path)
        assert operation["description"], (method, path)
        wanted = {"200", "400", "401", "403", "404", "429"}
        sent = {parameter["name"] for parameter in operation.get("parameters", [])}
        unsafe = method in ("post", "put", "patch", "delete")
        if path.startswith("/epcis"):  # an event's own ID tells a repetition
            unsafe, wanted = False, wanted - ({"200"} if method == "post" else set())  # 201 and 202
        assert ({"Idempotency-Key", "dry_run"} <= sent) == unsafe, (method, path)
        wanted |= {"409", "422"} if "Idempotency-Key" in sent else set()
        if path in verbs:
            conditional = bool(getattr(known.get(operation["operationId"]), "changes", ""))
            assert ({"412", "428"} <= set(operation["responses"])) == conditional
            assert sent == {"Idempotency-Key", "dry_run"} | ({"If-Match"} if conditional else set())
        assert wanted <= set(operation["responses"]), (method, path)
        assert ("207" in operation["responses"]) == (path in verbs)
        for status, response in resolved(operation)["responses"].items():
            if status == "304":
                assert (method, "content" in response) == ("get", False)
            elif status not in ("200", "201", "202", "207"):
                assert set(response["content"]) == {"application/problem+json"}


def test_a_verb_says_what_it_refuses_and_takes(document: dict[str, Any]) -> None:
    stage = document["paths"]["/api/v1/stage/"]["post"]
    assert "`lot_on_hold`" in stage["description"]
    assert "staging.stage" in stage["description"]
    assert stage["requestBody"]["required"] is True
    shapes = document["components"]["schemas"]
    line = shapes["StagingLineRequest"]
    assert set(line["required"]) == {"demand", "lot", "lane"}
    assert line["additionalProperties"] is False
    assert line["properties"]["lot"]["description"] == "Scan the lot label."


def test_a_resource_says_what_can_be_selected_and_expanded(document: dict[str, Any]) -> None:
    found = document["paths"]["/api/v1/staged-stock/"]["get"]["parameters"]
    enums = {p["name"]: p["schema"].get("items", {}).get("enum") for p in found}
    assert {"lot", "stop"} <= set(enums["fields"])
    assert enums["expand"] == ["demand", "lot", "material", "location", "container"]
    shapes = document["components"]["schemas"]
    assert "required" not in shapes["StagedStock"]
    lot = shapes["StagedStock"]["properties"]["lot"]["anyOf"]
    assert {"$ref": "#/components/schemas/Lot"} in lot
    line = shapes["Requirement"]["properties"]["material"]["anyOf"]
    assert {"$ref": "#/components/schemas/Material"} in line


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_pages_work_under_the_strict_policy(live_server: LiveServer, page: Page) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"{live_server.url}/api/v1/docs/")
    page.get_by_label("Search operations").fill("/stage/")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Stage", exact=True).click()
    operation = page.locator("#operations-Staging-stage")
    operation.get_by_text("Refuses the gate").wait_for()
    operation.get_by_role("button", name="Try it out").click()
    assert not [text for text in said if "Service Worker" not in text]  # tests have none
    operation.get_by_role("button", name="Execute").click()
    operation.get_by_text("not_authenticated").first.wait_for()
    assert not [text for text in said if "Content Security Policy" in text]


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_who_is_signed_in_can_try_verbs_there(live_server: LiveServer, page: Page) -> None:
    user = UserFactory(role="operator")
    page.goto(f"{live_server.url}/sign-in/")
    page.fill("[name=username]", user.username)
    page.fill("[name=password]", "secret")
    page.press("[name=password]", "Enter")
    page.wait_for_url(f"{live_server.url}/")
    page.goto(f"{live_server.url}/api/v1/docs/stock/#/Stock/receive")
    operation = page.locator("#operations-Stock-receive")
    operation.get_by_role("button", name="Try it out").click()
    operation.locator("textarea").fill('{"quantity": 1}')
    operation.get_by_role("button", name="Execute").click()
    operation.get_by_text('"required"').first.wait_for()  # 400: past sign-in and CSRF
