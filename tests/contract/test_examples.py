"""Every operation answers as the document says, and the document's examples are such answers."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from rest_framework.utils.encoders import JSONEncoder

from integration.openapi import committed, examples
from inventory.verbs import REGISTRY
from tests.contract.calls import (
    Called,
    answer_schema,
    does,
    everybody,
    fill,
    other_call,
    reading_call,
    reads,
    repeated,
    verb_calls,
)
from tests.contract.calls import (
    client as client_of,
)
from tests.contract.openapi import Document, document, errors_of, operations, resolved
from tests.plant import Plant

RECORD = "python3 manage.py test tests/contract/test_examples.py -n0 --record-examples"
JSON, PROBLEM = "application/json", "application/problem+json"
FEW = 2
"""So many rows of a list are enough of an example."""

VERBS = [name for name in operations() if does(name)]
READING = [name for name in operations() if reads(name)]
OTHERS = [name for name in operations() if not does(name) and not reads(name)]


@pytest.fixture(scope="module")
def kept(request: pytest.FixtureRequest) -> Iterator[examples.Recorded]:
    """What this run was answered; written down where that is asked for."""
    found: examples.Recorded = {}
    yield found
    if request.config.getoption("--record-examples"):
        known = {name: told for name, told in examples.recorded().items() if name in operations()}
        examples.write(known | found)


@pytest.fixture
def keep(kept: examples.Recorded) -> Any:
    def of(operation_id: str, called: Called, name: str = "") -> None:
        told = kept.setdefault(operation_id, {})
        if called.parameters:
            told["parameters"] = plain(called.parameters)
        if isinstance(called.body, dict) and "file" not in called.body and name:
            told.setdefault("request", {})[name] = plain(called.body)
        if called.kind in (JSON, PROBLEM):
            told.setdefault("responses", {})[called.status] = shortened(called.said)
        elif "json" in called.kind:
            told.setdefault("forms", {})[called.kind] = shortened(called.said)

    return of


def plain(value: Any) -> Any:
    return json.loads(json.dumps(value, cls=JSONEncoder))


def shortened(value: Any) -> Any:
    """Without the tenth row, which shows nothing that the first does not."""
    if isinstance(value, dict):
        return {name: shortened(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [shortened(inner) for inner in value[:FEW]]
    return value


def check(operation_id: str, called: Called, *statuses: str) -> None:
    """The answer has one of the statuses, and is what the document says of it."""
    _path, _method, operation = operations()[operation_id]
    assert called.status in statuses, (called.status, getattr(called.answer, "content", b"")[:1000])
    if called.answer.status_code in (201, 202) and not called.kind:
        # EPCIS answers with a Location and no body, as the standard has it.
        assert "content" not in operation["responses"][called.status]
        assert called.answer["Location"]
        return
    schema = answer_schema(called, resolved(operation))
    assert schema is not None, (called.status, called.kind)
    if "json" in called.kind:
        assert not errors_of(called.said, schema)


@pytest.mark.django_db
@pytest.mark.parametrize("name", VERBS)
def test_a_verb_answers_as_it_says(name: str, plant: Plant, keep: Any) -> None:
    in_part, refused, done = verb_calls(name, plant)
    check(name, refused, "409")
    check(name, done, "200")
    check(name, in_part, "207")
    keep(name, refused)
    keep(name, done, "one line")
    keep(name, in_part, "what can be done of several lines")


@pytest.mark.django_db
def test_what_is_read_answers_as_it_says(plant: Plant, keep: Any) -> None:
    asked = fill(plant)
    api = client_of(everybody())
    wrong = {}
    for name, kind in forms():
        called = reading_call(name, asked, api, kind)
        try:
            check(name, called, "200")
            assert called.kind == kind
        except AssertionError as error:
            wrong[name] = str(error)[:300]
        keep(name, called)
    assert not wrong


def forms() -> Iterator[tuple[str, str]]:
    """Each reading operation with each kind of JSON that it answers; the first of others."""
    for name in READING:
        kinds = list(operations()[name][2]["responses"]["200"]["content"])
        for kind in [kind for kind in kinds if "json" in kind] or kinds[:1]:
            yield name, kind


@pytest.mark.django_db
@pytest.mark.parametrize("name", OTHERS)
def test_others_answer_as_they_say(name: str, plant: Plant, keep: Any) -> None:
    api = client_of(everybody())
    called = other_call(name, plant, api)
    check(name, called, "200", "201", "202", "204")
    keep(name, called, "usual")
    _path, method, operation = operations()[name]
    if method == "put":  # what is known by now
        check(name, again := repeated(name, called, api), "200")
        keep(name, again)
    if "207" in operation["responses"]:
        called.body = {"lines": [called.body], "partial": True}
        check(name, in_part := repeated(name, called, api), "207")
        keep(name, in_part, "what can be done")


def test_every_operation_has_its_examples() -> None:
    for name, (_path, _method, operation) in operations().items():
        body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        for value in shown(body) if body else ():
            assert not errors_of(value, body["schema"]), f"{name} is sent else now. Run: {RECORD}"
        for status, answer in resolved(operation)["responses"].items():
            for kind, content in answer.get("content", {}).items():
                if "json" not in kind:
                    continue
                for value in shown(content) or pytest.fail(f"{name}, {status}. Run: {RECORD}"):
                    wrong = errors_of(value, content["schema"])
                    assert not wrong, f"{name} answers {status} else now: {wrong}. Run: {RECORD}"


def shown(content: Document) -> list[Any]:
    """The examples of a body, each as it stands."""
    if "example" in content:
        return [content["example"]]
    kept = document()["components"]["examples"]
    return [
        kept[one["$ref"].split("/")[-1]]["value"] if "$ref" in one else one["value"]
        for one in content.get("examples", {}).values()
    ]


@pytest.mark.django_db
def test_the_committed_document_is_the_served_one(client: Client) -> None:
    served = client.get("/api/v1/schema/", {"format": "json"}).json()
    kept = json.loads(committed.PATH.read_text("utf-8"))
    assert served == kept, "Run: .venv/bin/python manage.py document"


def test_every_verb_is_among_them() -> None:
    assert set(VERBS) == set(REGISTRY)
