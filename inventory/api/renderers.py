"""Writing a response's body."""

from collections.abc import Mapping
from typing import Any

import orjson
from rest_framework.renderers import JSONRenderer
from rest_framework.utils.encoders import JSONEncoder

from inventory.sheets.columns import CONTENT_TYPES, FileType

_AS_DJANGO_DOES = JSONEncoder().default
_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_NON_STR_KEYS


class FastJSONRenderer(JSONRenderer):
    """JSON by orjson: an answer of a thousand movements in a tenth of the time.

    What orjson does not know is written as REST framework writes it. A client that asks for
    indentation gets REST framework's own.
    """

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        if data is None:
            return b""
        if self.get_indent(accepted_media_type or "", renderer_context or {}):
            return super().render(data, accepted_media_type, renderer_context)
        return orjson.dumps(data, default=_AS_DJANGO_DOES, option=_OPTIONS)


class CsvRenderer(FastJSONRenderer):
    """Lets a list be asked for as CSV. The view answers itself; what it refuses is JSON."""

    format = FileType.CSV.value
    media_type = "text/csv"


class XlsxRenderer(FastJSONRenderer):
    """Lets a list be asked for as XLSX; likewise."""

    format = FileType.XLSX.value
    media_type = CONTENT_TYPES[FileType.XLSX]


FILES = (CsvRenderer, XlsxRenderer)
