"""Every kind of error is a problem of the same shape."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest
from django.core.exceptions import ValidationError
from django.db import DataError, OperationalError
from django.test import Client, RequestFactory
from rest_framework.exceptions import ErrorDetail

from integration.models import ExternalId
from inventory.api import problems
from inventory.api.problems import details, model_details
from inventory.errors import Refusals, Refused
from staging.models import LabelSize
from tests.api.conftest import Api
from tests.factories import UserFactory
from tests.plant import Plant

pytestmark = pytest.mark.django_db


def check(answer: Any, status: int, code: str) -> dict[str, Any]:
    """The answer is a problem of that status and code."""
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert set(body) == {"type", "title", "status", "code", "detail", "hint", "errors"}
    assert (body["status"], body["code"]) == (status, code)
    assert body["type"].endswith(code)
    assert all((body["title"], body["detail"]))
    for error in body["errors"]:
        assert set(error) == {"line", "field", "code", "detail", "hint", "facts"}
    return body


def test_400_for_what_is_not_json(api: Api) -> None:
    for text in ("{", "", "nul", '{"a": NaN}', "[" * 100_000, b"\xff\xfe\x00"):
        answer = api.post("/api/v1/receive/", text, content_type="application/json")
        if text:
            check(answer, 400, "parse_error")
        else:
            check(answer, 400, "invalid")


def test_400_for_what_is_not_a_line(api: Api) -> None:
    body = check(api.do("receive", {"quantity": "x"}), 400, "invalid")
    assert {error["field"] for error in body["errors"]} == {
        "material", "number", "quantity", "location",
    }  # fmt: skip
    assert {error["line"] for error in body["errors"]} == {0}


@pytest.mark.parametrize(
    ("quantity", "code"),
    [("1.2345678", "max_decimal_places"), ("1234567890", "max_whole_digits"), (None, "null")],
)
def test_400_for_what_is_no_quantity(api: Api, quantity: str | None, code: str) -> None:
    body = check(api.do("receive", {"quantity": quantity}), 400, "invalid")
    assert (0, "quantity", code) in [
        (error["line"], error["field"], error["code"]) for error in body["errors"]
    ]


@pytest.mark.parametrize(
    ("record", "code"),
    [
        (ExternalId(source="ERP", identifier="3"), "one_thing"),
        (LabelSize(width=70, height=37, columns=4, rows=1, page_width=210, page_height=297),
         "beyond_page"),
    ],
)  # fmt: skip
def test_400_for_what_a_record_says_of_itself(record: Any, code: str) -> None:
    """Entered in the admin today; through whatever door it comes, it is told like this."""
    with pytest.raises(ValidationError) as refused:
        record.clean()
    answer = problems.problem_response(refused.value, {})
    assert answer is not None
    assert (answer.status_code, answer.data["errors"][0]["code"]) == (400, code)


def test_400_for_a_rule_of_the_record(plant: Plant, api: Api) -> None:
    demand = {
        "reference": "a/b",
        "kind": "production",
        "site": plant.site.code,
        "needed_at": "2026-06-01T06:00:00Z",
        "requirements": [{"material": plant.material().code, "quantity": 1}],
    }
    [error] = check(api.do("create_demand", demand), 400, "invalid")["errors"]
    assert error["field"] == "reference"


def test_401_without_a_session_or_token(plant: Plant) -> None:
    answer = Api().do("receive", {})
    check(answer, 401, "not_authenticated")
    assert answer["WWW-Authenticate"] == "Token"
    wrong = Api().do("receive", {}, Authorization="Token wrong")
    check(wrong, 401, "authentication_failed")


def test_403_without_permission_or_csrf_token(plant: Plant, api: Api) -> None:
    check(api.do("release", {}), 403, "permission_denied")
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(UserFactory(role="operator"))
    answer = browser.post("/api/v1/receive/", {}, content_type="application/json")
    check(answer, 403, "permission_denied")


def test_404_for_things_and_paths_that_are_not_there(api: Api) -> None:
    check(api.read("lots/4711/"), 404, "not_found")
    check(api.read("materials/NONE/"), 404, "not_found")
    check(api.read("nothing/"), 404, "not_found")
    check(api.get("/api/v2/lots/"), 404, "not_found")
    assert "slash" in check(api.read("lots"), 404, "not_found")["detail"]


def test_405_says_what_is_allowed(api: Api) -> None:
    answer = api.read("receive/")
    check(answer, 405, "method_not_allowed")
    assert "POST" in answer["Allow"]
    check(api.delete("/api/v1/movements/1/"), 405, "method_not_allowed")
    check(api.put("/api/v1/movements/1/", {}, format="json"), 405, "method_not_allowed")


def test_406_and_415_for_other_formats(api: Api) -> None:
    check(api.get("/api/v1/lots/", headers={"Accept": "image/png"}), 406, "not_acceptable")
    answer = api.post("/api/v1/receive/", "<a/>", content_type="application/xml")
    check(answer, 415, "unsupported_media_type")


def test_409_for_every_line_that_is_refused(plant: Plant, api: Api) -> None:
    material = plant.material().code
    line = {"material": material, "number": "N", "quantity": 1, "location": plant.l1.code}
    body = check(api.do("receive", {"lines": [line, line]}), 409, "wrong_location_kind")
    assert [error["line"] for error in body["errors"]] == [0, 1]
    assert body["hint"] == body["errors"][0]["hint"] != ""


def test_413_for_a_body_that_is_too_large(api: Api, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    check(api.do("receive", {"number": "x" * 100}), 413, "body_too_large")
    assert api.do("receive", {"number": "x" * 50}).status_code == 400


@contextmanager
def failing(error: Exception) -> Iterator[None]:
    with patch("inventory.api.verbs.verbs.serve", side_effect=error):
        yield


def test_400_for_what_only_the_database_refuses(plant: Plant, api: Api) -> None:
    with failing(DataError("numeric field overflow")):
        body = check(api.do("move", _move(plant)), 400, "invalid")
    assert body["errors"][0]["code"] == "out_of_range"


def test_503_while_the_database_is_busy(plant: Plant, api: Api) -> None:
    with failing(OperationalError("deadlock detected")):
        answer = api.do("move", _move(plant))
    check(answer, 503, "busy")
    assert answer["Retry-After"] == "1"


def test_500_for_our_own_mistakes(plant: Plant, api: Api) -> None:
    api.raise_request_exception = False
    with failing(ZeroDivisionError()):
        check(api.do("move", _move(plant)), 500, "server_error")


def test_500_stays_a_page_for_people() -> None:
    answer = problems.server_error(RequestFactory().get("/lots/"))
    assert (answer.status_code, answer["Content-Type"]) == (500, "text/html; charset=utf-8")


def _move(plant: Plant) -> dict[str, str]:
    return {"lot": plant.lot().code, "target": plant.a2.code}


def test_drf_errors_are_flattened_with_their_place() -> None:
    bad = ErrorDetail("Bad.", "bad")
    nested = {"lines": {3: {"a": [bad], "b": {"1": {"c": [bad]}}}}, "at": [bad]}
    assert [(d["line"], d["field"], d["code"]) for d in details(nested)] == [
        (3, "a", "bad"),
        (3, "b.1.c", "bad"),
        (None, "at", "bad"),
    ]
    assert [(d["line"], d["field"]) for d in details([bad, {"non_field_errors": [bad]}])] == [
        (None, None),
        (None, None),
    ]


def test_fields_called_code_and_message_are_fields() -> None:
    bad = ErrorDetail("Bad.", "bad")
    found = list(details({"code": [bad], "message": [bad]}, line=0))
    assert [d["field"] for d in found] == ["code", "message"]


def test_django_errors_keep_field_and_code() -> None:
    error = ValidationError({"a": ValidationError("A %(x)s.", "c", {"x": 1}), "__all__": ["B."]})
    assert [(d["field"], d["code"], d["detail"]) for d in model_details(error)] == [
        ("a", "c", "A 1."),
        (None, "invalid", "B."),
    ]


def test_refusals_are_collected_with_their_lines() -> None:
    refusals = Refusals()
    refusals.add(Refused("No.", code="first"), line=2)
    refusals.add(Refused("No.", code="second", line=5))
    with pytest.raises(Refused) as refused:
        refusals.raise_any()
    assert [(found.line, found.code) for found in refused.value.all] == [
        (2, "first"),
        (5, "second"),
    ]


@pytest.mark.parametrize("body", [r'{"kind": "\ud800"}', r'{"\udfff": 1}'])
def test_half_a_character_is_not_json_text(api: Api, body: str) -> None:
    answer = api.generic("POST", "/api/v1/create-demand/", body, content_type="application/json")
    check(answer, 400, "parse_error")


def test_a_whole_character_spelt_in_two_halves_is(api: Api) -> None:
    body = r'{"kind": "\ud83d\ude00"}'
    answer = api.generic("POST", "/api/v1/issue/", body, content_type="application/json")
    check(answer, 400, "invalid")
