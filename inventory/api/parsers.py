"""Reading a request's body: JSON, exact and bounded."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NoReturn

from django.conf import settings
from django.utils.http import parse_header_parameters
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import (
    APIException,
    ErrorDetail,
    ParseError,
    UnsupportedMediaType,
    ValidationError,
)
from rest_framework.parsers import BaseParser

CHARSETS = {"", "utf-8", "utf8", "utf-16", "utf-32", "us-ascii"}
"""What a body may be said to be in. JSON itself says which of the Unicode ones it is."""


DIGITS_OF_64_BITS = 19
MOST_DIGITS = 1000


class BodyTooLarge(APIException):
    status_code = 413
    default_code = "body_too_large"
    default_detail = _("The body is too large: send fewer lines at once.")


class ExactJSONParser(BaseParser):
    """JSON with numbers as exact decimals, up to `DATA_UPLOAD_MAX_MEMORY_SIZE` bytes."""

    media_type = "application/json"

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Any = None
    ) -> dict[str, Any]:
        """Refuses `body_too_large` (413), `unsupported_media_type` (415), and what `read` does."""
        _require_unicode(media_type or "")
        limit = self.limit()
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise BodyTooLarge
        _require_whole(body, parser_context)
        return self.read(body)

    def limit(self) -> int:
        """The most bytes that are read."""
        return settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0

    def read(self, body: bytes) -> dict[str, Any]:
        """What the body says. Refuses `parse_error` and, where a name stands twice in one object,
        `invalid` (400)."""
        twice: dict[int, str] = {}
        try:
            # Bytes, not text: json finds out which of UTF-8, -16 and -32 they are.
            parsed: dict[str, Any] = json.loads(
                body,
                parse_float=Decimal,
                parse_int=_whole,
                parse_constant=_no_constant,
                object_pairs_hook=lambda pairs: _object(pairs, twice),
            )
            _require_text(parsed, body)
            places = list(_named_twice(parsed, twice)) if twice else []
        except (ValueError, ArithmeticError, RecursionError) as error:
            raise ParseError(_("This is not JSON: %s") % error) from error
        if places:
            raise _doubled(places)
        return parsed


def _require_unicode(media_type: str) -> None:
    _kind, parameters = parse_header_parameters(media_type)
    if parameters.get("charset", "").lower() not in CHARSETS:
        raise UnsupportedMediaType(media_type)


def _require_whole(body: bytes, parser_context: Any) -> None:
    """A body that broke off on the way must not be taken for what was meant."""
    request = (parser_context or {}).get("request")
    declared = str(request.META.get("CONTENT_LENGTH") or "") if request else ""
    if declared.isdecimal() and int(declared) > len(body):
        raise ParseError(_("The body ended before it was whole."))


def _object(pairs: list[tuple[str, Any]], twice: dict[int, str]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        seen: set[str] = set()
        twice[id(made)] = next(n for n, _value in pairs if n in seen or seen.add(n))  # type: ignore[func-returns-value]
    return made


def _named_twice(
    value: Any, twice: dict[int, str], line: int | None = None, path: tuple[str, ...] = ()
) -> Iterator[tuple[int | None, str]]:
    """Where a name stands twice in one object: line and field, in the terms of the request."""
    if isinstance(value, dict):
        outermost = line is None and not path
        if outermost and isinstance(value.get("lines"), list):
            for number, inner in enumerate(value["lines"]):
                yield from _named_twice(inner, twice, number)
        elif outermost:
            line = 0
        if name := twice.get(id(value)):
            yield line, ".".join((*path, name))
        for name, inner in value.items():
            if not (outermost and name == "lines"):
                yield from _named_twice(inner, twice, line, (*path, name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _named_twice(inner, twice, line, (*path, str(number)))


def _doubled(places: list[tuple[int | None, str]]) -> ValidationError:
    error = ErrorDetail(str(_("This name stands twice in one object.")), "duplicate_field")
    found: dict[Any, Any] = {}
    for line, field in places:
        (found if line is None else found.setdefault(line, {}))[field] = [error]
    return ValidationError(found)


def _require_text(parsed: Any, body: bytes) -> None:
    """Refuse half of a surrogate pair: JSON can spell one, but no text has it, and no answer could
    quote it. Only a body that spells any is looked at twice."""
    if b"\\ud" in body.lower() or b"\0" in body:
        json.dumps(parsed, default=str, ensure_ascii=False).encode()


def _whole(digits: str) -> int | Decimal:
    """What no field of ours holds as a whole number stays a number all the same, so that its own
    field refuses it; nothing that takes a request apart knows integers of more than 64 bits."""
    if len(digits) > MOST_DIGITS:
        raise ValueError(f"a number has more than {MOST_DIGITS} digits")
    return int(digits) if len(digits) < DIGITS_OF_64_BITS else Decimal(digits)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")
