"""What cannot be understood: 4xx, with line and field, on every verb; and nothing was done."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.apps import apps
from django.db import transaction
from rest_framework.test import APIClient

from integration.problems import pages
from inventory import codes
from inventory.fields import LineField
from inventory.verbs import REGISTRY, Verb
from tests.api.cases import CASES
from tests.contract.calls import client
from tests.factories import UserFactory
from tests.plant import Plant

pytestmark = pytest.mark.django_db

JSON = "application/json"
Body = dict[str, Any]


@dataclass(frozen=True)
class Bad:
    """A body that is refused, how, and with what place named."""

    name: str
    body: str | bytes
    status: int = 400
    code: str = "invalid"
    inside: str = ""
    line: int | None = None
    field: str | None = None
    kind: str = JSON


def raw(good: Body) -> Iterator[Bad]:
    """Whole bodies, whatever the verb."""
    text = json.dumps(good)
    for name, broken in {
        "broken off": text[:-1], "a comma too many": text[:-1] + ",}", "more after it": text + "{}",
        "in single quotes": "{'lot': 'X'}", "two bodies": text + "\n" + text, "no JSON": "<lot/>",
        "half a character": '{"lot": "\\ud800"}', "deep": "[" * 100_000,
        "deep within": '{"lot": ' + "[" * 100_000 + "]" * 100_000 + "}",
        "endless digits": '{"quantity": ' + "9" * 5000 + "}",
        "endless exponent": '{"quantity": 1e9999999999999999999}',
        "NaN": '{"quantity": NaN}', "Infinity": '{"quantity": -Infinity}',
    }.items():  # fmt: skip
        yield Bad(name, broken, code="parse_error")
    yield Bad("Latin-1", '{"reason": "Prüfung"}'.encode("latin-1"), code="parse_error")
    yield Bad("bytes of nothing", b"\xff\xfe\x00", code="parse_error")
    for name, wrong in {"list": "[]", "text": '"lot"', "number": "1", "null": "null"}.items():
        yield Bad(f"a {name}", wrong, inside="not_an_object")
    yield Bad("lines as object", '{"lines": {}}', inside="not_a_list", field=None)
    yield Bad("no lines", '{"lines": []}', inside="empty")
    yield Bad("a line that is none", '{"lines": [7]}', inside="invalid", line=0)
    yield Bad("too many lines", json.dumps({"lines": [good] * 1001}), inside="too_many_lines")
    yield Bad("too large", json.dumps({"lines": ["x" * 3_000_000]}), 413, "body_too_large")
    yield Bad("XML", "<lot/>", 415, "unsupported_media_type", kind="application/xml")
    yield Bad("no type", text, 415, "unsupported_media_type", kind="application/octet-stream")
    yield Bad(
        "a form", "lot=X", 415, "unsupported_media_type", kind="application/x-www-form-urlencoded"
    )
    latin = f"{JSON}; charset=iso-8859-1"
    yield Bad("another charset", text, 415, "unsupported_media_type", kind=latin)
    for at in (
        "soon",
        "2026-13-01T00:00:00Z",
        5,
        [],
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00Z",
    ):
        yield Bad(f"at {at}", json.dumps({"lines": [good], "at": at}), field="at")
    yield Bad("partial as text", json.dumps({"lines": [good], "partial": "yes"}), field="partial")


def by_field(verb: Verb, good: Body) -> Iterator[Bad]:
    """Each field with a value that it does not take, on the second of two lines."""
    for declared in verb.fields:
        for wrong in wrong_values(declared):
            line = good | {declared.name: wrong}
            yield Bad(
                f"{declared.name} {wrong!r:.40}", two(good, line), line=1, field=declared.name
            )
        if declared.required:
            line = {name: value for name, value in good.items() if name != declared.name}
            yield Bad(
                f"no {declared.name}",
                two(good, line),
                inside="required",
                line=1,
                field=declared.name,
            )
    yield Bad(
        "unknown field",
        two(good, good | {"colour": "red"}),
        inside="unknown_field",
        line=1,
        field="colour",
    )
    name, value = next(iter(good.items()))
    doubled = json.dumps(good)[:-1] + f", {json.dumps(name)}: {json.dumps(value)}}}"
    again = f'{{"lines": [{json.dumps(good)}, {doubled}]}}'
    yield Bad("a field twice", again, inside="duplicate_field", line=1, field=name)
    yield Bad("a field twice, alone", doubled, inside="duplicate_field", line=0, field=name)


def two(*lines: Body) -> str:
    return json.dumps({"lines": lines})


def wrong_values(declared: LineField) -> list[Any]:
    """Of the wrong type, beyond what is kept, or naming nothing."""
    if declared.many:
        return ["text", 7, {}, [[]]]
    if codes.is_named(declared.type):
        return ["NO-SUCH-THING", "x" * 5000, "A\0B", [], {}, True]
    if issubclass(declared.type, str) and declared.type is not str:
        return ["no-such-word", 7, [], {}]
    return {
        str: ["x" * 20_000, "A\0B", [], {}, True],
        bool: ["perhaps", 7, [], {}],
        int: ["many", 10**30, 1.5, [], {}],
    }.get(
        declared.type,
        ["what", "2026-02-30", "0001-01-01", "9999-12-31", "1e999", "NaN", [], {}, True],
    )


def counts() -> dict[str, int]:
    """Rows of everything: what was not understood leaves no trace at all."""
    ours = ("inventory", "quality", "staging", "integration")
    return {
        m._meta.label: m._default_manager.count()
        for m in apps.get_models()
        if m._meta.app_label in ours
    }


def wrong_with(answer: Any, bad: Bad) -> str:
    """What is not as it should be about an answer; '' if all is."""
    if (answer.status_code, answer["Content-Type"]) != (bad.status, "application/problem+json"):
        return f"{answer.status_code}: {answer.content[:300]!r}"
    problem = answer.json()
    if problem["code"] != bad.code:
        return f"{problem['code']} instead of {bad.code}"
    known = set(pages.codes())
    if nameless := {problem["code"], *(error["code"] for error in problem["errors"])} - known:
        return f"no page for {nameless}"
    places = {(error["line"], error["field"]) for error in problem["errors"]}
    if bad.status == 400 and bad.code == "invalid" and (bad.field or bad.line is not None):
        named = {(line, (field or "").split(".")[0] or None) for line, field in places}
        if (bad.line, bad.field) not in named:
            return f"names {places}"
    if bad.inside and bad.inside not in {error["code"] for error in problem["errors"]}:
        return f"{problem['errors']}"
    return ""


Send = Callable[[Bad], Any]


def send_to(verb: str, api: APIClient) -> Send:
    path = f"/api/v1/{verb.replace('_', '-')}/"
    return lambda bad: api.generic("POST", path, bad.body, content_type=bad.kind)


@pytest.mark.parametrize("verb", sorted(REGISTRY))
def test_nothing_is_done_and_the_place_is_named(verb: str, plant: Plant) -> None:
    case = CASES[verb](plant)
    good = json.loads(json.dumps(case.good, default=str))
    api = client(UserFactory(role=case.role))
    api.raise_request_exception = False
    send, before, wrong = send_to(verb, api), counts(), {}
    for bad in (*raw(good), *by_field(REGISTRY[verb], good)):
        with transaction.atomic():
            if found := wrong_with(send(bad), bad):
                wrong[bad.name] = found
    assert not wrong
    assert counts() == before
    assert api.post(f"/api/v1/{verb.replace('_', '-')}/", good, format="json").status_code == 200
