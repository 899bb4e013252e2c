"""The API's document: made once by each process, for it is the same for all who ask."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from django.utils import translation
from django.utils.text import slugify
from drf_spectacular.generators import SchemaGenerator

Part = dict[str, Any]


@cache
def whole() -> Part:
    """OpenAPI 3.1, in English as the API's names are."""
    with translation.override("en"):
        made = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
        found: Part = json.loads(json.dumps(made, default=str))
    return found


@cache
def tags() -> dict[str, str]:
    """The tags of operations, each by its name in addresses, in alphabetical order."""
    found = {tag for _, _, operation in operations(whole()) for tag in operation["tags"]}
    return {slugify(tag): tag for tag in sorted(found)}


@cache
def part(tag: str) -> Part:
    """The operations of one tag, with all that they refer to and nothing else.

    Swagger UI resolves a document of OpenAPI 3.1 whole before it shows an operation: thirteen
    seconds for this one, three for any of its parts.
    """
    paths: Part = {}
    for path, method, operation in operations(whole()):
        if tag in operation["tags"]:
            paths.setdefault(path, {})[method] = operation
    return whole() | {"paths": paths, "components": _components(paths)}


def operations(document: Part) -> Iterator[tuple[str, str, Part]]:
    """Each operation, with its path and method."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _components(paths: Part) -> Part:
    every = whole()["components"]
    found: Part = {"securitySchemes": every["securitySchemes"]}
    waiting = [*_references(paths)]
    while waiting:
        _, _, kind, name = waiting.pop().split("/")
        if name not in found.setdefault(kind, {}):
            found[kind][name] = every[kind][name]
            waiting += _references(every[kind][name])
    return found


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for child in node.values():
            yield from _references(child)
    elif isinstance(node, list):
        for child in node:
            yield from _references(child)
