"""Reading a request's body: JSON, exact and bounded."""

import json
from decimal import Decimal
from typing import Any, NoReturn

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser


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
        """Refuses `body_too_large` (413) and `parse_error` (400)."""
        limit = self.limit()
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise BodyTooLarge
        return self.read(body)

    def limit(self) -> int:
        """The most bytes that are read."""
        return settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0

    def read(self, body: bytes) -> dict[str, Any]:
        """What the body says. Refuses `parse_error`."""
        try:
            # Bytes, not text: json finds out which of UTF-8, -16 and -32 they are.
            parsed: dict[str, Any] = json.loads(
                body, parse_float=Decimal, parse_constant=_no_constant
            )
            _require_text(parsed, body)
        except (ValueError, RecursionError) as error:
            raise ParseError(_("This is not JSON: %s") % error) from error
        return parsed


def _require_text(parsed: Any, body: bytes) -> None:
    """Refuse half of a surrogate pair: JSON can spell one, but no text has it, and no answer could
    quote it. Only a body that spells any is looked at twice."""
    if b"\\ud" in body.lower() or b"\0" in body:
        json.dumps(parsed, default=str, ensure_ascii=False).encode()


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")
