"""Errors as the standard's problems: its exception as the type, our stable code beside it."""

from typing import Any

from rest_framework import exceptions
from rest_framework.response import Response

from inventory.api.problems import CONTENT_TYPE, Invalid, problem_response
from inventory.fields import Words

PREFIX = "epcisException:"
TYPES = {
    401: "SecurityException",
    403: "SecurityException",
    404: "NoSuchResourceException",
    406: "NotAcceptableException",
    409: "ResourceAlreadyExistsException",
    413: "CaptureLimitExceededException",
    414: "URITooLongException",
    415: "UnsupportedMediaTypeException",
}


class Unanswerable(Invalid):
    """A query that cannot be answered; `errors` names the parameter."""

    exception = "QueryParameterException"

    def __init__(self, parameter: str, code: str, text: str) -> None:
        super().__init__([_error(code, text, parameter)])


class Unreadable(Invalid):
    """A document or event that cannot be read; `errors` says where."""

    exception = "ValidationException"


class Unfit(exceptions.APIException):
    """Asked for in a form or version that we do not have."""

    status_code = 406
    default_code = "not_acceptable"


class TooLarge(exceptions.APIException):
    status_code = 413
    default_code = "capture_limit_exceeded"


class Known(exceptions.APIException):
    """An event with this ID has been captured, and says something else."""

    status_code = 409
    default_code = "event_id_reused"


def unreadable(code: str, text: Words, field: str = "") -> Unreadable:
    return Unreadable([_error(code, text, field)])


def _error(code: str, text: Words, field: str) -> dict[str, Any]:
    return {
        "line": None,
        "field": field or None,
        "code": code,
        "detail": str(text),
        "hint": "",
        "facts": {},
    }


def problem(error: Exception, context: dict[str, Any]) -> Response | None:
    """Our problem of the error, with the type that the standard has for it."""
    answer = problem_response(error, context)
    if answer is None:
        return None
    named = getattr(error, "exception", "")
    kind = f"{PREFIX}{named}" if named else exception_of(answer.status_code)
    answer.data = answer.data | {"type": kind}
    answer.content_type = CONTENT_TYPE
    return answer


def exception_of(status: int, *, asked: bool = False) -> str:
    """The standard's name for a status; `asked`: of a query, and not of what was sent."""
    if asked and status == 400:
        return f"{PREFIX}{Unanswerable.exception}"
    default = "ImplementationException" if status >= 500 else "ValidationException"
    return f"{PREFIX}{TYPES.get(status, default)}"
