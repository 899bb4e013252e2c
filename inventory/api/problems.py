"""Errors as RFC 9457 problems, with stable codes."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as ModelError
from django.http import Http404
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import exception_handler

from inventory.errors import Refused

CONTENT_TYPE = "application/problem+json"


def problem_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """Every error of the API as a problem. None for what is not ours to explain."""
    if isinstance(error, Refused):
        return _respond(refusal_problem(error), status.HTTP_409_CONFLICT)
    if isinstance(error, ModelError):
        return _respond(_model_problem(error), status.HTTP_400_BAD_REQUEST)
    answer = exception_handler(error, context)
    if answer is None:
        return None
    body = _http_problem(_as_api_error(error), answer.status_code)
    problem = _respond(body, answer.status_code)
    for header in ("WWW-Authenticate", "Retry-After", "Allow"):
        if header in answer.headers:
            problem.headers[header] = answer.headers[header]
    return problem


def refusal_problem(error: Refused) -> dict[str, Any]:
    """A refusal: its own code, and every line that was refused."""
    return {
        "type": f"/api/problems/{error.code}",
        "title": "Refused",
        "status": status.HTTP_409_CONFLICT,
        "code": error.code,
        "detail": error.text,
        "hint": str(error.hint),
        "errors": [
            {
                "line": found.line,
                "field": found.field,
                "code": found.code,
                "detail": found.text,
                "hint": str(found.hint),
                "facts": found.facts,
            }
            for found in error.all
        ],
    }


def _model_problem(error: ModelError) -> dict[str, Any]:
    by_field = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
    return {
        "type": "/api/problems/invalid",
        "title": "Invalid request",
        "status": status.HTTP_400_BAD_REQUEST,
        "code": "invalid",
        "detail": "The request is not valid; see errors.",
        "errors": [
            {"line": None, "field": field or None, "code": "invalid", "detail": str(message)}
            for field, messages in by_field.items()
            for message in messages
        ],
    }


def _as_api_error(error: Exception) -> exceptions.APIException:
    if isinstance(error, Http404):
        return exceptions.NotFound()
    if isinstance(error, PermissionDenied):
        return exceptions.PermissionDenied()
    assert isinstance(error, exceptions.APIException)  # noqa: S101 - DRF handled it
    return error


def _http_problem(error: exceptions.APIException, status_code: int) -> dict[str, Any]:
    invalid = isinstance(error, exceptions.ValidationError)
    code = "invalid" if invalid else error.default_code
    return {
        "type": f"/api/problems/{code}",
        "title": str(error.default_detail),
        "status": status_code,
        "code": code,
        "detail": "The request is not valid; see errors." if invalid else str(error.detail),
        "errors": list(_details(error.get_full_details())) if invalid else [],
    }


def _details(found: Any, line: int | None = None, field: str = "") -> Any:
    """Walk DRF's nested error details; numbers of lines and names of fields become a path."""
    if isinstance(found, dict) and {"message", "code"} <= found.keys():
        yield {
            "line": line,
            "field": field or None,
            "code": found["code"],
            "detail": str(found["message"]),
        }
    elif isinstance(found, dict):
        for name, inner in found.items():
            if isinstance(name, int):  # DRF 3.17+: errors of a list by index
                yield from _details(inner, line=name if line is None else line, field=field)
            else:
                inside = f"{field}.{name}" if field else name
                yield from _details(inner, line, "" if name in OUTER else inside)
    elif isinstance(found, list):
        many = any(isinstance(item, dict) and not {"message"} <= item.keys() for item in found)
        for index, inner in enumerate(found):
            yield from _details(inner, index if many and line is None else line, field)


OUTER = ("lines", "non_field_errors")
"""Names that stand for the request itself, not for a field of a line."""


def _respond(body: dict[str, Any], status_code: int) -> Response:
    return Response(body, status=status_code, content_type=CONTENT_TYPE)
