"""Finishes the API's document once drf-spectacular has made it."""

import re
from collections.abc import Iterable
from functools import cache
from http import HTTPStatus
from typing import Any

from integration.epcis.problems import exception_of
from integration.epcis.schema import TAG
from integration.openapi.examples import recorded
from integration.problems import pages
from integration.problems.pages import ProblemPage
from inventory.api.document import Part, operations
from inventory.api.problems import CONTENT_TYPE
from inventory.api.terms import KEY
from inventory.idempotency import IN_USE
from quality.gate import STOP_LABELS

JSON = "application/json"


def finish(result: Part, generator: Any, request: Any, public: bool) -> Part:
    """Add the examples, and say each error that is the same everywhere in one place."""
    shared: Part = {}
    for _path, _method, operation in operations(result):
        seen = recorded().get(operation["operationId"], {})
        _add_to_parameters(operation, seen)
        _add_to_request(operation, seen)
        _add_to_answers(operation, seen)
        _share_errors(operation, shared)
    components = result["components"]
    components["responses"] = components.get("responses", {}) | dict(sorted(shared.items()))
    components["examples"] = components.get("examples", {}) | _problems()
    return result


def _add_to_parameters(operation: Part, seen: Part) -> None:
    for parameter in operation.get("parameters", ()):
        value = seen.get("parameters", {}).get(parameter["name"])
        if value is not None and "examples" not in parameter:
            parameter.setdefault("example", value)


def _add_to_request(operation: Part, seen: Part) -> None:
    content = operation.get("requestBody", {}).get("content", {}).get(JSON)
    if content is not None and "request" in seen and not _has_example(content):
        content["examples"] = {name: {"value": value} for name, value in seen["request"].items()}


def _add_to_answers(operation: Part, seen: Part) -> None:
    for status, answer in operation["responses"].items():
        for kind, content in answer.get("content", {}).items():
            if _has_example(content):
                continue
            if kind == CONTENT_TYPE:
                content["examples"] = _errors(operation, seen, int(status))
            elif kind in seen.get("forms", {}):
                content["example"] = seen["forms"][kind]
            elif status in seen.get("responses", {}) and kind == JSON:
                content["example"] = seen["responses"][status]


def _has_example(content: Part) -> bool:
    return bool({"example", "examples"} & content.keys())


def _errors(operation: Part, seen: Part, status: int) -> Part:
    """A refusal of this very operation where there is one, then all that it says it refuses."""
    found: Part = {}
    if own := seen.get("responses", {}).get(str(status)):
        found[own["code"]] = {"value": own}
    exception = _exception(operation, status)
    for page in _pages(operation, status):
        if exception:
            value = {"summary": page.means, "value": (page.example or {}) | {"type": exception}}
            found.setdefault(page.code, value)
        else:
            found.setdefault(page.code, {"$ref": f"#/components/examples/{page.code}"})
    return found


def _exception(operation: Part, status: int) -> str:
    """The standard's type of the problem, where it is EPCIS that is asked; '' elsewhere."""
    if TAG not in operation.get("tags", ()):
        return ""
    return exception_of(status, asked="requestBody" not in operation)


def _pages(operation: Part, status: int) -> Iterable[ProblemPage]:
    if status != HTTPStatus.CONFLICT:
        return _by_status(status)
    says = operation.get("description", "").partition("Refuses")[2]
    named = set(re.findall(r"`(\w+)`", says))
    if "text/csv" in operation["responses"].get("200", {}).get("content", {}):
        named.add("export_too_large")
    if any(parameter.get("name") == KEY for parameter in operation.get("parameters", ())):
        named.add(IN_USE)
    if "gate's codes" in says:
        named |= set(STOP_LABELS)
    return [page for page in _by_status(status) if page.code in named]


@cache
def _by_status(status: int) -> list[ProblemPage]:
    every = (page for page in pages.every() if page.example)
    return [page for page in every if page.status == status and not page.inside]


def _share_errors(operation: Part, shared: Part) -> None:
    """What several operations answer alike stands once, under `components`."""
    for status, answer in operation["responses"].items():
        if CONTENT_TYPE in answer.get("content", {}) and int(status) != HTTPStatus.CONFLICT:
            name = f"{'Epcis' if _exception(operation, int(status)) else ''}Problem{status}"
            if shared.setdefault(name, answer) == answer:
                operation["responses"][status] = {"$ref": f"#/components/responses/{name}"}


def _problems() -> Part:
    return {
        page.code: {"summary": page.means, "value": page.example}
        for page in pages.every()
        if page.example and not page.inside
    }
