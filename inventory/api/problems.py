"""Errors as RFC 9457 problems, with stable codes."""

import logging
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as ModelError
from django.db import DataError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.exceptions import ErrorDetail
from rest_framework.response import Response
from rest_framework.views import exception_handler

from inventory.errors import Refused

CONTENT_TYPE = "application/problem+json"
Problem = dict[str, Any]
Details = list[Problem]

STATUS = {
    "idempotency_key_missing": HTTPStatus.BAD_REQUEST,
    "precondition_failed": HTTPStatus.PRECONDITION_FAILED,
    "precondition_required": HTTPStatus.PRECONDITION_REQUIRED,
    "idempotency_key_reused": HTTPStatus.UNPROCESSABLE_ENTITY,
    "site_not_in_scope": HTTPStatus.FORBIDDEN,
    "webhook_rights": HTTPStatus.FORBIDDEN,
    "cursor_too_old": HTTPStatus.GONE,
    "attachment_too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "attachment_type_refused": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
}
"""Refusals that are not answered with 409 Conflict."""

AGAIN = frozenset({"container_busy", "demand_busy", "idempotency_key_in_use"})
"""Refusals that pass by themselves: `Retry-After` says when to send the same again."""
AGAIN_AFTER = {"Retry-After": "1"}
"""In seconds."""

OUTER = ("lines", "non_field_errors")
"""Names that stand for the request itself, not for a field of a line."""

HEADERS = ("WWW-Authenticate", "Retry-After", "Allow")

logger = logging.getLogger(__name__)


class Invalid(exceptions.APIException):
    """A request that cannot be understood; `errors` says where, by line and field."""

    status_code = HTTPStatus.BAD_REQUEST
    default_code = "invalid"

    def __init__(self, errors: Details) -> None:
        super().__init__()
        self.errors = errors


def problem_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """Every error of the API as a problem. None for what is not ours to explain."""
    if isinstance(error, Refused):
        return _respond(refusal_problem(error), AGAIN_AFTER if error.code in AGAIN else None)
    if isinstance(error, ModelError):
        return _respond(invalid_problem(model_details(error)))
    if isinstance(error, DataError):  # on PostgreSQL; no check of ours foresaw it
        logger.warning("The database refused a value: %s", error)
        return _respond(invalid_problem([_detail("A value is out of range.", "out_of_range")]))
    if isinstance(error, OperationalError):
        logger.exception("The database did not answer in time")
        return _respond(_plain(HTTPStatus.SERVICE_UNAVAILABLE, "busy"), AGAIN_AFTER)
    if isinstance(error, Invalid):
        return _respond(invalid_problem(error.errors))
    answer = exception_handler(error, context)
    if answer is None:
        return None
    headers = {name: answer.headers[name] for name in HEADERS if name in answer.headers}
    return _respond(_http_problem(error), headers)


def refusal_problem(error: Refused) -> Problem:
    """A refusal: its own code, and every line that was refused."""
    status = STATUS.get(str(error.code), HTTPStatus.CONFLICT)
    return _problem(
        status,
        str(error.code),
        title=_("Refused"),
        detail=error.text,
        hint=str(error.hint),
        errors=[found.plain() for found in error.all],
    )


def invalid_problem(errors: Details) -> Problem:
    """A request that cannot be understood."""
    return _problem(
        HTTPStatus.BAD_REQUEST,
        "invalid",
        title=_("Invalid request"),
        detail=_("The request is not valid; see errors."),
        errors=errors,
    )


def model_details(error: ModelError) -> Details:
    """Django's own validation errors, by field."""
    by_field = error.error_dict if hasattr(error, "error_dict") else {"": error.error_list}
    return [
        _detail(message, found.code or "invalid", field=field if field != "__all__" else "")
        for field, found_here in by_field.items()
        for found in found_here
        for message in found.messages
    ]


def details(
    found: Any, *, line: int | None = None, path: tuple[str, ...] = ()
) -> Iterator[Problem]:
    """DRF's nested errors, flat: the first number is the line, what follows names the field."""
    if isinstance(found, ErrorDetail):
        yield _detail(str(found), str(found.code), field=".".join(path), line=line)
    elif isinstance(found, dict):
        for name, inner in found.items():
            if isinstance(name, int) and line is None:
                yield from details(inner, line=name, path=path)
            else:
                here = () if name in OUTER else (str(name),)
                yield from details(inner, line=line, path=path + here)
    else:
        for inner in found:
            yield from details(inner, line=line, path=path)


@csrf_exempt  # nothing is done
def unknown_path(request: HttpRequest) -> JsonResponse:
    """404 for whatever the API does not have, as a problem."""
    body = _plain(HTTPStatus.NOT_FOUND, "not_found")
    if not request.path.endswith("/"):
        body["detail"] = _("There is nothing here. Paths of this API end with a slash.")
    return JsonResponse(body, status=HTTPStatus.NOT_FOUND, content_type=CONTENT_TYPE)


def server_error(request: HttpRequest) -> HttpResponse:
    """500 for our own mistakes: a problem for programs, a page for people."""
    if not request.path.startswith(("/api/", "/epcis/")):
        return defaults.server_error(request)
    body = _problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "server_error",
        detail=_("Something went wrong on our side, and nothing was done."),
    )
    return JsonResponse(body, status=body["status"], content_type=CONTENT_TYPE)


def _http_problem(error: Exception) -> Problem:
    if isinstance(error, exceptions.ValidationError):
        return invalid_problem(list(details(error.detail)))
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    assert isinstance(error, exceptions.APIException)  # noqa: S101 - DRF handled it
    detail = error.detail
    code = detail.code if isinstance(detail, ErrorDetail) else error.default_code
    return _problem(
        HTTPStatus(error.status_code),
        str(code),
        detail=str(detail),
        hint=str(getattr(error, "hint", "")),
        errors=getattr(error, "errors", ()),
    )


def _plain(status: HTTPStatus, code: str) -> Problem:
    return _problem(status, code, detail=status.description)


def _problem(
    status: HTTPStatus,
    code: str,
    *,
    detail: str,
    title: str = "",
    hint: str = "",
    errors: Iterable[Problem] = (),
) -> Problem:
    return {
        "type": f"/api/problems/{code}",
        "title": title or status.phrase,
        "status": int(status),
        "code": code,
        "detail": detail,
        "hint": hint,
        "errors": list(errors),
    }


def _detail(message: str, code: str, *, field: str = "", line: int | None = None) -> Problem:
    return {
        "line": line,
        "field": field or None,
        "code": code,
        "detail": message,
        "hint": "",
        "facts": {},
    }


def _respond(body: Problem, headers: dict[str, str] | None = None) -> Response:
    return Response(body, status=body["status"], headers=headers, content_type=CONTENT_TYPE)
