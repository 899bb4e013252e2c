"""The API's document, and whether a value is what it says."""

from copy import deepcopy
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from inventory.api.document import operations as every
from inventory.api.document import whole

Document = dict[str, Any]


@cache
def document() -> Document:
    """As it is served, for tests to keep."""
    return deepcopy(whole())


def operations(of: Document | None = None) -> dict[str, tuple[str, str, Document]]:
    """Path, method and description of every operation, by its id."""
    return {
        operation["operationId"]: (path, method, operation)
        for path, method, operation in every(of or document())
    }


def errors_of(value: Any, schema: Document, of: Document | None = None) -> str:
    """What is wrong with a value, in one line; nothing if it is valid."""
    components = (of or document())["components"]
    error = best_match(Draft202012Validator(schema | {"components": components}).iter_errors(value))
    return f"{error.json_path}: {error.message}"[:500] if error else ""


def resolved(operation: Document) -> Document:
    """With the answers that the document says once for all."""
    shared = document()["components"]["responses"]
    answers = {
        status: shared[answer["$ref"].split("/")[-1]] if "$ref" in answer else answer
        for status, answer in operation["responses"].items()
    }
    return operation | {"responses": answers}
