"""How the API describes itself (OpenAPI 3.1)."""

import inspect
from functools import cache
from http import HTTPStatus
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiResponse, PolymorphicProxySerializer
from rest_framework import serializers

from inventory import deprecation
from inventory.api.answers import Answer, AnswerByLine, Problem
from inventory.api.fields import DateTimeIn
from inventory.api.lines import MOST_LINES, line_serializer
from inventory.api.parameters import (
    AGAIN_LATER,
    DEPRECATED,
    MATCH,
    RETRY_AFTER,
    SENT,
    selecting,
)
from inventory.api.problems import CONTENT_TYPE
from inventory.api.renderers import CsvRenderer, XlsxRenderer
from inventory.api.resources import SHOWN
from inventory.api.selection import EXPAND, FIELDS, Expansion
from inventory.verbs import Verb

MEANINGS = {
    400: "The request cannot be understood; `errors` says where.",
    401: "No valid token or session.",
    403: "Not permitted.",
    404: "There is no such thing.",
    304: "What the client has, by the tag it sent, is still right. There is no body.",
    406: "The type that is asked for is not answered.",
    409: "Refused; `code` and `errors` say why, for each line. Nothing was done.",
    410: "What is asked for is not kept any more.",
    412: "What it changes is not any more as the client read it. Nothing was done.",
    413: "The body is too large.",
    415: "Only JSON is read.",
    422: "The Idempotency-Key stood for another request.",
    428: "The client has agreed to send If-Match, and has not.",
    429: "More requests than the client may send. `Retry-After` says when it may again.",
    503: "The database was busy; nothing was done. Try again.",
}
FILE_SHAPES: dict[str, dict[str, str]] = {
    CsvRenderer.media_type: {"type": "string"},
    XlsxRenderer.media_type: {"type": "string", "format": "binary"},
}
ALWAYS = (401, 403, 406, 429, 503)
TO_READ = (400, 404, *ALWAYS)
TO_DO = (400, 404, 409, 413, 415, 422, *ALWAYS)
"""Of what is sent under a key."""


class ApiSchema(AutoSchema):
    """Adds the summary of a view, its terms and its problems to what drf-spectacular finds."""

    problems: tuple[int, ...] = TO_READ

    @property
    def operation(self) -> str:
        """What handles the request in the view."""
        return str(getattr(self.view, "action", None) or self.method.lower())

    def is_deprecated(self) -> bool:
        return deprecation.of(self.view, self.operation) is not None

    def get_override_parameters(self) -> list[Any]:
        ended = DEPRECATED if self.is_deprecated() else []
        if set(TO_DO) <= set(self.problems):
            compared = HTTPStatus.PRECONDITION_FAILED in self.problems
            return [*SENT, *([MATCH] if compared else []), *ended]
        return [*self._selection(), *ended]

    def _selection(self) -> list[Any]:
        """`fields` and `expand`, where the view takes them."""
        view: Any = self.view
        if not getattr(view, "selects", ()):
            return []
        names = {FIELDS: list(view.get_serializer_class()().fields)}
        if view.expansions:
            names[EXPAND] = list(view.expansions)
        return [selecting(name, known) for name, known in names.items()]

    def get_summary(self) -> str:
        summaries = getattr(self.view, "summaries", {})
        return str(summaries.get(getattr(self.view, "action", self.method.lower()), ""))

    def get_tags(self) -> list[str]:
        return [str(getattr(self.view, "tag", "") or super().get_tags()[0])]

    def _get_request_body(self, direction: Any = "request") -> dict[str, Any] | None:
        parent: Any = super()  # drf-spectacular leaves these methods untyped
        body: dict[str, Any] | None = parent._get_request_body(direction)
        return body and body | {"required": True}

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> dict[str, Any]:
        parent: Any = super()
        shape: dict[str, Any] = parent._map_basic_serializer(serializer, direction)
        if direction == "request":
            return shape | {"additionalProperties": False}
        if view := SHOWN.get(type(serializer)):
            shape.pop("required", None)  # of `fields`, any may be left out
            for name, expansion in view.expansions.items():
                self._expand(shape["properties"], name, expansion)
        for name, expansion in _nested().get(type(serializer), {}).items():
            self._expand(shape["properties"], name, expansion)
        return shape

    def _expand(self, properties: dict[str, Any], name: str, expansion: Expansion) -> None:
        """Let a field be a code or the thing itself."""
        if name in properties:
            whole = self.resolve_serializer(expansion.serializer, "response").ref
            properties[name] = {"anyOf": [properties[name], whole]}

    def _map_serializer_field(self, field: Any, direction: Any, *args: Any, **kwargs: Any) -> Any:
        """What is read may be empty where its record may: a ModelSerializer forgets to say so."""
        if direction == "response" and isinstance(field, serializers.ChoiceField):
            model = getattr(getattr(field.parent, "Meta", None), "model", None)
            columns = {column.name: column for column in model._meta.fields} if model else {}
            field.allow_blank |= getattr(columns.get(field.source), "blank", False)
        parent: Any = super()
        return parent._map_serializer_field(field, direction, *args, **kwargs)

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        problem = self.resolve_serializer(Problem, direction).ref
        files = _with_files(bodies)
        for status in sorted({*self.problems, *((409,) if files else ())}):
            bodies[str(status)] = {
                "description": f"{HTTPStatus(status).phrase}. {MEANINGS[status]}",
                "content": {CONTENT_TYPE: {"schema": problem}},
            }
            if status in AGAIN_LATER:
                bodies[str(status)]["headers"] = {"Retry-After": RETRY_AFTER}
        if self.method == "GET" and "application/json" in bodies.get("200", {}).get("content", {}):
            bodies["304"] = {"description": f"Not Modified. {MEANINGS[304]}"}
        return bodies


def _with_files(bodies: dict[str, Any]) -> bool:
    """A list as a file is no JSON: say so, and tell whether there is one."""
    found = False
    for body in bodies.values():
        for media_type, shape in FILE_SHAPES.items():
            if media_type in body.get("content", {}):
                body["content"][media_type] = {"schema": shape}
                found = True
    return found


class VerbSchema(ApiSchema):
    """Describes a verb from its entry in the table and from its action's own words."""

    @property
    def problems(self) -> tuple[int, ...]:  # type: ignore[override]  # by verb, here
        return (*TO_DO, 412, 428) if self.verb.changes else TO_DO

    @property
    def verb(self) -> Verb:
        verb: Verb = self.view.verb  # type: ignore[attr-defined]
        return verb

    def get_operation_id(self) -> str:
        return self.verb.name

    def get_summary(self) -> str:
        return str(self.verb.label)

    def get_description(self) -> str:  # type: ignore[override]  # as drf-spectacular has it
        doc = inspect.getdoc(self.verb.run) or ""
        return f"{self.verb.help}\n\n{doc}\n\nPermission: `{self.verb.permission}`."

    def get_tags(self) -> list[str]:
        return [str(self.verb.group)]

    def get_request_serializer(self) -> Any:
        return body_of(self.verb.line)  # type: ignore[arg-type]  # a class is hashable

    def get_response_serializers(self) -> Any:
        by_line = OpenApiResponse(AnswerByLine, "To a request with `partial`: a result per line.")
        return {200: OpenApiResponse(Answer, "All lines were done."), 207: by_line}


@cache
def _nested() -> dict[type, dict[str, Expansion]]:
    """What can be shown whole in the lines of a resource, by the serializer of the lines."""
    found: dict[type, dict[str, Expansion]] = {}
    for shown, view in SHOWN.items():
        for name, expansion in view.expansions.items():
            around, _dot, last = name.rpartition(".")
            if around:
                found.setdefault(type(shown().fields[around].child), {})[last] = expansion
    return found


@cache
def body_of(line: type) -> PolymorphicProxySerializer:
    """Either one line, or many and the time they are said to have happened at."""
    one: Any = line_serializer(line)
    many = type(
        f"{one.__name__}s",
        (serializers.Serializer,),
        {
            "__doc__": f"1 to {MOST_LINES} lines: all of them are done or none, unless `partial`.",
            "lines": one(many=True, allow_empty=False, max_length=MOST_LINES),
            "at": DateTimeIn(
                required=False, allow_null=True, help_text="When it happened. Empty: now."
            ),
            "partial": serializers.BooleanField(
                required=False, help_text="Do what can be done; answer with a result per line."
            ),
        },
    )
    return PolymorphicProxySerializer(
        component_name=f"{one.__name__.removesuffix('Line')}Body",
        serializers=[one, many],
        resource_type_field_name=None,
    )
