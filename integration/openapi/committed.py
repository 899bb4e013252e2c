"""The API's document as it is kept with the source, for who generates a client from it."""

import json
from pathlib import Path

from django.conf import settings
from django.utils import translation
from drf_spectacular.generators import SchemaGenerator

PATH = Path(settings.BASE_DIR) / "docs" / "openapi.json"


def text() -> str:
    """The document that is served, in English."""
    with translation.override("en"):
        document = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
        return json.dumps(document, indent=1, ensure_ascii=False, default=str) + "\n"


def write() -> list[Path]:
    """Bring it up to date; the file, if it had to change."""
    now = text()
    if PATH.is_file() and PATH.read_text("utf-8") == now:
        return []
    PATH.write_text(now, encoding="utf-8")
    return [PATH]
